using HipaaFs.Acl;
using HipaaFs.Handles;
using HipaaFs.Metadata;

namespace HipaaFs;

/// <content>Attributes.</content>
public sealed partial class HipaaFileSystem
{
    private const uint SetGid = 0x400;

    /// <summary>Changes attributes (chmod(2), chown(2), truncate(2), utimensat(2)).</summary>
    public async ValueTask<FsResult<InodeAttributes>> SetAttributesAsync(
        InodeId inode, AttributeChange change, Caller caller, CancellationToken interrupted)
    {
        _ = caller; // Permission was checked by the kernel (default_permissions).
        FsError refused = RefuseChange(inode);
        if (refused != FsError.None)
        {
            return refused;
        }

        if (change.Size is < 0)
        {
            return FsError.InvalidArgument;
        }

        MetadataResult<InodeAttributes> row = await _view.GetInodeAsync(inode, interrupted);
        if (!row.Succeeded)
        {
            return change.Size is null && _gone.TryGet(inode, out InodeAttributes last)
                ? _gone.Change(last, change, _parts.Clock.Now)
                : row.Error.ToFsError();
        }

        if (change.Size is not null && !row.Value.IsFile)
        {
            return row.Value.IsDirectory ? FsError.IsADirectory : FsError.InvalidArgument;
        }

        FsError full = change.UserId is { } owner ? _quotas.RefuseOwner(row.Value, owner) : FsError.None;
        if (full != FsError.None)
        {
            return full;
        }

        uint? mode = NewMode(row.Value, change);
        if (mode is not null && (row.Value.Flags & InodeFlags.HasAccessAcl) != 0)
        {
            FsError acl = await UpdateAccessAclAsync(row.Value, mode.Value, interrupted);
            if (acl != FsError.None)
            {
                return acl;
            }
        }

        return row.Value.IsFile
            ? await SetFileAttributesAsync(row.Value, change, mode, interrupted)
            : await ApplyAttributesAsync(Request(row.Value.Id, change, mode, change.Size), interrupted);
    }

    private static uint? NewMode(InodeAttributes row, AttributeChange change)
    {
        uint mode = change.Mode is { } given ? (row.Mode & ModeBits.TypeMask) | (given & ModeBits.PermissionMask) : row.Mode;
        bool changesOwner = change.UserId is not null || change.GroupId is not null;
        if (change.KillPrivileges || (changesOwner && change.Mode is null && !row.IsDirectory))
        {
            mode = WithoutPrivileges(mode);
        }

        return mode == row.Mode && change.Mode is null ? null : mode;
    }

    // What a write, a truncation or a change of owner takes away: set-uid always, set-gid where it does not mean mandatory locking.
    private static uint WithoutPrivileges(uint mode)
    {
        const uint setUid = 0x800;
        const uint groupExecute = 0x8;
        uint kept = mode & ~setUid;
        return (mode & groupExecute) != 0 ? kept & ~SetGid : kept;
    }

    private async ValueTask<FsResult<InodeAttributes>> SetFileAttributesAsync(
        InodeAttributes row, AttributeChange change, uint? mode, CancellationToken interrupted)
    {
        FileState file = _files.Acquire(row.Id);
        try
        {
            FsError loading = await LoadAsync(file, interrupted);
            if (loading != FsError.None)
            {
                return loading;
            }

            if (change.Size is null && mode is null && change.UserId is null && change.GroupId is null && TryKeepTimes(file, change))
            {
                return Overlay(row);
            }

            await file.ExtentGate.WaitAsync(interrupted);
            try
            {
                return await SetUnderGateAsync(file, change, mode, interrupted);
            }
            finally
            {
                file.ExtentGate.Release();
            }
        }
        finally
        {
            _files.Release(file);
        }
    }

    // Times of a file whose data is not applied yet travel with the data.
    private bool TryKeepTimes(FileState file, AttributeChange change)
    {
        lock (file.Gate)
        {
            if (file.Dirty.Count == 0 && file.InFlight is null)
            {
                return false;
            }

            file.Times = new PendingTimes(change.AccessTime, change.ModifyTime, change.ChangeTime ?? _parts.Clock.Now).Over(file.Times);
            return true;
        }
    }

    private async ValueTask<FsResult<InodeAttributes>> SetUnderGateAsync(
        FileState file, AttributeChange change, uint? mode, CancellationToken interrupted)
    {
        FsError full = change.Size is { } wanted ? RefuseGrowth(file, wanted) : FsError.None;
        if (full != FsError.None)
        {
            return full;
        }

        // A size that grows past data which is not applied yet waits for it. Nothing is discarded before the row has taken the change.
        bool waitsForData = false;
        lock (file.Gate)
        {
            if (change.OnlyGrows && change.Size <= file.Size)
            {
                change = change with { Size = null };
            }

            if (change.Size is { } asked)
            {
                long firstHeld = file.Dirty.NextHeld(0);
                waitsForData = asked > file.AppliedSize && firstHeld >= 0 && firstHeld < asked;
            }
        }

        long? rowSize = waitsForData ? null : change.Size;

        FsResult<InodeAttributes> applied = await ApplyAttributesAsync(Request(file.Id, change, mode, rowSize), interrupted);
        if (!applied.IsOk)
        {
            return applied;
        }

        lock (file.Gate)
        {
            // Who cuts a file off keeps others from writing to it meanwhile (the kernel does); who lets it grow does not.
            if (change.Size is { } size && change.OnlyGrows)
            {
                file.Size = Math.Max(file.Size, size);
            }
            else if (change.Size is { } cut)
            {
                file.Dirty.Discard(cut, long.MaxValue);
                ForgetLost(file, cut, long.MaxValue);
                file.Size = cut;
            }

            if (rowSize is { } applies)
            {
                file.Extents.Invalidate(Math.Min(applies, file.AppliedSize), long.MaxValue);
                file.ExtentVersion++;
                file.AppliedSize = applies;
            }

            file.Owner = change.UserId ?? file.Owner;

            // The row has these now; older ones that wait with the data must not come after them.
            file.Times = new PendingTimes(
                change.AccessTime is null ? file.Times.Access : null,
                change.ModifyTime is null && change.Size is null ? file.Times.Modify : null,
                file.Times.Change is null ? null : applied.Value.ChangeTime);
        }

        return Overlay(applied.Value);
    }

    private SetAttributesRequest Request(InodeId inode, AttributeChange change, uint? mode, long? size)
    {
        Timestamp now = _parts.Clock.Now;
        Timestamp? modified = change.ModifyTime ?? (change.Size is null ? null : now);
        AttributeMask mask = AttributeMask.None;
        mask |= mode is null ? 0 : AttributeMask.Mode;
        mask |= change.UserId is null ? 0 : AttributeMask.Uid;
        mask |= change.GroupId is null ? 0 : AttributeMask.Gid;
        mask |= size is null ? 0 : AttributeMask.Size;
        mask |= change.AccessTime is null ? 0 : AttributeMask.AccessTime;
        mask |= modified is null ? 0 : AttributeMask.ModifyTime;
        mask |= change.ChangeTime is null ? 0 : AttributeMask.ChangeTime;
        return new SetAttributesRequest
        {
            Operation = _parts.Clock.NextOperation(),
            Now = now,
            Inode = inode,
            Mask = mask,
            Mode = mode ?? 0,
            Uid = change.UserId ?? 0,
            Gid = change.GroupId ?? 0,
            Size = size ?? 0,
            AccessTime = change.AccessTime ?? default,
            ModifyTime = modified ?? default,
            ChangeTime = change.ChangeTime ?? default,
        };
    }

    private async ValueTask<FsResult<InodeAttributes>> ApplyAttributesAsync(SetAttributesRequest request, CancellationToken interrupted)
    {
        MetadataResult<Applied<InodeAttributes>> applied = await _metadata.SetAttributesAsync(request, interrupted);
        return applied.Succeeded ? applied.Value.Value : applied.Error.ToFsError();
    }

    private async ValueTask<FsError> UpdateAccessAclAsync(InodeAttributes row, uint mode, CancellationToken interrupted)
    {
        byte[]? value = await FindXattrAsync(row, PosixAcl.AccessName.ToArray(), interrupted);
        if (value is null || !PosixAcl.TryParse(value, out PosixAcl? acl))
        {
            return FsError.None;
        }

        byte[] updated = acl!.WithPermissions(mode).Encode();
        MetadataResult<Applied<InodeAttributes>> set = await _metadata.SetXattrAsync(
            new SetXattrRequest
            {
                Operation = _parts.Clock.NextOperation(),
                Now = _parts.Clock.Now,
                Inode = row.Id,
                Xattr = _names.SealXattr(row.Domain, row.Id, PosixAcl.AccessName, updated),
                SetFlags = InodeFlags.HasAccessAcl,
            },
            interrupted);
        return set.Error.ToFsError();
    }
}
