using HipaaFs.Acl;
using HipaaFs.Crypto;
using HipaaFs.Handles;
using HipaaFs.Metadata;
using HipaaFs.Names;

namespace HipaaFs;

/// <content>Making inodes.</content>
public sealed partial class HipaaFileSystem
{
    /// <summary>Makes a regular file, FIFO, socket or device node (mknod(2)).</summary>
    public ValueTask<FsResult<InodeAttributes>> MakeNodeAsync(
        InodeId parent, ReadOnlySpan<byte> name, CreationMode mode, Caller caller, CancellationToken interrupted) =>
        SealAndCreateAsync(parent, name, mode, caller, target: null, interrupted);

    /// <summary>Makes a directory.</summary>
    public ValueTask<FsResult<InodeAttributes>> MakeDirectoryAsync(
        InodeId parent, ReadOnlySpan<byte> name, CreationMode mode, Caller caller, CancellationToken interrupted)
    {
        CreationMode directory = mode with { Mode = (mode.Mode & ModeBits.PermissionMask) | ModeBits.Directory };
        return SealAndCreateAsync(parent, name, directory, caller, target: null, interrupted);
    }

    /// <summary>Makes a symbolic link.</summary>
    public ValueTask<FsResult<InodeAttributes>> MakeSymbolicLinkAsync(
        InodeId parent, ReadOnlySpan<byte> name, ReadOnlySpan<byte> target, Caller caller, CancellationToken interrupted)
    {
        if (target.Length > VolumeNames.MaxTarget)
        {
            return ValueTask.FromResult<FsResult<InodeAttributes>>(FsError.NameTooLong);
        }

        if (target.IsEmpty)
        {
            return ValueTask.FromResult<FsResult<InodeAttributes>>(FsError.NotFound);
        }

        var mode = new CreationMode(ModeBits.SymbolicLink | 0x1FF, 0, 0);
        return SealAndCreateAsync(parent, name, mode, caller, target.ToArray(), interrupted);
    }

    /// <summary>Makes a regular file and opens it.</summary>
    public ValueTask<FsResult<CreatedFile>> CreateAsync(
        InodeId parent, ReadOnlySpan<byte> name, CreationMode mode, OpenFlags flags, Caller caller, CancellationToken interrupted)
    {
        return RefuseWriting(flags) is not FsError.None and var refused
            ? ValueTask.FromResult<FsResult<CreatedFile>>(refused)
            : OpenCreatedAsync(MakeNodeAsync(parent, name, mode, caller, interrupted), flags);
    }

    /// <summary>Makes a regular file without a name and opens it (O_TMPFILE).</summary>
    public ValueTask<FsResult<CreatedFile>> CreateTemporaryAsync(
        InodeId parent, CreationMode mode, OpenFlags flags, Caller caller, CancellationToken interrupted)
    {
        return RefuseWriting(flags) is not FsError.None and var refused
            ? ValueTask.FromResult<FsResult<CreatedFile>>(refused)
            : OpenCreatedAsync(CreateInodeAsync(parent, name: null, mode, caller, target: null, interrupted), flags);
    }

    private ValueTask<FsResult<InodeAttributes>> SealAndCreateAsync(
        InodeId parent, ReadOnlySpan<byte> name, CreationMode mode, Caller caller, byte[]? target, CancellationToken interrupted)
    {
        if (name.Length > VolumeNames.MaxName)
        {
            return ValueTask.FromResult<FsResult<InodeAttributes>>(FsError.NameTooLong);
        }

        FsError refused = RefuseChange(parent, name);
        if (refused != FsError.None)
        {
            return ValueTask.FromResult<FsResult<InodeAttributes>>(refused);
        }

        var newName = new NewName(_names.Seal(DomainOf(parent), parent, name), name.ToArray());
        return CreateInodeAsync(parent, newName, mode, caller, target, interrupted);
    }

    private async ValueTask<FsResult<InodeAttributes>> CreateInodeAsync(
        InodeId parent, NewName? name, CreationMode mode, Caller caller, byte[]? target, CancellationToken interrupted)
    {
        bool notes = _parts.Assignments.Enter();
        InodeId? made = null;
        try
        {
            FsResult<InodeAttributes> created = await CreateAloneAsync(parent, name, mode, caller, target, interrupted);
            made = notes && created.IsOk && !await IsPlacedAsync(created.Value, parent, mode, name) ? created.Value.Id : null;
            return created;
        }
        finally
        {
            _parts.Assignments.Exit(notes, made);
        }
    }

    private async ValueTask<FsResult<InodeAttributes>> CreateAloneAsync(
        InodeId parent, NewName? name, CreationMode mode, Caller caller, byte[]? target, CancellationToken interrupted)
    {
        FsError refused = RefuseChange(parent);
        if (refused != FsError.None)
        {
            return refused;
        }

        MetadataResult<InodeAttributes> directory = await _view.GetInodeAsync(parent, interrupted);
        if (!directory.Succeeded)
        {
            return directory.Error.ToFsError();
        }

        uint placement = PlacementOf(directory.Value.Placement, mode, name);
        refused = _quotas.RefuseInode(placement, caller.UserId);
        if (refused != FsError.None)
        {
            return refused;
        }

        FsResult<InodeId> inode = await NextInodeAsync(interrupted);
        if (!inode.IsOk)
        {
            return inode.Error;
        }

        Inheritance inherited = await InheritAsync(directory.Value, inode.Value, mode, caller, interrupted);
        MetadataResult<Applied<DirectoryEntry>> created = await _metadata.CreateAsync(
            new CreateRequest
            {
                Operation = _parts.Clock.NextOperation(),
                Now = _parts.Clock.Now,
                Session = _parts.Clock.Session,
                Parent = name is null ? null : parent,
                Name = name?.Sealed ?? default,
                NewInode = inode.Value,
                Mode = inherited.Mode,
                Uid = caller.UserId,
                Gid = inherited.GroupId,
                Device = mode.Device,
                Size = target?.Length ?? 0,
                Domain = directory.Value.Domain,
                Placement = placement,
                Flags = inherited.Flags,
                SealedTarget = target is null ? default : _names.SealTarget(directory.Value.Domain, inode.Value, target),
                Xattrs = inherited.Xattrs,
            },
            interrupted);
        return created.Succeeded ? created.Value.Value.Inode : created.Error.ToFsError();
    }

    // Whether its directory still says what it said when the inode was made.
    private async ValueTask<bool> IsPlacedAsync(InodeAttributes inode, InodeId parent, CreationMode mode, NewName? name)
    {
        MetadataResult<InodeAttributes> directory = await _view.GetInodeAsync(parent, CancellationToken.None);
        return directory.Succeeded && PlacementOf(directory.Value.Placement, mode, name) == inode.Placement;
    }

    // Names decide for files only: below a directory there are others.
    private uint PlacementOf(uint directory, CreationMode mode, NewName? name) =>
        name is null || (mode.Mode & ModeBits.TypeMask) != ModeBits.File ? directory : _parts.Placements.Resolve(directory, name.Plain);

    // What a new inode has from its directory: the group where set-gid says so, and the default ACL in place of the umask.
    private async ValueTask<Inheritance> InheritAsync(
        InodeAttributes parent, InodeId inode, CreationMode mode, Caller caller, CancellationToken interrupted)
    {
        uint type = mode.Mode & ModeBits.TypeMask;
        uint permissions = mode.Mode & ModeBits.PermissionMask;
        uint group = caller.GroupId;
        const uint setGid = 0x400;
        if ((parent.Mode & setGid) != 0)
        {
            group = parent.Gid;
            permissions |= type == ModeBits.Directory ? setGid : 0;
        }

        byte[]? defaults = type != ModeBits.SymbolicLink && (parent.Flags & InodeFlags.HasDefaultAcl) != 0
            ? await FindXattrAsync(parent, PosixAcl.DefaultName.ToArray(), interrupted)
            : null;
        if (defaults is null || !PosixAcl.TryParse(defaults, out PosixAcl? acl))
        {
            uint masked = type == ModeBits.SymbolicLink ? permissions : permissions & ~mode.Umask;
            return new Inheritance(type | masked, group, InodeFlags.None, []);
        }

        List<SealedXattr> xattrs = [];
        InodeFlags flags = InodeFlags.None;
        PosixAcl access = acl!.Inherit(permissions, out uint granted);
        if (!access.IsMinimal)
        {
            xattrs.Add(_names.SealXattr(parent.Domain, inode, PosixAcl.AccessName, access.Encode()));
            flags |= InodeFlags.HasAccessAcl;
        }

        if (type == ModeBits.Directory)
        {
            xattrs.Add(_names.SealXattr(parent.Domain, inode, PosixAcl.DefaultName, defaults));
            flags |= InodeFlags.HasDefaultAcl;
        }

        const uint ninePermissions = 0x1FF;
        return new Inheritance(type | (permissions & ~ninePermissions) | granted, group, flags, xattrs);
    }

    private async ValueTask<FsResult<CreatedFile>> OpenCreatedAsync(
        ValueTask<FsResult<InodeAttributes>> making, OpenFlags flags)
    {
        FsResult<InodeAttributes> made = await making;
        if (!made.IsOk)
        {
            return made.Error;
        }

        // Its row is read again once its state is there: an assignment may have given it another placement in between, and tells only who has a state.
        FileState file = _files.Acquire(made.Value.Id);
        FsError error = await LoadAsync(file, CancellationToken.None);
        if (error != FsError.None)
        {
            _files.Release(file);
            return error;
        }

        _files.AddHandle(file);
        if (made.Value.LinkCount == 0)
        {
            _files.TrySetOrphan(file.Id, orphan: true);
        }

        OpenFile open = _handles.Add(file, flags & ~OpenFlags.Truncate);
        return new CreatedFile(made.Value, open.Id);
    }

    private sealed record NewName(EntryName Sealed, byte[] Plain);

    private sealed record Inheritance(uint Mode, uint GroupId, InodeFlags Flags, List<SealedXattr> Xattrs);
}
