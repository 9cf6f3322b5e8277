using System.Security.Cryptography;
using HipaaFs.Platform;

namespace HipaaFs.Storage.Local;

/// <summary>The names under which objects are written before they get their own. No key looks like them.</summary>
internal static class LocalTemporaries
{
    private const string Prefix = ".tmp-";

    /// <summary>A temporary older than this was left by a writer that died.</summary>
    public static readonly TimeSpan MaxAge = TimeSpan.FromDays(1);

    /// <summary>A new name in a directory.</summary>
    public static string NewPath(string directory) => Path.Join(directory, Prefix + RandomNumberGenerator.GetHexString(16, lowercase: true));

    /// <summary>Removes a temporary, if it is still there.</summary>
    public static void Remove(string path)
    {
        if (FileStatus.Of(path) is not null)
        {
            File.Delete(path);
        }
    }

    /// <summary>Removes the temporaries that nobody writes any more and returns how many. What cannot be removed is left for the next time.</summary>
    public static int Sweep(string root, DateTimeOffset now, CancellationToken cancel)
    {
        int removed = 0;
        var options = new EnumerationOptions { RecurseSubdirectories = true, IgnoreInaccessible = true, AttributesToSkip = FileAttributes.ReparsePoint };
        foreach (string path in Directory.EnumerateFiles(root, Prefix + "*", options))
        {
            cancel.ThrowIfCancellationRequested();

            // A hard link keeps the time at which the caller wrote the file; the time of the last change is that of the link.
            if (FileStatus.Of(path) is { } status && now - Changed(in status) > MaxAge)
            {
                File.Delete(path);
                removed++;
            }
        }

        return removed;
    }

    private static DateTimeOffset Changed(in FileStatus status) =>
        DateTimeOffset.UnixEpoch + TimeSpan.FromTicks(status.ChangedNanoseconds / TimeSpan.NanosecondsPerTick);
}
