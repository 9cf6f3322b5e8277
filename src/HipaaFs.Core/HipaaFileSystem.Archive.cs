using System.Globalization;
using System.Text;
using HipaaFs.Archives;
using HipaaFs.Handles;
using HipaaFs.Metadata;
using HipaaFs.Placements;
using HipaaFs.Storage;

namespace HipaaFs;

/// <content>Files whose data is in an archive, and the attributes that say so.</content>
public sealed partial class HipaaFileSystem
{
    private const int MostWaiting = 256; // Each has a request of the kernel, of which a session has 1,024.
    private const int MostReadsWaiting = 8; // A large one keeps what the frontend has for others.
    private const int MostTries = 3; // For the same byte: what is back may have gone again before it is looked at.

    private int _waiting;

    /// <summary>
    /// Says what it costs, in words as "0.12 EUR", to bring back so many objects and bytes of each store, by its number, at the usual speed; null when nobody knows. Set by who knows prices.
    /// </summary>
    public Func<IReadOnlyDictionary<int, (long Segments, long Bytes)>, CancellationToken, ValueTask<string?>>? PriceRecall { get; set; }

    // Whether a file may be opened, and what becomes of the bytes of it that are out of reach. What can be read when it is opened may be archived later: who reads it then is told so.
    private async ValueTask<FsResult<ArchivedTail>> AdmitOpenAsync(InodeId inode, OpenFlags flags, Caller caller, CancellationToken interrupted)
    {
        if (!_parts.Archived.MayBe || (flags & OpenFlags.Truncate) != 0)
        {
            return ArchivedTail.None;
        }

        FsResult<FileArchive> found = await _parts.Archived.ExamineAsync(inode, 0, isWhole: false, interrupted);
        if (!found.IsOk || !found.Value.IsOutOfReach)
        {
            return found.IsOk ? ArchivedTail.None : found.Error;
        }

        // The file may have been given another placement, to which its data is moved once it is back: what decides is the archive that it is in.
        MetadataResult<SegmentRow> segment = await _metadata.GetSegmentAsync(found.Value.Segment, interrupted);
        Placement? archive = segment.Succeeded ? _parts.Placements.Find(segment.Value.Placement) : null;
        ArchiveBehaviour behaviour = archive?.Archive ?? ArchiveBehaviour.Default;
        bool mayRecall = behaviour.OnOpen != OpenBehaviour.Fail && !OpenerProgram.IsOneOf(caller.ProcessId, behaviour.BlockedPrograms);
        var tail = new ArchivedTail(found.Value.First, mayRecall ? behaviour.OnOpen : OpenBehaviour.Fail);
        if ((flags & OpenFlags.Write) == 0 && archive is { Head: > 0 } && tail.Start > 0)
        {
            return tail; // Who changes it is not left with a half.
        }

        FsError error = await BringBackFileAsync(inode, tail, MostWaiting, interrupted);
        return error == FsError.None ? ArchivedTail.None : error;
    }

    // Whether a handle may read so far: the first access past the head of an archived file decides for all of the rest.
    private async ValueTask<FsError> AdmitAccessAsync(OpenFile open, long end, CancellationToken interrupted)
    {
        ArchivedTail tail = open.Tail;
        if (end <= tail.Start)
        {
            return FsError.None;
        }

        FsError error = await BringBackFileAsync(open.File.Id, tail, MostReadsWaiting, interrupted);
        open.Tail = error == FsError.None ? ArchivedTail.None : open.Tail;
        return error;
    }

    // None: nothing is in the way any more, of what the file begins to need at the tail.
    private async ValueTask<FsError> BringBackFileAsync(InodeId inode, ArchivedTail tail, int mostWaiting, CancellationToken interrupted)
    {
        long from = tail.Start;
        int tries = 0;
        while (true)
        {
            FsResult<FileArchive> found = await _parts.Archived.ExamineAsync(inode, from, isWhole: false, interrupted);
            if (!found.IsOk || !found.Value.IsOutOfReach)
            {
                return found.Error;
            }

            FsError error = await BringBackSegmentAsync(inode, found.Value, tail.Behaviour, mostWaiting, interrupted);
            if (error != FsError.None)
            {
                return error;
            }

            tries = found.Value.First > from ? 1 : tries + 1;
            if (tries == MostTries)
            {
                return FsError.Archived;
            }

            from = found.Value.First;
        }
    }

    // None: what was in the way is back.
    private async ValueTask<FsError> BringBackSegmentAsync(InodeId inode, FileArchive file, OpenBehaviour behaviour, int mostWaiting, CancellationToken interrupted)
    {
        if (behaviour == OpenBehaviour.Fail || _parts.Recaller is not { } recaller || IsReadOnly)
        {
            return FsError.Archived;
        }

        if (behaviour == OpenBehaviour.Recall)
        {
            return recaller.TryBegin(inode) is not null || file.State == ArchiveState.Recalling ? FsError.Recalling : FsError.Archived;
        }

        if (Interlocked.Increment(ref _waiting) > mostWaiting)
        {
            Interlocked.Decrement(ref _waiting);
            return recaller.TryBegin(inode) is null ? FsError.Archived : FsError.Recalling;
        }

        try
        {
            // What is in the way may be on its way for another file, and the rest of this one not.
            if (recaller.TryBegin(inode) is { } begun && await begun.WaitAsync(interrupted) != StoreError.None)
            {
                return FsError.Archived;
            }

            return await recaller.WaitAsync(file.Segment, interrupted) ? FsError.None : FsError.Archived;
        }
        finally
        {
            Interlocked.Decrement(ref _waiting);
        }
    }

    /// <summary>Asks for a tier for a file (the attribute user.hipaafs.tier), which its owner may. It keeps that however old it gets, until <see cref="ReleaseTierAsync"/> or another policy.</summary>
    /// <returns>InvalidArgument: there is no such tier; NotSupported: its directory has none of it; NotPermitted: somebody else owns it.</returns>
    public async ValueTask<FsError> SetTierAsync(InodeId inode, ReadOnlyMemory<byte> tier, Caller caller, CancellationToken interrupted)
    {
        FsResult<InodeAttributes> file = await GetOwnFileAsync(inode, caller, interrupted);
        return !file.IsOk ? file.Error
            : TierWords.TryRead(tier.Span) is not { } asked ? FsError.InvalidArgument
            : await _parts.Tiers!.SetAsync(file.Value, asked, interrupted);
    }

    /// <summary>Takes back what <see cref="SetTierAsync"/> asked for (the attribute is removed): its age decides again.</summary>
    /// <returns>NoAttribute: nobody asked for one; NotPermitted: somebody else owns it.</returns>
    public async ValueTask<FsError> ReleaseTierAsync(InodeId inode, Caller caller, CancellationToken interrupted)
    {
        FsResult<InodeAttributes> file = await GetOwnFileAsync(inode, caller, interrupted);
        return file.IsOk ? await _parts.Tiers!.ReleaseAsync(file.Value, interrupted) : file.Error == FsError.NotSupported ? FsError.NoAttribute : file.Error;
    }

    private async ValueTask<FsResult<InodeAttributes>> GetOwnFileAsync(InodeId inode, Caller caller, CancellationToken interrupted)
    {
        FsError refused = RefuseChange(inode);
        if (refused != FsError.None)
        {
            return refused;
        }

        MetadataResult<InodeAttributes> row = await _view.GetInodeAsync(inode, interrupted);
        return !row.Succeeded ? row.Error.ToFsError()
            : !row.Value.IsFile ? FsError.NotSupported
            : caller.UserId != 0 && caller.UserId != row.Value.Uid ? FsError.NotPermitted
            : row.Value;
    }

    /// <summary>Whether an attribute is the one that <see cref="SetTierAsync"/> sets and <see cref="ReleaseTierAsync"/> removes.</summary>
    public static bool IsTierAttribute(ReadOnlySpan<byte> name) => name.SequenceEqual("user.hipaafs.tier"u8);

    // These attributes are not kept and not listed, so that who copies all attributes of a file does not copy them.
    private static bool IsArchiveAttribute(ReadOnlySpan<byte> name) =>
        name.StartsWith("user.hipaafs."u8)
        && (IsTierAttribute(name)
            || name.SequenceEqual("user.hipaafs.state"u8)
            || name.SequenceEqual("user.hipaafs.recall_eta"u8)
            || name.SequenceEqual("user.hipaafs.recall_cost"u8)
            || name.SequenceEqual("user.hipaafs.sha256"u8));

    private async ValueTask<FsResult<byte[]>> GetArchiveAttributeAsync(InodeAttributes inode, ReadOnlyMemory<byte> name, CancellationToken interrupted)
    {
        if (!inode.IsFile)
        {
            return FsError.NoAttribute;
        }

        if (IsTierAttribute(name.Span))
        {
            Placement? placement = _parts.Placements.Find(inode.Placement);
            return Encoding.UTF8.GetBytes(TierWords.Of(placement?.TierOf(placement.Primary) ?? StorageTier.Hot));
        }

        if (name.Span.SequenceEqual("user.hipaafs.state"u8))
        {
            FsResult<FileArchive> found = await _parts.Archived.ExamineAsync(inode.Id, 0, isWhole: true, interrupted);
            return found.IsOk ? Encoding.UTF8.GetBytes(TierWords.Of(found.Value.State)) : found.Error;
        }

        if (name.Span.SequenceEqual("user.hipaafs.recall_eta"u8))
        {
            FsResult<DateTimeOffset?> expected = await _parts.Archived.FindExpectedAsync(inode.Id, interrupted);
            return !expected.IsOk ? expected.Error
                : expected.Value is { } time ? Encoding.UTF8.GetBytes(time.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture))
                : FsError.NoAttribute;
        }

        if (name.Span.SequenceEqual("user.hipaafs.recall_cost"u8) && PriceRecall is { } price)
        {
            FsResult<IReadOnlyDictionary<int, (long Segments, long Bytes)>> asked = await _parts.Archived.SumArchivedAsync(inode.Id, interrupted);
            return !asked.IsOk ? asked.Error
                : asked.Value.Count > 0 && await price(asked.Value, interrupted) is { } cost ? Encoding.UTF8.GetBytes(cost)
                : FsError.NoAttribute;
        }

        return FsError.NoAttribute; // Its checksum is not kept.
    }
}
