using System.Text.Json;
using HipaaFs.Metadata;
using HipaaFs.Names;
using HipaaFs.Sessions;

namespace HipaaFs.Quotas;

/// <summary>The quotas of a volume, and whether they let something grow.</summary>
/// <remarks>
/// They are asked before a change, by what the metadata has counted and what the file itself has that is not in the metadata yet. What other files are ahead of theirs is not
/// counted: a limit may be passed by what the write buffer holds. A volume without quotas pays nothing. Thread-safe.
/// </remarks>
internal sealed class QuotaTable
{
    /// <summary>The setting, sealed.</summary>
    internal const string Key = "quotas";

    private readonly IMetadataStore _metadata;
    private readonly VolumeNames _names;
    private volatile IReadOnlyList<Quota> _all = [];
    private volatile Dictionary<uint, Quota[]> _byPlacement = [];

    internal QuotaTable(IMetadataStore metadata, VolumeNames names)
    {
        _metadata = metadata;
        _names = names;
    }

    /// <summary>All of them, in the order of their definition.</summary>
    internal IReadOnlyList<Quota> All => _all;

    /// <summary>Whether there are any.</summary>
    internal bool IsEmpty => _all.Count == 0;

    /// <summary>Reads them.</summary>
    /// <exception cref="IOException">They cannot be read.</exception>
    internal async Task LoadAsync(CancellationToken cancel)
    {
        MetadataResult<ReadOnlyMemory<byte>> read = await _metadata.GetSettingAsync(Key, cancel);
        if (read.Error == MetadataError.NotFound)
        {
            return;
        }

        if (!read.Succeeded)
        {
            throw new IOException($"read the setting {Key}: {read.Error}");
        }

        try
        {
            Set(SealedSetting.TryOpen(Label, read.Value.ToArray(), QuotaContext.Default.IReadOnlyListQuota, _names) ?? throw Damaged());
        }
        catch (JsonException)
        {
            throw Damaged();
        }
    }

    /// <summary>Replaces all of them; durable on return.</summary>
    /// <exception cref="IOException">They cannot be written.</exception>
    internal async Task DefineAsync(IReadOnlyList<Quota> quotas, SessionClock clock, CancellationToken cancel)
    {
        byte[] content = SealedSetting.Seal(Label, quotas, QuotaContext.Default.IReadOnlyListQuota, _names);
        MetadataResult<Applied> written = await _metadata.SetSettingAsync(clock.NextOperation(), Key, content, cancel);
        MetadataResult<CommitSequence> durable = written.Succeeded ? await _metadata.MakeDurableAsync(_metadata.Applied, cancel) : written.Error;
        if (!durable.Succeeded)
        {
            throw new IOException($"write the setting {Key}: {durable.Error}");
        }

        Set(quotas);
    }

    /// <summary>Whether another inode may be made. <see cref="FsError.QuotaExceeded"/> also when no byte is left: it could never have content.</summary>
    internal FsError RefuseInode(uint placement, uint uid) => Refuse(placement, uid, inodes: 1, bytes: 0, isNewToTree: true);

    /// <summary>Whether a file may become longer.</summary>
    /// <param name="placement">Its placement.</param>
    /// <param name="uid">Its owner.</param>
    /// <param name="bytes">How much longer than the metadata knows; what is not more than 0 is never refused.</param>
    internal FsError RefuseGrowth(uint placement, uint uid, long bytes) =>
        bytes <= 0 ? FsError.None : Refuse(placement, uid, inodes: 0, bytes, isNewToTree: true);

    /// <summary>Whether a user may become the owner of an inode.</summary>
    internal FsError RefuseOwner(in InodeAttributes inode, uint uid) =>
        inode.Uid == uid ? FsError.None : Refuse(inode.Placement, uid, inodes: 1, bytes: inode.IsFile ? inode.Size : 0, isNewToTree: false);

    /// <summary>Whether two placements count for the same quotas, so that a name may go from the one to the other.</summary>
    internal bool AreSame(uint one, uint other) => one == other || IsEmpty || Of(one).SequenceEqual(Of(other));

    private static ReadOnlySpan<byte> Label => "hipaafs quotas"u8;

    private static IOException Damaged() => new($"the setting {Key} makes no sense; a newer hipaafs may have written it");

    private FsError Refuse(uint placement, uint uid, long inodes, long bytes, bool isNewToTree)
    {
        foreach (Quota quota in Of(placement))
        {
            if (quota.Refuses(_metadata, uid, inodes, bytes, isNewToTree))
            {
                return FsError.QuotaExceeded;
            }
        }

        return FsError.None;
    }

    private Quota[] Of(uint placement) => _byPlacement.TryGetValue(placement, out Quota[]? quotas) ? quotas : [];

    private void Set(IReadOnlyList<Quota> quotas)
    {
        _byPlacement = quotas.SelectMany(static quota => quota.Placements)
            .Distinct()
            .ToDictionary(static placement => placement, placement => quotas.Where(quota => quota.Placements.Contains(placement)).ToArray());
        _all = quotas;
    }
}
