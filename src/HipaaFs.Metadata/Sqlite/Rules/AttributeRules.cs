using HipaaFs.Metadata.Sqlite.Tables;

namespace HipaaFs.Metadata.Sqlite.Rules;

/// <summary>Changes attributes and extended attributes.</summary>
/// <remarks>Every operation checks all it needs before it writes the first row.</remarks>
internal sealed class AttributeRules
{
    private readonly LiveTables _tables;
    private readonly ExtentRules _extents;

    public AttributeRules(LiveTables tables, ExtentRules extents)
    {
        _tables = tables;
        _extents = extents;
    }

    public MetadataResult<InodeAttributes> Set(SetAttributesRequest request)
    {
        if (!_tables.Inodes.TryGet(request.Inode, out InodeRow row))
        {
            return MetadataError.NotFound;
        }

        InodeAttributes inode = row.Attributes;
        MetadataError error = Check(request, inode);
        if (error != MetadataError.None)
        {
            return error;
        }

        AttributeMask mask = request.Mask;
        InodeAttributes changed = inode with
        {
            Mode = Has(mask, AttributeMask.Mode) ? WithPermissions(inode.Mode, request.Mode) : inode.Mode,
            Uid = Has(mask, AttributeMask.Uid) ? request.Uid : inode.Uid,
            Gid = Has(mask, AttributeMask.Gid) ? request.Gid : inode.Gid,
            AccessTime = Has(mask, AttributeMask.AccessTime) ? request.AccessTime : inode.AccessTime,
            ModifyTime = Has(mask, AttributeMask.ModifyTime) ? request.ModifyTime : inode.ModifyTime,
            BirthTime = Has(mask, AttributeMask.BirthTime) ? request.BirthTime : inode.BirthTime,
            Placement = Has(mask, AttributeMask.Placement) ? request.Placement : inode.Placement,
            Domain = Has(mask, AttributeMask.Domain) ? request.Domain : inode.Domain,
            Flags = WithFlags(inode.Flags, request.SetFlags, request.ClearFlags),
            ChangeTime = Has(mask, AttributeMask.ChangeTime) ? request.ChangeTime
                : Has(mask, AttributeMask.KeepChangeTime) ? inode.ChangeTime
                : request.Now,
        };
        if (Has(mask, AttributeMask.Size))
        {
            long freed = request.Size < inode.Size ? _extents.Cut(inode.Id, request.Size, long.MaxValue) : 0;
            changed = changed with { Size = request.Size, AllocatedBytes = inode.AllocatedBytes - freed };
        }

        return _tables.Inodes.Update(row, changed);
    }

    public MetadataResult<InodeAttributes> SetXattr(SetXattrRequest request)
    {
        if (!_tables.Inodes.TryGet(request.Inode, out InodeRow row))
        {
            return MetadataError.NotFound;
        }

        bool exists = _tables.Xattrs.TryGet(request.Inode, request.Xattr.Tag, out XattrRow old);
        if (exists && request.MustCreate)
        {
            return MetadataError.AttributeExists;
        }

        if (!exists && request.MustReplace)
        {
            return MetadataError.NoAttribute;
        }

        if (exists)
        {
            _tables.Xattrs.Replace(old, request.Xattr);
        }
        else
        {
            _tables.Xattrs.Insert(request.Inode, request.Xattr);
        }

        InodeFlags flags = WithFlags(row.Attributes.Flags, request.SetFlags, request.ClearFlags) | InodeFlags.HasXattrs;
        return Finish(row, request.NewMode, flags, request.Now);
    }

    public MetadataResult<InodeAttributes> RemoveXattr(RemoveXattrRequest request)
    {
        if (!_tables.Inodes.TryGet(request.Inode, out InodeRow row))
        {
            return MetadataError.NotFound;
        }

        if (!_tables.Xattrs.TryGet(request.Inode, request.Name, out XattrRow old))
        {
            return MetadataError.NoAttribute;
        }

        _tables.Xattrs.Delete(old);
        InodeFlags flags = WithFlags(row.Attributes.Flags, request.SetFlags, request.ClearFlags) & ~InodeFlags.HasXattrs;
        if (_tables.Xattrs.Any(request.Inode))
        {
            flags |= InodeFlags.HasXattrs;
        }

        return Finish(row, request.NewMode, flags, request.Now);
    }

    private MetadataError Check(SetAttributesRequest request, in InodeAttributes inode)
    {
        if (request.ExpectedVersion is { } version && version != inode.Version)
        {
            return MetadataError.Conflict;
        }

        if (Has(request.Mask, AttributeMask.Size) && (!inode.IsFile || request.Size < 0))
        {
            return inode.IsDirectory ? MetadataError.IsADirectory : MetadataError.Conflict;
        }

        if (Has(request.Mask, AttributeMask.Domain) && request.Domain != inode.Domain)
        {
            if (!inode.IsDirectory)
            {
                return MetadataError.NotADirectory;
            }

            return _tables.Entries.IsEmpty(inode.Id) ? MetadataError.None : MetadataError.DirectoryNotEmpty;
        }

        return MetadataError.None;
    }

    private static bool Has(AttributeMask mask, AttributeMask bit) => (mask & bit) != 0;

    private static uint WithPermissions(uint mode, uint permissions) =>
        (mode & ~ModeBits.PermissionMask) | (permissions & ModeBits.PermissionMask);

    // The store alone knows whether there are attributes.
    private static InodeFlags WithFlags(InodeFlags flags, InodeFlags set, InodeFlags clear) =>
        (((flags | set) & ~clear) & ~InodeFlags.HasXattrs) | (flags & InodeFlags.HasXattrs);

    private InodeAttributes Finish(in InodeRow row, uint? newMode, InodeFlags flags, Timestamp now) =>
        _tables.Inodes.Update(row, row.Attributes with
        {
            Mode = newMode is { } mode ? WithPermissions(row.Attributes.Mode, mode) : row.Attributes.Mode,
            Flags = flags,
            ChangeTime = now,
        });
}
