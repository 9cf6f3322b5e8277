using System.Buffers;
using HipaaFs.Crypto;
using HipaaFs.Memory;
using HipaaFs.Placements;
using HipaaFs.Storage;
using Microsoft.Win32.SafeHandles;

namespace HipaaFs.Cache;

/// <summary>Fetches runs of frames from the store into the cache; a run that is on its way is never asked for twice.</summary>
/// <remarks>Thread-safe. Read-ahead is bounded by memory and by <see cref="MaxReadAhead"/> runs; a fetch somebody waits for always goes.</remarks>
internal sealed class FrameFetcher : IDisposable
{
    /// <summary>Frames of one request: just below 8 MiB.</summary>
    internal const int MaxFrames = 511;

    private const int MaxReadAhead = 16;

    private readonly Lock _lock = new();
    private readonly List<Fetch> _running = [];
    private readonly SegmentSource _source;
    private readonly MemoryBudget _budget;
    private readonly CacheDisk _disk;
    private readonly Action<CacheEntry, long, long> _added;
    private readonly CancellationTokenSource _stop = new();
    private TaskCompletionSource _room = new(TaskCreationOptions.RunContinuationsAsynchronously); // Guarded by the lock.
    private int _readAhead; // Guarded by the lock.
    private long _fetchedBytes;
    private long _fetches;

    internal FrameFetcher(SegmentSource source, MemoryBudget budget, CacheDisk disk, Action<CacheEntry, long, long> added)
    {
        _source = source;
        _budget = budget;
        _disk = disk;
        _added = added;
    }

    /// <summary>Whether all segments are in one store.</summary>
    internal bool HasOneSource => _source.IsSingle;

    /// <summary>Bytes fetched so far.</summary>
    internal long FetchedBytes => Volatile.Read(ref _fetchedBytes);

    /// <summary>Requests made so far.</summary>
    internal long Fetches => Volatile.Read(ref _fetches);

    /// <summary>Fetches what is missing of a half-open range of frames, one request for each run.</summary>
    /// <param name="entry">The segment's entry.</param>
    /// <param name="first">The first frame wanted.</param>
    /// <param name="end">The frame after the last one wanted.</param>
    /// <param name="reach">How far the last request may go on past the end, as in <see cref="StartReadAhead"/>; it does if there is memory for that and the cache's disk takes it.</param>
    /// <param name="cancel">Ends the wait, not the requests.</param>
    internal async ValueTask<FsError> FetchAsync(CacheEntry entry, long first, long end, long reach, CancellationToken cancel)
    {
        long furthest = reach;
        while (TryFindMissing(entry, first, end, _disk.IsFailing ? end : furthest, out long start, out long stop))
        {
            Fetch fetch = Join(entry, start, stop, end);
            FsError error = await fetch.Done.Task.WaitAsync(cancel);
            if (error != FsError.None && (!fetch.IsCutOff || fetch.End <= end || furthest == end))
            {
                return error;
            }

            furthest = error == FsError.None ? furthest : end; // What the object lacks may be behind what is wanted.
        }

        return FsError.None;
    }

    /// <summary>Reads sealed frames into <paramref name="sealedFrames"/>, past the cache. Answers the number of the store that gave them; those of <paramref name="avoid"/> are asked last.</summary>
    internal async ValueTask<FsResult<int>> FetchAroundAsync(
        SegmentId segment, long first, Memory<byte> sealedFrames, ulong avoid, CancellationToken cancel)
    {
        Interlocked.Increment(ref _fetches);
        StoreResult<SourceRead> read = await _source.ReadAsync(
            segment, SegmentFormat.SealedFrameOffset(first), sealedFrames, needed: 0, avoid, cancel); // The last frame may be short.
        if (!read.Succeeded)
        {
            return read.Error.ToFsError();
        }

        Interlocked.Add(ref _fetchedBytes, read.Value.Length);
        sealedFrames.Span[read.Value.Length..].Clear();
        return read.Value.Store;
    }

    /// <summary>Starts fetches for what is missing of a half-open range, as long as memory and slots last.</summary>
    /// <param name="entry">The segment's entry.</param>
    /// <param name="first">The first frame wanted.</param>
    /// <param name="end">The frame after the last one wanted.</param>
    /// <param name="reach">The frame before which the last request may go on past the end, up to its full length: a reader that has come far will want that too, and each request has its price. Else the end.</param>
    /// <returns>The frame before which all is here or on its way, or cannot be kept: <paramref name="end"/>, or less when memory or slots were used up.</returns>
    internal long StartReadAhead(CacheEntry entry, long first, long end, long reach)
    {
        while (first < end && !_disk.IsFailing && TryFindMissing(entry, first, end, reach, out long start, out long stop))
        {
            if (TryReadAhead(entry, start, stop) is not { } fetch)
            {
                return start;
            }

            first = fetch.End; // One under way may end before.
        }

        return end;
    }

    /// <summary>Waits until a fetch that is under way has ended; not at all when there is none. False: nothing is fetched any more.</summary>
    internal async ValueTask<bool> WaitForRoomAsync()
    {
        Task room;
        lock (_lock)
        {
            room = _running.Count == 0 ? Task.CompletedTask : _room.Task;
        }

        await room;
        return !_stop.IsCancellationRequested;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _stop.Cancel();
        Task[] running;
        lock (_lock)
        {
            running = [.. _running.ConvertAll(static fetch => (Task)fetch.Done.Task)];
        }

        Task.WaitAll(running);
        _stop.Dispose();
    }

    // The next run to ask for, which begins within the range. If it may go on, it ends on one grid: requests of stretches that overlap meet without a remnant between them, which would be one more.
    private static bool TryFindMissing(CacheEntry entry, long first, long end, long reach, out long start, out long stop)
    {
        bool found = entry.TryFindMissing(first, Math.Min(reach, entry.FrameCount), MaxFrames, out start, out stop);
        stop = reach > end ? Math.Min(stop, ((start / MaxFrames) + 1) * MaxFrames) : stop;
        return found && start < end;
    }

    // Returns the run that brings frame `start`: one under way, or a new one that ends before the next one under way. What is behind `needed` is left out when memory is short.
    private Fetch Join(CacheEntry entry, long start, long stop, long needed)
    {
        Fetch mine;
        lock (_lock)
        {
            if (FindRunning(entry, start, ref stop) is { } running)
            {
                return running;
            }

            if (stop <= needed || !_budget.TryReserveFetch((stop - start) * SegmentFormat.SealedFrameSize))
            {
                stop = Math.Min(stop, needed);
                _budget.ReserveFetch((stop - start) * SegmentFormat.SealedFrameSize);
            }

            mine = Begin(entry, start, stop, readAhead: false);
        }

        Run(mine);
        return mine;
    }

    // As Join does, but null when memory or slots are used up, or nothing is fetched any more.
    private Fetch? TryReadAhead(CacheEntry entry, long start, long stop)
    {
        Fetch mine;
        lock (_lock)
        {
            if (FindRunning(entry, start, ref stop) is { } running)
            {
                return running;
            }

            // Reserved here and not where it runs: what comes next must see it.
            if (_stop.IsCancellationRequested || _readAhead >= MaxReadAhead || !_budget.TryReserveReadAhead((stop - start) * SegmentFormat.SealedFrameSize))
            {
                return null;
            }

            _readAhead++;
            mine = Begin(entry, start, stop, readAhead: true);
        }

        Run(mine);
        return mine;
    }

    // The one under way that brings a frame. Null: none does, and the next one under way begins at `stop` or behind.
    private Fetch? FindRunning(CacheEntry entry, long start, ref long stop)
    {
        foreach (Fetch fetch in _running)
        {
            if (fetch.Entry != entry)
            {
                continue;
            }

            if (fetch.First <= start && start < fetch.End)
            {
                return fetch;
            }

            if (fetch.First > start && fetch.First < stop)
            {
                stop = fetch.First;
            }
        }

        return null;
    }

    // The caller reads the entry, so its file is open; from here on the fetch keeps it open.
    private Fetch Begin(CacheEntry entry, long start, long stop, bool readAhead)
    {
        var fetch = new Fetch(entry, entry.TryJoin()!, start, stop, readAhead);
        _running.Add(fetch);
        return fetch;
    }

    // A store on a disk or NAS answers on the caller's thread, which may be one that serves requests.
    private void Run(Fetch fetch) => _ = Task.Run(() => RunAsync(fetch), CancellationToken.None);

    private async Task RunAsync(Fetch fetch)
    {
        FsError outcome = FsError.Io;
        try
        {
            outcome = await FillAsync(fetch);
        }
        catch (OperationCanceledException)
        {
            outcome = FsError.Interrupted; // The volume is closing.
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            outcome = FsError.NoSpace; // Full or broken, the cache's disk does not take it: the store's answer goes around it.
            _disk.Failed(exception.HResult);
        }
        finally
        {
            _budget.ReleaseFetch((fetch.End - fetch.First) * SegmentFormat.SealedFrameSize);
            fetch.Entry.Leave();
            TaskCompletionSource room;
            lock (_lock)
            {
                _running.Remove(fetch);
                _readAhead -= fetch.IsReadAhead ? 1 : 0;
                room = _room;
                _room = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            }

            fetch.Done.SetResult(outcome);
            room.SetResult();
        }
    }

    private async Task<FsError> FillAsync(Fetch fetch)
    {
        (CacheEntry entry, SafeFileHandle file, long first, long end, _) = fetch;
        long offset = SegmentFormat.SealedFrameOffset(first);
        int wanted = (int)Math.Min((end - first) * SegmentFormat.SealedFrameSize, entry.ObjectLength - offset);
        byte[] buffer = ArrayPool<byte>.Shared.Rent(wanted);
        try
        {
            StoreResult<SourceRead> read = await _source.ReadAsync(
                entry.Segment, offset, buffer.AsMemory(0, wanted), wanted, entry.Distrusted, _stop.Token);
            Interlocked.Increment(ref _fetches);
            if (!read.Succeeded)
            {
                fetch.IsCutOff = read.Error == StoreError.Corrupt;
                return read.Error.ToFsError();
            }

            Interlocked.Add(ref _fetchedBytes, read.Value.Length);
            entry.Source = read.Value.Store;
            RandomAccess.Write(file, buffer.AsSpan(0, wanted), offset);
            _disk.Worked();
            _added(entry, first, end);
            return FsError.None;
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    private sealed record Fetch(CacheEntry Entry, SafeFileHandle File, long First, long End, bool IsReadAhead)
    {
        // Before it is done: whether the object has less than was asked for.
        internal bool IsCutOff { get; set; }

        internal TaskCompletionSource<FsError> Done { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }
}
