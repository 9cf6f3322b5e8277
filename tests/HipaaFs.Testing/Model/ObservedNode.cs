namespace HipaaFs.Testing.Model;

/// <summary>What a target shows under one path.</summary>
public sealed record ObservedNode(string Path, ulong Inode, ModelKind Kind, uint Mode)
{
    public uint Owner { get; init; }

    public uint Group { get; init; }

    public int Links { get; init; }

    public string Target { get; init; } = string.Empty;

    public SortedDictionary<string, byte[]> Xattrs { get; } = new(StringComparer.Ordinal);

    public byte[] Content { get; init; } = [];

    /// <summary>Seconds since the epoch.</summary>
    public long Modified { get; init; }

    /// <summary>Why the content could not be read; none when it could.</summary>
    public ModelErrno ReadError { get; init; }
}
