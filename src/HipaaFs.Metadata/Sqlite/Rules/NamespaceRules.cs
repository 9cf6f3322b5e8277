using HipaaFs.Metadata.Sqlite.Tables;

namespace HipaaFs.Metadata.Sqlite.Rules;

/// <summary>Creates, links and removes names by the rules of POSIX. Renames are <see cref="RenameRules"/>.</summary>
/// <remarks>Every operation checks all it needs before it writes the first row.</remarks>
internal sealed class NamespaceRules
{
    private readonly LiveTables _tables;
    private readonly InodeRemoval _removal;

    public NamespaceRules(LiveTables tables, InodeRemoval removal)
    {
        _tables = tables;
        _removal = removal;
    }

    public MetadataResult<DirectoryEntry> Create(CreateRequest request)
    {
        InodeRow parent = default;
        if (request.Parent is { } directory)
        {
            if (FindDirectory(directory, out parent) is var error and not MetadataError.None)
            {
                return error;
            }

            if (_tables.Entries.TryGet(directory, request.Name.Tag, out _))
            {
                return MetadataError.Exists;
            }
        }

        if (request.NewInode.Value is 0 || request.NewInode > InodeId.MaxValue || _tables.Inodes.TryGet(request.NewInode, out _))
        {
            return MetadataError.Conflict;
        }

        InodeAttributes inode = _tables.Inodes.Insert(NewInode(request));
        if (request.SealedTarget.Length > 0)
        {
            _tables.Symlinks.Insert(inode.Id, request.SealedTarget);
        }

        foreach (SealedXattr xattr in request.Xattrs)
        {
            _tables.Xattrs.Insert(inode.Id, xattr);
        }

        if (request.Parent is not { } named)
        {
            if (inode.LinkCount == 0)
            {
                _tables.Orphans.Put(new OrphanRow(inode.Id, request.Session));
            }

            return new DirectoryEntry(default, default, inode);
        }

        _tables.Entries.Insert(named, request.Name, inode.Id);
        Touch(parent, request.Now, inode.IsDirectory ? 1 : 0);
        return new DirectoryEntry(named, request.Name, inode);
    }

    public MetadataResult<InodeAttributes> Link(LinkRequest request)
    {
        if (FindDirectory(request.Parent, out InodeRow parent) is var error and not MetadataError.None)
        {
            return error;
        }

        if (!_tables.Inodes.TryGet(request.Inode, out InodeRow row))
        {
            return MetadataError.NotFound;
        }

        InodeAttributes inode = row.Attributes;
        if (inode.IsDirectory)
        {
            return MetadataError.IsADirectory;
        }

        if (_tables.Entries.TryGet(request.Parent, request.Name.Tag, out _))
        {
            return MetadataError.Exists;
        }

        if (inode.Domain != parent.Attributes.Domain)
        {
            return MetadataError.CrossesDomain;
        }

        if (inode.LinkCount >= LinkRequest.MaxLinks)
        {
            return MetadataError.TooManyLinks;
        }

        if (inode.LinkCount == 0)
        {
            _tables.Orphans.Delete(new OrphanRow(inode.Id, default));
        }

        _tables.Entries.Insert(request.Parent, request.Name, inode.Id);
        Touch(parent, request.Now, 0);
        return _tables.Inodes.Update(row, inode with { LinkCount = inode.LinkCount + 1, ChangeTime = request.Now });
    }

    public MetadataResult<InodeAttributes> Unlink(UnlinkRequest request)
    {
        if (FindDirectory(request.Parent, out InodeRow parent) is var error and not MetadataError.None)
        {
            return error;
        }

        if (!_tables.Entries.TryGet(request.Parent, request.Name, out EntryRow entry)
            || !_tables.Inodes.TryGet(entry.Child, out InodeRow row))
        {
            return MetadataError.NotFound;
        }

        if (request.ExpectedInode is { } expected && expected != entry.Child)
        {
            return MetadataError.Conflict;
        }

        InodeAttributes inode = row.Attributes;
        if (request.Directory != inode.IsDirectory)
        {
            return request.Directory ? MetadataError.NotADirectory : MetadataError.IsADirectory;
        }

        if (inode.IsDirectory && !_tables.Entries.IsEmpty(inode.Id))
        {
            return MetadataError.DirectoryNotEmpty;
        }

        _tables.Entries.Delete(entry);
        Touch(parent, request.Now, inode.IsDirectory ? -1 : 0);
        return DropName(row, request.Now, request.KeepOrphan, request.Session);
    }

    /// <summary>Takes one name from an inode; a directory has no other. Without a name it becomes an orphan or goes.</summary>
    public InodeAttributes DropName(in InodeRow row, Timestamp now, bool keepOrphan, SessionId session)
    {
        InodeAttributes inode = row.Attributes;
        uint links = inode.IsDirectory ? 0 : inode.LinkCount - 1;
        InodeAttributes changed = _tables.Inodes.Update(row, inode with { LinkCount = links, ChangeTime = now });
        if (links == 0)
        {
            _removal.RemoveOrKeep(new InodeRow(changed, _tables.Context.Epoch), keepOrphan, session);
        }

        return changed;
    }

    public MetadataResult<bool> ReleaseOrphan(InodeId inode)
    {
        if (!_tables.Inodes.TryGet(inode, out InodeRow row))
        {
            return MetadataError.NotFound;
        }

        if (row.Attributes.LinkCount != 0)
        {
            return MetadataError.Conflict;
        }

        _tables.Orphans.Delete(new OrphanRow(inode, default));
        _removal.Remove(row);
        return true;
    }

    /// <summary>Finds a directory that names can be made in: it exists and was not removed.</summary>
    public MetadataError FindDirectory(InodeId directory, out InodeRow row)
    {
        if (!_tables.Inodes.TryGet(directory, out row))
        {
            return MetadataError.NotFound;
        }

        if (!row.Attributes.IsDirectory)
        {
            return MetadataError.NotADirectory;
        }

        return row.Attributes.LinkCount == 0 ? MetadataError.NotFound : MetadataError.None;
    }

    /// <summary>Marks a directory's content as changed and counts a subdirectory in or out.</summary>
    public void Touch(in InodeRow directory, Timestamp now, int subdirectories)
    {
        InodeAttributes inode = directory.Attributes;
        _tables.Inodes.Update(directory, inode with
        {
            ModifyTime = now,
            ChangeTime = now,
            LinkCount = (uint)(inode.LinkCount + subdirectories),
        });
    }

    private static InodeAttributes NewInode(CreateRequest request)
    {
        bool directory = ModeBits.KindOf(request.Mode) == InodeKind.Directory;
        bool named = request.Parent is not null || request.NewInode == InodeId.Root;
        InodeFlags flags = request.Flags & ~InodeFlags.HasXattrs;
        return new InodeAttributes
        {
            Id = request.NewInode,
            Mode = request.Mode,
            Uid = request.Uid,
            Gid = request.Gid,
            LinkCount = named ? directory ? 2u : 1u : 0u,
            Device = request.Device,
            Size = request.Size,
            AccessTime = request.Now,
            ModifyTime = request.Now,
            ChangeTime = request.Now,
            BirthTime = request.Now,
            Domain = request.Domain,
            Placement = request.Placement,
            Flags = request.Xattrs.Count > 0 ? flags | InodeFlags.HasXattrs : flags,
        };
    }
}
