namespace HipaaFs.Cli.Placing;

/// <summary>A directory of the policy, without those below it that have rules of their own.</summary>
/// <param name="Path">Its path in the volume.</param>
/// <param name="Exists">Whether it is there.</param>
/// <param name="Placement">The placement that it has or gets.</param>
/// <param name="Directories">Directories in it, itself among them.</param>
/// <param name="Files">Files in it.</param>
/// <param name="Bytes">Bytes of their data.</param>
/// <param name="MovedFiles">Files of which the data goes to another placement with other stores.</param>
/// <param name="MovedBytes">Bytes of it.</param>
internal sealed record PlannedDirectory(
    string Path, bool Exists, uint Placement, long Directories, long Files, long Bytes, long MovedFiles, long MovedBytes)
{
    /// <summary>Directories and files that get another placement, those without data too.</summary>
    public long ChangedEntries { get; init; }
}
