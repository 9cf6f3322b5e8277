namespace HipaaFs.Metadata;

/// <summary>Inode numbers that belong to one caller.</summary>
/// <param name="First">The first number.</param>
/// <param name="Count">How many there are.</param>
public readonly record struct InodeRange(InodeId First, int Count);
