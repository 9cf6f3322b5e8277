using System.Diagnostics;
using HipaaFs.Cache;
using HipaaFs.Crypto;
using HipaaFs.Metadata;
using Microsoft.Win32.SafeHandles;

namespace HipaaFs.Segments;

/// <summary>One segment open for reading: its key, and the local file that holds all or some of its frames.</summary>
/// <remarks>
/// Thread-safe. The file is a staged segment, which is complete, or a cache entry, which may have gaps. There is none when the cache's disk does not give one: then
/// everything is read from the store.
/// Counted: the table holds one reference, each reader one; the last to go closes the file.
/// </remarks>
internal sealed class SegmentView
{
    private const int MaxIdleCiphers = 4;

    private readonly KeyRing _ring;
    private readonly Lock _lock = new();
    private readonly Stack<SegmentCipher> _idle = new();
    private int _references = 1;

    internal SegmentView(SegmentRow row, SafeFileHandle? file, CacheEntry? entry, KeyRing ring)
    {
        Header = new SegmentHeader(row.Id, row.Epoch, row.Class);
        PlaintextLength = row.State == SegmentState.Staged ? long.MaxValue : row.PlaintextLength;
        File = file;
        Entry = entry;
        _ring = ring;
    }

    /// <summary>The segment.</summary>
    internal SegmentId Id => Header.Segment;

    /// <summary>The header, which every frame is bound to.</summary>
    internal SegmentHeader Header { get; }

    /// <summary>Plaintext in it; without bound while it is still written, since all its frames are full until it is finished.</summary>
    internal long PlaintextLength { get; }

    /// <summary>The local file; null when there is none.</summary>
    internal SafeFileHandle? File { get; }

    /// <summary>The cache's record of which frames the file has; null for a staged segment, which has them all, and without a file.</summary>
    internal CacheEntry? Entry { get; }

    /// <summary>When the table last handed it out, for its eviction. Guarded by the table.</summary>
    internal long LastUse { get; set; }

    /// <summary>Whether the frames of a half-open range are in the file.</summary>
    internal bool HasFrames(long first, long end) => File is not null && (Entry is null || Entry.HasFrames(first, end));

    /// <summary>Plaintext bytes in a frame.</summary>
    internal int FrameLength(long number) =>
        (int)Math.Min(SegmentFormat.FrameSize, PlaintextLength - (number * SegmentFormat.FrameSize));

    /// <summary>Adds a reader. Only a holder of a reference may call it, or the table under its lock.</summary>
    internal void AddReference() => Interlocked.Increment(ref _references);

    /// <summary>Takes a reader away and closes the file with the last one.</summary>
    internal void Release()
    {
        int left = Interlocked.Decrement(ref _references);
        Debug.Assert(left >= 0, "released once too often");
        if (left > 0)
        {
            return;
        }

        if (Entry is null)
        {
            File?.Dispose();
        }
        else
        {
            Entry.Leave(); // The file is the entry's.
        }

        foreach (SegmentCipher cipher in _idle)
        {
            cipher.Dispose();
        }
    }

    /// <summary>Lends a cipher to one thread.</summary>
    internal SegmentCipher RentCipher()
    {
        lock (_lock)
        {
            if (_idle.TryPop(out SegmentCipher? cipher))
            {
                return cipher;
            }
        }

        return _ring.OpenSegment(Header);
    }

    /// <summary>Takes a cipher back.</summary>
    internal void ReturnCipher(SegmentCipher cipher)
    {
        lock (_lock)
        {
            if (_idle.Count < MaxIdleCiphers)
            {
                _idle.Push(cipher);
                return;
            }
        }

        cipher.Dispose();
    }
}
