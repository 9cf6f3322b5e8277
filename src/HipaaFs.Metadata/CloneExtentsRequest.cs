namespace HipaaFs.Metadata;

/// <summary>Asks to let a range of one file share the data of a range of another, holes included (copy_file_range(2), FICLONERANGE).</summary>
/// <remarks>Both files must be of one key domain. Within one file the ranges must not overlap.</remarks>
public sealed record CloneExtentsRequest : MetadataRequest
{
    /// <summary>The file read from.</summary>
    public InodeId Source { get; init; }

    /// <summary>First byte in it.</summary>
    public long SourceOffset { get; init; }

    /// <summary>The file written to.</summary>
    public InodeId Target { get; init; }

    /// <summary>First byte in it.</summary>
    public long TargetOffset { get; init; }

    /// <summary>Length of both ranges.</summary>
    public long Length { get; init; }

    /// <summary>The size the target gets at least; null keeps it.</summary>
    public long? NewSize { get; init; }
}
