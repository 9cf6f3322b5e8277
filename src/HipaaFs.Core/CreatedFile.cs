using HipaaFs.Metadata;

namespace HipaaFs;

/// <summary>The answer to create: the new inode, open.</summary>
/// <param name="Attributes">Of the new file.</param>
/// <param name="Handle">To be released once.</param>
public readonly record struct CreatedFile(InodeAttributes Attributes, HandleId Handle);
