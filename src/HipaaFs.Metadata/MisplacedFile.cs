namespace HipaaFs.Metadata;

/// <summary>A file some of whose data is in segments of another placement than its own.</summary>
/// <param name="Inode">The file.</param>
/// <param name="Placement">Its placement.</param>
/// <param name="KeepsTier">Whether somebody asked for the tier of that placement (<see cref="InodeFlags.KeepsTier"/>).</param>
/// <param name="Elsewhere">That data, by the placement of the segments, in the order of their numbers.</param>
public sealed record MisplacedFile(InodeId Inode, uint Placement, bool KeepsTier, IReadOnlyList<PlacedElsewhere> Elsewhere);
