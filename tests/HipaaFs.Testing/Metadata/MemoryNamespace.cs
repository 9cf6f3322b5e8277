using HipaaFs.Crypto;
using HipaaFs.Metadata;

namespace HipaaFs.Testing.Metadata;

/// <summary>Names and attributes in the memory engine, by the rules of POSIX.</summary>
internal sealed class MemoryNamespace
{
    private readonly MemoryTables _tables;

    public MemoryNamespace(MemoryTables tables) => _tables = tables;

    public MetadataResult<DirectoryEntry> Create(CreateRequest request)
    {
        if (request.Parent is { } parent)
        {
            MetadataError error = CheckDirectory(parent);
            if (error != MetadataError.None)
            {
                return error;
            }

            if (_tables.Entries.Find((parent, request.Name.Tag)) is not null)
            {
                return MetadataError.Exists;
            }
        }

        if (request.NewInode.Value == 0 || request.NewInode > InodeId.MaxValue || _tables.Inodes.Find(request.NewInode) is not null)
        {
            return MetadataError.Conflict;
        }

        InodeAttributes inode = NewInode(request);
        Put(inode);
        if (!request.SealedTarget.IsEmpty)
        {
            _tables.Symlinks.Set(inode.Id, new(request.SealedTarget, _tables.Epoch));
        }

        foreach (SealedXattr xattr in request.Xattrs)
        {
            _tables.Xattrs.Set((inode.Id, xattr.Tag), new(xattr, _tables.Epoch));
        }

        if (request.Parent is not { } named)
        {
            if (inode.LinkCount == 0)
            {
                _tables.Orphans.Set(inode.Id, new OrphanRow(inode.Id, request.Session));
            }

            return new DirectoryEntry(default, default, inode);
        }

        PutEntry(named, request.Name, inode.Id);
        Touch(named, request.Now, inode.IsDirectory ? 1 : 0);
        return new DirectoryEntry(named, request.Name, inode);
    }

    public MetadataResult<InodeAttributes> Link(LinkRequest request)
    {
        MetadataError error = CheckDirectory(request.Parent);
        if (error != MetadataError.None)
        {
            return error;
        }

        if (Find(request.Inode) is not { } inode)
        {
            return MetadataError.NotFound;
        }

        if (inode.IsDirectory)
        {
            return MetadataError.IsADirectory;
        }

        if (_tables.Entries.Find((request.Parent, request.Name.Tag)) is not null)
        {
            return MetadataError.Exists;
        }

        if (inode.Domain != Find(request.Parent)!.Value.Domain)
        {
            return MetadataError.CrossesDomain;
        }

        if (inode.LinkCount >= LinkRequest.MaxLinks)
        {
            return MetadataError.TooManyLinks;
        }

        _tables.Orphans.Remove(inode.Id);
        PutEntry(request.Parent, request.Name, inode.Id);
        Touch(request.Parent, request.Now, 0);
        return Update(inode with { LinkCount = inode.LinkCount + 1, ChangeTime = request.Now });
    }

    public MetadataResult<InodeAttributes> Unlink(UnlinkRequest request)
    {
        MetadataError error = CheckDirectory(request.Parent);
        if (error != MetadataError.None)
        {
            return error;
        }

        if (_tables.Entries.Find((request.Parent, request.Name)) is not { } entry)
        {
            return MetadataError.NotFound;
        }

        InodeAttributes inode = Find(entry.Value.Child)!.Value;
        error = (request.ExpectedInode ?? inode.Id) != inode.Id ? MetadataError.Conflict
            : request.Directory && !inode.IsDirectory ? MetadataError.NotADirectory
            : !request.Directory && inode.IsDirectory ? MetadataError.IsADirectory
            : inode.IsDirectory && !IsEmpty(inode.Id) ? MetadataError.DirectoryNotEmpty
            : MetadataError.None;
        if (error != MetadataError.None)
        {
            return error;
        }

        _tables.Entries.Remove((request.Parent, request.Name));
        Touch(request.Parent, request.Now, inode.IsDirectory ? -1 : 0);
        return Drop(inode, request.Now, request.KeepOrphan, request.Session);
    }

    public MetadataResult<RenameOutcome> Rename(RenameRequest request)
    {
        MetadataError error = CheckDirectory(request.Parent);
        error = error == MetadataError.None ? CheckDirectory(request.NewParent) : error;
        if (error != MetadataError.None)
        {
            return error;
        }

        if (_tables.Entries.Find((request.Parent, request.Name)) is not { } source)
        {
            return MetadataError.NotFound;
        }

        InodeAttributes moved = Find(source.Value.Child)!.Value;
        var target = _tables.Entries.Find((request.NewParent, request.NewName.Tag));
        InodeAttributes? replaced = target is { } t ? Find(t.Value.Child) : null;
        error = (request.ExpectedInode ?? moved.Id) != moved.Id ? MetadataError.Conflict
            : request.ExpectedReplaced is { } expected && expected != replaced?.Id ? MetadataError.Conflict
            : request.NoReplace && replaced is not null ? MetadataError.Exists
            : request.Exchange && replaced is null ? MetadataError.NotFound
            : MetadataError.None;
        if (error != MetadataError.None)
        {
            return error;
        }

        if (replaced?.Id == moved.Id)
        {
            return new RenameOutcome(moved, null);
        }

        error = CheckMove(request, moved, replaced);
        if (error != MetadataError.None)
        {
            return error;
        }

        return request.Exchange
            ? Exchange(request, source.Value, moved, replaced!.Value)
            : Move(request, moved, replaced);
    }

    public MetadataResult<InodeAttributes> SetXattr(SetXattrRequest request)
    {
        if (Find(request.Inode) is not { } inode)
        {
            return MetadataError.NotFound;
        }

        bool exists = _tables.Xattrs.Find((request.Inode, request.Xattr.Tag)) is not null;
        if (exists ? request.MustCreate : request.MustReplace)
        {
            return exists ? MetadataError.AttributeExists : MetadataError.NoAttribute;
        }

        _tables.Xattrs.Set((request.Inode, request.Xattr.Tag), new(request.Xattr, _tables.Epoch));
        return FinishXattr(inode, request.NewMode, request.SetFlags, request.ClearFlags, request.Now);
    }

    public MetadataResult<InodeAttributes> RemoveXattr(RemoveXattrRequest request)
    {
        if (Find(request.Inode) is not { } inode)
        {
            return MetadataError.NotFound;
        }

        if (_tables.Xattrs.Find((request.Inode, request.Name)) is null)
        {
            return MetadataError.NoAttribute;
        }

        _tables.Xattrs.Remove((request.Inode, request.Name));
        return FinishXattr(inode, request.NewMode, request.SetFlags, request.ClearFlags, request.Now);
    }

    public MetadataResult<bool> ReleaseOrphan(InodeId inode)
    {
        if (Find(inode) is not { } attributes)
        {
            return MetadataError.NotFound;
        }

        if (attributes.LinkCount > 0)
        {
            return MetadataError.Conflict;
        }

        _tables.Orphans.Remove(inode);
        _tables.RemoveInode(inode);
        return true;
    }

    public InodeAttributes? Find(InodeId inode) => _tables.Inodes.Find(inode)?.Value;

    public InodeAttributes Update(InodeAttributes changed)
    {
        changed = changed with { Version = changed.Version + 1 };
        Put(changed);
        return changed;
    }

    public bool IsEmpty(InodeId directory) => !_tables.Entries.Rows.Any(row => row.Key.Parent == directory);

    private static InodeAttributes NewInode(CreateRequest request)
    {
        bool named = request.Parent is not null || request.NewInode == InodeId.Root;
        bool directory = ModeBits.KindOf(request.Mode) == InodeKind.Directory;
        return new InodeAttributes
        {
            Id = request.NewInode,
            Mode = request.Mode,
            Uid = request.Uid,
            Gid = request.Gid,
            LinkCount = !named ? 0u : directory ? 2u : 1u,
            Device = request.Device,
            Size = request.Size,
            AccessTime = request.Now,
            ModifyTime = request.Now,
            ChangeTime = request.Now,
            BirthTime = request.Now,
            Domain = request.Domain,
            Placement = request.Placement,
            Flags = (request.Flags & ~InodeFlags.HasXattrs) | (request.Xattrs.Count > 0 ? InodeFlags.HasXattrs : 0),
            Version = 1,
        };
    }

    private MetadataError CheckDirectory(InodeId directory) =>
        Find(directory) is not { } inode ? MetadataError.NotFound
        : !inode.IsDirectory ? MetadataError.NotADirectory
        : inode.LinkCount == 0 ? MetadataError.NotFound
        : MetadataError.None;

    private MetadataError CheckMove(RenameRequest request, InodeAttributes moved, InodeAttributes? replaced)
    {
        bool below = moved.IsDirectory && IsWithin(request.NewParent, moved.Id);
        if (request.Exchange)
        {
            below |= replaced!.Value.IsDirectory && IsWithin(request.Parent, replaced.Value.Id);
        }

        if (below)
        {
            return MetadataError.InvalidMove;
        }

        if (!request.Exchange && replaced is { } other)
        {
            if (other.IsDirectory != moved.IsDirectory)
            {
                return other.IsDirectory ? MetadataError.IsADirectory : MetadataError.NotADirectory;
            }

            if (other.IsDirectory && !IsEmpty(other.Id))
            {
                return MetadataError.DirectoryNotEmpty;
            }
        }

        return Find(request.Parent)!.Value.Domain == Find(request.NewParent)!.Value.Domain
            ? MetadataError.None
            : MetadataError.CrossesDomain;
    }

    private bool IsWithin(InodeId directory, InodeId ancestor) =>
        directory == ancestor
        || (_tables.Entries.Rows.Where(row => row.Value.Value.Child == directory).Select(row => row.Key.Parent).ToList() is [var parent]
            && IsWithin(parent, ancestor));

    private RenameOutcome Move(RenameRequest request, InodeAttributes moved, InodeAttributes? replaced)
    {
        _tables.Entries.Remove((request.Parent, request.Name));
        PutEntry(request.NewParent, request.NewName, moved.Id);
        InodeAttributes? dropped = replaced is { } old ? Drop(old, request.Now, request.KeepOrphan, request.Session) : null;
        int directory = moved.IsDirectory ? 1 : 0;
        Touch(request.Parent, request.Now, -directory, request.NewParent, directory - (dropped is { IsDirectory: true } ? 1 : 0));
        return new RenameOutcome(Update(moved with { ChangeTime = request.Now }), dropped);
    }

    private RenameOutcome Exchange(
        RenameRequest request, (EntryName Name, InodeId Child) source, InodeAttributes moved, InodeAttributes other)
    {
        PutEntry(request.Parent, request.ExchangeName is { } name ? source.Name with { Sealed = name.Sealed } : source.Name, other.Id);
        PutEntry(request.NewParent, request.NewName, moved.Id);
        int difference = (other.IsDirectory ? 1 : 0) - (moved.IsDirectory ? 1 : 0);
        Touch(request.Parent, request.Now, difference, request.NewParent, -difference);
        return new RenameOutcome(Update(moved with { ChangeTime = request.Now }), Update(other with { ChangeTime = request.Now }));
    }

    private void Touch(InodeId parent, Timestamp now, int directories, InodeId newParent, int newDirectories)
    {
        if (parent == newParent)
        {
            Touch(parent, now, directories + newDirectories);
        }
        else
        {
            Touch(parent, now, directories);
            Touch(newParent, now, newDirectories);
        }
    }

    private void Touch(InodeId directory, Timestamp now, int directories)
    {
        InodeAttributes inode = Find(directory)!.Value;
        Update(inode with { ModifyTime = now, ChangeTime = now, LinkCount = (uint)(inode.LinkCount + directories) });
    }

    private InodeAttributes Drop(InodeAttributes inode, Timestamp now, bool keep, SessionId session)
    {
        uint links = inode.IsDirectory ? 0 : inode.LinkCount - 1;
        InodeAttributes changed = Update(inode with { LinkCount = links, ChangeTime = now });
        if (links == 0 && keep)
        {
            _tables.Orphans.Set(inode.Id, new OrphanRow(inode.Id, session));
        }
        else if (links == 0)
        {
            _tables.RemoveInode(inode.Id);
        }

        return changed;
    }

    private InodeAttributes FinishXattr(InodeAttributes inode, uint? mode, InodeFlags set, InodeFlags clear, Timestamp now)
    {
        bool any = _tables.Xattrs.Rows.Any(row => row.Key.Inode == inode.Id);
        return Update(inode with
        {
            Mode = mode is { } bits ? (inode.Mode & ModeBits.TypeMask) | (bits & ModeBits.PermissionMask) : inode.Mode,
            Flags = (((inode.Flags | set) & ~clear) & ~InodeFlags.HasXattrs) | (any ? InodeFlags.HasXattrs : 0),
            ChangeTime = now,
        });
    }

    private void Put(InodeAttributes inode) => _tables.Inodes.Set(inode.Id, new(inode, _tables.Epoch));

    private void PutEntry(InodeId parent, EntryName name, InodeId child) =>
        _tables.Entries.Set((parent, name.Tag), new((name, child), _tables.Epoch));
}
