namespace HipaaFs.Cli.Control;

/// <summary>A file of which the store does not have everything.</summary>
/// <param name="Inode">Its number, as a mount shows it.</param>
/// <param name="Bytes">How much cannot be read.</param>
internal sealed record ScrubFile(ulong Inode, long Bytes);
