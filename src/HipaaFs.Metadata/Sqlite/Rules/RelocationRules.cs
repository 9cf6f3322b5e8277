using HipaaFs.Crypto;
using HipaaFs.Metadata.Sqlite.Tables;

namespace HipaaFs.Metadata.Sqlite.Rules;

/// <summary>Lets rows refer to copies of the data they refer to. Cost follows the rows that refer to the segments.</summary>
/// <remarks>Every operation checks all it needs before it writes the first row.</remarks>
internal sealed class RelocationRules
{
    private readonly LiveTables _tables;
    private readonly List<Extent> _pieces = [];

    public RelocationRules(LiveTables tables) => _tables = tables;

    public MetadataResult<RelocationOutcome> Relocate(RelocateRequest request)
    {
        ReadOnlySpan<Relocation> runs = request.Runs.Span;
        MetadataError error = Check(runs);
        if (error != MetadataError.None)
        {
            return error;
        }

        var inodes = new HashSet<InodeId>();
        int live = 0;
        int past = 0;
        while (!runs.IsEmpty)
        {
            ReadOnlySpan<Relocation> some = OfFirstSegment(runs);
            live += MoveLive(some, request.OfPlacement, inodes);
            past += MovePast(some, request.OfPlacement, inodes);
            runs = runs[some.Length..];
        }

        return new RelocationOutcome([.. inodes], live, past);
    }

    private MetadataError Check(ReadOnlySpan<Relocation> runs)
    {
        var originals = new HashSet<SegmentId>();
        Relocation previous = default;
        foreach (Relocation run in runs)
        {
            bool follows = originals.Count == 0
                || run.From.Value > previous.From.Value
                || (run.From == previous.From && run.FromOffset >= previous.FromEnd);
            if (run.Length <= 0 || run.FromOffset < 0 || run.ToOffset < 0 || !follows)
            {
                return MetadataError.Conflict;
            }

            originals.Add(run.From);
            previous = run;
        }

        previous = default;
        foreach (Relocation run in runs)
        {
            MetadataError error = (run.From, run.To) == (previous.From, previous.To) ? MetadataError.None : CheckTarget(run, originals);
            if (error != MetadataError.None)
            {
                return error;
            }

            previous = run;
        }

        return MetadataError.None;
    }

    // An original that is not known any more is one that nothing refers to.
    private MetadataError CheckTarget(in Relocation run, HashSet<SegmentId> originals)
    {
        if (originals.Contains(run.To)
            || !_tables.Segments.TryGet(run.To, out SegmentRow to)
            || to.State is not (SegmentState.Staged or SegmentState.Live))
        {
            return MetadataError.Conflict;
        }

        return _tables.Segments.TryGet(run.From, out SegmentRow from) && from.Domain != to.Domain
            ? MetadataError.CrossesDomain
            : MetadataError.None;
    }

    private static ReadOnlySpan<Relocation> OfFirstSegment(ReadOnlySpan<Relocation> runs)
    {
        int count = 1;
        while (count < runs.Length && runs[count].From == runs[0].From)
        {
            count++;
        }

        return runs[..count];
    }

    // What is still to be deleted of an inode that is gone becomes past at once, as the change stream has it already.
    private int MoveLive(ReadOnlySpan<Relocation> runs, uint? placement, HashSet<InodeId> inodes)
    {
        int changed = 0;
        foreach (ExtentRow row in _tables.Extents.ReadUses(runs[0].From, runs[^1].FromEnd))
        {
            if (_tables.Orphans.TryGetPurge(row.Inode, out ulong died))
            {
                _tables.Extents.DeleteUnrecorded(row, died);
                continue;
            }

            if (IsOf(placement, row.Inode) && TrySplit(row.Extent, runs))
            {
                _tables.Extents.Replace(row, _pieces);
                inodes.Add(row.Inode);
                changed++;
            }
        }

        return changed;
    }

    private int MovePast(ReadOnlySpan<Relocation> runs, uint? placement, HashSet<InodeId> inodes)
    {
        int changed = 0;
        foreach (PastExtentRow past in _tables.Extents.ReadPastUses(runs[0].From, runs[^1].FromEnd))
        {
            if (IsOf(placement, past.Row.Inode) && TrySplit(past.Row.Extent, runs))
            {
                _tables.Extents.ReplacePast(past, _pieces);
                inodes.Add(past.Row.Inode);
                changed++;
            }
        }

        return changed;
    }

    private bool IsOf(uint? placement, InodeId inode) =>
        placement is null || (_tables.Inodes.TryGet(inode, out InodeRow row) && row.Attributes.Placement == placement);

    // Finds the parts of an extent that lie in runs, where they are now, and what is left between them. False when it lies in none.
    private bool TrySplit(in Extent extent, ReadOnlySpan<Relocation> runs)
    {
        _pieces.Clear();
        long at = extent.PlaintextOffset;
        long end = at + extent.Length;
        for (int i = FirstEndingAfter(runs, at); i < runs.Length && runs[i].FromOffset < end; i++)
        {
            Relocation run = runs[i];
            long from = Math.Max(run.FromOffset, at);
            long to = Math.Min(run.FromEnd, end);
            Append(extent, at, from, extent.Segment, at);
            Append(extent, from, to, run.To, run.ToOffset + (from - run.FromOffset));
            at = to;
        }

        if (_pieces.Count == 0)
        {
            return false;
        }

        Append(extent, at, end, extent.Segment, at);
        return true;
    }

    private void Append(in Extent extent, long from, long to, SegmentId segment, long plaintextOffset)
    {
        if (from == to)
        {
            return;
        }

        var piece = new Extent(extent.FileOffset + (from - extent.PlaintextOffset), to - from, segment, plaintextOffset);
        if (_pieces.Count > 0 && _pieces[^1] is var last && last.Segment == segment && last.PlaintextOffset + last.Length == plaintextOffset)
        {
            _pieces[^1] = last with { Length = last.Length + piece.Length };
            return;
        }

        _pieces.Add(piece);
    }

    private static int FirstEndingAfter(ReadOnlySpan<Relocation> runs, long plaintextOffset)
    {
        int low = 0;
        int high = runs.Length;
        while (low < high)
        {
            int middle = (low + high) / 2;
            if (runs[middle].FromEnd <= plaintextOffset)
            {
                low = middle + 1;
            }
            else
            {
                high = middle;
            }
        }

        return low;
    }
}
