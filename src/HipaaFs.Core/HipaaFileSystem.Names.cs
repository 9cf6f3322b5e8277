using HipaaFs.Crypto;
using HipaaFs.Handles;
using HipaaFs.Metadata;
using HipaaFs.Names;

namespace HipaaFs;

/// <content>Changing names: link, unlink, rmdir, rename; and reading link targets.</content>
public sealed partial class HipaaFileSystem
{
    // A name that changes hands between look-up and removal is looked up again; with one kernel in front it never does.
    private const int MaxConflicts = 16;

    /// <summary>Reads a symbolic link's target.</summary>
    public async ValueTask<FsResult<byte[]>> ReadLinkAsync(InodeId inode, CancellationToken interrupted)
    {
        MetadataResult<ReadOnlyMemory<byte>> target = await _view.ReadLinkAsync(inode, interrupted);
        if (!target.Succeeded)
        {
            return target.Error == MetadataError.Conflict ? FsError.InvalidArgument : target.Error.ToFsError();
        }

        byte[]? opened = _names.TryOpenTarget(DomainOf(inode), inode, target.Value.Span);
        return opened is null ? FsError.NotAuthentic : opened;
    }

    /// <summary>Gives an inode another name.</summary>
    public ValueTask<FsResult<InodeAttributes>> LinkAsync(InodeId inode, InodeId parent, ReadOnlySpan<byte> name, CancellationToken interrupted)
    {
        if (name.Length > VolumeNames.MaxName)
        {
            return ValueTask.FromResult<FsResult<InodeAttributes>>(FsError.NameTooLong);
        }

        FsError refused = inode.View != 0 ? FsError.ReadOnly : RefuseChange(parent, name);
        return refused != FsError.None
            ? ValueTask.FromResult<FsResult<InodeAttributes>>(refused)
            : LinkAsync(inode, parent, _names.Seal(DomainOf(parent), parent, name), interrupted);
    }

    /// <summary>Removes a name of anything but a directory.</summary>
    public ValueTask<FsError> UnlinkAsync(InodeId parent, ReadOnlySpan<byte> name, CancellationToken interrupted) =>
        RemoveAsync(parent, name, directory: false, interrupted);

    /// <summary>Removes an empty directory.</summary>
    public ValueTask<FsError> RemoveDirectoryAsync(InodeId parent, ReadOnlySpan<byte> name, CancellationToken interrupted) =>
        RemoveAsync(parent, name, directory: true, interrupted);

    /// <summary>Renames, replaces or exchanges.</summary>
    public ValueTask<FsError> RenameAsync(
        InodeId parent, ReadOnlySpan<byte> name, InodeId newParent, ReadOnlySpan<byte> newName, RenameMode mode, CancellationToken interrupted)
    {
        if (name.Length > VolumeNames.MaxName || newName.Length > VolumeNames.MaxName)
        {
            return ValueTask.FromResult(FsError.NameTooLong);
        }

        FsError refused = RefuseChange(parent, name);
        refused = refused == FsError.None ? RefuseChange(newParent, newName) : refused;
        if (refused != FsError.None)
        {
            return ValueTask.FromResult(refused);
        }

        EntryName from = _names.Seal(DomainOf(parent), parent, name);
        EntryName to = _names.Seal(DomainOf(newParent), newParent, newName);
        return RenameAsync(parent, from, newParent, to, mode, interrupted);
    }

    private async ValueTask<FsResult<InodeAttributes>> LinkAsync(InodeId inode, InodeId parent, EntryName name, CancellationToken interrupted)
    {
        FsError error = await RefuseBorderAsync(inode, parent, interrupted);
        error = error == FsError.None ? await ApplyUnappliedAsync(inode) : error;
        if (error != FsError.None)
        {
            return error;
        }

        MetadataResult<Applied<InodeAttributes>> linked = await _metadata.LinkAsync(
            new LinkRequest { Operation = _parts.Clock.NextOperation(), Now = _parts.Clock.Now, Inode = inode, Parent = parent, Name = name },
            interrupted);
        if (!linked.Succeeded)
        {
            return linked.Error == MetadataError.IsADirectory ? FsError.NotPermitted : linked.Error.ToFsError();
        }

        _files.TrySetOrphan(inode, orphan: false);
        return Overlay(linked.Value.Value);
    }

    private ValueTask<FsError> RemoveAsync(InodeId parent, ReadOnlySpan<byte> name, bool directory, CancellationToken interrupted)
    {
        if (name.Length > VolumeNames.MaxName)
        {
            return ValueTask.FromResult(FsError.NameTooLong);
        }

        FsError refused = RefuseChange(parent, name);
        return refused != FsError.None
            ? ValueTask.FromResult(refused)
            : RemoveAsync(parent, _names.Tag(DomainOf(parent), parent, name), directory, interrupted);
    }

    private async ValueTask<FsError> RemoveAsync(InodeId parent, NameTag tag, bool directory, CancellationToken interrupted)
    {
        for (int attempt = 0; attempt < MaxConflicts; attempt++)
        {
            MetadataResult<DirectoryEntry> found = await _view.LookupAsync(parent, tag, interrupted);
            if (!found.Succeeded)
            {
                return found.Error.ToFsError();
            }

            InodeId child = found.Value.Inode.Id;
            SemaphoreSlim gate = await _gates.EnterAsync(child, interrupted);
            try
            {
                bool open = _files.IsOpen(child);
                MetadataResult<Applied<InodeAttributes>> removed = await _metadata.UnlinkAsync(
                    new UnlinkRequest
                    {
                        Operation = _parts.Clock.NextOperation(),
                        Now = _parts.Clock.Now,
                        Session = _parts.Clock.Session,
                        Parent = parent,
                        Name = tag,
                        ExpectedInode = child,
                        Directory = directory,
                        KeepOrphan = open,
                    },
                    interrupted);
                if (removed.Error == MetadataError.Conflict)
                {
                    continue;
                }

                return removed.Succeeded ? await NameLostAsync(removed.Value.Value, open) : removed.Error.ToFsError();
            }
            finally
            {
                gate.Release();
            }
        }

        return FsError.VersionChanged;
    }

    private async ValueTask<FsError> RenameAsync(
        InodeId parent, EntryName from, InodeId newParent, EntryName to, RenameMode mode, CancellationToken interrupted)
    {
        MetadataResult<DirectoryEntry> source = await _view.LookupAsync(parent, from.Tag, interrupted);
        if (!source.Succeeded)
        {
            return source.Error.ToFsError();
        }

        FsError border = await RefuseBorderAsync(parent, newParent, interrupted);
        if (border != FsError.None)
        {
            return border;
        }

        FsError applied = await ApplyUnappliedAsync(source.Value.Inode.Id);
        if (applied != FsError.None)
        {
            return applied;
        }

        MetadataResult<DirectoryEntry> target = await _view.LookupAsync(newParent, to.Tag, interrupted);
        if (!target.Succeeded)
        {
            return target.Error == MetadataError.NotFound
                ? await RenameAsync(parent, from, newParent, to, mode, keepOrphan: false, interrupted)
                : target.Error.ToFsError();
        }

        InodeId replaced = target.Value.Inode.Id;
        applied = mode == RenameMode.Exchange ? await ApplyUnappliedAsync(replaced) : FsError.None;
        if (applied != FsError.None)
        {
            return applied;
        }

        SemaphoreSlim gate = await _gates.EnterAsync(replaced, interrupted);
        try
        {
            return await RenameAsync(parent, from, newParent, to, mode, _files.IsOpen(replaced), interrupted);
        }
        finally
        {
            gate.Release();
        }
    }

    // Data stays where it is when a name moves, and counts for the tree that it was made in: so it may not move to where its data may not be, nor where another quota counts.
    // A program copies it then, as between two file systems.
    private async ValueTask<FsError> RefuseBorderAsync(InodeId from, InodeId to, CancellationToken interrupted)
    {
        if (from == to || (!_parts.Placements.HasBorders && _quotas.IsEmpty))
        {
            return FsError.None;
        }

        MetadataResult<InodeAttributes> left = await _view.GetInodeAsync(from, interrupted);
        MetadataResult<InodeAttributes> right = await _view.GetInodeAsync(to, interrupted);
        return !left.Succeeded ? left.Error.ToFsError()
            : !right.Succeeded ? right.Error.ToFsError()
            : _parts.Placements.IsBorderBetween(left.Value.Placement, right.Value.Placement) || !_quotas.AreSame(left.Value.Placement, right.Value.Placement)
                ? FsError.CrossDomain
            : FsError.None;
    }

    private async ValueTask<FsError> RenameAsync(
        InodeId parent, EntryName from, InodeId newParent, EntryName to, RenameMode mode, bool keepOrphan, CancellationToken interrupted)
    {
        bool notes = _parts.Assignments.Enter();
        MetadataResult<Applied<RenameOutcome>> renamed = default;
        try
        {
            renamed = await _metadata.RenameAsync(
                new RenameRequest
                {
                    Operation = _parts.Clock.NextOperation(),
                    Now = _parts.Clock.Now,
                    Session = _parts.Clock.Session,
                    Parent = parent,
                    Name = from.Tag,
                    NewParent = newParent,
                    NewName = to,
                    ExchangeName = mode == RenameMode.Exchange ? from : null,
                    NoReplace = mode == RenameMode.NoReplace,
                    Exchange = mode == RenameMode.Exchange,
                    KeepOrphan = keepOrphan,
                },
                interrupted);
        }
        finally
        {
            RenameOutcome? moved = notes && renamed.Succeeded ? renamed.Value.Value : null;
            _parts.Assignments.Exit(notes, moved?.Moved.Id, mode == RenameMode.Exchange ? moved?.Replaced?.Id : null);
        }

        if (!renamed.Succeeded)
        {
            return renamed.Error.ToFsError();
        }

        return renamed.Value.Value.Replaced is { } replaced && mode != RenameMode.Exchange
            ? await NameLostAsync(replaced, keepOrphan)
            : FsError.None;
    }

    // After an inode lost a name. When it was the last: an open one stays until it is closed, one that nobody has open takes its unapplied data along.
    private async ValueTask<FsError> NameLostAsync(InodeAttributes inode, bool keptAsOrphan)
    {
        if (inode.LinkCount > 0 && !inode.IsDirectory)
        {
            return FsError.None;
        }

        if (keptAsOrphan && _files.TrySetOrphan(inode.Id, orphan: true))
        {
            return FsError.None;
        }

        // One that was open is an orphan whose handle was closed meanwhile, while it still had its name.
        KeepWhileKnown(Overlay(inode));
        await ForgetUnappliedAsync(inode.Id);
        return keptAsOrphan ? await ReleaseOrphanAsync(inode.Id) : FsError.None;
    }

    private async ValueTask ForgetUnappliedAsync(InodeId inode)
    {
        FileState? file = _files.TryAcquire(inode);
        if (file is not null)
        {
            await DiscardUnappliedAsync(file);
            _files.Release(file);
        }
    }

    // Somebody may still have it as his working directory, or by a path descriptor, and ask what it is like. Here it is added before the count is looked at, and Forget takes
    // the count away before the attributes: one of the two sees what the other has done.
    private void KeepWhileKnown(InodeAttributes inode)
    {
        _gone.Add(inode);
        if (!_lookups.ContainsKey(inode.Id.Value))
        {
            _gone.Remove(inode.Id);
        }
    }
}
