using System.Diagnostics;
using HipaaFs.Crypto;
using HipaaFs.Metadata;
using Microsoft.Win32.SafeHandles;

namespace HipaaFs.Cache;

/// <summary>What the cache has of one segment: all of it, or the frames whose bits are set.</summary>
/// <remarks>Thread-safe. Bits are set after the bytes are in the file; a bit that lies is caught by authentication.</remarks>
internal sealed class CacheEntry
{
    private const int MaxFrequency = 3;

    private readonly ulong[]? _bits;
    private readonly ulong[] _touched;
    private readonly Lock _fileLock = new();
    private SafeFileHandle? _file;
    private long _cachedFrames;
    private int _source;
    private ulong _distrusted;
    private long _lastTouched = -1;
    private int _readers;

    /// <summary>An entry for <paramref name="objectLength"/> bytes; complete when <paramref name="bits"/> is null.</summary>
    internal CacheEntry(SegmentId segment, long objectLength, ulong[]? bits)
    {
        Segment = segment;
        ObjectLength = objectLength;
        _bits = bits;
        _touched = new ulong[WordsFor(objectLength)];
        _cachedFrames = bits is null ? FrameCount : Count(bits);
    }

    /// <summary>The segment.</summary>
    internal SegmentId Segment { get; }

    /// <summary>Length of the object in the store.</summary>
    internal long ObjectLength { get; }

    /// <summary>Sealed frames that fit in the object: an upper bound, since index and trailer are in it too.</summary>
    internal long FrameCount => FramesFor(ObjectLength);

    /// <summary>Whether the whole object is here, index and trailer included.</summary>
    internal bool IsComplete => _bits is null;

    /// <summary>Bytes on the disk.</summary>
    internal long CachedBytes => IsComplete ? ObjectLength : Volatile.Read(ref _cachedFrames) * SegmentFormat.SealedFrameSize;

    /// <summary>Whether the entry has left the cache. Guarded by the cache.</summary>
    internal bool IsGone { get; set; }

    /// <summary>Hits since it was last considered for eviction, at most 3 (S3-FIFO).</summary>
    internal int Frequency { get; set; }

    /// <summary>Whether bits were set since the map was last saved.</summary>
    internal bool IsMapDirty { get; private set; }

    /// <summary>The map, for saving; null when complete.</summary>
    internal ulong[]? Bits => _bits;

    /// <summary>Number of the store that gave the newest frames.</summary>
    internal int Source
    {
        get => Volatile.Read(ref _source);
        set => Volatile.Write(ref _source, value);
    }

    /// <summary>Mask of the stores that gave frames of which one was not authentic. A preference: when no other store has them, they are asked again.</summary>
    internal ulong Distrusted => Volatile.Read(ref _distrusted);

    /// <summary>Notes that the newest frames were bad.</summary>
    internal void DistrustSource() => Interlocked.Or(ref _distrusted, SegmentCopies.In(Source));

    /// <summary>Words of the map of an object.</summary>
    internal static int WordsFor(long objectLength) => (int)((FramesFor(objectLength) + 63) / 64);

    /// <summary>Whether the frames of a half-open range are here.</summary>
    internal bool HasFrames(long first, long end)
    {
        ulong[]? bits = _bits;
        if (bits is null)
        {
            return true;
        }

        for (long frame = first; frame < end; frame++)
        {
            if (!IsSet(bits, frame))
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>The first run of missing frames in a half-open range, at most <paramref name="most"/> long; false when none is missing.</summary>
    internal bool TryFindMissing(long first, long end, long most, out long start, out long stop)
    {
        start = stop = end;
        ulong[]? bits = _bits;
        if (bits is null)
        {
            return false;
        }

        start = first;
        while (start < end && IsSet(bits, start))
        {
            start++;
        }

        stop = start;
        while (stop < end && stop - start < most && !IsSet(bits, stop))
        {
            stop++;
        }

        return start < stop;
    }

    /// <summary>Says that the frames of a half-open range are in the file. Returns how many are new. Guarded by the cache, which counts them.</summary>
    internal long Mark(long first, long end)
    {
        ulong[]? bits = _bits;
        if (bits is null)
        {
            return 0;
        }

        long added = 0;
        for (long frame = first; frame < end; frame++)
        {
            ulong bit = 1UL << (int)(frame % 64);
            if ((Interlocked.Or(ref bits[frame / 64], bit) & bit) == 0)
            {
                added++;
            }
        }

        Interlocked.Add(ref _cachedFrames, added);
        IsMapDirty = true;
        return added;
    }

    /// <summary>Says that the frames of a half-open range are not in the file after all. Returns how many it had. Guarded by the cache, which counts them.</summary>
    internal long Unmark(long first, long end)
    {
        ulong[]? bits = _bits;
        if (bits is null)
        {
            return 0;
        }

        long removed = 0;
        for (long frame = first; frame < end; frame++)
        {
            ulong bit = 1UL << (int)(frame % 64);
            if ((Interlocked.And(ref bits[frame / 64], ~bit) & bit) != 0)
            {
                removed++;
            }
        }

        Interlocked.Add(ref _cachedFrames, -removed);
        IsMapDirty = true;
        return removed;
    }

    /// <summary>Notes a read that begins with a frame. One pass over the segment is one use, in however many reads it is made: only a reader who comes back counts as a hit.</summary>
    /// <remarks>Racing hits may be lost: it is a hint.</remarks>
    internal void Touch(long frame)
    {
        if (frame == _lastTouched || frame / 64 >= _touched.Length)
        {
            return;
        }

        _lastTouched = frame;
        ulong bit = 1UL << (int)(frame % 64);
        if ((Interlocked.Or(ref _touched[frame / 64], bit) & bit) == 0)
        {
            return;
        }

        Array.Clear(_touched);
        _touched[frame / 64] = bit;
        if (Frequency < MaxFrequency)
        {
            Frequency++;
        }
    }

    /// <summary>Counts a reader in and gives it the file, which is opened for the first and closed after the last. Null when it cannot be opened.</summary>
    /// <remarks>An entry that leaves the cache keeps its file as long as it has readers, and what is fetched for them goes to it.</remarks>
    internal SafeFileHandle? TryEnter(Func<CacheEntry, SafeFileHandle?> open)
    {
        if (TryJoin() is { } shared)
        {
            return shared;
        }

        SafeFileHandle? opened = open(this); // Without the lock: a disk may take its time, and other readers may have the file meanwhile.
        if (opened is null)
        {
            return null;
        }

        SafeFileHandle file;
        lock (_fileLock)
        {
            file = _file ??= opened;
            _readers++;
        }

        if (file != opened)
        {
            opened.Dispose();
        }

        return file;
    }

    /// <summary>Counts a reader in beside others and gives it their file. Null when there are none.</summary>
    internal SafeFileHandle? TryJoin()
    {
        lock (_fileLock)
        {
            _readers += _file is null ? 0 : 1;
            return _file;
        }
    }

    /// <summary>Counts a reader out.</summary>
    internal void Leave()
    {
        SafeFileHandle? unused = null;
        lock (_fileLock)
        {
            Debug.Assert(_readers > 0, "left once too often");
            if (--_readers == 0)
            {
                unused = _file;
                _file = null;
            }
        }

        unused?.Dispose();
    }

    /// <summary>Says that the map on the disk is as the one in memory.</summary>
    internal void MapSaved() => IsMapDirty = false;

    private static long FramesFor(long objectLength) =>
        (Math.Max(0, objectLength - SegmentFormat.HeaderSize) + SegmentFormat.SealedFrameSize - 1) / SegmentFormat.SealedFrameSize;

    private static bool IsSet(ulong[] bits, long frame) =>
        frame / 64 < bits.Length && (Volatile.Read(ref bits[frame / 64]) & (1UL << (int)(frame % 64))) != 0;

    private static long Count(ulong[] bits)
    {
        long count = 0;
        foreach (ulong word in bits)
        {
            count += System.Numerics.BitOperations.PopCount(word);
        }

        return count;
    }
}
