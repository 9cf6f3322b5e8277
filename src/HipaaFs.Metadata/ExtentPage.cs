namespace HipaaFs.Metadata;

/// <summary>Some extents of a file, in file order.</summary>
/// <param name="Extents">The extents, whole: the first may begin before the range asked for, the last may end after it.</param>
/// <param name="More">Whether the range asked for holds more; ask again from the end of the last one.</param>
public readonly record struct ExtentPage(IReadOnlyList<Extent> Extents, bool More);
