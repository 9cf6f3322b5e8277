namespace HipaaFs.Metadata.Sqlite.Tables;

/// <summary>Finds segments by the stores that have them, and reads how many there are.</summary>
/// <remarks>
/// The index has the segments of one state, placement and mask one after another, longest in their state first. Masks are few, so a listing finds out which there are,
/// one seek each, and merges the segments of those that are meant. Not thread-safe.
/// </remarks>
internal sealed class CopiesIndex : IDisposable
{
    // A seek to (placement, copies) > (?, ?) goes to the placement alone and steps over everything up to the mask; so each has two seeks, the second done when the first found none.

    /// <summary>The first group behind another one of the same state.</summary>
    public const string NextGroup = """
        SELECT * FROM (SELECT placement, copies FROM segment WHERE state = ?1 AND placement = ?2 AND copies > ?3 ORDER BY copies LIMIT 1)
        UNION ALL
        SELECT * FROM (SELECT placement, copies FROM segment WHERE state = ?1 AND placement > ?2 ORDER BY placement, copies LIMIT 1)
        LIMIT 1
        """;

    /// <summary>The first segment of a group behind a place in it.</summary>
    public const string NextInGroup = $"""
        SELECT * FROM (SELECT {SegmentTable.Columns} FROM segment
            WHERE state = ?1 AND placement = ?2 AND copies = ?3 AND changed = ?4 AND id > ?5 ORDER BY id LIMIT 1)
        UNION ALL
        SELECT * FROM (SELECT {SegmentTable.Columns} FROM segment
            WHERE state = ?1 AND placement = ?2 AND copies = ?3 AND changed > ?4 ORDER BY changed, id LIMIT 1)
        LIMIT 1
        """;

    private static readonly SegmentState[] Held = [SegmentState.Live, SegmentState.Condemned];

    private readonly Statement _nextGroup;
    private readonly Statement _nextInGroup;
    private readonly Statement _sums;

    public CopiesIndex(SqliteFile file)
    {
        _nextGroup = file.Prepare(NextGroup);
        _nextInGroup = file.Prepare(NextInGroup);
        _sums = file.Prepare("SELECT state, placement, copies, segments, bytes FROM segment_sum ORDER BY state, placement, copies");
    }

    public List<SegmentRow> ListLacking(uint placement, ulong wanted, SegmentRow? after, int limit)
    {
        var merged = new Heads();

        // The greatest there could be of the placement before: a mask may be any number.
        long copies = long.MaxValue;
        long current = placement - 1L;
        while (TryNextGroup(SegmentState.Live, ref current, ref copies) && current == placement)
        {
            if (((ulong)copies & wanted) != wanted)
            {
                AddNext(merged, SegmentState.Live, placement, copies, after);
            }
        }

        return Merge(merged, limit);
    }

    public List<SegmentRow> ListHolding(ulong store, SegmentRow? after, int limit)
    {
        var merged = new Heads();
        foreach (SegmentState state in Held)
        {
            long copies = long.MaxValue;
            long placement = -1;
            while (TryNextGroup(state, ref placement, ref copies))
            {
                if (((ulong)copies & store) != 0)
                {
                    AddNext(merged, state, placement, copies, after);
                }
            }
        }

        return Merge(merged, limit);
    }

    public List<SegmentRow> ListGroup(uint placement, ulong copies, SegmentRow? after, int limit)
    {
        var merged = new Heads();
        AddNext(merged, SegmentState.Live, placement, (long)copies, after);
        return Merge(merged, limit);
    }

    public CopyTotals Sum()
    {
        var groups = new List<CopyGroup>();
        while (_sums.Step())
        {
            groups.Add(new CopyGroup(
                (SegmentState)_sums.Int64(0), _sums.UInt32(1), _sums.UInt64(2), new CopySum(_sums.Int64(3), _sums.Int64(4))));
        }

        return new CopyTotals(groups);
    }

    public void Dispose()
    {
        _nextGroup.Dispose();
        _nextInGroup.Dispose();
        _sums.Dispose();
    }

    private List<SegmentRow> Merge(Heads heads, int limit)
    {
        var rows = new List<SegmentRow>();
        while (rows.Count < limit && heads.TryDequeue(out SegmentRow row, out _))
        {
            rows.Add(row);
            AddNext(heads, row.State, row.Placement, (long)row.Copies, row);
        }

        return rows;
    }

    private bool TryNextGroup(SegmentState state, ref long placement, ref long copies)
    {
        bool found = _nextGroup.Bind(1, (long)state).Bind(2, placement).Bind(3, copies).Step();
        if (found)
        {
            placement = _nextGroup.Int64(0);
            copies = _nextGroup.Int64(1);
        }

        _nextGroup.Reset();
        return found;
    }

    private void AddNext(Heads heads, SegmentState state, long placement, long copies, SegmentRow? after)
    {
        _nextInGroup.Bind(1, (long)state).Bind(2, placement).Bind(3, copies).Bind(4, after?.Changed.Nanoseconds ?? long.MinValue);
        _ = after is { } row ? _nextInGroup.Bind(5, row.Id.Value) : _nextInGroup.Bind(5, []);
        if (_nextInGroup.Step())
        {
            SegmentRow next = SegmentTable.Read(_nextInGroup);
            heads.Enqueue(next, (next.Changed.Nanoseconds, next.Id.Value));
        }

        _nextInGroup.Reset();
    }

    /// <summary>The next segment of each group.</summary>
    private sealed class Heads : PriorityQueue<SegmentRow, (long Changed, UInt128 Id)>;
}
