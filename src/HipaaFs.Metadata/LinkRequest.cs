namespace HipaaFs.Metadata;

/// <summary>Asks for one more name of an inode (link(2)).</summary>
public sealed record LinkRequest : MetadataRequest
{
    /// <summary>The most names an inode can have.</summary>
    public const uint MaxLinks = 65_000;

    /// <summary>The inode; an orphan gets its first name and is an orphan no more.</summary>
    public InodeId Inode { get; init; }

    /// <summary>The directory.</summary>
    public InodeId Parent { get; init; }

    /// <summary>The name.</summary>
    public EntryName Name { get; init; }
}
