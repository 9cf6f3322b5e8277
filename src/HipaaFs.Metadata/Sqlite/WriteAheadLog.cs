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

    /// <summary>Makes durable what an earlier process left in the log, as it can be read now. Before SQLite opens the database for writing.</summary>
    /// <remarks>
    /// After a sync that failed, the kernel has the bytes, takes them for clean, and a later sync has nothing to do: they are in no disk. SQLite would recover them, go on behind
    /// them, and all that is committed then would be lost with them at a power cut. So they are written once more. A power cut in the middle leaves what was there, or this.
    /// </remarks>
    /// <exception cref="IOException">The device refused.</exception>
    public static void Renew(string databasePath)
    {
        string path = databasePath + "-wal";
        if (!File.Exists(path))
        {
            return;
        }

        using SafeFileHandle file = File.OpenHandle(path, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite | FileShare.Delete);
        byte[] buffer = new byte[1 << 20];
        for (long offset = 0; TryRead(file, buffer, offset, out int read); offset += read)
        {
            RandomAccess.Write(file, buffer.AsSpan(0, read), offset);
        }

        DurableFile.SyncData(file);
    }

    // Behind the last commit there may be what nobody needs: whether what cannot be read is needed, SQLite finds out.
    private static bool TryRead(SafeFileHandle file, byte[] buffer, long offset, out int read)
    {
        try
        {
            read = RandomAccess.Read(file, buffer, offset);
        }
        catch (IOException)
        {
            read = 0;
        }

        return read > 0;
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
