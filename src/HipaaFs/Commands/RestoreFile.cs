namespace HipaaFs.Cli.Commands;

/// <summary>A restored file that cannot be read everywhere.</summary>
/// <param name="Inode">Its inode number on a mount.</param>
/// <param name="MissingBytes">Bytes of it that the store does not have.</param>
internal sealed record RestoreFile(ulong Inode, long MissingBytes);
