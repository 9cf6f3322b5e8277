using HipaaFs.Platform;
using Microsoft.Win32.SafeHandles;

namespace HipaaFs.Metadata.Sqlite;

/// <summary>Our own descriptor of the write-ahead log, to sync it while the database goes on being written.</summary>
/// <remarks>SQLite holds no POSIX lock on this file, so that closing a descriptor of it drops none.</remarks>
internal sealed class WriteAheadLog : IDisposable
{
    private readonly SafeFileHandle _file;
    private readonly SqliteFaults? _faults;

    public WriteAheadLog(string databasePath, SqliteFaults? faults)
    {
        _faults = faults;
        _file = File.OpenHandle(databasePath + "-wal", FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite | FileShare.Delete);
    }

    /// <summary>Makes every commit written so far durable.</summary>
    /// <exception cref="IOException">The device refused. The kernel may have dropped what was not written: asking again proves nothing.</exception>
    public void Sync()
    {
        if (_faults?.BeforeSync?.Invoke() == true)
        {
            throw new IOException("fdatasync: fault");
        }

        DurableFile.SyncData(_file);
    }

    public void Dispose() => _file.Dispose();
}
