using System.Runtime.CompilerServices;
using HipaaFs.Cache;
using HipaaFs.Crypto;
using HipaaFs.Metadata;
using HipaaFs.Placements;

namespace HipaaFs.Archives;

/// <summary>Says what of files is archived: it is in segments of which no copy can be read now.</summary>
/// <remarks>
/// No store is asked. A copy is archived by the placement of its segment; it can be read once its recall has ended. What is staged is at hand, and so are frames in the cache. A volume without an archive reads no row
/// for this. Thread-safe.
/// </remarks>
internal sealed class ArchivedFiles
{
    private const int Page = 1024;

    private readonly VolumeStores _stores;
    private readonly IMetadataStore _metadata;
    private readonly IMetadataView _view;
    private readonly FrameCache _cache;
    private readonly RecallTable _recalls;

    /// <param name="stores">The stores and placements.</param>
    /// <param name="metadata">The segments.</param>
    /// <param name="view">The files, those of snapshots too.</param>
    /// <param name="cache">What is at hand of what was uploaded.</param>
    /// <param name="recalls">What is on its way back, or back.</param>
    internal ArchivedFiles(VolumeStores stores, IMetadataStore metadata, IMetadataView view, FrameCache cache, RecallTable recalls)
    {
        _stores = stores;
        _metadata = metadata;
        _view = view;
        _cache = cache;
        _recalls = recalls;
    }

    /// <summary>Whether anything can be archived.</summary>
    internal bool MayBe => _stores.Placements.HasArchive;

    /// <summary>Looks through a file.</summary>
    /// <param name="inode">The file.</param>
    /// <param name="from">Offset of the first byte that matters.</param>
    /// <param name="isWhole">Whether to go on behind the first byte that cannot be read, for the state of the whole file.</param>
    /// <param name="cancel">Ends it.</param>
    /// <returns>What can be read; what the metadata failed of else.</returns>
    internal async ValueTask<FsResult<FileArchive>> ExamineAsync(InodeId inode, long from, bool isWhole, CancellationToken cancel)
    {
        FileArchive result = FileArchive.Online;
        if (!MayBe)
        {
            return result;
        }

        (SegmentId Segment, ArchiveState State) known = default;
        while (true)
        {
            MetadataResult<ExtentPage> page = await _view.GetExtentsAsync(inode, from, long.MaxValue - from, Page, cancel);
            if (!page.Succeeded)
            {
                return page.Error.ToFsError();
            }

            foreach (Extent extent in page.Value.Extents)
            {
                if (extent.Segment != known.Segment)
                {
                    known = (extent.Segment, await StateOfAsync(extent.Segment, cancel));
                }

                result = Add(result, WithCached(known.State, extent.Segment, extent.PlaintextOffset, extent.Length), extent);
                if (result.IsOutOfReach && !isWhole)
                {
                    return result;
                }

                from = extent.End;
            }

            if (!page.Value.More)
            {
                return result;
            }
        }
    }

    /// <summary>The segments of a file of which no copy is online and which the cache does not have, those that no store has among them, each once; none of a file that is gone.</summary>
    /// <exception cref="IOException">The metadata cannot be read.</exception>
    internal async IAsyncEnumerable<(SegmentRow Row, ArchiveState State)> ListAsync(InodeId inode, [EnumeratorCancellation] CancellationToken cancel)
    {
        var seen = new HashSet<SegmentId>();
        long from = 0;
        bool more = MayBe;
        while (more)
        {
            MetadataResult<ExtentPage> page = await _view.GetExtentsAsync(inode, from, long.MaxValue - from, Page, cancel);
            if (page.Error == MetadataError.NotFound)
            {
                yield break;
            }

            if (!page.Succeeded)
            {
                throw new IOException($"read the extents of a file: {page.Error}");
            }

            more = page.Value.More;
            foreach (Extent extent in page.Value.Extents)
            {
                from = extent.End;
                if (seen.Contains(extent.Segment) || _cache.HasRange(extent.Segment, extent.PlaintextOffset, extent.Length))
                {
                    continue;
                }

                seen.Add(extent.Segment);
                MetadataResult<SegmentRow> row = await _metadata.GetSegmentAsync(extent.Segment, cancel);
                ArchiveState state = row.Succeeded ? StateOf(row.Value) : ArchiveState.Online;
                if (state != ArchiveState.Online)
                {
                    yield return (row.Value, state);
                }
            }
        }
    }

    /// <summary>When a file is back at the latest, by what stores promise. Null when nothing of it is on its way; what the metadata failed of else.</summary>
    internal async ValueTask<FsResult<DateTimeOffset?>> FindExpectedAsync(InodeId inode, CancellationToken cancel)
    {
        DateTimeOffset? expected = null;
        try
        {
            await foreach ((SegmentRow row, ArchiveState state) in ListAsync(inode, cancel))
            {
                if (state == ArchiveState.Recalling && _recalls.Find(row.Id) is { } recall && !(expected >= recall.Expected))
                {
                    expected = recall.Expected;
                }
            }

            return expected;
        }
        catch (IOException)
        {
            return FsError.Io;
        }
    }

    /// <summary>What bringing a file back would ask of each store, by its number: of what is archived and not on its way. What the metadata failed of else.</summary>
    internal async ValueTask<FsResult<IReadOnlyDictionary<int, (long Segments, long Bytes)>>> SumArchivedAsync(InodeId inode, CancellationToken cancel)
    {
        var sums = new Dictionary<int, (long Segments, long Bytes)>();
        try
        {
            await foreach ((SegmentRow row, ArchiveState state) in ListAsync(inode, cancel))
            {
                if (state == ArchiveState.Archived && _stores.InOrder(row, 0) is [var member, ..])
                {
                    (long segments, long bytes) = sums.GetValueOrDefault(member.Number);
                    sums[member.Number] = (segments + 1, bytes + row.ObjectLength);
                }
            }

            return sums;
        }
        catch (IOException)
        {
            return FsError.Io;
        }
    }

    private async ValueTask<ArchiveState> StateOfAsync(SegmentId segment, CancellationToken cancel)
    {
        MetadataResult<SegmentRow> row = MayBe ? await _metadata.GetSegmentAsync(segment, cancel) : MetadataError.NotFound;
        return row.Succeeded ? StateOf(row.Value) : ArchiveState.Online; // What is wrong with it shows when it is read.
    }

    private ArchiveState WithCached(ArchiveState state, SegmentId segment, long plaintextOffset, long length) =>
        state is ArchiveState.Archived or ArchiveState.Recalling or ArchiveState.Missing && _cache.HasRange(segment, plaintextOffset, length) ? ArchiveState.Online : state;

    private ArchiveState StateOf(in SegmentRow row) =>
        row.State != SegmentState.Live || _stores.IsOnline(row) ? ArchiveState.Online
        : _stores.ActiveOf(row.Copies) == 0 ? ArchiveState.Missing // Who reads it is told so, and nobody waits for it.
        : _recalls.Find(row.Id) is not { } recall ? ArchiveState.Archived
        : _recalls.IsBack(row.Id) ? ArchiveState.Recalled
        : recall.Until is null ? ArchiveState.Recalling
        : ArchiveState.Archived;

    private static FileArchive Add(FileArchive file, ArchiveState state, in Extent extent)
    {
        bool isOutOfReach = state is ArchiveState.Archived or ArchiveState.Recalling;
        return new FileArchive(
            state == ArchiveState.Online || Rank(state) < Rank(file.State) ? file.State : state,
            file.IsOutOfReach || !isOutOfReach ? file.First : extent.FileOffset,
            file.IsOutOfReach || !isOutOfReach ? file.Segment : extent.Segment);
    }

    private static int Rank(ArchiveState state) => state switch
    {
        ArchiveState.Online => 0,
        ArchiveState.Recalled => 1,
        ArchiveState.Archived => 2,
        ArchiveState.Recalling => 3,
        _ => 4,
    };
}
