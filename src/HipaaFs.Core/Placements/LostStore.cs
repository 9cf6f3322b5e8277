using HipaaFs.Cache;
using HipaaFs.Crypto;
using HipaaFs.Metadata;
using HipaaFs.Sessions;
using HipaaFs.Storage;

namespace HipaaFs.Placements;

/// <summary>Counts what is lost with a store that does not come back, and takes it out of what is known of segments.</summary>
/// <remarks>
/// Of a segment that no other store has, the row goes on saying that the store had it: a row that names nobody would be one of store 0. It is read as missing, fsck names its files,
/// and when the object turns up in a store of the volume, <c>fsck --repair</c> takes it back.
/// </remarks>
internal sealed class LostStore
{
    private const int Page = 256;
    private const int MostFiles = 1_000_000; // Told apart, in some 50 MB.
    private const int MostNamed = 100;

    private readonly IMetadataStore _metadata;
    private readonly VolumeStores _stores;
    private readonly FrameCache _cache;
    private readonly SegmentReplication _replication;
    private readonly SessionClock _clock;

    internal LostStore(IMetadataStore metadata, VolumeStores stores, FrameCache cache, SegmentReplication replication, SessionClock clock)
    {
        _metadata = metadata;
        _stores = stores;
        _cache = cache;
        _replication = replication;
        _clock = clock;
    }

    /// <summary>Counts.</summary>
    /// <exception cref="IOException">The metadata cannot be read.</exception>
    internal async Task<StoreLoss> CountAsync(MemberStore member, CancellationToken cancel)
    {
        var loss = new StoreLoss(0, 0, 0, 0, 0);
        var files = new HashSet<InodeId>();
        var cached = new SortedSet<ulong>();
        await foreach (SegmentRow row in ListAsync(member, cancel))
        {
            loss = loss with { Segments = loss.Segments + 1, Bytes = loss.Bytes + row.ObjectLength };
            if (IsLost(row, member) && !await IsWholeInCacheAsync(row, cancel))
            {
                IReadOnlyList<SegmentUse> live = Listed(await _metadata.GetSegmentUsesAsync(row.Id, cancel));
                AddCached(live, cached);
                loss = loss with
                {
                    LostSegments = loss.LostSegments + 1,
                    LostBytes = loss.LostBytes + row.ObjectLength,
                    LostFiles = loss.LostFiles + CountFiles(live.Concat(Listed(await _metadata.GetSegmentPastUsesAsync(row.Id, cancel))), files),
                };
            }
        }

        return cached.Count == 0 ? loss : loss with { CachedFiles = [.. cached] };
    }

    /// <summary>Has rows say that the store has their segments no more. What it alone has is first copied from the cache to a store that should have it, when the cache has it whole.</summary>
    /// <exception cref="IOException">The metadata cannot be read or written.</exception>
    internal async Task StrikeAsync(MemberStore member, CancellationToken cancel)
    {
        await foreach (SegmentRow row in ListAsync(member, cancel))
        {
            if (IsLost(row, member) && !await TryRescueAsync(row, cancel))
            {
                continue;
            }

            MetadataResult<Applied> struck = await _metadata.SetCopiesAsync(_clock.NextOperation(), row.Id, 0, member.Mask, CancellationToken.None);
            if (!struck.Succeeded && struck.Error is not (MetadataError.NotFound or MetadataError.Conflict))
            {
                throw new IOException($"note what store {member.Number} has no more: {struck.Error}");
            }
        }

        await _metadata.MakeDurableAsync(_metadata.Applied, cancel);
    }

    private bool IsLost(SegmentRow row, MemberStore member) => row.State == SegmentState.Live && _stores.ActiveOf(row.Copies & ~member.Mask) == 0;

    private async Task<bool> TryRescueAsync(SegmentRow row, CancellationToken cancel)
    {
        if (!await IsWholeInCacheAsync(row, cancel))
        {
            return false;
        }

        foreach (MemberStore target in _stores.In(_stores.WantedBy(row.Placement)))
        {
            if (await _replication.TryAsync(row, target, cancel) == StoreError.None)
            {
                return true;
            }
        }

        return false;
    }

    private async ValueTask<bool> IsWholeInCacheAsync(SegmentRow row, CancellationToken cancel) =>
        await _cache.TryCompleteAsync(row, fetches: false, cancel) || File.Exists(_cache.Files.WholePath(row.Id));

    // Files that show something of a lost segment which can be read all the same, as long as it is in the cache.
    private void AddCached(IReadOnlyList<SegmentUse> uses, SortedSet<ulong> files)
    {
        foreach (SegmentUse use in uses)
        {
            if (files.Count < MostNamed && _cache.HasRange(use.Extent.Segment, use.Extent.PlaintextOffset, use.Extent.Length))
            {
                files.Add(use.Inode.Value);
            }
        }
    }

    private static IReadOnlyList<SegmentUse> Listed(MetadataResult<IReadOnlyList<SegmentUse>> uses) =>
        uses.Succeeded ? uses.Value : throw new IOException($"list what is lost with a segment: {uses.Error}");

    private static long CountFiles(IEnumerable<SegmentUse> uses, HashSet<InodeId> known)
    {
        long files = 0;
        foreach (InodeId file in uses.Select(static use => use.Inode).Distinct())
        {
            files += known.Count < MostFiles ? known.Add(file) ? 1 : 0 : known.Contains(file) ? 0 : 1;
        }

        return files;
    }

    private async IAsyncEnumerable<SegmentRow> ListAsync(MemberStore member, [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancel)
    {
        SegmentRow? after = null;
        while (true)
        {
            MetadataResult<IReadOnlyList<SegmentRow>> rows = await _metadata.ListHoldingAsync(member.Number, after, Page, cancel);
            if (!rows.Succeeded)
            {
                throw new IOException($"list what store {member.Number} has: {rows.Error}");
            }

            foreach (SegmentRow row in rows.Value)
            {
                after = row;
                yield return row;
            }

            if (rows.Value.Count < Page)
            {
                yield break;
            }
        }
    }
}
