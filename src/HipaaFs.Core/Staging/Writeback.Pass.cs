using System.Diagnostics;
using HipaaFs.Dirty;
using HipaaFs.Handles;
using HipaaFs.Metadata;
using HipaaFs.Platform;
using Microsoft.Extensions.Logging;

namespace HipaaFs.Staging;

/// <content>One pass, step by step.</content>
internal sealed partial class Writeback
{
    private const int NoSpaceErrno = 28; // ENOSPC

    // The caller has entered the files' gates.
    private async Task PassAsync(List<WritebackTurn> turns)
    {
        FsError error = FsError.Io;
        try
        {
            foreach (WritebackTurn turn in turns)
            {
                Take(turn); // Step 1
            }

            FsError returned = await ReturnAsync(turns);
            error = returned == FsError.None ? Seal(turns) : returned; // Steps 2 and 3
            if (error == FsError.None)
            {
                error = await ApplyAsync(turns); // Step 4
            }
        }
        finally
        {
            _plan.Touched.Clear();
            foreach (WritebackTurn turn in turns)
            {
                PutBack(turn.File, error);
                turn.File.ExtentGate.Release();
            }

            lock (_lock)
            {
                _lastError = error;
                _failedAt = _time.GetTimestamp();
            }

            foreach (WritebackTurn turn in turns)
            {
                _queue.Conclude(turn);
            }
        }
    }

    private void Take(WritebackTurn turn)
    {
        FileState file = turn.File;
        lock (file.Gate)
        {
            if (!file.HasUnapplied)
            {
                file.WriteError = FsError.None; // What could not be staged was cut off since.
                file.DirtySince = 0;
                return;
            }

            Debug.Assert(file.InFlight is null, "one pass at a time");
            var pages = new DirtyPages(_pool);
            bool keepEnd = turn.MayKeepEnd && file.Dirty.Count > 1;
            long size = file.Size;
            if (keepEnd)
            {
                long kept = file.Dirty.MoveAllButPartialEnd(pages);
                size = kept < 0 ? size : Math.Max(file.AppliedSize, Math.Min(size, kept));
            }
            else
            {
                file.Dirty.MoveTo(pages);
            }

            file.InFlight = new SealedWrite(pages, size, file.Times);
            file.Times = default;
        }
    }

    // What is written again is young again: a file that came to its placement by age goes back to where it came from, before its new data is sealed.
    private async ValueTask<FsError> ReturnAsync(List<WritebackTurn> turns)
    {
        foreach (WritebackTurn turn in turns)
        {
            FileState file = turn.File;
            while (file.InFlight is { Pages.Bytes: > 0 } && OriginOf(file.Placement) is not null)
            {
                MetadataError error = await ReturnAsync(file);
                if (error == MetadataError.NotFound)
                {
                    break; // Gone; what is written says so.
                }

                if (error is not (MetadataError.None or MetadataError.Conflict))
                {
                    return error.ToFsError();
                }
            }
        }

        return FsError.None;
    }

    // What an assignment said meanwhile counts: the row is changed as it was read, or read again.
    private async ValueTask<MetadataError> ReturnAsync(FileState file)
    {
        MetadataResult<InodeAttributes> row = await _metadata.GetInodeAsync(file.Id);
        if (!row.Succeeded)
        {
            return row.Error;
        }

        if (OriginOf(row.Value.Placement) is not { } origin)
        {
            file.Place(row.Value.Placement);
            return MetadataError.None;
        }

        MetadataResult<Applied<InodeAttributes>> set = await _metadata.SetAttributesAsync(
            new SetAttributesRequest
            {
                Operation = _clock.NextOperation(),
                Now = _clock.Now,
                Inode = file.Id,
                Mask = AttributeMask.Placement | AttributeMask.KeepChangeTime,
                Placement = origin,
                ClearFlags = InodeFlags.KeepsTier,
                ExpectedVersion = row.Value.Version,
            },
            CancellationToken.None);
        if (set.Succeeded)
        {
            file.Place(origin);
        }

        return set.Error;
    }

    private uint? OriginOf(uint placement) => Placements?.Find(placement)?.Origin is { } origin && origin != placement && Placements.Find(origin) is { Origin: null } ? origin : null;

    private FsError Seal(List<WritebackTurn> turns)
    {
        if (!_staging.HasRoomFor(BytesIn(turns)))
        {
            LogOnce(NoSpaceErrno);
            return FsError.NoSpace;
        }

        try
        {
            foreach (WritebackTurn turn in turns)
            {
                if (turn.File.InFlight is { } write)
                {
                    SealFile(turn.File, write);
                }
            }

            foreach (OpenSegment segment in _plan.Touched)
            {
                segment.Writer.Flush();
                _staging.Grow(segment.Writer.Id, segment.Writer.WrittenLength - segment.CountedLength);
                segment.CountedLength = segment.Writer.WrittenLength;
            }
        }
        catch (IOException exception)
        {
            LogOnce(exception.HResult);
            return DiskErrors.Classify(exception);
        }

        return Sync();
    }

    private static long BytesIn(List<WritebackTurn> turns)
    {
        long bytes = 0;
        foreach (WritebackTurn turn in turns)
        {
            bytes += turn.File.InFlight?.Pages.Bytes ?? 0;
        }

        return bytes;
    }

    // A full disk is found again by every pass; the log says it when it begins.
    private void LogOnce(int error)
    {
        if (LastError == FsError.None)
        {
            LogSealFailed(_logger, error);
        }
    }

    private FsError Sync()
    {
        try
        {
            bool anyNew = false;
            foreach (OpenSegment segment in _plan.Touched)
            {
                segment.Writer.Sync();
                anyNew |= !segment.IsRegistered;
            }

            if (anyNew)
            {
                DurableFile.SyncDirectory(_staging.Directory);
            }

            return FsError.None;
        }
        catch (IOException exception)
        {
            // What the disk has of these segments since the last success is unknown, and it will not say so twice: seal the pages again, elsewhere.
            LogSyncFailed(_logger, exception.HResult);
            _plan.AbandonTouched();
            return DiskErrors.Classify(exception);
        }
    }

    // Contiguous bytes become one run, across pages; a run ends where a segment does.
    private void SealFile(FileState file, SealedWrite write)
    {
        List<(PageBuffer Buffer, int Start, int End)> run = [];
        long runStart = 0;
        long runEnd = -1;
        foreach ((long number, DirtyPage page) in write.Pages.Items)
        {
            long pageStart = number * PagePool.PageSize;
            foreach ((int start, int end) in page.Held.Items)
            {
                if (pageStart + start != runEnd)
                {
                    SealRun(file, write, runStart, runEnd, run);
                    runStart = pageStart + start;
                }

                run.Add((page.Buffer, start, end));
                runEnd = pageStart + end;
            }
        }

        SealRun(file, write, runStart, runEnd, run);
    }

    private void SealRun(FileState file, SealedWrite write, long runStart, long runEnd, List<(PageBuffer Buffer, int Start, int End)> run)
    {
        int piece = 0;
        int skip = 0;
        while (piece < run.Count)
        {
            OpenSegment segment = _plan.For(file);
            long allowed = segment.Writer.BeginRun(file.Id.Value, runStart, runEnd - runStart);
            if (allowed == 0)
            {
                _plan.SetFull(segment);
                continue;
            }

            runStart += allowed;
            while (allowed > 0)
            {
                (PageBuffer buffer, int start, int end) = run[piece];
                int length = (int)Math.Min(end - start - skip, allowed);
                segment.Writer.Write(buffer.Span.Slice(start + skip, length));
                allowed -= length;
                skip += length;
                if (start + skip == end)
                {
                    piece++;
                    skip = 0;
                }
            }

            write.Extents.Add(segment.Writer.EndRun());
        }

        run.Clear();
    }

    private async Task<FsError> ApplyAsync(List<WritebackTurn> turns)
    {
        foreach (OpenSegment segment in _plan.Touched)
        {
            if (segment.IsRegistered)
            {
                continue;
            }

            MetadataError error = await _writers.RegisterAsync(segment.Writer, CancellationToken.None);
            if (error != MetadataError.None)
            {
                return error.ToFsError();
            }

            segment.IsRegistered = true;
        }

        FsError worst = FsError.None;
        foreach (WritebackTurn turn in turns)
        {
            if (turn.File.InFlight is { } write)
            {
                FsError error = await ApplyAsync(turn.File, write);
                worst = error == FsError.None ? worst : error;
            }
        }

        return worst;
    }

    private async Task<FsError> ApplyAsync(FileState file, SealedWrite write)
    {
        MetadataResult<Applied<InodeAttributes>> applied = await _metadata.WriteExtentsAsync(
            new WriteExtentsRequest
            {
                Operation = _clock.NextOperation(),
                Now = _clock.Now,
                Inode = file.Id,
                Extents = write.Extents.ToArray(),
                Size = write.Size,
                SizeMode = SizeMode.Exact,
                AccessTime = write.Times.Access,
                ModifyTime = write.Times.Modify,
                ChangeTime = write.Times.Change,
            },
            CancellationToken.None);
        if (!applied.Succeeded && applied.Error != MetadataError.NotFound)
        {
            return applied.Error.ToFsError();
        }

        _files.CountApplication();
        lock (file.Gate)
        {
            // An inode that is gone takes its unapplied data with it.
            file.AppliedSize = applied.Succeeded ? applied.Value.Value.Size : write.Size;
            foreach (Extent extent in write.Extents)
            {
                file.Extents.Invalidate(extent.FileOffset, extent.End);
            }

            file.ExtentVersion++;
            file.WriteError = FsError.None;
            write.Pages.Clear();
            file.InFlight = null;
            file.DirtySince = file.HasUnapplied ? _time.GetTimestamp() : 0;
        }

        if (applied.Succeeded && file.Handles > 0 && applied.Value.Value.AllocatedBytes == LengthOf(write.Extents))
        {
            FirstBytesApplied?.Invoke(file.Id);
        }

        return FsError.None;
    }

    private static long LengthOf(List<Extent> extents)
    {
        long length = 0;
        foreach (Extent extent in extents)
        {
            length += extent.Length;
        }

        return length;
    }

    private static void PutBack(FileState file, FsError error)
    {
        lock (file.Gate)
        {
            if (file.InFlight is not { } write)
            {
                return;
            }

            file.Dirty.TakeBack(write.Pages);
            file.Times = file.Times.Over(write.Times);
            file.InFlight = null;
            file.WriteError = error;
        }
    }

    private async Task FinishWhatIsRipeAsync()
    {
        List<FinishRequest> requests;
        lock (_lock)
        {
            requests = [.. _finishRequests];
            _finishRequests.Clear();
        }

        bool leavesSparse = requests.Count > 0 ? requests.TrueForAll(static request => request.LeavesSparse) : Volatile.Read(ref _whole) == 0;

        FsError worst = FsError.Io;
        try
        {
            FsError first = FsError.None;
            while (_plan.TryTakeRipe(all: requests.Count > 0, out OpenSegment? ripe))
            {
                FsError error = leavesSparse && await TryLeaveSparseAsync(ripe) ? FsError.None : await FinishAsync(ripe);
                first = first == FsError.None ? error : first;
            }

            worst = first;
        }
        finally
        {
            foreach (FinishRequest request in requests)
            {
                request.Done.SetResult(worst);
            }
        }
    }

    // Of what was written and synced over and over only the last is needed: the rest need not be uploaded, stored until its grace is over, and deleted.
    // True when the segment was left unfinished for that. What staging has no room for is uploaded as it is.
    private async ValueTask<bool> TryLeaveSparseAsync(OpenSegment segment)
    {
        bool leaves = true; // Whatever happens: the plan knows it no more, and nobody must take it for uploaded.
        try
        {
            leaves = await IsSparseAsync(segment);
        }
        finally
        {
            if (leaves)
            {
                _writers.GiveUp(segment);
            }
        }

        return leaves;
    }

    private async ValueTask<bool> IsSparseAsync(OpenSegment segment)
    {
        long length = segment.Writer.PlaintextLength;
        if (!segment.IsRegistered || length < PackedLength.LeastWorth)
        {
            return false;
        }

        MetadataResult<IReadOnlyList<SegmentUse>> live = await _metadata.GetSegmentUsesAsync(segment.Writer.Id);
        MetadataResult<IReadOnlyList<SegmentUse>> past = await _metadata.GetSegmentPastUsesAsync(segment.Writer.Id);
        if (!live.Succeeded || !past.Succeeded)
        {
            return false;
        }

        long packed = PackedLength.Of([.. live.Value, .. past.Value]);
        return PackedLength.IsWorthIt(packed, length) && _staging.HasSpareRoomFor(packed);
    }

    private async Task<FsError> FinishAsync(OpenSegment segment)
    {
        if (!segment.IsRegistered)
        {
            _writers.GiveUp(segment);
            return FsError.None;
        }

        try
        {
            MetadataError error = await _writers.FinishAsync(segment.Writer, CancellationToken.None);
            if (error != MetadataError.None)
            {
                // Its file is whole, its row is not: the uploader will not hear of it, so it is copied into another.
                LogFinishRefused(_logger, segment.Writer.Id, error);
                _writers.GiveUp(segment);
            }

            return error.ToFsError();
        }
        catch (IOException exception)
        {
            LogFinishFailed(_logger, segment.Writer.Id, exception.HResult);
            _writers.GiveUp(segment);
            return DiskErrors.Classify(exception);
        }
    }

    [LoggerMessage(533, LogLevel.Critical, "A pass of writeback failed unexpectedly; its data stays in memory and is tried again")]
    private static partial void LogPassFailed(ILogger logger, Exception exception);

    [LoggerMessage(530, LogLevel.Error, "Staging does not take written data (error {Error}); it stays in memory and is tried again")]
    private static partial void LogSealFailed(ILogger logger, int error);

    [LoggerMessage(531, LogLevel.Error, "Staging could not be synced (error {Error}); the data is sealed again into new segments")]
    private static partial void LogSyncFailed(ILogger logger, int error);

    [LoggerMessage(534, LogLevel.Error, "Segment {Segment} could not be finished ({Error}); it stays readable and is repacked")]
    private static partial void LogFinishRefused(ILogger logger, Crypto.SegmentId segment, MetadataError error);

    [LoggerMessage(532, LogLevel.Error, "Segment {Segment} could not be finished (error {Error}); it stays readable and is repacked")]
    private static partial void LogFinishFailed(ILogger logger, Crypto.SegmentId segment, int error);
}
