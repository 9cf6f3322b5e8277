namespace HipaaFs.FaultFs.Disk;

/// <summary>A file or directory as processes see it now. It stays when its last name goes: a crash can bring the name back.</summary>
public sealed class DiskNode
{
    internal DiskNode(int id, uint mode)
    {
        Id = id;
        Mode = mode;
    }

    /// <summary>Its number; 1 is the root.</summary>
    public int Id { get; }

    /// <summary>Type and permissions, as in stat(2).</summary>
    public uint Mode { get; internal set; }

    /// <summary>Whether it is a directory.</summary>
    public bool IsDirectory => (Mode & 0xF000) == 0x4000;

    internal uint Uid { get; set; }

    internal uint Gid { get; set; }

    internal long ModifiedNanoseconds { get; set; }

    internal int Links { get; set; }

    internal PagedContent Content { get; set; } = new();

    /// <summary>The path it was last given, from the root, without a slash in front; for rules and logs.</summary>
    internal string Path { get; set; } = string.Empty;

    /// <summary>Names in the order of their making; the number is the cookie of READDIR.</summary>
    internal SortedDictionary<long, (string Name, int Node)> Entries { get; } = [];

    internal Dictionary<string, long> Cookies { get; } = new(StringComparer.Ordinal);
}
