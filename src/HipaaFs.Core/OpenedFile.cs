namespace HipaaFs;

/// <summary>The answer to open.</summary>
/// <param name="Handle">To be released once.</param>
/// <param name="KeepPageCache">The kernel's pages of this inode are still right.</param>
public readonly record struct OpenedFile(HandleId Handle, bool KeepPageCache);
