namespace HipaaFs.Staging;

/// <summary>What waits in a staging directory for the next mount, as its files show it to somebody who does not open the volume.</summary>
/// <param name="Segments">How many segments.</param>
/// <param name="Bytes">Their bytes, sealed.</param>
/// <param name="Since">When the one that waits longest was last written; null when none waits.</param>
public sealed record StagedFiles(int Segments, long Bytes, DateTimeOffset? Since)
{
    /// <summary>Looks into a directory, which need not exist.</summary>
    /// <exception cref="IOException">It cannot be read.</exception>
    /// <exception cref="UnauthorizedAccessException">It is not this user's.</exception>
    public static StagedFiles In(string directory)
    {
        var none = new StagedFiles(0, 0, null);
        return !Directory.Exists(directory) ? none : new DirectoryInfo(directory).EnumerateFiles(StagingArea.Pattern).Aggregate(none, static (all, file) => new StagedFiles(
            all.Segments + 1,
            all.Bytes + file.Length,
            all.Since < file.LastWriteTimeUtc ? all.Since : file.LastWriteTimeUtc));
    }
}
