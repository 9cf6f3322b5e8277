using HipaaFs.Metadata;

namespace HipaaFs.Quotas;

/// <summary>The quota of a directory tree: of all inodes that name one of its placements.</summary>
/// <remarks>A tree inside a tree has a quota of its own beside that of the outer one, whose placements then include its own.</remarks>
public sealed record Quota
{
    /// <summary>The directory, by its path when the quota was set.</summary>
    public string Path { get; init; } = string.Empty;

    /// <summary>The placements that inodes of the tree name.</summary>
    public IReadOnlyList<uint> Placements { get; init; } = [];

    /// <summary>For everybody together, root included.</summary>
    public QuotaLimit Total { get; init; } = new();

    /// <summary>For each user that <see cref="Users"/> does not name, root excepted; null for no limit.</summary>
    public QuotaLimit? EachUser { get; init; }

    /// <summary>For single users, by number.</summary>
    public IReadOnlyDictionary<uint, QuotaLimit> Users { get; init; } = new Dictionary<uint, QuotaLimit>();

    /// <summary>What a user may store; null for no limit of its own.</summary>
    public QuotaLimit? LimitOf(uint uid) => Users.TryGetValue(uid, out QuotaLimit? own) ? own : uid == 0 ? null : EachUser;

    /// <summary>Whether so much more would be too much.</summary>
    /// <param name="metadata">Knows what is there.</param>
    /// <param name="uid">Whose it would be.</param>
    /// <param name="inodes">How many more.</param>
    /// <param name="bytes">How many more; what is there already and not in the metadata yet among them.</param>
    /// <param name="isNewToTree">False when the tree has it already and it changes its owner only.</param>
    internal bool Refuses(IMetadataStore metadata, uint uid, long inodes, long bytes, bool isNewToTree)
    {
        if (isNewToTree && IsPast(Total, metadata, null, inodes, bytes))
        {
            return true;
        }

        return LimitOf(uid) is { } own && IsPast(own, metadata, uid, inodes, bytes);
    }

    private bool IsPast(QuotaLimit limit, IMetadataStore metadata, uint? uid, long inodes, long bytes)
    {
        if (limit is { Bytes: null, Files: null })
        {
            return false;
        }

        long files = inodes;
        long length = bytes;
        foreach (uint placement in Placements)
        {
            VolumeUsage usage = uid is { } user ? metadata.GetUsage(placement, user) : metadata.GetUsage(placement);
            files += usage.Inodes;
            length += usage.FileBytes;
        }

        // A new file that could never get a byte is refused. What only shrinks or is written over is never asked about.
        return (inodes > 0 && files > limit.Files) || (bytes > 0 ? length > limit.Bytes : length >= limit.Bytes);
    }
}
