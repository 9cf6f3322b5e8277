namespace HipaaFs.FaultFs.Disk;

/// <summary>A name in a directory and what it stands for from now on.</summary>
/// <param name="Parent">The directory.</param>
/// <param name="Name">The name.</param>
/// <param name="Node">The file or directory; 0: the name is gone.</param>
public readonly record struct NameBinding(int Parent, string Name, int Node);
