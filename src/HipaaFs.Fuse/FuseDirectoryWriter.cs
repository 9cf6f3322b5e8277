namespace HipaaFs.Fuse;

/// <summary>Writes the entries of READDIR or READDIRPLUS into the reply, as many as fit.</summary>
/// <remarks>A mutable value: keep it in one variable. <see cref="Finish"/> makes what was added the payload.</remarks>
public unsafe struct FuseDirectoryWriter
{
    private readonly byte* _start;
    private readonly int _capacity;
    private readonly FuseRequest? _request;

    internal FuseDirectoryWriter(byte* start, int capacity, FuseRequest? request)
    {
        _start = start;
        _capacity = capacity;
        _request = request;
    }

    /// <summary>Bytes written.</summary>
    public int Length { get; private set; }

    /// <summary>Adds an entry of READDIR. Returns false, writing nothing, when it does not fit.</summary>
    /// <param name="inode">What d_ino shows.</param>
    /// <param name="offset">Where the entry after this one begins; comes back as the offset of a later request. Not 0.</param>
    /// <param name="type">DT_* of the entry: the file type bits of its mode shifted right by 12.</param>
    /// <param name="name">The name, without NUL.</param>
    public bool TryAdd(ulong inode, ulong offset, uint type, ReadOnlySpan<byte> name)
    {
        int size = (sizeof(FuseDirectoryEntry) + name.Length + 7) & ~7;
        if (size > _capacity - Length)
        {
            return false;
        }

        WriteEntry(_start + Length, size, inode, offset, type, name);
        Length += size;
        return true;
    }

    /// <summary>Adds an entry of READDIRPLUS. Each one added raises the look-up count of its inode, except one with
    /// <see cref="FuseEntryOut.NodeId"/> 0, which only names (use it for "." and ".."). Returns false, writing nothing, when it does not fit.</summary>
    /// <param name="entry">The inode as LOOKUP would answer; the inode number and type of the entry are taken from its attributes.</param>
    /// <param name="offset">As in <see cref="TryAdd"/>.</param>
    /// <param name="name">The name, without NUL.</param>
    public bool TryAddPlus(in FuseEntryOut entry, ulong offset, ReadOnlySpan<byte> name)
    {
        int size = (sizeof(FuseEntryOut) + sizeof(FuseDirectoryEntry) + name.Length + 7) & ~7;
        if (size > _capacity - Length)
        {
            return false;
        }

        byte* at = _start + Length;
        *(FuseEntryOut*)at = entry;
        const uint TypeShift = 12;
        WriteEntry(
            at + sizeof(FuseEntryOut),
            size - sizeof(FuseEntryOut),
            entry.Attributes.Inode,
            offset,
            (entry.Attributes.Mode >> (int)TypeShift) & 15,
            name);
        Length += size;
        return true;
    }

    /// <summary>Makes the entries the payload of the reply. None means the end of the directory.</summary>
    public readonly void Finish()
    {
        _request?.SetPayloadLength(Length);
    }

    private static void WriteEntry(byte* at, int size, ulong inode, ulong offset, uint type, ReadOnlySpan<byte> name)
    {
        FuseDirectoryEntry* head = (FuseDirectoryEntry*)at;
        head->Inode = inode;
        head->Offset = offset;
        head->NameLength = (uint)name.Length;
        head->Type = type;
        var rest = new Span<byte>(at + sizeof(FuseDirectoryEntry), size - sizeof(FuseDirectoryEntry));
        name.CopyTo(rest);
        rest[name.Length..].Clear();
    }
}
