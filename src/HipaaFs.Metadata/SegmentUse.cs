namespace HipaaFs.Metadata;

/// <summary>A run of a segment that a file refers to.</summary>
/// <param name="Inode">The file.</param>
/// <param name="Extent">The run.</param>
public readonly record struct SegmentUse(InodeId Inode, Extent Extent);
