namespace HipaaFs.Fuse.Tests.Mounts;

/// <summary>An inode of the memory file system.</summary>
internal sealed class MemoryNode
{
    internal MemoryNode(ulong id, uint mode)
    {
        Id = id;
        Mode = mode;
    }

    internal ulong Id { get; }

    internal uint Mode { get; set; }

    internal uint Uid { get; set; }

    internal uint Gid { get; set; }

    internal ulong Time { get; set; }

    internal byte[] Content { get; set; } = [];

    internal SortedDictionary<string, MemoryNode> Children { get; } = new(StringComparer.Ordinal);

    internal Dictionary<string, byte[]> Attributes { get; } = new(StringComparer.Ordinal);

    internal bool IsDirectory => (Mode & 0xF000) == 0x4000;
}
