using HipaaFs.Handles;
using HipaaFs.Metadata;
using HipaaFs.Staging;

namespace HipaaFs;

/// <content>Writing and making durable.</content>
public sealed partial class HipaaFileSystem
{
    /// <summary>Writes to a file when that takes no more than copying the bytes. False when it does, and nothing is promised yet: <see cref="WriteAsync"/> then.</summary>
    public bool TryWrite(HandleId handle, long offset, ReadOnlySpan<byte> content, WriteOrigin origin)
    {
        return _handles.TryGet(handle, out OpenFile? open)
            && RefuseWrite(open, offset, content.Length) == FsError.None
            && !NeedsMoreThanMemory(open, origin)
            && WriteToPages(open.File, offset, content, origin) == content.Length;
    }

    /// <summary>Writes to a file. The bytes are copied before the call completes and every reader of the volume sees them from then on.</summary>
    public ValueTask<FsResult<int>> WriteAsync(
        HandleId handle, long offset, ReadOnlyMemory<byte> content, WriteOrigin origin, CancellationToken interrupted)
    {
        if (!_handles.TryGet(handle, out OpenFile? open))
        {
            return ValueTask.FromResult<FsResult<int>>(FsError.BadHandle);
        }

        return (origin & WriteOrigin.PageCache) == 0
            ? WriteToAsync(open, offset, content, origin, interrupted)
            : NotingLossAsync(open.File, offset, content.Length, WriteToAsync(open, offset, content, origin, interrupted));
    }

    private ValueTask<FsResult<int>> WriteToAsync(
        OpenFile open, long offset, ReadOnlyMemory<byte> content, WriteOrigin origin, CancellationToken interrupted)
    {
        FsError refused = RefuseWrite(open, offset, content.Length);
        if (refused != FsError.None)
        {
            return ValueTask.FromResult<FsResult<int>>(refused);
        }

        if (NeedsMoreThanMemory(open, origin))
        {
            return WriteSlowlyAsync(open, offset, content, origin, interrupted);
        }

        int done = WriteToPages(open.File, offset, content.Span, origin);
        return done == content.Length
            ? ValueTask.FromResult<FsResult<int>>(done)
            : WriteRestAsync(open.File, offset, content, done, origin, interrupted);
    }

    // The program that wrote this into the page cache has been told that it went well.
    private async ValueTask<FsResult<int>> NotingLossAsync(FileState file, long offset, int length, ValueTask<FsResult<int>> writing)
    {
        FsError lost = FsError.Io;
        try
        {
            FsResult<int> written = await writing;
            lost = written.IsOk ? FsError.None : written.Error;
            return written;
        }
        finally
        {
            if (lost != FsError.None)
            {
                lock (file.Gate)
                {
                    file.Lost.Add(offset, length > long.MaxValue - offset ? long.MaxValue : offset + length, lost);
                    _files.KeepWhileLost(file);
                }
            }
        }
    }

    /// <summary>Takes set-uid and set-gid away before a caller other than root changes content with fallocate(2) or copy_file_range(2).</summary>
    /// <remarks>Linux does that in file_modified, which leaves it to a FUSE server and does not tell whether the caller may keep them (CAP_FSETID).</remarks>
    public ValueTask<FsError> KillPrivilegesAsync(HandleId handle, Caller caller, CancellationToken interrupted)
    {
        return caller.UserId != 0 && _handles.TryGet(handle, out OpenFile? open)
            ? KillPrivilegesAsync(open.File.Id, caller.GroupId, interrupted)
            : ValueTask.FromResult(FsError.None);
    }

    /// <summary>Makes a file durable: what was written to it and, unless <paramref name="dataOnly"/>, all its attributes.</summary>
    public async ValueTask<FsError> FsyncAsync(HandleId handle, bool dataOnly, CancellationToken interrupted)
    {
        _ = dataOnly; // Data and attributes are committed together.
        return _handles.TryGet(handle, out OpenFile? open) ? await FsyncAsync(open.File, interrupted) : FsError.BadHandle;
    }

    /// <summary>Makes the entries of a directory durable.</summary>
    public async ValueTask<FsError> FsyncDirectoryAsync(HandleId handle, CancellationToken interrupted)
    {
        if (!_handles.TryGet(handle, out OpenDirectory? _))
        {
            return FsError.BadHandle;
        }

        MetadataResult<CommitSequence> durable = await _metadata.MakeDurableAsync(_metadata.Applied, interrupted);
        return durable.Error.ToFsError();
    }

    /// <summary>One close(2) of possibly many: reports errors of earlier writeback. What was written is due within a second in any case.</summary>
    public ValueTask<FsError> FlushAsync(HandleId handle, CancellationToken interrupted)
    {
        _ = interrupted;
        if (!_handles.TryGet(handle, out OpenFile? open))
        {
            return ValueTask.FromResult(FsError.BadHandle);
        }

        lock (open.File.Gate)
        {
            return ValueTask.FromResult(open.File.WriteError != FsError.None ? open.File.WriteError : open.File.Lost.Error);
        }
    }

    private bool NeedsMoreThanMemory(OpenFile open, WriteOrigin origin) =>
        (origin & WriteOrigin.KillPrivileges) != 0
        || ((open.Flags & OpenFlags.Synchronous) != 0 && (origin & WriteOrigin.PageCache) == 0)
        || _parts.Staging!.IsFull;

    private FsError RefuseWrite(OpenFile open, long offset, int length)
    {
        if (offset < 0 || offset > long.MaxValue - length)
        {
            return FsError.TooLarge;
        }

        FsError refused = RefuseChange(open.File.Id);
        return refused == FsError.None ? RefuseGrowth(open.File, offset + length) : refused;
    }

    private int WriteToPages(FileState file, long offset, ReadOnlySpan<byte> content, WriteOrigin origin)
    {
        int done;
        long dirtyBytes;
        lock (file.Gate)
        {
            done = file.Dirty.Write(offset, content);
            if (done > 0)
            {
                ForgetLost(file, offset, offset + done);
                file.Size = Math.Max(file.Size, offset + done);
                file.BytesWritten += done;
                if (file.DirtySince == 0)
                {
                    file.DirtySince = Math.Max(1, _parts.Time.GetTimestamp());
                }

                if ((origin & WriteOrigin.PageCache) == 0)
                {
                    Timestamp now = _parts.Clock.Now;
                    file.Times = file.Times with { Modify = now, Change = now };
                }
            }

            dirtyBytes = file.Dirty.Bytes;
        }

        _parts.Writeback!.NoteDirty(file, dirtyBytes);
        return done;
    }

    // What was lost is there again, or no longer part of the file. The caller holds the file's gate.
    private void ForgetLost(FileState file, long start, long end)
    {
        if (file.Lost.Error != FsError.None)
        {
            file.Lost.Remove(start, end);
            _files.KeepWhileLost(file);
        }
    }

    private async ValueTask<FsResult<int>> WriteRestAsync(
        FileState file, long offset, ReadOnlyMemory<byte> content, int done, WriteOrigin origin, CancellationToken interrupted)
    {
        Writeback writeback = _parts.Writeback!;
        while (done < content.Length)
        {
            writeback.RequestRoom();
            Task room = _parts.Pool.WaitAsync(interrupted);
            while (!room.IsCompleted)
            {
                // A disk that takes nothing will not make room by waiting.
                await Task.WhenAny(room, Task.Delay(TimeSpan.FromSeconds(1), _parts.Time, interrupted));
                FsError stuck = writeback.LastError;
                if (!room.IsCompleted && stuck != FsError.None)
                {
                    // The kernel takes a short answer to a write of its page cache for a whole one and would forget the rest.
                    bool mayBeShort = done > 0 && (origin & WriteOrigin.PageCache) == 0;
                    return mayBeShort ? done : stuck;
                }
            }

            await room;
            done += WriteToPages(file, offset + done, content.Span[done..], origin);
        }

        return done;
    }

    private async ValueTask<FsResult<int>> WriteSlowlyAsync(
        OpenFile open, long offset, ReadOnlyMemory<byte> content, WriteOrigin origin, CancellationToken interrupted)
    {
        if (_parts.Staging!.IsFull)
        {
            if (_parts.Staging.WhenFull == StagingFullMode.NoSpace)
            {
                return FsError.NoSpace;
            }

            await _parts.Staging.WaitForRoomAsync(interrupted);
        }

        if ((origin & WriteOrigin.KillPrivileges) != 0)
        {
            FsError kept = await KillPrivilegesAsync(open.File.Id, group: null, interrupted);
            if (kept != FsError.None)
            {
                return kept;
            }
        }

        FsResult<int> written = await WriteRestAsync(open.File, offset, content, WriteToPages(open.File, offset, content.Span, origin), origin, interrupted);
        bool synchronous = (open.Flags & OpenFlags.Synchronous) != 0 && (origin & WriteOrigin.PageCache) == 0;
        if (!written.IsOk || !synchronous)
        {
            return written;
        }

        FsError error = await FsyncAsync(open.File, interrupted);
        return error == FsError.None ? written : error;
    }

    // The kernel does not learn of it from the reply: after a direct write it asks for size and times again (fuse_write_update_attr), and would go on showing the
    // mode that it knows.
    private async ValueTask<FsError> KillPrivilegesAsync(InodeId inode, uint? group, CancellationToken interrupted)
    {
        MetadataResult<InodeAttributes> row = await _view.GetInodeAsync(inode, interrupted);
        if (!row.Succeeded)
        {
            return row.Error.ToFsError();
        }

        uint mode = WithoutPrivileges(row.Value.Mode);
        mode = group is null || group == row.Value.Gid ? mode : mode & ~SetGid;
        if (mode == row.Value.Mode)
        {
            return FsError.None;
        }

        FsResult<InodeAttributes> killed = await SetAttributesAsync(inode, new AttributeChange { Mode = mode }, default, interrupted);
        if (killed.IsOk)
        {
            ForgetAttributes?.Invoke(inode);
        }

        return killed.Error;
    }

    private async ValueTask<FsError> FsyncAsync(FileState file, CancellationToken interrupted)
    {
        if (_parts.Writeback is null)
        {
            return FsError.None;
        }

        FsError error = await _parts.Writeback.FlushAsync(file).WaitAsync(interrupted);
        if (error != FsError.None)
        {
            return error;
        }

        MetadataResult<CommitSequence> durable = await _metadata.MakeDurableAsync(_metadata.Applied, interrupted);
        if (!durable.Succeeded)
        {
            return durable.Error.ToFsError();
        }

        lock (file.Gate)
        {
            return file.Lost.Error;
        }
    }

    // Before a name of the inode changes: whoever sees the new name after a crash must see the content that was written before.
    private async ValueTask<FsError> ApplyUnappliedAsync(InodeId inode)
    {
        FileState? file = _files.TryAcquire(inode);
        if (file is null || _parts.Writeback is null)
        {
            return FsError.None;
        }

        try
        {
            bool unapplied;
            lock (file.Gate)
            {
                unapplied = file.HasUnapplied;
            }

            if (!unapplied)
            {
                return FsError.None;
            }

            return await _parts.Writeback.FlushAsync(file);
        }
        finally
        {
            _files.Release(file);
        }
    }
}
