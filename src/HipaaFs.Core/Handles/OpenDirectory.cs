using HipaaFs.Metadata;

namespace HipaaFs.Handles;

/// <summary>One open of a directory. It holds no copy of it: a listing resumes by the cookie alone.</summary>
/// <param name="Id">What the kernel calls it.</param>
/// <param name="Directory">The inode.</param>
internal sealed record OpenDirectory(HandleId Id, InodeId Directory);
