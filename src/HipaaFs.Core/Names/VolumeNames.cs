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

    private readonly ConcurrentDictionary<DomainId, NameCodec> _codecs = new();
    private readonly KeyRing _ring;

    internal VolumeNames(KeyRing ring) => _ring = ring;

    /// <summary>What a directory is searched by for a name.</summary>
    internal NameTag Tag(DomainId domain, InodeId parent, ReadOnlySpan<byte> name) => Codec(domain).Tag(parent.Value, name);

    /// <summary>A name ready to be stored.</summary>
    internal EntryName Seal(DomainId domain, InodeId parent, ReadOnlySpan<byte> name)
    {
        NameCodec codec = Codec(domain);
        NameTag tag = codec.Tag(parent.Value, name);
        return new EntryName(tag, codec.Seal(parent.Value, tag, name));
    }

    /// <summary>Opens a stored name. Null when it is not authentic.</summary>
    internal byte[]? TryOpen(DomainId domain, InodeId parent, EntryName name)
    {
        Span<byte> plain = stackalloc byte[MaxName];
        return Codec(domain).TryOpen(parent.Value, name.Tag, name.Sealed.Span, plain, out int length) ? plain[..length].ToArray() : null;
    }

    /// <summary>A link target ready to be stored.</summary>
    internal byte[] SealTarget(DomainId domain, InodeId inode, ReadOnlySpan<byte> target) =>
        Codec(domain).SealAttribute(SealedKind.SymlinkTarget, inode.Value, [], target);

    /// <summary>Opens a stored link target. Null when it is not authentic.</summary>
    internal byte[]? TryOpenTarget(DomainId domain, InodeId inode, ReadOnlySpan<byte> sealedTarget) =>
        Codec(domain).TryOpenAttribute(SealedKind.SymlinkTarget, inode.Value, [], sealedTarget, out byte[]? target) ? target : null;

    /// <summary>What an inode is searched by for an extended attribute.</summary>
    internal NameTag XattrTag(DomainId domain, InodeId inode, ReadOnlySpan<byte> name) => Codec(domain).XattrTag(inode.Value, name);

    /// <summary>An extended attribute ready to be stored.</summary>
    internal SealedXattr SealXattr(DomainId domain, InodeId inode, ReadOnlySpan<byte> name, ReadOnlySpan<byte> value)
    {
        NameCodec codec = Codec(domain);
        return new SealedXattr(
            codec.XattrTag(inode.Value, name),
            codec.SealAttribute(SealedKind.XattrName, inode.Value, [], name),
            codec.SealAttribute(SealedKind.XattrValue, inode.Value, name, value));
    }

    /// <summary>Opens a stored attribute's name. Null when it is not authentic.</summary>
    internal byte[]? TryOpenXattrName(DomainId domain, InodeId inode, SealedXattr xattr) =>
        Codec(domain).TryOpenAttribute(SealedKind.XattrName, inode.Value, [], xattr.SealedName.Span, out byte[]? name) ? name : null;

    /// <summary>Opens a stored attribute's value. Null when it is not authentic.</summary>
    internal byte[]? TryOpenXattrValue(DomainId domain, InodeId inode, ReadOnlySpan<byte> name, SealedXattr xattr) =>
        Codec(domain).TryOpenAttribute(SealedKind.XattrValue, inode.Value, name, xattr.SealedValue.Span, out byte[]? value) ? value : null;

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
