using System.Buffers.Binary;
using System.Collections.Concurrent;
using HipaaFs.Crypto;
using HipaaFs.Metadata;

namespace HipaaFs.Names;

/// <summary>Seals and opens the names, link targets and extended attributes of a volume, each with its key domain's secret.</summary>
/// <remarks>Thread-safe. An entry's name belongs to its parent's domain, an inode's target and attributes to its own.</remarks>
internal sealed class VolumeNames : IDisposable
{
    /// <summary>Longest name, in bytes (NAME_MAX).</summary>
    internal const int MaxName = 255;

    /// <summary>Longest link target (PATH_MAX without the terminator).</summary>
    internal const int MaxTarget = 4095;

    /// <summary>Longest extended attribute value (XATTR_SIZE_MAX).</summary>
    internal const int MaxXattr = 65536;

    private const ulong NoDirectory = 0;
    private const int TagSize = 16;

    private readonly ConcurrentDictionary<DomainId, NameCodec> _codecs = new();
    private readonly KeyRing _ring;

    internal VolumeNames(KeyRing ring) => _ring = ring;

    /// <summary>What a directory is searched by for a name.</summary>
    internal NameTag Tag(DomainId domain, InodeId parent, ReadOnlySpan<byte> name) => Codec(domain).Tag(parent.InStore.Value, name);

    /// <summary>A name ready to be stored.</summary>
    internal EntryName Seal(DomainId domain, InodeId parent, ReadOnlySpan<byte> name)
    {
        NameCodec codec = Codec(domain);
        NameTag tag = codec.Tag(parent.InStore.Value, name);
        return new EntryName(tag, codec.Seal(parent.InStore.Value, tag, name));
    }

    /// <summary>Opens a stored name. Null when it is not authentic.</summary>
    internal byte[]? TryOpen(DomainId domain, InodeId parent, EntryName name)
    {
        Span<byte> plain = stackalloc byte[MaxName];
        return Codec(domain).TryOpen(parent.InStore.Value, name.Tag, name.Sealed.Span, plain, out int length) ? plain[..length].ToArray() : null;
    }

    /// <summary>A link target ready to be stored.</summary>
    internal byte[] SealTarget(DomainId domain, InodeId inode, ReadOnlySpan<byte> target) =>
        Codec(domain).SealAttribute(SealedKind.SymlinkTarget, inode.InStore.Value, [], target);

    /// <summary>Opens a stored link target. Null when it is not authentic.</summary>
    internal byte[]? TryOpenTarget(DomainId domain, InodeId inode, ReadOnlySpan<byte> sealedTarget) =>
        Codec(domain).TryOpenAttribute(SealedKind.SymlinkTarget, inode.InStore.Value, [], sealedTarget, out byte[]? target) ? target : null;

    /// <summary>What an inode is searched by for an extended attribute.</summary>
    internal NameTag XattrTag(DomainId domain, InodeId inode, ReadOnlySpan<byte> name) => Codec(domain).XattrTag(inode.InStore.Value, name);

    /// <summary>An extended attribute ready to be stored.</summary>
    internal SealedXattr SealXattr(DomainId domain, InodeId inode, ReadOnlySpan<byte> name, ReadOnlySpan<byte> value)
    {
        NameCodec codec = Codec(domain);
        return new SealedXattr(
            codec.XattrTag(inode.InStore.Value, name),
            codec.SealAttribute(SealedKind.XattrName, inode.InStore.Value, [], name),
            codec.SealAttribute(SealedKind.XattrValue, inode.InStore.Value, name, value));
    }

    /// <summary>Opens a stored attribute's name. Null when it is not authentic.</summary>
    internal byte[]? TryOpenXattrName(DomainId domain, InodeId inode, SealedXattr xattr) =>
        Codec(domain).TryOpenAttribute(SealedKind.XattrName, inode.InStore.Value, [], xattr.SealedName.Span, out byte[]? name) ? name : null;

    /// <summary>Opens a stored attribute's value. Null when it is not authentic.</summary>
    internal byte[]? TryOpenXattrValue(DomainId domain, InodeId inode, ReadOnlySpan<byte> name, SealedXattr xattr) =>
        Codec(domain).TryOpenAttribute(SealedKind.XattrValue, inode.InStore.Value, name, xattr.SealedValue.Span, out byte[]? value) ? value : null;

    /// <summary>A snapshot's label ready to be stored: the tag it is searched by, and its sealing. It belongs to no directory.</summary>
    internal byte[] SealLabel(ReadOnlySpan<byte> label)
    {
        NameCodec codec = Codec(DomainId.Root);
        NameTag tag = codec.Tag(NoDirectory, label);
        byte[] sealedLabel = codec.Seal(NoDirectory, tag, label);
        byte[] stored = new byte[TagSize + sealedLabel.Length];
        BinaryPrimitives.WriteUInt128BigEndian(stored, tag.Value);
        sealedLabel.CopyTo(stored, TagSize);
        return stored;
    }

    /// <summary>Opens a snapshot's stored label. Null when it is not authentic.</summary>
    internal byte[]? TryOpenLabel(ReadOnlySpan<byte> stored)
    {
        Span<byte> plain = stackalloc byte[MaxName];
        return stored.Length > TagSize
            && Codec(DomainId.Root).TryOpen(NoDirectory, NameTag.Read(stored[..TagSize]), stored[TagSize..], plain, out int length)
                ? plain[..length].ToArray()
                : null;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (NameCodec codec in _codecs.Values)
        {
            codec.Dispose();
        }
    }

    private NameCodec Codec(DomainId domain) => _codecs.GetOrAdd(domain, static (id, ring) => ring.OpenNames(id), _ring);
}
