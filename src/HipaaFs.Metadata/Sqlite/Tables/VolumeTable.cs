using HipaaFs.Metadata.Changes;

namespace HipaaFs.Metadata.Sqlite.Tables;

/// <summary>The rows that belong to the volume as a whole: sessions, settings, counters.</summary>
/// <remarks>Not thread-safe.</remarks>
internal sealed class VolumeTable : IDisposable
{
    private readonly BatchContext _context;
    private readonly Statement _selectSessions;
    private readonly Statement _writeSession;
    private readonly Statement _selectSetting;
    private readonly Statement _writeSetting;
    private readonly Statement _deleteSetting;
    private readonly Statement _selectCounter;
    private readonly Statement _writeCounter;

    public VolumeTable(SqliteFile file, BatchContext context)
    {
        _context = context;
        _selectSessions = file.Prepare("SELECT id, host, process, opened, closed FROM session ORDER BY id");
        _writeSession = file.Prepare("INSERT OR REPLACE INTO session VALUES (?, ?, ?, ?, ?)");
        _selectSetting = file.Prepare("SELECT value FROM setting WHERE key = ?");
        _writeSetting = file.Prepare("INSERT OR REPLACE INTO setting VALUES (?, ?)");
        _deleteSetting = file.Prepare("DELETE FROM setting WHERE key = ?");
        _selectCounter = file.Prepare("SELECT value FROM counter WHERE id = ?");
        _writeCounter = file.Prepare("INSERT OR REPLACE INTO counter VALUES (?, ?)");
    }

    public List<SessionRow> ListSessions()
    {
        var rows = new List<SessionRow>();
        while (_selectSessions.Step())
        {
            rows.Add(ReadSession(_selectSessions));
        }

        return rows;
    }

    /// <summary>Reads a row of the columns id, host, process, opened, closed.</summary>
    public static SessionRow ReadSession(Statement source) => new(
        new SessionId(source.UInt64(0)),
        source.Text(1),
        (int)source.Int64(2),
        new Timestamp(source.Int64(3)),
        source.IsNull(4) ? null : new Timestamp(source.Int64(4)));

    public void Put(in SessionRow row)
    {
        Load(row);
        _context.Changes.Sessions.Set(row.Id.Value, row);
    }

    public void Load(in SessionRow row)
    {
        _writeSession.Bind(1, row.Id.Value).Bind(2, row.Host).Bind(3, row.ProcessId).Bind(4, row.Opened.Nanoseconds);
        Statement bound = row.Closed is { } closed ? _writeSession.Bind(5, closed.Nanoseconds) : _writeSession.BindNull(5);
        bound.Run();
    }

    public byte[]? GetSetting(string key)
    {
        bool found = _selectSetting.Bind(1, key).Step();
        byte[]? value = found ? _selectSetting.Bytes(0) : null;
        _selectSetting.Reset();
        return value;
    }

    public void Put(in SettingRow row)
    {
        Load(row);
        _context.Changes.Settings.Set(row.Key, row);
    }

    public void Load(in SettingRow row) => _writeSetting.Bind(1, row.Key).Bind(2, row.Value.Span).Run();

    public void DeleteSetting(string key)
    {
        _deleteSetting.Bind(1, key).Run();
        _context.Changes.Settings.Remove(key, new SettingRow(key, default));
    }

    public ulong Get(StoredCounter counter)
    {
        bool found = _selectCounter.Bind(1, (long)counter).Step();
        ulong value = found ? _selectCounter.UInt64(0) : 0;
        _selectCounter.Reset();
        return value;
    }

    public void Put(StoredCounter counter, ulong value) => _writeCounter.Bind(1, (long)counter).Bind(2, value).Run();

    public void PutNextInode(ulong value)
    {
        Put(StoredCounter.NextInode, value);
        _context.Changes.Counters.Set((uint)VolumeCounter.NextInode, new CounterRow(VolumeCounter.NextInode, value));
    }

    public void Dispose()
    {
        _selectSessions.Dispose();
        _writeSession.Dispose();
        _selectSetting.Dispose();
        _writeSetting.Dispose();
        _deleteSetting.Dispose();
        _selectCounter.Dispose();
        _writeCounter.Dispose();
    }
}
