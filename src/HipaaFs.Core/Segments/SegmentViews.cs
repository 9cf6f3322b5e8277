using System.Diagnostics.CodeAnalysis;
using HipaaFs.Cache;
using HipaaFs.Crypto;
using HipaaFs.Metadata;
using HipaaFs.Staging;
using Microsoft.Win32.SafeHandles;

namespace HipaaFs.Segments;

/// <summary>The segments that are open for reading, so that a hit costs a dictionary look-up and no system call but pread(2).</summary>
/// <remarks>Thread-safe. Bounded: the least recently used view that nobody reads goes first.</remarks>
internal sealed class SegmentViews : IDisposable
{
    private const int MaxViews = 512;

    private readonly Lock _lock = new();
    private readonly Dictionary<SegmentId, SegmentView> _views = [];
    private readonly IMetadataStore _metadata;
    private readonly StagingArea _staging;
    private readonly FrameCache _cache;
    private readonly KeyRing _ring;
    private long _clock;

    internal SegmentViews(IMetadataStore metadata, StagingArea staging, FrameCache cache, KeyRing ring)
    {
        _metadata = metadata;
        _staging = staging;
        _cache = cache;
        _ring = ring;
        _cache.Evicted += Forget;
    }

    /// <summary>Finds an open view; the caller releases it.</summary>
    internal bool TryGet(SegmentId id, [NotNullWhen(true)] out SegmentView? view)
    {
        lock (_lock)
        {
            if (!_views.TryGetValue(id, out view))
            {
                return false;
            }

            view.AddReference();
            view.LastUse = ++_clock;
            return true;
        }
    }

    /// <summary>Opens a segment; the caller releases the view.</summary>
    internal async ValueTask<FsResult<SegmentView>> OpenAsync(SegmentId id, CancellationToken cancel)
    {
        if (TryGet(id, out SegmentView? open))
        {
            return open;
        }

        // A staged file that is gone was uploaded and renamed since the row was read; the row says so by now.
        const int attempts = 2;
        for (int i = 0; i < attempts; i++)
        {
            MetadataResult<SegmentRow> row = await _metadata.GetSegmentAsync(id, cancel);
            if (!row.Succeeded)
            {
                return row.Error == MetadataError.NotFound ? FsError.Io : row.Error.ToFsError();
            }

            SegmentView? made = TryOpenStaged(row.Value) ?? TryOpenCached(row.Value);
            if (made is not null)
            {
                return made.File is null ? made : Keep(made); // Without a file it is this reader's alone: the next one asks the cache again.
            }
        }

        return FsError.Io;
    }

    /// <summary>Closes a segment for later readers; those who read it now go on.</summary>
    internal void Forget(SegmentId id)
    {
        SegmentView? view;
        lock (_lock)
        {
            if (!_views.Remove(id, out view))
            {
                return;
            }
        }

        view.Release();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _cache.Evicted -= Forget;
        ForgetAll();
    }

    /// <summary>Closes all segments for later readers.</summary>
    internal void ForgetAll()
    {
        lock (_lock)
        {
            foreach (SegmentView view in _views.Values)
            {
                view.Release();
            }

            _views.Clear();
        }
    }

    private SegmentView? TryOpenStaged(SegmentRow row)
    {
        SafeFileHandle? file = _staging.TryOpen(row.Id);
        return file is null ? null : new SegmentView(row, file, entry: null, _ring);
    }

    // Null when the row is from before the segment was finished, so that the object's length is not known.
    private SegmentView? TryOpenCached(SegmentRow row)
    {
        CacheEntry? entry = _cache.TryEnter(row.Id, row.ObjectLength, out SafeFileHandle? file);
        return entry is null && row.ObjectLength <= 0 ? null : new SegmentView(row, file, entry, _ring);
    }

    private SegmentView Keep(SegmentView made)
    {
        SegmentView? victim = null;
        SegmentView kept = made;
        lock (_lock)
        {
            if (_views.TryGetValue(made.Id, out SegmentView? other))
            {
                victim = made;
                kept = other;
            }
            else
            {
                _views.Add(made.Id, made);
                if (_views.Count > MaxViews)
                {
                    victim = RemoveLeastRecentlyUsed(made);
                }
            }

            kept.AddReference();
            kept.LastUse = ++_clock;
        }

        victim?.Release();
        return kept;
    }

    private SegmentView? RemoveLeastRecentlyUsed(SegmentView except)
    {
        SegmentView? oldest = null;
        foreach (SegmentView view in _views.Values)
        {
            if (view != except && (oldest is null || view.LastUse < oldest.LastUse))
            {
                oldest = view;
            }
        }

        if (oldest is not null)
        {
            _views.Remove(oldest.Id);
        }

        return oldest;
    }
}
