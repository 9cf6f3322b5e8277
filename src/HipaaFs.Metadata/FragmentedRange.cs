namespace HipaaFs.Metadata;

/// <summary>A stretch of a file that consists of many extents.</summary>
/// <param name="Inode">The file.</param>
/// <param name="Offset">Where the stretch begins.</param>
/// <param name="Extents">How many extents begin in it.</param>
public readonly record struct FragmentedRange(InodeId Inode, long Offset, int Extents);
