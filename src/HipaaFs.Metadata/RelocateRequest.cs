namespace HipaaFs.Metadata;

/// <summary>Asks to let every row, live and past, that refers to runs of segments refer to copies of them.</summary>
/// <remarks>Every segment that holds copies must be known, not condemned, of the key domain of the original, and hold none of the originals.</remarks>
public sealed record RelocateRequest : MetadataRequest
{
    /// <summary>The runs, sorted by segment and offset in it, disjoint. The store copies them.</summary>
    public ReadOnlyMemory<Relocation> Runs { get; init; }

    /// <summary>Only rows of inodes that are there and have this placement, past rows of such inodes too; null: of all.</summary>
    public uint? OfPlacement { get; init; }
}
