namespace HipaaFs.Metadata.Sqlite.Tables;

/// <summary>Finds the inodes whose rows were born or died after a snapshot, by the indexes of births and deaths.</summary>
/// <remarks>
/// An inode is found with its first event after the snapshot, once: in the order of epochs, within one deaths before births, and
/// within those by what the index says. Not thread-safe. Waiting rows have been flushed.
/// </remarks>
internal sealed class ChangedInodes : IDisposable
{
    private readonly Statement _nextEpoch;
    private readonly Statement _deaths;
    private readonly Statement _pastBirths;
    private readonly Statement _births;
    private readonly Statement _events;

    public ChangedInodes(SqliteFile file)
    {
        _nextEpoch = file.Prepare("""
            SELECT min(epoch) FROM (
                SELECT min(died) AS epoch FROM inode_past WHERE died > ?1
                UNION ALL SELECT min(born) FROM inode_past WHERE born > ?1
                UNION ALL SELECT min(born) FROM inode WHERE born > ?1 AND born > 1)
            """);
        _deaths = file.Prepare("""
            SELECT born, id FROM inode_past WHERE died = ?1 AND (born, id) > (?2, ?3) ORDER BY born, id LIMIT ?4
            """);
        _pastBirths = file.Prepare("SELECT born, id FROM inode_past WHERE born = ?1 AND id > ?3 ORDER BY id LIMIT ?4");
        _births = file.Prepare("SELECT born, id FROM inode WHERE born = ?1 AND born > 1 AND id > ?3 ORDER BY id LIMIT ?4");
        _events = file.Prepare("""
            SELECT born, died FROM inode_past WHERE id = ?1 UNION ALL SELECT born, 0 FROM inode WHERE id = ?1
            """);
    }

    /// <summary>Appends inodes changed up to an epoch, at most <paramref name="limit"/> rows' worth, and moves the position on. False at the end.</summary>
    public bool Read(ref Position position, ulong last, int limit, List<InodeId> into)
    {
        if (position.Source == EventSource.None && !TryEnterEpoch(ref position, last))
        {
            return false;
        }

        Statement select = position.Source switch
        {
            EventSource.Death => _deaths.Bind(2, position.Born),
            EventSource.PastBirth => _pastBirths,
            _ => _births,
        };
        select.Bind(1, position.Epoch).Bind(3, position.Inode).Bind(4, limit);
        int rows = 0;
        while (select.Step())
        {
            rows++;
            position = position with { Born = select.UInt64(0), Inode = select.UInt64(1) };
            if (IsFirst(position))
            {
                into.Add(new InodeId(position.Inode));
            }
        }

        if (rows < limit)
        {
            position = position.Source == EventSource.Birth
                ? position with { Source = EventSource.None }
                : position with { Source = position.Source + 1, Born = 0, Inode = 0 };
        }

        return true;
    }

    public void Dispose()
    {
        _nextEpoch.Dispose();
        _deaths.Dispose();
        _pastBirths.Dispose();
        _births.Dispose();
        _events.Dispose();
    }

    private bool TryEnterEpoch(ref Position position, ulong last)
    {
        bool found = _nextEpoch.Bind(1, position.Epoch).Step() && !_nextEpoch.IsNull(0);
        ulong epoch = found ? _nextEpoch.UInt64(0) : 0;
        _nextEpoch.Reset();
        position = position with { Epoch = epoch, Source = EventSource.Death, Born = 0, Inode = 0 };
        return found && epoch <= last;
    }

    private bool IsFirst(in Position position)
    {
        bool first = true;
        _events.Bind(1, position.Inode);
        while (_events.Step())
        {
            ulong born = _events.UInt64(0);
            ulong died = _events.UInt64(1);
            first &= !(born > position.After && born < position.Epoch);
            first &= !(died > position.After && died < position.Epoch);
            first &= !(died == position.Epoch && position.Source != EventSource.Death);
        }

        return first;
    }

    /// <summary>Which index an inode was found in.</summary>
    internal enum EventSource
    {
        None,
        Death,
        PastBirth,
        Birth,
    }

    /// <summary>How far a reader has come.</summary>
    /// <param name="After">The snapshot that events are looked for after.</param>
    /// <param name="Epoch">The epoch being read.</param>
    /// <param name="Source">The index being read; none before an epoch.</param>
    /// <param name="Born">Birth of the last row read.</param>
    /// <param name="Inode">Inode of the last row read.</param>
    internal readonly record struct Position(ulong After, ulong Epoch, EventSource Source, ulong Born, ulong Inode)
    {
        public static Position Begin(SnapshotId after) => new(after.Value, after.Value, EventSource.None, 0, 0);
    }
}
