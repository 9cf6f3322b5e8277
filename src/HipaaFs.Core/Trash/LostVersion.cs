using HipaaFs.Snapshots;

namespace HipaaFs.Trash;

/// <summary>A file, or what else has a name, as a snapshot still shows it and the state after that does not.</summary>
/// <param name="Path">Its path from the root, in the snapshot.</param>
/// <param name="Kind"><see cref="DifferenceKind.Removed"/>, or <see cref="DifferenceKind.Changed"/> for a file whose data was written over.</param>
/// <param name="Snapshot">The last snapshot that shows it.</param>
/// <param name="IsDirectory">Whether it is a directory.</param>
/// <param name="Size">Bytes of the file.</param>
public sealed record LostVersion(string Path, DifferenceKind Kind, Snapshot Snapshot, bool IsDirectory, long Size);
