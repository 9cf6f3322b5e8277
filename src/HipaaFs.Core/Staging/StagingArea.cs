using System.Diagnostics.CodeAnalysis;
using HipaaFs.Crypto;
using HipaaFs.Metadata;
using HipaaFs.Platform;
using Microsoft.Win32.SafeHandles;

namespace HipaaFs.Staging;

/// <summary>The directory of sealed segments that are not uploaded yet: one file each, the object itself or its beginning.</summary>
/// <remarks>Thread-safe. What is in the table is in the directory; recovery has made the two agree before anything else runs.</remarks>
internal sealed class StagingArea
{
    /// <summary>Matches the files of segments in a staging directory.</summary>
    internal const string Pattern = "*" + Extension;

    private const string Extension = ".seg";
    private const long LargestReserve = 32L << 20;
    private const int ReserveShare = 16;

    private readonly Lock _lock = new();
    private readonly Dictionary<SegmentId, StagedSegment> _segments = [];
    private readonly Dictionary<SegmentId, long> _lengths = [];
    private readonly HashSet<SegmentId> _stranded = [];
    private readonly StagingOptions _options;
    private TaskCompletionSource? _room;
    private long _bytes;

    internal StagingArea(StagingOptions options)
    {
        _options = options;
        DurableFile.EnsureDirectory(options.Directory);
    }

    /// <summary>The directory.</summary>
    internal string Directory => _options.Directory;

    /// <summary>Bytes held.</summary>
    internal long Bytes => Volatile.Read(ref _bytes);

    /// <summary>Whether writers must wait, or fail.</summary>
    internal bool IsFull => Bytes >= _options.MaxBytes;

    /// <summary>
    /// Whether the disk takes so many more bytes and keeps room for what must never fail for want of it: the metadata's commits, which may be on the same disk.
    /// </summary>
    internal bool HasRoomFor(long bytes)
    {
        FreeSpace space = FreeSpace.Of(_options.Directory);
        return space.Available >= bytes + Math.Min(LargestReserve, space.Total / ReserveShare);
    }

    /// <summary>Whether so many more bytes leave half of it to writers, for what can wait until there is room.</summary>
    internal bool HasSpareRoomFor(long bytes) => Bytes + bytes <= _options.MaxBytes / 2 && HasRoomFor(bytes);

    /// <summary>The same for what has to be held as a whole, however large: what is more than a half by itself goes when little else is held.</summary>
    internal bool HasSpareRoomForWhole(long bytes) => HasSpareRoomFor(bytes) || (bytes > _options.MaxBytes / 2 && Bytes <= _options.MaxBytes / 8 && HasRoomFor(bytes));

    /// <summary>What writers meet when it is full.</summary>
    internal StagingFullMode WhenFull => _options.WhenFull;

    /// <summary>How many segments are held, and since when the oldest. One that has just been begun and holds no byte yet is none.</summary>
    internal (int Count, DateTimeOffset? Oldest) Summary
    {
        get
        {
            lock (_lock)
            {
                int count = 0;
                DateTimeOffset? oldest = null;
                foreach (StagedSegment segment in _segments.Values)
                {
                    if (_lengths[segment.Id] == 0)
                    {
                        continue;
                    }

                    count++;
                    if (oldest is null || segment.Since < oldest)
                    {
                        oldest = segment.Since;
                    }
                }

                return (count, oldest);
            }
        }
    }

    /// <summary>Path that a segment's file has.</summary>
    internal string PathOf(SegmentId segment) => Path.Combine(_options.Directory, segment + Extension);

    /// <summary>Takes a segment in whose file exists.</summary>
    internal StagedSegment Add(SegmentRow row, DateTimeOffset since, long length)
    {
        var staged = new StagedSegment(row, PathOf(row.Id), since);
        lock (_lock)
        {
            _segments[row.Id] = staged;
            _lengths[row.Id] = length;
            _bytes += length;
        }

        return staged;
    }

    /// <summary>Segments that were never finished and that nothing writes to any more: they cannot be uploaded, only repacked.</summary>
    internal IReadOnlyList<StagedSegment> Stranded
    {
        get
        {
            lock (_lock)
            {
                return [.. _stranded.Select(id => _segments[id])];
            }
        }
    }

    /// <summary>Notes that a segment will never be finished.</summary>
    internal void Strand(SegmentId segment)
    {
        lock (_lock)
        {
            if (_segments.ContainsKey(segment))
            {
                _stranded.Add(segment);
            }
        }
    }

    /// <summary>Notes that a segment's file has grown.</summary>
    internal void Grow(SegmentId segment, long bytes)
    {
        lock (_lock)
        {
            if (_lengths.TryGetValue(segment, out long length))
            {
                _lengths[segment] = length + bytes;
                _bytes += bytes;
            }
        }
    }

    /// <summary>Lets a segment go, whose file was renamed or deleted.</summary>
    internal void Remove(SegmentId segment)
    {
        TaskCompletionSource? room = null;
        lock (_lock)
        {
            _stranded.Remove(segment);
            if (_segments.Remove(segment) && _lengths.Remove(segment, out long length))
            {
                _bytes -= length;
            }

            if (_bytes < _options.MaxBytes)
            {
                room = _room;
                _room = null;
            }
        }

        room?.SetResult();
    }

    /// <summary>Finds a staged segment.</summary>
    internal bool TryGet(SegmentId segment, [NotNullWhen(true)] out StagedSegment? staged)
    {
        lock (_lock)
        {
            return _segments.TryGetValue(segment, out staged);
        }
    }

    /// <summary>Opens a staged segment's file for reading. Null when it is not in staging.</summary>
    internal SafeFileHandle? TryOpen(SegmentId segment)
    {
        if (!TryGet(segment, out StagedSegment? staged))
        {
            return null;
        }

        try
        {
            return File.OpenHandle(staged.Path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        }
        catch (FileNotFoundException)
        {
            return null; // Uploaded and renamed between the two steps: it is in the cache now.
        }
    }

    /// <summary>Completes when there is room.</summary>
    internal Task WaitForRoomAsync(CancellationToken cancel)
    {
        lock (_lock)
        {
            if (_bytes < _options.MaxBytes)
            {
                return Task.CompletedTask;
            }

            _room ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            return _room.Task.WaitAsync(cancel);
        }
    }

    /// <summary>The segments whose files are in the directory, by name.</summary>
    internal IEnumerable<(SegmentId Id, string Path)> Scan()
    {
        foreach (string path in System.IO.Directory.EnumerateFiles(_options.Directory, Pattern))
        {
            if (SegmentId.TryParse(Path.GetFileNameWithoutExtension(path), out SegmentId id))
            {
                yield return (id, path);
            }
        }
    }
}
