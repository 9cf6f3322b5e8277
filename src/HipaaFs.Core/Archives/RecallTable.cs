using HipaaFs.Crypto;

namespace HipaaFs.Archives;

/// <summary>The segments that are on their way back from archives, or back for a while.</summary>
/// <remarks>Thread-safe. Bounded: <see cref="Most"/> segments, of 64 MiB each some TiB.</remarks>
internal sealed class RecallTable
{
    /// <summary>The most segments.</summary>
    internal const int Most = 1 << 17;

    private readonly Lock _lock = new();
    private readonly Dictionary<SegmentId, Recall> _recalls = []; // Guarded by _lock.
    private readonly HashSet<SegmentId> _reserved = []; // Guarded by _lock.
    private readonly Dictionary<SegmentId, TaskCompletionSource<bool>> _waiting = []; // Guarded by _lock.
    private readonly TimeProvider _time;
    private bool _isOver; // Guarded by _lock.

    internal RecallTable(TimeProvider time) => _time = time;

    /// <summary>How many there are.</summary>
    internal int Count
    {
        get
        {
            lock (_lock)
            {
                return _recalls.Count;
            }
        }
    }

    /// <summary>All of them as they are now.</summary>
    internal IReadOnlyList<Recall> All
    {
        get
        {
            lock (_lock)
            {
                return [.. _recalls.Values];
            }
        }
    }

    /// <summary>The recall of a segment; null when there is none.</summary>
    internal Recall? Find(SegmentId segment)
    {
        lock (_lock)
        {
            return _recalls.GetValueOrDefault(segment);
        }
    }

    /// <summary>Whether a segment is back.</summary>
    internal bool IsBack(SegmentId segment) => Find(segment)?.Until is { } until && until > _time.GetUtcNow();

    /// <summary>Keeps a place for a segment until <see cref="Unreserve"/>. False when there are too many.</summary>
    internal bool TryReserve(SegmentId segment)
    {
        lock (_lock)
        {
            return HasRoomFor(segment) && _reserved.Add(segment);
        }
    }

    /// <summary>Gives up the place that was kept.</summary>
    internal void Unreserve(SegmentId segment)
    {
        lock (_lock)
        {
            _reserved.Remove(segment);
        }
    }

    /// <summary>Notes a recall, or what has become of it. False when there are too many, and no place was kept for it.</summary>
    internal bool TrySet(Recall recall)
    {
        TaskCompletionSource<bool>? waiting = null;
        lock (_lock)
        {
            if (!_reserved.Contains(recall.Segment) && !HasRoomFor(recall.Segment))
            {
                return false;
            }

            _recalls[recall.Segment] = recall;
            if (recall.Until is not null)
            {
                _waiting.Remove(recall.Segment, out waiting);
            }
        }

        waiting?.SetResult(recall.Until > _time.GetUtcNow());
        return true;
    }

    /// <summary>Forgets one: it is over, or failed.</summary>
    internal void Remove(SegmentId segment)
    {
        TaskCompletionSource<bool>? waiting;
        lock (_lock)
        {
            _recalls.Remove(segment);
            _waiting.Remove(segment, out waiting);
        }

        waiting?.SetResult(false);
    }

    /// <summary>Ends all waits: nobody looks any more.</summary>
    internal void EndWaits()
    {
        List<TaskCompletionSource<bool>> waiting;
        lock (_lock)
        {
            _isOver = true;
            waiting = [.. _waiting.Values];
            _waiting.Clear();
        }

        waiting.ForEach(static one => one.SetResult(false));
    }

    /// <summary>Waits until a segment is back. False when its recall failed, is over, or there is none, and when nobody looks any more.</summary>
    internal Task<bool> WaitAsync(SegmentId segment, CancellationToken cancel)
    {
        TaskCompletionSource<bool>? waiting;
        lock (_lock)
        {
            if (_isOver || !_recalls.TryGetValue(segment, out Recall? recall))
            {
                return Task.FromResult(false);
            }

            if (recall.Until is { } until)
            {
                return Task.FromResult(until > _time.GetUtcNow());
            }

            if (!_waiting.TryGetValue(segment, out waiting))
            {
                waiting = new TaskCompletionSource<bool>(TaskCreationOptions.RunContinuationsAsynchronously);
                _waiting.Add(segment, waiting);
            }
        }

        return waiting.Task.WaitAsync(cancel);
    }

    // Under _lock.
    private bool HasRoomFor(SegmentId segment) => _recalls.ContainsKey(segment) || _recalls.Count + _reserved.Count < Most;
}
