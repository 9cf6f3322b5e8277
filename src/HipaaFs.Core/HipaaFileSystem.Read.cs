using HipaaFs.Dirty;
using HipaaFs.Extents;
using HipaaFs.Handles;
using HipaaFs.Metadata;
using HipaaFs.ReadAhead;

namespace HipaaFs;

/// <content>Reading.</content>
public sealed partial class HipaaFileSystem
{
    private const long LongExtent = 1L << 20;

    /// <summary>Reads what is at hand: nothing unapplied in the way, one extent or hole, its frames in a local file. Allocates nothing.</summary>
    /// <param name="handle">An open file.</param>
    /// <param name="offset">Where to begin, in bytes.</param>
    /// <param name="destination">What to fill.</param>
    /// <param name="mayWait">Asked when a disk would have to be waited for; without it that is never done.</param>
    /// <param name="result">Bytes read.</param>
    /// <returns>False when it takes more than that: <see cref="ReadAsync"/> then.</returns>
    public bool TryRead(HandleId handle, long offset, Memory<byte> destination, Func<bool>? mayWait, out FsResult<int> result)
    {
        result = 0;
        if (!_handles.TryGet(handle, out OpenFile? open))
        {
            return false;
        }

        TellPages(open.File);
        if (!TryPlan(open, offset, destination.Length, out int length, out ExtentHit hit, out (long Start, long End) ahead))
        {
            return false;
        }

        if (ahead.Start < ahead.End)
        {
            StartReadAhead(open, ahead.Start, ahead.End);
        }

        result = length;
        if (length == 0 || hit.IsHole)
        {
            destination.Span[..length].Clear();
            return true;
        }

        long plaintextOffset = hit.Extent.PlaintextOffset + (offset - hit.Extent.FileOffset);
        return _parts.Reader.TryRead(hit.Extent.Segment, plaintextOffset, destination.Span[..length], mayWait);
    }

    /// <summary>Reads up to the end of the file.</summary>
    /// <returns>Bytes read; less than asked for only at the end of the file.</returns>
    public ValueTask<FsResult<int>> ReadAsync(HandleId handle, long offset, Memory<byte> destination, CancellationToken interrupted) =>
        _handles.TryGet(handle, out OpenFile? open)
            ? ReadSlowlyAsync(open, offset, destination, interrupted)
            : ValueTask.FromResult<FsResult<int>>(FsError.BadHandle);

    /// <summary>Reads as <see cref="ReadAsync"/> does, and ends before what is in an archive: for programs, who do not take what is missing for zeros as a page would be filled with.</summary>
    /// <returns>Bytes read; less than asked for at the end of the file, and where the rest is in an archive.</returns>
    public ValueTask<FsResult<int>> ReadWithinReachAsync(HandleId handle, long offset, Memory<byte> destination, CancellationToken interrupted)
    {
        long inReach = _handles.TryGet(handle, out OpenFile? open) ? open.Tail.Start - offset : 0;
        return ReadAsync(handle, offset, inReach > 0 && inReach < destination.Length ? destination[..(int)inReach] : destination, interrupted);
    }

    /// <summary>Reads as <see cref="ReadAsync"/> does, for a page cache: only a single page may begin to bring back what is in an archive, or wait for it. More at once is read-ahead.</summary>
    /// <returns>Bytes read; less than asked for only at the end of the file. Archived: the rest is.</returns>
    public ValueTask<FsResult<int>> ReadPagesAsync(HandleId handle, long offset, Memory<byte> destination, CancellationToken interrupted)
    {
        if (destination.Length <= Environment.SystemPageSize || !_handles.TryGet(handle, out OpenFile? open) || open.Tail.Start == long.MaxValue || EndOfRead(open.File, offset, destination.Length) <= open.Tail.Start)
        {
            return ReadAsync(handle, offset, destination, interrupted);
        }

        return ValueTask.FromResult<FsResult<int>>(FsError.Archived);
    }

    // A page in the kernel's hands can be stored to through a mapping, and nobody is told.
    private static void TellPages(FileState file)
    {
        if (file.MayBeMapped)
        {
            file.KernelPages.Tell();
        }
    }

    // The common case: nothing unapplied in the way, and one extent or hole covers the whole range.
    private static bool TryPlan(
        OpenFile open, long offset, int wanted, out int length, out ExtentHit hit, out (long Start, long End) ahead)
    {
        FileState file = open.File;
        lock (file.Gate)
        {
            length = (int)Math.Clamp(file.Size - offset, 0, wanted);
            hit = default;
            ahead = default;
            if (file.Lost.Error != FsError.None)
            {
                return false;
            }

            if (length == 0)
            {
                return true;
            }

            if (file.Dirty.Count > 0 || file.InFlight is not null || offset + length > open.Tail.Start)
            {
                return false;
            }

            if (!file.Extents.TryFind(offset, out hit) || hit.End < offset + length)
            {
                return false;
            }

            ahead = open.Streams.Observe(offset, length);
            return true;
        }
    }

    private async ValueTask<FsResult<int>> ReadSlowlyAsync(OpenFile open, long offset, Memory<byte> destination, CancellationToken interrupted)
    {
        FileState file = open.File;
        TellPages(file); // The page asked for in vain a moment ago may have been asked for before a notification.
        List<(long Start, ExtentHit Hit)> pieces = [];
        while (true)
        {
            long needed;
            int length;
            long version;
            (long Start, long End) ahead;
            bool isEstablished;
            FsError admitted = open.Tail.Start < long.MaxValue ? await AdmitAccessAsync(open, EndOfRead(file, offset, destination.Length), interrupted) : FsError.None;
            if (admitted != FsError.None)
            {
                return admitted;
            }

            lock (file.Gate)
            {
                length = (int)Math.Clamp(file.Size - offset, 0, destination.Length);
                if (file.Lost.Touches(offset, offset + destination.Length))
                {
                    return FsError.Io; // There are older bytes, a hole, or the end: nothing of it is what somebody was told is there.
                }

                version = file.ExtentVersion;
                needed = Plan(file, offset, destination.Span[..length], pieces);
                ahead = needed < 0 ? open.Streams.Observe(offset, length) : default;
                isEstablished = open.Streams.IsEstablished;
            }

            if (needed >= 0)
            {
                FsError loading = await LoadExtentsAsync(file, needed, interrupted);
                if (loading != FsError.None)
                {
                    return loading;
                }

                continue;
            }

            if (ahead.Start < ahead.End)
            {
                StartReadAhead(open, ahead.Start, ahead.End);
            }

            FsError error = await ReadPiecesAsync(file, offset, destination, pieces, isEstablished, interrupted);
            if (error == FsError.None)
            {
                return length;
            }

            lock (file.Gate)
            {
                if (file.ExtentVersion == version)
                {
                    return error;
                }
            }

            // The bytes have moved meanwhile, and the segment they were in is gone.
        }
    }

    // How far a request for something of an extent may go. What lies behind a long one is the same file's as a rule, written side by side with it; behind a short one it is anybody's.
    private static long ReachOf(Extent extent) => extent.Length >= LongExtent ? long.MaxValue : extent.PlaintextOffset + extent.Length;

    private static long EndOfRead(FileState file, long offset, int length)
    {
        lock (file.Gate)
        {
            return Math.Min(file.Size, offset + length);
        }
    }

    private async ValueTask<FsError> ReadPiecesAsync(
        FileState file, long offset, Memory<byte> destination, List<(long Start, ExtentHit Hit)> pieces, bool isEstablished, CancellationToken interrupted)
    {
        foreach ((long start, ExtentHit hit) in pieces)
        {
            Memory<byte> part = destination.Slice((int)(start - offset), (int)(hit.End - start));
            if (hit.IsHole)
            {
                part.Span.Clear();
                continue;
            }

            FsError error = await _parts.Reader.ReadAsync(
                hit.Extent.Segment, hit.Extent.PlaintextOffset + (start - hit.Extent.FileOffset), part, file.Id, isEstablished ? ReachOf(hit.Extent) : 0, interrupted);
            if (error != FsError.None)
            {
                return error;
            }
        }

        return FsError.None;
    }

    // Copies what is in memory and lists what must come from segments. Returns an offset whose extents must be loaded first, or -1. The caller holds the file's lock.
    private static long Plan(FileState file, long offset, Span<byte> destination, List<(long Start, ExtentHit Hit)> pieces)
    {
        pieces.Clear();
        if (destination.IsEmpty)
        {
            return -1;
        }

        var missing = new MissingRanges(offset, offset + destination.Length);
        file.InFlight?.Pages.Read(offset, destination, missing); // Older first: what was written since comes over it.
        file.Dirty.Read(offset, destination, missing);
        foreach ((long start, long end) in missing.Items)
        {
            long at = start;
            while (at < end)
            {
                if (!file.Extents.TryFind(at, out ExtentHit hit))
                {
                    return at;
                }

                long stop = Math.Min(hit.End, end);
                pieces.Add((at, hit with { End = stop }));
                at = stop;
            }
        }

        return -1;
    }

    private async ValueTask<FsError> LoadExtentsAsync(FileState file, long offset, CancellationToken interrupted)
    {
        long version;
        lock (file.Gate)
        {
            version = file.ExtentVersion;
        }

        long start = ExtentMap.WindowStart(offset);
        MetadataResult<ExtentPage> page = await _view.GetExtentsAsync(
            file.Id, start, long.MaxValue - start, ExtentMap.WindowExtents, interrupted);
        if (page.Succeeded && !ExtentMap.Covers(page.Value, offset))
        {
            // So many small extents lie before it that an aligned window does not reach it.
            start = offset;
            page = await _view.GetExtentsAsync(file.Id, start, long.MaxValue - start, ExtentMap.WindowExtents, interrupted);
        }

        if (!page.Succeeded)
        {
            return page.Error.ToFsError();
        }

        lock (file.Gate)
        {
            if (file.ExtentVersion == version)
            {
                file.Extents.Add(start, page.Value.Extents, page.Value.More);
            }
        }

        return FsError.None;
    }

    // Nobody waits for it: a failure shows when the range is read.
    private void StartReadAhead(OpenFile open, long start, long wantedEnd)
    {
        FileState file = open.File;
        List<(Extent Part, long Reach)> parts = [];
        bool whole = wantedEnd - start >= ReadStreams.EstablishedStretch;
        lock (file.Gate)
        {
            long end = Math.Min(Math.Min(wantedEnd, open.Tail.Start), file.Size);
            while (start < end && file.Extents.TryFind(start, out ExtentHit hit))
            {
                if (!hit.IsHole)
                {
                    Extent part = hit.Extent;
                    long skip = start - part.FileOffset;
                    long length = Math.Min(hit.End, end) - start;
                    parts.Add((new Extent(start, length, part.Segment, part.PlaintextOffset + skip), whole ? ReachOf(part) : 0));
                }

                start = hit.End;
            }

            if (start < end)
            {
                open.Streams.TakeBack(start, wantedEnd); // Where that is, is not known yet: the reader who comes there looks it up.
                wantedEnd = start;
            }
        }

        if (parts.Count > 0)
        {
            _ = Task.Run(() => ReadAheadAsync(open, parts, wantedEnd));
        }
    }

    private async Task ReadAheadAsync(OpenFile open, List<(Extent Part, long Reach)> parts, long wantedEnd)
    {
        foreach ((Extent part, long reach) in parts)
        {
            long started = await _parts.Reader.ReadAheadAsync(part.Segment, part.PlaintextOffset, part.Length, reach, CancellationToken.None);
            if (started < part.Length)
            {
                await ResumeReadAheadAsync(open, part.FileOffset + started, wantedEnd);
                return;
            }
        }
    }

    // Memory is used up by what is under way. The reader must not come upon what was not asked for and then wait for all of it, and the store has something to do all the time.
    private async ValueTask ResumeReadAheadAsync(OpenFile open, long reached, long wantedEnd)
    {
        lock (open.File.Gate)
        {
            open.Streams.Halt(reached, wantedEnd);
        }

        bool goesOn = await _parts.Reader.WaitForRoomAsync();
        (long Start, long End) ahead;
        lock (open.File.Gate)
        {
            ahead = open.Streams.Resume(reached);
        }

        if (goesOn && ahead.Start < ahead.End && _handles.TryGet(open.Id, out OpenFile? _))
        {
            StartReadAhead(open, ahead.Start, ahead.End);
        }
    }
}
