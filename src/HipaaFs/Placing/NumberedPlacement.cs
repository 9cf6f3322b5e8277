using HipaaFs.Placements;

namespace HipaaFs.Cli.Placing;

/// <summary>A placement that a policy asks for.</summary>
/// <param name="Placement">It, with the number that it has or gets.</param>
/// <param name="Former">What the volume calls by that number now; null when that is nothing.</param>
internal sealed record NumberedPlacement(Placement Placement, Placement? Former)
{
    /// <summary>Whether the volume has to be told.</summary>
    public bool IsChange => Former is null || !Former.IsSameAs(Placement);
}
