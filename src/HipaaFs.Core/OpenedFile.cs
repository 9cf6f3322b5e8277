namespace HipaaFs;

/// <summary>The answer to open.</summary>
/// <param name="Handle">To be released once.</param>
/// <param name="KeepPageCache">The kernel's pages of this inode are still right.</param>
/// <param name="IsDirect">The kernel is to ask for exactly what programs read, and nothing ahead of it: the rest is in an archive.</param>
public readonly record struct OpenedFile(HandleId Handle, bool KeepPageCache, bool IsDirect);
