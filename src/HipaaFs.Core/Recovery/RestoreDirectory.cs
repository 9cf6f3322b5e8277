using HipaaFs.Metadata.Sqlite;
using HipaaFs.Platform;
using HipaaFs.Sessions;
using HipaaFs.Volumes;

namespace HipaaFs.Recovery;

/// <summary>The directory that a volume is restored into. From the first byte to the last it bears a mark, with which nothing opens it, and which lets a restore that was killed be done again.</summary>
/// <remarks>Locked while it is held. Not thread-safe.</remarks>
internal sealed class RestoreDirectory : IDisposable
{
    private const string Mark = "restoring";

    private const int RandomNameLength = 12;
    private const int RandomNamePoint = 8;

    // Where a mount that was refused since has said so.
    private const string Log = "log";

    // What is written under another name first.
    private static readonly string[] Replaced = ["keyring", "volume.yaml"];

    // What a restore makes, what the database has beside it among that, and nothing else is ever removed from a directory that was found.
    private static readonly string[] Made =
    [
        Mark,
        .. Replaced,
        SqliteMetadataOptions.FileName,
        SqliteMetadataOptions.FileName + "-wal",
        SqliteMetadataOptions.FileName + "-shm",
        SqliteMetadataOptions.FileName + "-journal",
        "ballast",
    ];

    private readonly FileLock _lock;
    private readonly string _path;
    private readonly bool _existed;

    private RestoreDirectory(string path, FileLock held, bool existed)
    {
        _path = path;
        _lock = held;
        _existed = existed;
    }

    /// <summary>Makes the directory, or takes one that is empty or holds a restore that was cut off, whose files it removes.</summary>
    /// <exception cref="VolumeException">There is something else in it, or another process works on it.</exception>
    internal static RestoreDirectory Take(string path, SessionHolder holder)
    {
        bool existed = Directory.Exists(path);
        RefuseOthers(path, existed);
        VolumeCreator.MakeDirectory(path);
        FileLock held = VolumeDirectory.LockUnfinished(path, holder);
        try
        {
            RefuseOthers(path, exists: true);
            DurableFile.Replace(VolumeOptions.RestoringPath(path), []);
            RemoveMade(path);
            return new RestoreDirectory(path, held, existed);
        }
        catch
        {
            held.Dispose();
            throw;
        }
    }

    /// <summary>Whether a restore into the directory was cut off.</summary>
    internal static bool IsUnfinished(string path) => File.Exists(VolumeOptions.RestoringPath(path));

    /// <summary>Takes the mark away: everything is there and durable, and the directory is a volume.</summary>
    internal void Complete()
    {
        DurableFile.SyncDirectory(_path);
        File.Delete(VolumeOptions.RestoringPath(_path));
        DurableFile.SyncDirectory(_path);
    }

    /// <summary>
    /// Removes what was put into the directory, the mark last, and the directory if it was made for this. The mark stays when anything else does. Never fails: why the
    /// restore did is what its caller has to say.
    /// </summary>
    internal void Abandon()
    {
        try
        {
            RemoveMade(_path);
            File.Delete(Path.Combine(_path, Log));
            if (HasMore())
            {
                return;
            }

            File.Delete(VolumeOptions.RestoringPath(_path));
            _lock.Dispose();
            File.Delete(VolumeOptions.LockPath(_path));
            if (!_existed)
            {
                Directory.Delete(_path);
            }
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            // Unless it is but the empty directory, what stays is under the mark, with which nothing opens it, and the next restore removes it.
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _lock.Dispose();

    private static void RefuseOthers(string path, bool exists)
    {
        if (!exists)
        {
            return;
        }

        bool isUnfinished = IsUnfinished(path);
        foreach (string found in Directory.EnumerateFileSystemEntries(path))
        {
            string name = Path.GetFileName(found);
            if (!(found == VolumeOptions.LockPath(path) || IsReplacement(name, Mark) || (isUnfinished && (name == Log || IsMade(name)))))
            {
                throw new VolumeException(
                    VolumeFailure.NotEmpty, $"restore into '{path}': it is not empty", "name a directory that is empty or does not exist yet");
            }
        }
    }

    private static void RemoveMade(string path)
    {
        foreach (string found in Directory.GetFiles(path))
        {
            string name = Path.GetFileName(found);
            if (name != Mark && IsMade(name))
            {
                File.Delete(found);
            }
        }
    }

    private bool HasMore()
    {
        foreach (string found in Directory.EnumerateFileSystemEntries(_path))
        {
            string name = Path.GetFileName(found);
            if (name != Mark && name != Path.GetFileName(VolumeOptions.LockPath(_path)))
            {
                return true;
            }
        }

        return false;
    }

    private static bool IsMade(string name)
    {
        foreach (string made in Made)
        {
            if (name == made)
            {
                return true;
            }
        }

        foreach (string replaced in Replaced)
        {
            if (IsReplacement(name, replaced))
            {
                return true;
            }
        }

        return IsReplacement(name, Mark);
    }

    // What DurableFile.Replace calls a file until it has its name: a point, the name, a point, and what Path.GetRandomFileName makes.
    private static bool IsReplacement(string name, string replaced) =>
        name.StartsWith("." + replaced + ".", StringComparison.Ordinal) && IsRandomName(name.AsSpan(replaced.Length + 2));

    private static bool IsRandomName(ReadOnlySpan<char> name)
    {
        if (name.Length != RandomNameLength)
        {
            return false;
        }

        for (int i = 0; i < name.Length; i++)
        {
            if (i == RandomNamePoint ? name[i] != '.' : !char.IsAsciiLetterLower(name[i]) && !char.IsAsciiDigit(name[i]))
            {
                return false;
            }
        }

        return true;
    }
}
