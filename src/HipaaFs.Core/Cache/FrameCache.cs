using System.Diagnostics;
using HipaaFs.Crypto;
using HipaaFs.Memory;
using HipaaFs.Metadata;
using HipaaFs.Placements;
using HipaaFs.Platform;
using Microsoft.Extensions.Logging;
using Microsoft.Win32.SafeHandles;

namespace HipaaFs.Cache;

/// <summary>Local copies of sealed frames: per segment one file of the object's own bytes, whole or with gaps, never anything readable.</summary>
/// <remarks>
/// <para>A complete entry is a staged segment that was uploaded and renamed; the others are filled by fetches of runs of frames (<see cref="FrameFetcher"/>).</para>
/// <para>Thread-safe. One lock for the table, held over memory only. Size and keep-free limits are kept by evicting whole segments after each change.</para>
/// </remarks>
internal sealed partial class FrameCache : IDisposable
{
    private readonly Lock _lock = new();
    private readonly Dictionary<SegmentId, CacheEntry> _entries = [];
    private readonly HashSet<SegmentId> _leaving = []; // Their files are being deleted: no new ones are made under the same names until that is done.
    private readonly EvictionQueue _queue = new();
    private readonly CacheFiles _files;
    private readonly CacheOptions _options;
    private readonly FileLock _owner;
    private readonly FrameFetcher _fetcher;
    private readonly CacheDisk _disk;
    private readonly ILogger _logger;
    private long _bytes;
    private long _badFrames;

    private FrameCache(CacheOptions options, CacheFiles files, FileLock owner, SegmentSource source, MemoryBudget budget, ILogger logger)
    {
        _options = options;
        _files = files;
        _owner = owner;
        _logger = logger;
        _disk = new CacheDisk(logger);
        _fetcher = new FrameFetcher(source, budget, _disk, Added);
    }

    /// <summary>Raised when a segment's local file is no longer to be used.</summary>
    internal event Action<SegmentId>? Evicted;

    /// <summary>What it holds.</summary>
    internal CacheUsage Usage
    {
        get
        {
            lock (_lock)
            {
                return new CacheUsage(
                    _bytes, _options.MaxBytes, _entries.Count, _fetcher.FetchedBytes, _fetcher.Fetches, Volatile.Read(ref _badFrames));
            }
        }
    }

    /// <summary>Opens a cache directory and takes it over. Null when another process has it.</summary>
    internal static FrameCache? TryOpen(CacheOptions options, SegmentSource source, MemoryBudget budget, ILogger logger)
    {
        var files = new CacheFiles(options.Directory);
        FileLock? owner = FileLock.TryAcquire(Path.Combine(options.Directory, "owner"));
        if (owner is null)
        {
            return null;
        }

        var cache = new FrameCache(options, files, owner, source, budget, logger);
        foreach (CacheEntry entry in files.Load())
        {
            cache.Add(entry);
        }

        cache.MakeRoom();
        return cache;
    }

    /// <summary>Whether all segments are in one store, so that there is no other copy of what it gives.</summary>
    internal bool HasOneSource => _fetcher.HasOneSource;

    /// <summary>Bytes that it has of the pinned segments.</summary>
    internal long PinnedBytes
    {
        get
        {
            long bytes = 0;
            lock (_lock)
            {
                foreach (SegmentId segment in _queue.Pinned)
                {
                    bytes += _entries.TryGetValue(segment, out CacheEntry? entry) ? entry.CachedBytes : 0;
                }
            }

            return bytes;
        }
    }

    /// <summary>Whether exactly these segments are pinned.</summary>
    internal bool HasPinned(IReadOnlyCollection<SegmentId> segments)
    {
        lock (_lock)
        {
            return _queue.Pinned.SetEquals(segments);
        }
    }

    /// <summary>Says which segments, in the place of those before, are not evicted.</summary>
    internal void Pin(IReadOnlySet<SegmentId> segments)
    {
        lock (_lock)
        {
            _queue.Pinned = segments;
        }

        MakeRoom();
    }

    /// <summary>Its files.</summary>
    internal CacheFiles Files => _files;

    /// <summary>Finds or makes a segment's entry and opens its file for a reader, who leaves the entry when done. Null when there is no file to be had now.</summary>
    internal CacheEntry? TryEnter(SegmentId segment, long objectLength, out SafeFileHandle? file)
    {
        try
        {
            return Enter(segment, objectLength, out file);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            _disk.Failed(exception.HResult);
            file = null;
            return null;
        }
    }

    private CacheEntry? Enter(SegmentId segment, long objectLength, out SafeFileHandle? file)
    {
        while (true)
        {
            CacheEntry? entry = GetOrAdd(segment, objectLength);
            if (entry is null)
            {
                file = null;
                return null;
            }

            file = entry.TryEnter(_files.TryOpen);
            if (file is null)
            {
                Remove(entry); // Somebody deleted the file of a complete entry.
                continue;
            }

            // An entry that has left meanwhile may have opened its successor's file.
            lock (_lock)
            {
                if (!entry.IsGone)
                {
                    return entry;
                }
            }

            entry.Leave();
        }
    }

    /// <summary>Whether a range of a segment's plaintext, which is not empty, can be read from here.</summary>
    internal bool HasRange(SegmentId segment, long plaintextOffset, long length)
    {
        CacheEntry? entry;
        lock (_lock)
        {
            entry = _entries.GetValueOrDefault(segment);
        }

        return entry?.HasFrames(plaintextOffset / SegmentFormat.FrameSize, ((plaintextOffset + length - 1) / SegmentFormat.FrameSize) + 1) == true;
    }

    /// <summary>Makes an uploaded staged segment a complete entry, by renaming its file.</summary>
    internal void Adopt(SegmentId segment, string stagedPath, long objectLength)
    {
        _files.CreateParent(segment);
        File.Move(stagedPath, _files.WholePath(segment), overwrite: true);
        var entry = new CacheEntry(segment, objectLength, bits: null);
        CacheEntry? old;
        lock (_lock)
        {
            if (_entries.Remove(segment, out old))
            {
                old.IsGone = true;
                _bytes -= old.CachedBytes;
            }

            Add(entry);
        }

        if (old is { IsComplete: false })
        {
            _files.DeletePartial(segment);
        }

        Evicted?.Invoke(segment); // Whoever reads the staged file goes on; the next reader finds the entry, which counts its hits and can be repaired.
        MakeRoom();
    }

    /// <summary>Makes an entry that has all frames of its segment a complete one, which the segment can be copied to other stores from. Index and trailer are fetched, in one request at most; the header follows from the row.</summary>
    /// <param name="row">The segment, which is finished.</param>
    /// <param name="fetches">Whether a store is asked for what is missing behind the frames; else nothing is done then.</param>
    /// <param name="cancel">Ends the wait for the store.</param>
    /// <returns>Whether the whole object is here now. What of it is authentic is seen when it is used.</returns>
    internal async ValueTask<bool> TryCompleteAsync(SegmentRow row, bool fetches, CancellationToken cancel)
    {
        if (!HasRange(row.Id, 0, row.PlaintextLength) || TryEnter(row.Id, row.ObjectLength, out SafeFileHandle? file) is not { } entry)
        {
            return false;
        }

        try
        {
            if (entry.IsComplete)
            {
                return true;
            }

            bool isAllHere = entry.HasFrames(0, entry.FrameCount)
                || (fetches && entry.HasFrames(0, SegmentFormat.FrameCount(row.PlaintextLength)) && await FetchAsync(entry, 0, entry.FrameCount, entry.FrameCount, cancel) == FsError.None);
            return isAllHere && TryComplete(entry, new SegmentHeader(row.Id, row.Epoch, row.Class), file!);
        }
        finally
        {
            entry.Leave();
        }
    }

    /// <summary>Gives up frames of which one is bad here: the bits of an entry with gaps, or the whole of a complete one, whose file may be the store's own.</summary>
    internal void Discard(CacheEntry entry, long first, long end)
    {
        Interlocked.Increment(ref _badFrames);
        if (entry.IsComplete)
        {
            Remove(entry);
            return;
        }

        entry.DistrustSource();
        lock (_lock)
        {
            long removed = entry.Unmark(first, end);
            _bytes -= entry.IsGone ? 0 : removed * SegmentFormat.SealedFrameSize;
        }
    }

    /// <inheritdoc cref="FrameFetcher.FetchAsync"/>
    internal ValueTask<FsError> FetchAsync(CacheEntry entry, long first, long end, long reach, CancellationToken cancel) =>
        _fetcher.FetchAsync(entry, first, end, reach, cancel);

    /// <summary>Reads sealed frames past the cache, for a cache disk that takes no more. Answers the number of the store that gave them.</summary>
    internal ValueTask<FsResult<int>> FetchAroundAsync(SegmentId segment, long first, Memory<byte> sealedFrames, ulong avoid, CancellationToken cancel) =>
        _fetcher.FetchAroundAsync(segment, first, sealedFrames, avoid, cancel);

    /// <summary>Most bytes that it keeps.</summary>
    internal long MaxBytes => _options.MaxBytes;

    /// <inheritdoc cref="FrameFetcher.StartReadAhead"/>
    internal long StartReadAhead(CacheEntry entry, long first, long end, long reach) => _fetcher.StartReadAhead(entry, first, end, reach);

    /// <inheritdoc cref="FrameFetcher.WaitForRoomAsync"/>
    internal ValueTask<bool> WaitForRoomAsync() => _fetcher.WaitForRoomAsync();

    /// <summary>Forgets a segment that is deleted for good.</summary>
    internal void Remove(SegmentId segment)
    {
        CacheEntry? entry;
        lock (_lock)
        {
            _entries.TryGetValue(segment, out entry);
        }

        if (entry is not null)
        {
            Remove(entry);
        }
    }

    /// <summary>Writes the maps of entries that have grown.</summary>
    internal void SaveMaps()
    {
        List<CacheEntry> grown = [];
        lock (_lock)
        {
            foreach (CacheEntry entry in _entries.Values)
            {
                if (entry.IsMapDirty)
                {
                    grown.Add(entry);
                }
            }
        }

        foreach (CacheEntry entry in grown)
        {
            try
            {
                _files.SaveMap(entry);
            }
            catch (IOException exception)
            {
                LogMapNotSaved(_logger, entry.Segment, exception.HResult);
            }
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _fetcher.Dispose();
        SaveMaps();
        _owner.Dispose();
    }

    private bool TryComplete(CacheEntry entry, SegmentHeader header, SafeFileHandle file)
    {
        byte[] head = new byte[SegmentFormat.HeaderSize];
        header.Write(head);
        string path = _files.PathOf(entry);
        try
        {
            RandomAccess.Write(file, head, 0);
            DurableFile.SyncData(file); // After a power cut a whole file of zeros would look like tampering.
        }
        catch (IOException exception)
        {
            _disk.Failed(exception.HResult);
            return false;
        }

        lock (_lock)
        {
            if (entry.IsGone)
            {
                return false;
            }

            entry.IsGone = true; // Its readers go on with the file that they have; others read past the cache until there is the new entry.
            _bytes -= entry.CachedBytes;
            _entries.Remove(entry.Segment);
            _leaving.Add(entry.Segment);
        }

        var complete = new CacheEntry(entry.Segment, entry.ObjectLength, bits: null);
        bool isMoved = false;
        try
        {
            File.Move(path, _files.WholePath(entry.Segment), overwrite: true);
            isMoved = true;
            _files.DeletePartial(entry.Segment);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            _disk.Failed(exception.HResult);
        }
        finally
        {
            lock (_lock)
            {
                _leaving.Remove(entry.Segment);
                if (isMoved)
                {
                    Add(complete);
                }
            }
        }

        Evicted?.Invoke(entry.Segment);
        MakeRoom();
        return isMoved;
    }

    private CacheEntry? GetOrAdd(SegmentId segment, long objectLength)
    {
        lock (_lock)
        {
            if (_entries.TryGetValue(segment, out CacheEntry? known))
            {
                return known;
            }

            if (objectLength <= 0 || _leaving.Contains(segment))
            {
                return null;
            }
        }

        var entry = new CacheEntry(segment, objectLength, new ulong[CacheEntry.WordsFor(objectLength)]);
        return Add(entry);
    }

    private CacheEntry Add(CacheEntry entry)
    {
        lock (_lock)
        {
            if (!_entries.TryAdd(entry.Segment, entry))
            {
                return _entries[entry.Segment];
            }

            _bytes += entry.CachedBytes;
            _queue.Add(entry);
            return entry;
        }
    }

    private void Remove(CacheEntry entry)
    {
        lock (_lock)
        {
            if (entry.IsGone)
            {
                return;
            }

            entry.IsGone = true;
            _bytes -= entry.CachedBytes;
            if (_entries.TryGetValue(entry.Segment, out CacheEntry? current) && current == entry)
            {
                _entries.Remove(entry.Segment);
            }

            _leaving.Add(entry.Segment);
        }

        try
        {
            _files.Delete(entry);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            LogNotDeleted(_logger, entry.Segment, exception.HResult);
        }
        finally
        {
            lock (_lock)
            {
                _leaving.Remove(entry.Segment);
            }
        }

        Evicted?.Invoke(entry.Segment);
    }

    private void Added(CacheEntry entry, long first, long end)
    {
        lock (_lock)
        {
            long added = entry.Mark(first, end);
            _bytes += entry.IsGone ? 0 : added * SegmentFormat.SealedFrameSize;
        }

        MakeRoom();
    }

    private void MakeRoom()
    {
        while (true)
        {
            FreeSpace space = FreeSpace.Of(_files.Directory);
            bool isDiskShort = space.Available < space.Total * _options.MinFreeRatio;
            CacheEntry? victim;
            lock (_lock)
            {
                bool isOverLimit = _bytes > _options.MaxBytes || (isDiskShort && _entries.Count > 0);
                if (!isOverLimit || !_queue.TryTakeVictim(_bytes, out victim))
                {
                    return;
                }
            }

            Remove(victim);
            LogEvicted(_logger, victim.Segment, victim.CachedBytes);
        }
    }

    [LoggerMessage(520, LogLevel.Debug, "Segment {Segment} left the cache, {Bytes} bytes")]
    private static partial void LogEvicted(ILogger logger, SegmentId segment, long bytes);

    [LoggerMessage(521, LogLevel.Warning, "The map of cached segment {Segment} could not be saved (error {Error}); its frames are fetched again after a restart")]
    private static partial void LogMapNotSaved(ILogger logger, SegmentId segment, int error);

    [LoggerMessage(524, LogLevel.Warning, "The file of segment {Segment}, which left the cache, could not be deleted (error {Error})")]
    private static partial void LogNotDeleted(ILogger logger, SegmentId segment, int error);
}
