namespace HipaaFs.Metadata;

/// <summary>An inode that two states of a volume show differently.</summary>
/// <param name="Before">The inode and a name of it in the older state; null when it was not there.</param>
/// <param name="After">The inode and a name of it in the newer state; null when it is not there.</param>
public readonly record struct InodeDifference(DirectoryEntry? Before, DirectoryEntry? After)
{
    /// <summary>The inode.</summary>
    public InodeId Inode => After?.Inode.Id ?? Before?.Inode.Id ?? default;

    /// <summary>Whether both states show it, under different names or in different directories.</summary>
    public bool IsRenamed => Before is { } before && After is { } after
        && (before.Parent != after.Parent || before.Name.Tag != after.Name.Tag);
}
