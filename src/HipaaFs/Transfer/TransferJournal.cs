using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using HipaaFs.Cli.Output;
using HipaaFs.Platform;

namespace HipaaFs.Cli.Transfer;

/// <summary>What runs between the same two places have copied: a line of JSON for each file, the latest of a path counts.</summary>
/// <remarks>It is written behind the copies. A line that a crash cut off costs one more copy of that file. Held by one run at a time.</remarks>
internal sealed class TransferJournal : IDisposable
{
    private readonly Lock _lock = new();
    private readonly ConcurrentDictionary<string, TransferRecord> _records = new(StringComparer.Ordinal);
    private readonly string _path;
    private readonly FileStream _file;

    private TransferJournal(string path, FileStream file)
    {
        _path = path;
        _file = file;
    }

    /// <summary>What was copied, by path.</summary>
    public ConcurrentDictionary<string, TransferRecord> Records => _records;

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
            var options = new FileStreamOptions { Mode = FileMode.OpenOrCreate, Access = FileAccess.ReadWrite, Share = FileShare.None };
            if (!OperatingSystem.IsWindows())
            {
                options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
            }

            var journal = new TransferJournal(path, new FileStream(path, options));
            journal.Load();
            return journal;
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

    /// <summary>Notes a copy.</summary>
    public void Add(TransferRecord record)
    {
        byte[] line = Line(record);
        _records[record.Path] = record;
        lock (_lock)
        {
            _file.Write(line);
            _file.Flush();
        }
    }

    /// <summary>Forgets a file.</summary>
    public void Remove(string path) => _records.TryRemove(path, out _);

    /// <summary>Writes the journal anew, without what is outdated in it.</summary>
    public void Compact()
    {
        lock (_lock)
        {
            using var content = new MemoryStream();
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

    private void Load()
    {
        using var reader = new StreamReader(_file, Encoding.UTF8, detectEncodingFromByteOrderMarks: false, bufferSize: -1, leaveOpen: true);
        long whole = 0;
        while (reader.ReadLine() is { } line)
        {
            if (TryParse(line) is not { } record)
            {
                break; // Cut off by a crash; nothing after it was written.
            }

            whole += Encoding.UTF8.GetByteCount(line) + 1;
            _records[record.Path] = record;
        }

        bool lacksEnd = whole > _file.Length; // Cut off between the last line and its end.
        _file.SetLength(Math.Min(whole, _file.Length));
        _file.Seek(0, SeekOrigin.End);
        if (lacksEnd)
        {
            _file.WriteByte((byte)'\n');
        }
    }

    private static TransferRecord? TryParse(string line)
    {
        try
        {
            return JsonSerializer.Deserialize(line, JsonOutput.Default.TransferRecord);
        }
        catch (JsonException)
        {
            return null;
        }
    }
}
