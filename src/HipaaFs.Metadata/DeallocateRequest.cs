namespace HipaaFs.Metadata;

/// <summary>Asks to make a hole of a range of a file (fallocate(2): punch hole, zero range).</summary>
public sealed record DeallocateRequest : MetadataRequest
{
    /// <summary>The file.</summary>
    public InodeId Inode { get; init; }

    /// <summary>First byte of the range.</summary>
    public long Offset { get; init; }

    /// <summary>Length of the range; may reach past the end.</summary>
    public long Length { get; init; }

    /// <summary>The size the file gets at least; null keeps it.</summary>
    public long? NewSize { get; init; }
}
