namespace HipaaFs;

/// <summary>What statfs(2) says.</summary>
/// <param name="BlockSize">Bytes a block.</param>
/// <param name="Blocks">Blocks in all.</param>
/// <param name="FreeBlocks">Blocks not used.</param>
/// <param name="Inodes">Inodes in all.</param>
/// <param name="FreeInodes">Inodes not used.</param>
public readonly record struct FileSystemUsage(uint BlockSize, ulong Blocks, ulong FreeBlocks, ulong Inodes, ulong FreeInodes);
