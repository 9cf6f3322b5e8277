using HipaaFs.Acl;
using HipaaFs.Crypto;
using HipaaFs.Metadata;
using HipaaFs.Names;

namespace HipaaFs;

/// <content>Extended attributes, ACLs among them.</content>
public sealed partial class HipaaFileSystem
{
    /// <summary>Reads an attribute's value.</summary>
    public async ValueTask<FsResult<byte[]>> GetXattrAsync(InodeId inode, ReadOnlyMemory<byte> name, CancellationToken interrupted)
    {
        MetadataResult<InodeAttributes> row = await _view.GetInodeAsync(inode, interrupted);
        if (!row.Succeeded)
        {
            return row.Error.ToFsError();
        }

        if (IsArchiveAttribute(name.Span))
        {
            return await GetArchiveAttributeAsync(row.Value, name, interrupted);
        }

        // Asked before every first write of a file ("security.capability"): an inode without attributes is answered from its row.
        if ((row.Value.Flags & InodeFlags.HasXattrs) == 0)
        {
            return FsError.NoAttribute;
        }

        MetadataResult<SealedXattr> found = await _view.GetXattrAsync(
            inode, _names.XattrTag(row.Value.Domain, inode, name.Span), interrupted);
        if (!found.Succeeded)
        {
            return found.Error.ToFsError();
        }

        byte[]? value = _names.TryOpenXattrValue(row.Value.Domain, inode, name.Span, found.Value);
        return value is null ? FsError.NotAuthentic : value;
    }

    /// <summary>The names of all attributes, each followed by a NUL byte.</summary>
    public async ValueTask<FsResult<byte[]>> ListXattrsAsync(InodeId inode, CancellationToken interrupted)
    {
        MetadataResult<InodeAttributes> row = await _view.GetInodeAsync(inode, interrupted);
        if (!row.Succeeded)
        {
            return row.Error.ToFsError();
        }

        if ((row.Value.Flags & InodeFlags.HasXattrs) == 0)
        {
            return Array.Empty<byte>();
        }

        MetadataResult<IReadOnlyList<SealedXattr>> found = await _view.ListXattrsAsync(inode, interrupted);
        if (!found.Succeeded)
        {
            return found.Error.ToFsError();
        }

        using var names = new MemoryStream();
        foreach (SealedXattr xattr in found.Value)
        {
            byte[]? name = _names.TryOpenXattrName(row.Value.Domain, inode, xattr);
            if (name is null)
            {
                return FsError.NotAuthentic;
            }

            names.Write(name);
            names.WriteByte(0);
        }

        return names.ToArray();
    }

    /// <summary>Sets an attribute. An access list changes the mode bits with it.</summary>
    public async ValueTask<FsError> SetXattrAsync(
        InodeId inode, ReadOnlyMemory<byte> name, ReadOnlyMemory<byte> value, XattrMode mode, bool killSetGid, CancellationToken interrupted)
    {
        FsError refused = RefuseXattr(name, value);
        refused = refused == FsError.None ? RefuseChange(inode) : refused;
        if (refused != FsError.None)
        {
            return refused;
        }

        MetadataResult<InodeAttributes> row = await _view.GetInodeAsync(inode, interrupted);
        if (!row.Succeeded)
        {
            return row.Error.ToFsError();
        }

        bool isAccess = name.Span.SequenceEqual(PosixAcl.AccessName);
        bool isDefault = name.Span.SequenceEqual(PosixAcl.DefaultName);
        if (isAccess || isDefault)
        {
            return await SetAclAsync(row.Value, isAccess, value, killSetGid, interrupted);
        }

        MetadataResult<Applied<InodeAttributes>> set = await _metadata.SetXattrAsync(
            new SetXattrRequest
            {
                Operation = _parts.Clock.NextOperation(),
                Now = _parts.Clock.Now,
                Inode = inode,
                Xattr = _names.SealXattr(row.Value.Domain, inode, name.Span, value.Span),
                MustCreate = mode == XattrMode.Create,
                MustReplace = mode == XattrMode.Replace,
            },
            interrupted);
        return set.Error.ToFsError();
    }

    /// <summary>Removes an attribute.</summary>
    public async ValueTask<FsError> RemoveXattrAsync(InodeId inode, ReadOnlyMemory<byte> name, CancellationToken interrupted)
    {
        FsError refused = RefuseChange(inode);
        if (refused != FsError.None)
        {
            return refused;
        }

        MetadataResult<InodeAttributes> row = await _view.GetInodeAsync(inode, interrupted);
        if (!row.Succeeded)
        {
            return row.Error.ToFsError();
        }

        InodeFlags cleared = InodeFlags.None;
        cleared |= name.Span.SequenceEqual(PosixAcl.AccessName) ? InodeFlags.HasAccessAcl : 0;
        cleared |= name.Span.SequenceEqual(PosixAcl.DefaultName) ? InodeFlags.HasDefaultAcl : 0;
        return await RemoveXattrAsync(row.Value, name, newMode: null, cleared, interrupted);
    }

    private static FsError RefuseXattr(ReadOnlyMemory<byte> name, ReadOnlyMemory<byte> value)
    {
        if (name.Length is 0 or > VolumeNames.MaxName)
        {
            return FsError.OutOfRange;
        }

        FsError unknown = RefuseNamespace(name.Span);
        if (unknown != FsError.None)
        {
            return unknown;
        }

        return value.Length > VolumeNames.MaxXattr ? FsError.TooLarge : FsError.None;
    }

    // xattr(7): every name belongs to a namespace and says more than that. The system namespace is the kernel's and, for ACLs, ours.
    private static FsError RefuseNamespace(ReadOnlySpan<byte> name)
    {
        if (name.SequenceEqual(PosixAcl.AccessName) || name.SequenceEqual(PosixAcl.DefaultName))
        {
            return FsError.None;
        }

        if (IsArchiveAttribute(name))
        {
            return FsError.NotSupported;
        }

        int point = name.IndexOf((byte)'.');
        ReadOnlySpan<byte> space = point < 0 ? default : name[..point];
        if (!space.SequenceEqual("user"u8) && !space.SequenceEqual("trusted"u8) && !space.SequenceEqual("security"u8))
        {
            return FsError.NotSupported;
        }

        return point == name.Length - 1 ? FsError.InvalidArgument : FsError.None;
    }

    private async ValueTask<FsError> SetAclAsync(
        InodeAttributes row, bool isAccess, ReadOnlyMemory<byte> value, bool killSetGid, CancellationToken interrupted)
    {
        if (!isAccess && !row.IsDirectory)
        {
            return value.IsEmpty ? FsError.None : FsError.AccessDenied;
        }

        if (!PosixAcl.TryParse(value.Span, out PosixAcl? acl))
        {
            return FsError.InvalidArgument;
        }

        byte[] name = isAccess ? PosixAcl.AccessName.ToArray() : PosixAcl.DefaultName.ToArray();
        InodeFlags flag = isAccess ? InodeFlags.HasAccessAcl : InodeFlags.HasDefaultAcl;
        if (acl!.IsEmpty)
        {
            FsError none = await RemoveXattrAsync(row, name, newMode: null, flag, interrupted);
            return none == FsError.NoAttribute ? FsError.None : none;
        }

        uint? mode = isAccess ? ModeFor(row, acl, killSetGid) : null;
        if (isAccess && acl.IsMinimal)
        {
            // The list says no more than the mode does.
            FsError removed = await RemoveXattrAsync(row, name, mode, flag, interrupted);
            return removed != FsError.NoAttribute
                ? removed
                : (await ApplyAttributesAsync(Request(row.Id, default, mode, size: null), interrupted)).Error;
        }

        MetadataResult<Applied<InodeAttributes>> set = await _metadata.SetXattrAsync(
            new SetXattrRequest
            {
                Operation = _parts.Clock.NextOperation(),
                Now = _parts.Clock.Now,
                Inode = row.Id,
                Xattr = _names.SealXattr(row.Domain, row.Id, name, value.Span),
                NewMode = mode,
                SetFlags = flag,
            },
            interrupted);
        return set.Error.ToFsError();
    }

    private static uint ModeFor(InodeAttributes row, PosixAcl acl, bool killSetGid)
    {
        const uint ninePermissions = 0x1FF;
        const uint setGid = 0x400;
        uint mode = (row.Mode & ~ninePermissions) | acl.ToPermissions();
        return killSetGid ? mode & ~setGid : mode;
    }

    private async ValueTask<FsError> RemoveXattrAsync(
        InodeAttributes row, ReadOnlyMemory<byte> name, uint? newMode, InodeFlags cleared, CancellationToken interrupted)
    {
        MetadataResult<Applied<InodeAttributes>> removed = await _metadata.RemoveXattrAsync(
            new RemoveXattrRequest
            {
                Operation = _parts.Clock.NextOperation(),
                Now = _parts.Clock.Now,
                Inode = row.Id,
                Name = _names.XattrTag(row.Domain, row.Id, name.Span),
                NewMode = newMode,
                ClearFlags = cleared,
            },
            interrupted);
        return removed.Error.ToFsError();
    }

    // An attribute's value, or null when the inode does not have it or it cannot be opened.
    private async ValueTask<byte[]?> FindXattrAsync(InodeAttributes row, byte[] name, CancellationToken interrupted)
    {
        MetadataResult<SealedXattr> found = await _view.GetXattrAsync(row.Id, _names.XattrTag(row.Domain, row.Id, name), interrupted);
        return found.Succeeded ? _names.TryOpenXattrValue(row.Domain, row.Id, name, found.Value) : null;
    }
}
