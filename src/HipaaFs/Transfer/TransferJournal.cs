using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using HipaaFs.Cli.Output;
using HipaaFs.Platform;

namespace HipaaFs.Cli.Transfer;

/// <summary>What runs between the same two places have copied: a line of JSON for each file, the latest of a path counts.</summary>
/// <remarks>
/// It is written behind the copies. A line that a crash cut off costs one more copy of that file. Held by one run at a time.
/// It lies in the open, and names of files are not for that: it knows a path by its hash under a key of its own, the first line. So it can say of a
/// path whether it was copied, and cannot name what was; who needs the names asks the source or the target.
/// </remarks>
internal sealed class TransferJournal : IDisposable
{
    private const int KeyBytes = 32;

    private readonly Lock _lock = new();
    private readonly ConcurrentDictionary<string, TransferRecord> _records = new(StringComparer.Ordinal);
    private readonly string _path;
    private readonly FileStream _file;
    private byte[] _key = [];

    private TransferJournal(string path, FileStream file)
    {
        _path = path;
        _file = file;
    }

    /// <summary>What was copied, by <see cref="HashOf"/> of the path.</summary>
    public IReadOnlyDictionary<string, TransferRecord> Records => _records;

    /// <summary>Opens the journal of copies from one place to another, in the user's state directory.</summary>
    /// <exception cref="CommandException">Another run holds it, or it cannot be used.</exception>
    public static TransferJournal Open(string source, string target, Func<string, string?> environment)
    {
        string state = environment("XDG_STATE_HOME") is { Length: > 0 } set
            ? set
            : Path.Combine(environment("HOME") ?? Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".local", "state");
        string directory = Path.Combine(state, "hipaafs", "transfers");
        string name = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(source + "\n" + target)))[..32];
        string path = Path.Combine(directory, name + ".jsonl");
        try
        {
            DurableFile.CreatePrivateDirectory(directory);
            return TryOpen(path) ?? TryOpen(path) ?? throw new IOException("another run works on it");
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new CommandException(
                ExitCode.Failed,
                $"use the journal of this copy, {path}: {exception.Message}",
                "If another run copies between the same two places, let it end.",
                exception);
        }
    }

    // Null when it was of the first layout, which named files, and was replaced: the new file is another, to be opened and held in its turn.
    private static TransferJournal? TryOpen(string path)
    {
        var options = new FileStreamOptions { Mode = FileMode.OpenOrCreate, Access = FileAccess.ReadWrite, Share = FileShare.None };
        if (!OperatingSystem.IsWindows())
        {
            options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        }

        var journal = new TransferJournal(path, new FileStream(path, options));
        if (journal.TryLoad())
        {
            return journal;
        }

        journal.Compact();
        journal.Dispose();
        return null;
    }

    /// <summary>By what the journal knows a path: its HMAC-SHA256, in hexadecimal.</summary>
    public string HashOf(string path) => Convert.ToHexStringLower(HMACSHA256.HashData(_key, Encoding.UTF8.GetBytes(path)));

    /// <summary>Notes a copy.</summary>
    /// <param name="file">The file, in the source.</param>
    /// <param name="sha256">SHA-256 of its content.</param>
    public void Add(PlainFile file, ReadOnlySpan<byte> sha256)
    {
        var record = new TransferRecord(HashOf(file.Path), file.Length, file.Version, Convert.ToHexStringLower(sha256));
        byte[] line = Line(record);
        _records[record.File!] = record;
        lock (_lock)
        {
            _file.Write(line);
            _file.Flush();
        }
    }

    /// <summary>Forgets a file, by the hash of its path.</summary>
    public void Remove(string hash) => _records.TryRemove(hash, out _);

    /// <summary>Writes the journal anew, without what is outdated in it.</summary>
    public void Compact()
    {
        lock (_lock)
        {
            using var content = new MemoryStream();
            content.Write(KeyLine());
            foreach (TransferRecord record in _records.Values)
            {
                content.Write(Line(record));
            }

            DurableFile.Replace(_path, content.ToArray());
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _file.Dispose();

    private static byte[] Line(TransferRecord record) =>
        [.. JsonSerializer.SerializeToUtf8Bytes(record, JsonOutput.Default.TransferRecord), (byte)'\n'];

    private byte[] KeyLine() =>
        [.. JsonSerializer.SerializeToUtf8Bytes(new TransferJournalKey(Convert.ToHexStringLower(_key)), JsonOutput.Default.TransferJournalKey), (byte)'\n'];

    // False for one of the first layout, whose records are taken over.
    private bool TryLoad()
    {
        using var reader = new StreamReader(_file, Encoding.UTF8, detectEncodingFromByteOrderMarks: false, bufferSize: -1, leaveOpen: true);
        string? first = reader.ReadLine();
        bool isNamed = first is not null && TryParse(first, JsonOutput.Default.TransferRecord)?.FormerPath is not null;
        long whole = first is null ? 0 : Encoding.UTF8.GetByteCount(first) + 1;
        if (first is not null && !isNamed && TryParse(first, JsonOutput.Default.TransferJournalKey)?.Key is { Length: KeyBytes * 2 } key)
        {
            _key = Convert.FromHexString(key);
        }
        else
        {
            _key = RandomNumberGenerator.GetBytes(KeyBytes); // Also where a crash left half of the first line, and so nothing behind it.
            whole = 0;
        }

        for (string? line = isNamed ? first : whole == 0 ? null : reader.ReadLine(); line is not null; line = reader.ReadLine())
        {
            if (TryParse(line, JsonOutput.Default.TransferRecord) is not { } record || (record.File ?? record.FormerPath) is null)
            {
                break; // Cut off by a crash; nothing after it was written.
            }

            whole += Encoding.UTF8.GetByteCount(line) + 1;
            string hash = record.File ?? HashOf(record.FormerPath!);
            _records[hash] = record with { File = hash, FormerPath = null };
        }

        if (!isNamed)
        {
            SeekToEnd(whole);
        }

        return !isNamed;
    }

    private void SeekToEnd(long whole)
    {
        bool lacksEnd = whole > _file.Length; // Cut off between the last line and its end.
        _file.SetLength(Math.Min(whole, _file.Length));
        _file.Seek(0, SeekOrigin.End);
        if (lacksEnd)
        {
            _file.WriteByte((byte)'\n');
        }

        if (whole == 0)
        {
            _file.Write(KeyLine());
            _file.Flush();
        }
    }

    private static T? TryParse<T>(string line, JsonTypeInfo<T> type)
        where T : class
    {
        try
        {
            return JsonSerializer.Deserialize(line, type);
        }
        catch (JsonException)
        {
            return null;
        }
    }
}
