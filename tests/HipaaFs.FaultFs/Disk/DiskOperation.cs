namespace HipaaFs.FaultFs.Disk;

/// <summary>One change or sync, in the order in which the disk took them.</summary>
/// <param name="Node">The file or directory it was asked of.</param>
public abstract record DiskOperation(int Node);

/// <summary>Bytes written.</summary>
public sealed record WriteOperation(int Node, long Offset, byte[] Data) : DiskOperation(Node);

/// <summary>A change of size.</summary>
public sealed record TruncateOperation(int Node, long Length) : DiskOperation(Node);

/// <summary>A range made zero.</summary>
public sealed record ClearOperation(int Node, long Offset, long Length) : DiskOperation(Node);

/// <summary>Names bound or removed, all at once: a creation, a link, a removal, a rename.</summary>
public sealed record NameOperation(int Node, IReadOnlyList<NameBinding> Bindings) : DiskOperation(Node);

/// <summary>A sync that succeeded.</summary>
/// <param name="Node">The file or directory.</param>
/// <param name="DataOnly">Whether it was fdatasync(2).</param>
public sealed record SyncOperation(int Node, bool DataOnly) : DiskOperation(Node);

/// <summary>A sync that failed: what was not written by then never will be, as with Linux, whose pages are clean afterwards.</summary>
public sealed record FailedSyncOperation(int Node) : DiskOperation(Node);
