namespace HipaaFs.Metadata;

/// <summary>Asks to let ranges of a file be read from segments from now on.</summary>
/// <remarks>Every segment must be known and not condemned. What the ranges held before is given up.</remarks>
public sealed record WriteExtentsRequest : MetadataRequest
{
    /// <summary>The file.</summary>
    public InodeId Inode { get; init; }

    /// <summary>The runs, sorted by file offset, disjoint. The store copies them.</summary>
    public ReadOnlyMemory<Extent> Extents { get; init; }

    /// <summary>The file's size; see <see cref="SizeMode"/>.</summary>
    public long Size { get; init; }

    /// <summary>What <see cref="Size"/> means. Default: the file becomes at least that large.</summary>
    public SizeMode SizeMode { get; init; }

    /// <summary>Last access; null leaves it.</summary>
    public Timestamp? AccessTime { get; init; }

    /// <summary>Last change of content; null leaves it.</summary>
    public Timestamp? ModifyTime { get; init; }

    /// <summary>Last change; null leaves it, for content that only moves to another segment.</summary>
    public Timestamp? ChangeTime { get; init; }

    /// <summary>Permission bits to clear, as a write does with set-user-id and set-group-id.</summary>
    public uint ClearModeBits { get; init; }

    /// <summary>The version the inode must have, else <see cref="MetadataError.Conflict"/>. Null: any.</summary>
    public ulong? ExpectedVersion { get; init; }
}
