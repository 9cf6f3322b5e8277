using HipaaFs.Metadata.Sqlite.Tables;

namespace HipaaFs.Metadata.Sqlite.Rules;

/// <summary>Moves, replaces and exchanges entries by the rules of rename(2).</summary>
/// <remarks>Every operation checks all it needs before it writes the first row.</remarks>
internal sealed class RenameRules
{
    private readonly LiveTables _tables;
    private readonly NamespaceRules _names;

    public RenameRules(LiveTables tables, NamespaceRules names)
    {
        _tables = tables;
        _names = names;
    }

    public MetadataResult<RenameOutcome> Rename(RenameRequest request)
    {
        MetadataError error = _names.FindDirectory(request.Parent, out InodeRow parent);
        if (error == MetadataError.None)
        {
            error = _names.FindDirectory(request.NewParent, out _);
        }

        if (error != MetadataError.None)
        {
            return error;
        }

        if (!_tables.Entries.TryGet(request.Parent, request.Name, out EntryRow source)
            || !_tables.Inodes.TryGet(source.Child, out InodeRow moved))
        {
            return MetadataError.NotFound;
        }

        EntryRow? target = _tables.Entries.TryGet(request.NewParent, request.NewName.Tag, out EntryRow found) ? found : null;
        InodeRow? replaced = target is { } entry && _tables.Inodes.TryGet(entry.Child, out InodeRow row) ? row : null;
        error = CheckExpected(request, source, target);
        if (error != MetadataError.None)
        {
            return error;
        }

        // Two names of one inode: POSIX wants nothing done, not even to the times.
        if (target?.Child == source.Child)
        {
            return new RenameOutcome(moved.Attributes, null);
        }

        error = CheckMove(request, parent, moved.Attributes, replaced?.Attributes);
        if (error != MetadataError.None)
        {
            return error;
        }

        return request.Exchange
            ? Exchange(request, source, target!.Value, moved, replaced!.Value)
            : Move(request, source, target, moved, replaced);
    }

    private static MetadataError CheckExpected(RenameRequest request, in EntryRow source, EntryRow? target)
    {
        if (request.ExpectedInode is { } expected && expected != source.Child)
        {
            return MetadataError.Conflict;
        }

        if (request.ExpectedReplaced is { } replaced && target?.Child != replaced)
        {
            return MetadataError.Conflict;
        }

        if (request.NoReplace && target is not null)
        {
            return MetadataError.Exists;
        }

        return request.Exchange && target is null ? MetadataError.NotFound : MetadataError.None;
    }

    private MetadataError CheckMove(RenameRequest request, in InodeRow parent, in InodeAttributes moved, InodeAttributes? replaced)
    {
        bool elsewhere = request.Parent != request.NewParent;
        if (elsewhere && moved.IsDirectory && IsWithin(request.NewParent, moved.Id))
        {
            return MetadataError.InvalidMove;
        }

        if (request.Exchange)
        {
            if (elsewhere && replaced!.Value.IsDirectory && IsWithin(request.Parent, replaced.Value.Id))
            {
                return MetadataError.InvalidMove;
            }
        }
        else if (replaced is { } inode)
        {
            if (inode.IsDirectory != moved.IsDirectory)
            {
                return inode.IsDirectory ? MetadataError.IsADirectory : MetadataError.NotADirectory;
            }

            if (inode.IsDirectory && !_tables.Entries.IsEmpty(inode.Id))
            {
                return MetadataError.DirectoryNotEmpty;
            }
        }

        if (elsewhere && _tables.Inodes.TryGet(request.NewParent, out InodeRow newParent)
            && newParent.Attributes.Domain != parent.Attributes.Domain)
        {
            return MetadataError.CrossesDomain;
        }

        return MetadataError.None;
    }

    // Whether a directory is another one or below it.
    private bool IsWithin(InodeId directory, InodeId ancestor)
    {
        while (directory != ancestor)
        {
            if (!_tables.Entries.TryFind(directory, out EntryRow entry))
            {
                return false;
            }

            directory = entry.Parent;
        }

        return true;
    }

    private RenameOutcome Move(RenameRequest request, in EntryRow source, EntryRow? target, in InodeRow moved, InodeRow? replaced)
    {
        _tables.Entries.Delete(source);
        InodeAttributes? dropped = null;
        if (target is { } entry && replaced is { } row)
        {
            _tables.Entries.Replace(entry, request.NewName.Sealed, source.Child);
            dropped = _names.DropName(row, request.Now, request.KeepOrphan, request.Session);
        }
        else
        {
            _tables.Entries.Insert(request.NewParent, request.NewName, source.Child);
        }

        int movedDirectory = moved.Attributes.IsDirectory ? 1 : 0;
        int replacedDirectory = dropped is { IsDirectory: true } ? 1 : 0;
        TouchBoth(request, -movedDirectory, movedDirectory - replacedDirectory);
        return new RenameOutcome(TouchMoved(source.Child, request.Now), dropped);
    }

    private RenameOutcome Exchange(
        RenameRequest request, in EntryRow source, in EntryRow target, in InodeRow moved, in InodeRow other)
    {
        ReadOnlyMemory<byte> oldName = request.ExchangeName is { } name ? name.Sealed : source.Name.Sealed;
        _tables.Entries.Replace(source, oldName, target.Child);
        _tables.Entries.Replace(target, request.NewName.Sealed, source.Child);
        int leaves = moved.Attributes.IsDirectory ? 1 : 0;
        int comes = other.Attributes.IsDirectory ? 1 : 0;
        TouchBoth(request, comes - leaves, leaves - comes);
        return new RenameOutcome(TouchMoved(source.Child, request.Now), TouchMoved(target.Child, request.Now));
    }

    private void TouchBoth(RenameRequest request, int subdirectories, int newSubdirectories)
    {
        if (request.Parent == request.NewParent)
        {
            Touch(request.Parent, request.Now, subdirectories + newSubdirectories);
            return;
        }

        Touch(request.Parent, request.Now, subdirectories);
        Touch(request.NewParent, request.Now, newSubdirectories);
    }

    // Rows are read again here, since dropping a name may have changed them.
    private void Touch(InodeId directory, Timestamp now, int subdirectories)
    {
        if (_tables.Inodes.TryGet(directory, out InodeRow row))
        {
            _names.Touch(row, now, subdirectories);
        }
    }

    private InodeAttributes TouchMoved(InodeId inode, Timestamp now) =>
        _tables.Inodes.TryGet(inode, out InodeRow row)
            ? _tables.Inodes.Update(row, row.Attributes with { ChangeTime = now })
            : throw new System.Diagnostics.UnreachableException();
}
