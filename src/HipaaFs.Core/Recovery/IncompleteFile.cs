using HipaaFs.Metadata;

namespace HipaaFs.Recovery;

/// <summary>A restored file of which the store does not have everything.</summary>
/// <param name="Inode">The file; its number is what a mount shows.</param>
/// <param name="MissingBytes">Bytes of it that cannot be read, in the live tree and in snapshots.</param>
public sealed record IncompleteFile(InodeId Inode, long MissingBytes);
