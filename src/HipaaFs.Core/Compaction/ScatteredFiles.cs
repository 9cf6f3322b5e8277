using HipaaFs.Crypto;
using HipaaFs.Handles;
using HipaaFs.Metadata;
using HipaaFs.Placements;
using HipaaFs.Staging;
using HipaaFs.Storage;

namespace HipaaFs.Compaction;

/// <summary>Writes stretches of idle files anew that many small overwrites have scattered over many extents.</summary>
internal sealed class ScatteredFiles
{
    /// <summary>Length of a stretch.</summary>
    internal const long Window = 1L << 20;

    /// <summary>Extents in a stretch that are not too many.</summary>
    internal const int MaxExtents = 64;

    private const int Page = 256;

    private readonly IMetadataStore _metadata;
    private readonly VolumeStores _stores;
    private readonly StagingArea _staging;
    private readonly SegmentMove _move;
    private readonly FileTable _files;
    private readonly TimeProvider _time;

    internal ScatteredFiles(IMetadataStore metadata, VolumeStores stores, StagingArea staging, SegmentMove move, FileTable files, TimeProvider time)
    {
        _metadata = metadata;
        _stores = stores;
        _staging = staging;
        _move = move;
        _files = files;
        _time = time;
    }

    /// <summary>Rewrites all of them and adds what was done to a report.</summary>
    /// <exception cref="IOException">Staging's disk takes no more.</exception>
    internal async Task<CompactionReport> RewriteAsync(TimeSpan idleAge, BandwidthGate gate, CompactionReport report, CancellationToken cancel)
    {
        InodeId after = default;
        while (true)
        {
            MetadataResult<IReadOnlyList<FragmentedRange>> page = await _metadata.ListFragmentedAsync(after, Window, MaxExtents, Page, cancel);
            if (!page.Succeeded)
            {
                return report with { IsComplete = false };
            }

            foreach (IGrouping<InodeId, FragmentedRange> file in page.Value.GroupBy(static range => range.Inode))
            {
                after = file.Key;
                report = await RewriteFileAsync(file.Key, [.. file], idleAge, gate, report, cancel);
            }

            if (page.Value.Count < Page)
            {
                return report;
            }
        }
    }

    private async Task<CompactionReport> RewriteFileAsync(
        InodeId inode, FragmentedRange[] ranges, TimeSpan idleAge, BandwidthGate gate, CompactionReport report, CancellationToken cancel)
    {
        MetadataResult<InodeAttributes> row = await _metadata.GetInodeAsync(inode, cancel);
        if (!row.Succeeded || _stores.HasArchive(row.Value.Placement))
        {
            return report; // What lies in an archive stays as it is.
        }

        bool idle = _time.GetUtcNow() - row.Value.ModifyTime.ToDateTimeOffset() >= idleAge && !HasUnapplied(inode);
        if (!idle || !_staging.HasSpareRoomFor(ranges.Length * Window))
        {
            return report with { IsComplete = false };
        }

        // A page of stretches is a few segments at most.
        foreach (FragmentedRange[] some in ranges.Chunk((int)(Compactor.BatchBytes / Window)))
        {
            (List<SegmentUse> uses, int windows) = await UsesAsync(some, cancel);
            if (windows > 0)
            {
                MoveOutcome outcome = await _move.RunAsync(
                    new MoveRequest(row.Value.Domain, row.Value.Placement, RecordClass.Data, uses, [], gate.PayAsync) { JoinsExtents = true, OnlyOfPlacement = row.Value.Placement }, cancel);
                report = report with
                {
                    CopiedBytes = report.CopiedBytes + outcome.CopiedBytes,
                    Windows = report.Windows + (outcome.IsComplete ? windows : 0),
                    IsComplete = report.IsComplete && outcome.IsComplete,
                };
            }
        }

        return report;
    }

    private bool HasUnapplied(InodeId inode)
    {
        if (!_files.TryPeek(inode, out FileState? file))
        {
            return false;
        }

        lock (file.Gate)
        {
            return file.HasUnapplied;
        }
    }

    // Extents that nothing lies between become one. Where holes are what makes them many, nothing is gained.
    private async Task<(List<SegmentUse> Uses, int Windows)> UsesAsync(FragmentedRange[] ranges, CancellationToken cancel)
    {
        var uses = new List<SegmentUse>();
        int windows = 0;
        foreach (FragmentedRange range in ranges)
        {
            MetadataResult<ExtentPage> page = await _metadata.GetExtentsAsync(range.Inode, range.Offset, Window, int.MaxValue, cancel);
            if (!page.Succeeded)
            {
                continue;
            }

            IReadOnlyList<Extent> extents = page.Value.Extents;
            int runs = 1;
            for (int i = 1; i < extents.Count; i++)
            {
                runs += extents[i].FileOffset == extents[i - 1].End ? 0 : 1;
            }

            if (extents.Count > MaxExtents && runs <= extents.Count / 2)
            {
                windows++;
                uses.AddRange(extents.Select(extent => new SegmentUse(range.Inode, Within(extent, range.Offset))));
            }
        }

        return (uses, windows);
    }

    // A long extent that reaches in from outside is not copied as a whole.
    private static Extent Within(Extent extent, long offset)
    {
        long from = Math.Max(extent.FileOffset, offset);
        long to = Math.Min(extent.End, offset + Window);
        return new Extent(from, to - from, extent.Segment, extent.PlaintextOffset + (from - extent.FileOffset));
    }
}
