namespace HipaaFs.Cli.Placing;

/// <summary>Where data of each directory of the policy is, by the policy that was applied last.</summary>
/// <param name="Directories">The directories, outer ones first.</param>
/// <param name="MisplacedFiles">Files of the volume that have data elsewhere than their placements say.</param>
/// <param name="MisplacedBytes">Bytes of it, with what only snapshots show.</param>
internal sealed record ResidencyReport(IReadOnlyList<ResidencyLine> Directories, long MisplacedFiles, long MisplacedBytes)
{
    /// <summary>Whether everything is where it may be.</summary>
    public bool Holds => Directories.All(static directory => directory.Violations.Count == 0);
}
