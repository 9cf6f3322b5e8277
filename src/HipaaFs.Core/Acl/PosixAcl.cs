using System.Buffers.Binary;

namespace HipaaFs.Acl;

/// <summary>A POSIX access control list in the layout of the attributes <c>system.posix_acl_access</c> and <c>system.posix_acl_default</c> (linux/posix_acl_xattr.h).</summary>
/// <remarks>The kernel checks access by it; the file system keeps mode bits and list in step, as acl(5) demands, and hands a directory's default list on.</remarks>
internal sealed class PosixAcl
{
    private const uint Version = 2;
    private const int HeaderSize = 4;
    private const int EntrySize = 8;
    private const ushort UserOwner = 0x01;
    private const ushort NamedUser = 0x02;
    private const ushort GroupOwner = 0x04;
    private const ushort NamedGroup = 0x08;
    private const ushort Mask = 0x10;
    private const ushort Other = 0x20;

    private readonly (ushort Tag, ushort Permissions, uint Id)[] _entries;

    private PosixAcl((ushort Tag, ushort Permissions, uint Id)[] entries) => _entries = entries;

    /// <summary>Name of the list that guards an inode.</summary>
    internal static ReadOnlySpan<byte> AccessName => "system.posix_acl_access"u8;

    /// <summary>Name of the list that a directory's new entries begin with.</summary>
    internal static ReadOnlySpan<byte> DefaultName => "system.posix_acl_default"u8;

    /// <summary>Whether the list has no entries, which is how the lack of one is written.</summary>
    internal bool IsEmpty => _entries.Length == 0;

    /// <summary>Whether the list says no more than mode bits can.</summary>
    internal bool IsMinimal => _entries.Length == 3;

    /// <summary>Reads a list. False when it is malformed.</summary>
    internal static bool TryParse(ReadOnlySpan<byte> value, out PosixAcl? acl)
    {
        acl = null;
        if (value.Length < HeaderSize
            || (value.Length - HeaderSize) % EntrySize != 0
            || BinaryPrimitives.ReadUInt32LittleEndian(value) != Version)
        {
            return false;
        }

        var entries = new (ushort Tag, ushort Permissions, uint Id)[(value.Length - HeaderSize) / EntrySize];
        int seen = 0;
        for (int i = 0; i < entries.Length; i++)
        {
            ReadOnlySpan<byte> entry = value.Slice(HeaderSize + (i * EntrySize), EntrySize);
            ushort tag = BinaryPrimitives.ReadUInt16LittleEndian(entry);
            ushort permissions = BinaryPrimitives.ReadUInt16LittleEndian(entry[2..]);
            if (permissions > 7 || tag is not (UserOwner or NamedUser or GroupOwner or NamedGroup or Mask or Other))
            {
                return false;
            }

            seen |= tag;
            entries[i] = (tag, permissions, BinaryPrimitives.ReadUInt32LittleEndian(entry[4..]));
        }

        const int required = UserOwner | GroupOwner | Other;
        bool named = (seen & (NamedUser | NamedGroup)) != 0;
        if (entries.Length > 0 && ((seen & required) != required || (named && (seen & Mask) == 0)))
        {
            return false;
        }

        acl = new PosixAcl(entries);
        return true;
    }

    /// <summary>The list in its stored layout.</summary>
    internal byte[] Encode()
    {
        byte[] value = new byte[HeaderSize + (_entries.Length * EntrySize)];
        BinaryPrimitives.WriteUInt32LittleEndian(value, Version);
        for (int i = 0; i < _entries.Length; i++)
        {
            Span<byte> entry = value.AsSpan(HeaderSize + (i * EntrySize), EntrySize);
            BinaryPrimitives.WriteUInt16LittleEndian(entry, _entries[i].Tag);
            BinaryPrimitives.WriteUInt16LittleEndian(entry[2..], _entries[i].Permissions);
            BinaryPrimitives.WriteUInt32LittleEndian(entry[4..], _entries[i].Id);
        }

        return value;
    }

    /// <summary>The nine permission bits that the list shows as; the mask, where there is one, shows as the group's.</summary>
    internal uint ToPermissions()
    {
        uint permissions = 0;
        uint? mask = null;
        foreach ((ushort tag, ushort granted, _) in _entries)
        {
            permissions |= tag switch
            {
                UserOwner => (uint)granted << 6,
                GroupOwner => (uint)granted << 3,
                Other => granted,
                _ => 0,
            };
            mask = tag == Mask ? granted : mask;
        }

        return mask is null ? permissions : (permissions & ~0x38u) | (mask.Value << 3);
    }

    /// <summary>The list after chmod(2): owner, other, and mask or group take the new bits.</summary>
    internal PosixAcl WithPermissions(uint mode)
    {
        bool hasMask = false;
        foreach ((ushort tag, _, _) in _entries)
        {
            hasMask |= tag == Mask;
        }

        var entries = ((ushort Tag, ushort Permissions, uint Id)[])_entries.Clone();
        for (int i = 0; i < entries.Length; i++)
        {
            entries[i].Permissions = entries[i].Tag switch
            {
                UserOwner => (ushort)((mode >> 6) & 7),
                Mask => (ushort)((mode >> 3) & 7),
                GroupOwner when !hasMask => (ushort)((mode >> 3) & 7),
                Other => (ushort)(mode & 7),
                _ => entries[i].Permissions,
            };
        }

        return new PosixAcl(entries);
    }

    /// <summary>The access list of a new inode whose parent has this default list: no more than <paramref name="mode"/> grants. The umask has no say.</summary>
    internal PosixAcl Inherit(uint mode, out uint permissions)
    {
        bool hasMask = false;
        foreach ((ushort tag, _, _) in _entries)
        {
            hasMask |= tag == Mask;
        }

        var entries = ((ushort Tag, ushort Permissions, uint Id)[])_entries.Clone();
        for (int i = 0; i < entries.Length; i++)
        {
            uint limit = entries[i].Tag switch
            {
                UserOwner => mode >> 6,
                Mask => mode >> 3,
                GroupOwner when !hasMask => mode >> 3,
                Other => mode,
                _ => 7,
            };
            entries[i].Permissions &= (ushort)(limit & 7);
        }

        var inherited = new PosixAcl(entries);
        permissions = inherited.ToPermissions();
        return inherited;
    }
}
