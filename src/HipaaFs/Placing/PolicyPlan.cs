using System.Text.Json.Serialization;

namespace HipaaFs.Cli.Placing;

/// <summary>What applying a policy changes, or has changed.</summary>
/// <param name="File">The name of the policy's file.</param>
/// <param name="Stores">The stores of the policy, and those of the volume that it does not name.</param>
/// <param name="Placements">The placements of its directories and patterns.</param>
/// <param name="Directories">Its directories.</param>
/// <param name="Transfers">What each store gets and gives back, where that is anything.</param>
/// <param name="Unenforced">What the policy says and this version does not do, each with its place.</param>
/// <param name="Warnings">What is allowed and hardly meant, each with its place.</param>
internal sealed record PolicyPlan(
    string File,
    IReadOnlyList<PlannedStore> Stores,
    IReadOnlyList<PlannedPlacement> Placements,
    IReadOnlyList<PlannedDirectory> Directories,
    IReadOnlyList<PlannedTransfer> Transfers,
    IReadOnlyList<string> Unenforced,
    IReadOnlyList<string> Warnings)
{
    /// <summary>Whether anything changes.</summary>
    public required bool Changes { get; init; }

    /// <summary>What changes of the stores that have change stream and key ring; null when nothing does.</summary>
    public PlannedMetadata? Metadata { get; init; }

    /// <summary>The directories that are not there.</summary>
    [JsonIgnore]
    public IReadOnlyList<string> Missing => [.. Directories.Where(static directory => !directory.Exists).Select(static directory => directory.Path)];
}
