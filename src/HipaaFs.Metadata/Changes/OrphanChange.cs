namespace HipaaFs.Metadata.Changes;

/// <summary>A change of the list of inodes without a name. Its key: the inode.</summary>
/// <param name="Kind">What happened.</param>
/// <param name="Orphan">The row.</param>
public sealed record OrphanChange(ChangeKind Kind, OrphanRow Orphan) : RowChange(Kind);
