using HipaaFs.Extents;
using HipaaFs.Handles;
using HipaaFs.Metadata;

namespace HipaaFs;

/// <content>Operations on ranges of files: holes, sharing, seeking.</content>
public sealed partial class HipaaFileSystem
{
    // Rows that one call takes over from a snapshot; for more, it answers that it copied less.
    private const int SnapshotCloneRows = 512;

    private const int SnapshotCloneAttempts = 3;

    /// <summary>
    /// Asks the kernel to write its dirty pages of an inode back and to drop all pages and the attributes, and completes when it has; false when pages stayed, for somebody
    /// wrote to them meanwhile. Set by a frontend whose kernel has a write-back cache: without it a search for holes would not see what was written and is still there.
    /// </summary>
    public Func<InodeId, ValueTask<bool>>? WriteBackPages { get; set; }

    /// <summary>
    /// Whether the kernel may hold back what was written: it has a write-back cache, and a file is open for writing and may have been written to. It holds back nothing of
    /// closed ones.
    /// </summary>
    internal bool MayHaveHeldPages => WriteBackPages is not null && _handles.MayHaveHeldPages;

    /// <summary>Files of which the kernel's page cache held bytes that were refused and are gone, until they are written again; and why of one of them.</summary>
    internal (int Files, FsError Error) LostWrites => _files.Lost;

    /// <summary>Applies everything that was written before the call, what the kernel still holds back of open files too.</summary>
    internal async ValueTask<FsError> ApplyAllAsync()
    {
        if (WriteBackPages is not null)
        {
            foreach (FileState file in _handles.ListHeld())
            {
                int begun = file.KernelPages.Begin();
                if (await WriteBackPages(file.Id))
                {
                    file.KernelPages.End(begun);
                }
            }
        }

        return _parts.Writeback is null ? FsError.None : await _parts.Writeback.FlushAllAsync();
    }

    /// <summary>Finds the next data or hole (lseek(2) with SEEK_DATA, SEEK_HOLE).</summary>
    public async ValueTask<FsResult<long>> SeekAsync(HandleId handle, long offset, bool hole, CancellationToken interrupted)
    {
        if (!_handles.TryGet(handle, out OpenFile? open))
        {
            return FsError.BadHandle;
        }

        FileState file = open.File;
        if (!IsReadOnly && file.Id.View == 0 && WriteBackPages is not null)
        {
            await WriteBackPages(file.Id);
        }

        FsError error = await ApplyUnappliedAsync(file.Id);
        if (error != FsError.None)
        {
            return error;
        }

        while (true)
        {
            long needed;
            lock (file.Gate)
            {
                if (offset >= 0 && file.Lost.Touches(offset, long.MaxValue))
                {
                    return FsError.Io; // Who copies data only would take what was refused for a hole, or the end.
                }

                if (offset < 0 || offset >= file.Size)
                {
                    return FsError.NoSuchAddress;
                }

                long found = Seek(file, offset, hole, out needed);
                if (needed < 0)
                {
                    return found >= 0 ? found : FsError.NoSuchAddress;
                }
            }

            FsError loading = await LoadExtentsAsync(file, needed, interrupted);
            if (loading != FsError.None)
            {
                return loading;
            }
        }
    }

    /// <summary>Allocates, punches or zeroes a range (fallocate(2)).</summary>
    public async ValueTask<FsError> AllocateAsync(HandleId handle, AllocateMode mode, long offset, long length, CancellationToken interrupted)
    {
        if (!_handles.TryGet(handle, out OpenFile? open))
        {
            return FsError.BadHandle;
        }

        FsError refused = RefuseChange(open.File.Id);
        if (refused != FsError.None)
        {
            return refused;
        }

        if (offset < 0 || length <= 0)
        {
            return FsError.InvalidArgument;
        }

        if (offset > long.MaxValue - length)
        {
            return FsError.TooLarge;
        }

        return RefuseAllocation(open.File, mode, offset + length) ? FsError.NoSpace : mode switch
        {
            AllocateMode.Allocate => await GrowToAsync(open.File, offset + length, interrupted),
            AllocateMode.AllocateKeepSize => FsError.None,
            AllocateMode.PunchHole or AllocateMode.ZeroRangeKeepSize => await MakeHoleAsync(open.File, offset, length, grow: false, interrupted),
            AllocateMode.ZeroRange => await MakeHoleAsync(open.File, offset, length, grow: true, interrupted),
            _ => FsError.NotSupported,
        };
    }

    /// <summary>Lets the target share the source's data (copy_file_range(2)): no byte is read or uploaded.</summary>
    /// <returns>Bytes shared; 0 when the source ends before the offset.</returns>
    public async ValueTask<FsResult<long>> CopyRangeAsync(
        HandleId source, long sourceOffset, HandleId target, long targetOffset, long length, CancellationToken interrupted)
    {
        if (!_handles.TryGet(source, out OpenFile? from) || !_handles.TryGet(target, out OpenFile? to))
        {
            return FsError.BadHandle;
        }

        FsError error = RefuseChange(to.File.Id);
        error = error == FsError.None ? await AdmitAccessAsync(from, sourceOffset > long.MaxValue - length ? long.MaxValue : sourceOffset + length, interrupted) : error;
        error = error == FsError.None && from.File.Id.View == 0 ? await ApplyUnappliedAsync(from.File.Id) : error;
        error = error == FsError.None ? await ApplyUnappliedAsync(to.File.Id) : error;
        if (error != FsError.None)
        {
            return error;
        }

        if (from.File == to.File && Math.Abs(sourceOffset - targetOffset) < length)
        {
            return FsError.InvalidArgument;
        }

        List<FileState> gates = await EnterBothAsync(from.File, to.File, interrupted);
        try
        {
            lock (from.File.Gate)
            {
                if (from.File.Lost.Touches(sourceOffset, sourceOffset > long.MaxValue - length ? long.MaxValue : sourceOffset + length))
                {
                    return FsError.Io;
                }
            }

            return from.File.Id.View != 0
                ? await CloneFromSnapshotAsync(from.File, sourceOffset, to.File, targetOffset, length, interrupted)
                : await CloneAsync(from.File, sourceOffset, to.File, targetOffset, length, interrupted);
        }
        finally
        {
            foreach (FileState file in gates)
            {
                file.ExtentGate.Release();
            }
        }
    }

    // The caller holds the file's lock. `needed` is an offset whose extents must be loaded first, or -1.
    private static long Seek(FileState file, long offset, bool hole, out long needed)
    {
        needed = -1;
        while (offset < file.Size)
        {
            if (!file.Extents.TryFind(offset, out ExtentHit hit))
            {
                needed = offset;
                return -1;
            }

            if (hit.IsHole == hole)
            {
                return offset;
            }

            offset = hit.End;
        }

        return hole ? file.Size : -1; // Every file ends in a hole.
    }

    // Nothing is reserved, but what can never fit is refused as a local disk does. What lies below the file's end may be there already.
    private bool RefuseAllocation(FileState file, AllocateMode mode, long end)
    {
        if (mode == AllocateMode.PunchHole)
        {
            return false;
        }

        lock (file.Gate)
        {
            return end - file.Size > _parts.Capacity().Free;
        }
    }

    private async ValueTask<FsError> GrowToAsync(FileState file, long size, CancellationToken interrupted)
    {
        lock (file.Gate)
        {
            if (size <= file.Size)
            {
                return FsError.None;
            }
        }

        // By the time that the file is this call's, the kernel may have written back more: what it sends here for is not its only request for the file.
        FsResult<InodeAttributes> grown = await SetAttributesAsync(file.Id, new AttributeChange { Size = size, OnlyGrows = true }, default, interrupted);
        return grown.Error;
    }

    private async ValueTask<FsError> MakeHoleAsync(FileState file, long offset, long length, bool grow, CancellationToken interrupted)
    {
        FsError error = grow ? RefuseGrowth(file, offset + length) : FsError.None;
        error = error == FsError.None ? await ApplyUnappliedAsync(file.Id) : error;
        if (error != FsError.None)
        {
            return error;
        }

        await file.ExtentGate.WaitAsync(interrupted);
        try
        {
            MetadataResult<Applied<InodeAttributes>> made = await _metadata.DeallocateAsync(
                new DeallocateRequest
                {
                    Operation = _parts.Clock.NextOperation(),
                    Now = _parts.Clock.Now,
                    Inode = file.Id,
                    Offset = offset,
                    Length = length,
                    NewSize = grow ? offset + length : null,
                },
                interrupted);
            if (made.Succeeded)
            {
                RangeReplaced(file, offset, offset + length, made.Value.Value.Size);
            }

            return made.Error.ToFsError();
        }
        finally
        {
            file.ExtentGate.Release();
        }
    }

    private async ValueTask<FsResult<long>> CloneAsync(
        FileState from, long sourceOffset, FileState to, long targetOffset, long length, CancellationToken interrupted)
    {
        lock (from.Gate)
        {
            length = Math.Min(length, from.AppliedSize - sourceOffset); // What was written since is not in a segment, and would be shared as a hole.
        }

        if (length <= 0)
        {
            return 0;
        }

        if (from.Placement != to.Placement)
        {
            return FsError.CrossDomain; // The kernel then copies the bytes: shared, they would stay where the target's may not be.
        }

        FsError full = RefuseGrowth(to, targetOffset + length);
        if (full != FsError.None)
        {
            return full;
        }

        MetadataResult<Applied<InodeAttributes>> cloned = await _metadata.CloneExtentsAsync(
            new CloneExtentsRequest
            {
                Operation = _parts.Clock.NextOperation(),
                Now = _parts.Clock.Now,
                Source = from.Id,
                SourceOffset = sourceOffset,
                Target = to.Id,
                TargetOffset = targetOffset,
                Length = length,
                NewSize = targetOffset + length,
            },
            interrupted);
        if (!cloned.Succeeded)
        {
            return cloned.Error.ToFsError();
        }

        RangeReplaced(to, targetOffset, targetOffset + length, cloned.Value.Value.Size);
        return length;
    }

    // The rows of a snapshot are read and written like others. Rows of a condemned segment are refused: the snapshot was deleted meanwhile, or its data has moved and is
    // where its rows say now.
    private async ValueTask<FsResult<long>> CloneFromSnapshotAsync(
        FileState from, long sourceOffset, FileState to, long targetOffset, long length, CancellationToken interrupted)
    {
        MetadataResult<InodeAttributes> source = await _parts.View.GetInodeAsync(from.Id, interrupted);
        MetadataResult<InodeAttributes> target = await _metadata.GetInodeAsync(to.Id, interrupted);
        if (!source.Succeeded || !target.Succeeded)
        {
            return (source.Succeeded ? target.Error : source.Error).ToFsError();
        }

        if (source.Value.Domain != target.Value.Domain || source.Value.Placement != target.Value.Placement)
        {
            return FsError.CrossDomain; // The kernel then copies the bytes.
        }

        length = Math.Min(length, source.Value.Size - sourceOffset);
        if (length <= 0)
        {
            return 0;
        }

        FsError full = RefuseGrowth(to, targetOffset + length);
        if (full != FsError.None)
        {
            return full;
        }

        MetadataError error = MetadataError.Conflict;
        for (int attempt = 0; attempt < SnapshotCloneAttempts && error == MetadataError.Conflict; attempt++)
        {
            MetadataResult<ExtentPage> page = await _parts.View.GetExtentsAsync(from.Id, sourceOffset, length, SnapshotCloneRows, interrupted);
            if (!page.Succeeded)
            {
                error = page.Error;
                break;
            }

            length = page.Value.More ? page.Value.Extents[^1].End - sourceOffset : length;
            Extent[] pieces = Move(page.Value.Extents, sourceOffset, targetOffset, length);
            error = await ReplaceRowsAsync(to.Id, pieces, targetOffset, length, target.Value.Size, interrupted);
        }

        if (error != MetadataError.None)
        {
            ExtentsChanged(to, targetOffset, targetOffset + length, target.Value.Size);
            return error.ToFsError();
        }

        RangeReplaced(to, targetOffset, targetOffset + length, Math.Max(target.Value.Size, targetOffset + length));
        return length;
    }

    // The data first, then the holes between: what fails or is cut off in the middle leaves what was there, never a hole in its place.
    private async ValueTask<MetadataError> ReplaceRowsAsync(
        InodeId inode, Extent[] pieces, long offset, long length, long oldSize, CancellationToken interrupted)
    {
        if (pieces.Length > 0)
        {
            var rows = new WriteExtentsRequest
            {
                Operation = _parts.Clock.NextOperation(),
                Inode = inode,
                Extents = pieces,
                Size = offset + length,
                SizeMode = SizeMode.GrowTo,
                ModifyTime = _parts.Clock.Now,
                ChangeTime = _parts.Clock.Now,
            };
            MetadataResult<Applied<InodeAttributes>> written = await _metadata.WriteExtentsAsync(rows, interrupted);
            if (!written.Succeeded)
            {
                return written.Error;
            }
        }

        long at = offset;
        for (int i = 0; i <= pieces.Length; i++)
        {
            long end = i < pieces.Length ? pieces[i].FileOffset : offset + length;
            bool isNeeded = end > at && (at < oldSize || pieces.Length == 0);
            if (isNeeded && await MakeHoleRowAsync(inode, at, end, grows: pieces.Length == 0) is not MetadataError.None and var error)
            {
                return error;
            }

            at = i < pieces.Length ? pieces[i].End : end;
        }

        return MetadataError.None;
    }

    private async ValueTask<MetadataError> MakeHoleRowAsync(InodeId inode, long begin, long end, bool grows)
    {
        var hole = new DeallocateRequest
        {
            Operation = _parts.Clock.NextOperation(),
            Now = _parts.Clock.Now,
            Inode = inode,
            Offset = begin,
            Length = end - begin,
            NewSize = grows ? end : null,
        };
        return (await _metadata.DeallocateAsync(hole, CancellationToken.None)).Error;
    }

    // The parts of extents that lie in a range, as extents of a range that begins elsewhere.
    private static Extent[] Move(IReadOnlyList<Extent> extents, long from, long to, long length)
    {
        var moved = new Extent[extents.Count];
        for (int i = 0; i < moved.Length; i++)
        {
            Extent extent = extents[i];
            long start = Math.Max(extent.FileOffset, from);
            long end = Math.Min(extent.End, from + length);
            moved[i] = new Extent(start - from + to, end - start, extent.Segment, extent.PlaintextOffset + start - extent.FileOffset);
        }

        return moved;
    }

    // The same, of a change that gave the range a content which nothing of before is needed for.
    private void RangeReplaced(FileState file, long start, long end, long rowSize)
    {
        ExtentsChanged(file, start, end, rowSize);
        lock (file.Gate)
        {
            ForgetLost(file, start, end);
        }
    }

    // The caller holds the file's ExtentGate and has applied a change of its rows. Bytes written since then lie above it.
    private static void ExtentsChanged(FileState file, long start, long end, long rowSize)
    {
        lock (file.Gate)
        {
            file.Dirty.Discard(start, end);
            file.Extents.Invalidate(start, end);
            file.ExtentVersion++;
            file.AppliedSize = rowSize;
            file.Size = Math.Max(file.Size, rowSize);
        }
    }

    private static async ValueTask<List<FileState>> EnterBothAsync(FileState one, FileState other, CancellationToken interrupted)
    {
        // In the order of ids, as writeback enters them.
        List<FileState> gates = one == other ? [one] : one.Id < other.Id ? [one, other] : [other, one];
        for (int i = 0; i < gates.Count; i++)
        {
            try
            {
                await gates[i].ExtentGate.WaitAsync(interrupted);
            }
            catch (OperationCanceledException)
            {
                for (int held = 0; held < i; held++)
                {
                    gates[held].ExtentGate.Release();
                }

                throw;
            }
        }

        return gates;
    }
}
