using HipaaFs.Archives;
using HipaaFs.Handles;
using HipaaFs.Metadata;
using HipaaFs.Staging;

namespace HipaaFs;

/// <content>Opening and closing files.</content>
public sealed partial class HipaaFileSystem
{
    /// <summary>Opens a file. Access was checked by the frontend's kernel.</summary>
    public async ValueTask<FsResult<OpenedFile>> OpenAsync(InodeId inode, OpenFlags flags, Caller caller, CancellationToken interrupted)
    {
        FsError refused = (flags & (OpenFlags.Write | OpenFlags.Truncate)) != 0 ? RefuseChange(inode) : FsError.None;
        refused = refused == FsError.None ? RefuseWriting(flags) : refused;
        if (refused != FsError.None)
        {
            return refused;
        }

        FsResult<ArchivedTail> admitted = await AdmitOpenAsync(inode, flags, caller, interrupted);
        if (!admitted.IsOk)
        {
            return admitted.Error;
        }

        FsResult<FileState> opened = await AcquireOpenAsync(inode, interrupted);
        if (!opened.IsOk)
        {
            return opened.Error;
        }

        OpenFile open = _handles.Add(opened.Value, flags);
        open.Tail = admitted.Value;
        if ((flags & OpenFlags.Truncate) != 0)
        {
            var empty = new AttributeChange { Size = 0, KillPrivileges = (flags & OpenFlags.KillPrivileges) != 0 };
            FsResult<InodeAttributes> cut = await SetAttributesAsync(inode, empty, caller, interrupted);
            if (!cut.IsOk)
            {
                await ReleaseAsync(open.Id);
                return cut.Error;
            }
        }

        open.NotesRead = (flags & OpenFlags.Read) != 0 && await NoteReadAsync(opened.Value, caller.ProcessId);
        return new OpenedFile(open.Id, KeepPageCache: true, IsDirect: admitted.Value.Start < long.MaxValue);
    }

    /// <summary>Closes a handle for good. What was written to it becomes durable within a second.</summary>
    public async ValueTask<FsError> ReleaseAsync(HandleId handle)
    {
        if (!_handles.TryRemove(handle, out OpenFile? open))
        {
            return FsError.BadHandle;
        }

        FileState file = open.File;
        FsError error = FsError.None;
        if (open.NotesRead)
        {
            await NoteReadAsync(file, null);
        }

        if (_files.RemoveHandle(file))
        {
            await KeepWhileKnownAsync(file.Id);
            await DiscardUnappliedAsync(file);
            error = await ReleaseOrphanAsync(file.Id);
        }

        _files.Release(file);
        return error;
    }

    // Where files age by not being read, reading makes a note in the access time, once in a while; nowhere else does reading leave a trace. False: nobody wants to know.
    private async ValueTask<bool> NoteReadAsync(FileState file, uint? process)
    {
        if (_parts.Placements.Find(file.Placement) is not { ReadNoteAge: { } age } placement || RefuseChange(file.Id) != FsError.None)
        {
            return false;
        }

        MetadataResult<InodeAttributes> row = await _metadata.GetInodeAsync(file.Id, CancellationToken.None);
        Timestamp now = _parts.Clock.Now;
        if (!row.Succeeded || now.ToDateTimeOffset() - row.Value.LastUse.ToDateTimeOffset() < age)
        {
            return row.Succeeded;
        }

        if (process is { } opener && OpenerProgram.IsOneOf(opener, placement.Archive.BlockedPrograms))
        {
            return false; // What goes over all files keeps none of them from an archive.
        }

        // Nobody waits for the outcome: an engine that takes no more says so to those who write.
        var note = new SetAttributesRequest
        {
            Operation = _parts.Clock.NextOperation(),
            Now = now,
            Inode = file.Id,
            Mask = AttributeMask.AccessTime | AttributeMask.KeepChangeTime,
            AccessTime = now,
        };
        return (await _metadata.SetAttributesAsync(note, CancellationToken.None)).Succeeded;
    }

    // With a write-back cache the kernel takes what is written without asking. Only here can a program be told in time that there is no room for it.
    private FsError RefuseWriting(OpenFlags flags) =>
        (flags & OpenFlags.Write) != 0 && _parts.Staging is { IsFull: true, WhenFull: StagingFullMode.NoSpace } ? FsError.NoSpace : FsError.None;

    private async ValueTask<FsResult<FileState>> AcquireOpenAsync(InodeId inode, CancellationToken interrupted)
    {
        SemaphoreSlim gate = await _gates.EnterAsync(inode, interrupted);
        try
        {
            FileState file = _files.Acquire(inode);
            FsError error = await LoadAsync(file, interrupted);
            if (error != FsError.None)
            {
                _files.Release(file);
                return error;
            }

            _files.AddHandle(file);
            return file;
        }
        finally
        {
            gate.Release();
        }
    }

    // The state is held before its row is read: what was ahead of the row is then either in the row or in this very state.
    private async ValueTask<FsError> LoadAsync(FileState file, CancellationToken interrupted)
    {
        MetadataResult<InodeAttributes> row = await _view.GetInodeAsync(file.Id, interrupted);
        if (!row.Succeeded)
        {
            return row.Error.ToFsError();
        }

        SetLoaded(file, row.Value);
        return FsError.None;
    }

    // Once loaded the state itself follows every change, so a row read earlier must not overwrite it.
    private static void SetLoaded(FileState file, InodeAttributes row)
    {
        lock (file.Gate)
        {
            if (file.IsLoaded)
            {
                return;
            }

            file.IsLoaded = true;
            file.Domain = row.Domain;
            file.LoadPlacement(row.Placement);
            file.Owner = row.Uid;
            file.Size = row.Size;
            file.AppliedSize = row.Size;
        }
    }

    // A handle is released after close(2) has returned: who asks by a path descriptor knows nothing of when.
    private async ValueTask KeepWhileKnownAsync(InodeId inode)
    {
        if (_lookups.ContainsKey(inode.Value) && await GetAttributesAsync(inode, CancellationToken.None) is { IsOk: true } last)
        {
            KeepWhileKnown(last.Value);
        }
    }

    private async ValueTask<FsError> ReleaseOrphanAsync(InodeId inode)
    {
        MetadataResult<Applied> released = await _metadata.ReleaseOrphanAsync(_parts.Clock.NextOperation(), inode, CancellationToken.None);
        return released.Error.ToFsError();
    }

    private async ValueTask DiscardUnappliedAsync(FileState file)
    {
        await file.ExtentGate.WaitAsync();
        try
        {
            lock (file.Gate)
            {
                file.Dirty.Clear();
                file.Times = default;
                file.Size = file.AppliedSize;
                file.DirtySince = 0;
                ForgetLost(file, 0, long.MaxValue);
            }
        }
        finally
        {
            file.ExtentGate.Release();
        }
    }
}
