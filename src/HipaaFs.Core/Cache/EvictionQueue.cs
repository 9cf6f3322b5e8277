using System.Diagnostics.CodeAnalysis;
using HipaaFs.Crypto;

namespace HipaaFs.Cache;

/// <summary>Decides which segment leaves the cache: S3-FIFO (Yang et al., SOSP 2023), which a scan of cold data cannot wash out.</summary>
/// <remarks>
/// New segments enter a small queue of a tenth of the bytes. One that is hit again before it reaches the end moves to the main queue, else it leaves and
/// only its name is kept for a while; a segment that comes back while its name is known goes straight to the main queue, where hits buy further rounds.
/// Not thread-safe: guarded by the cache.
/// </remarks>
internal sealed class EvictionQueue
{
    private const int SmallShare = 10;
    private const int MaxGhosts = 16_384;

    private readonly Queue<CacheEntry> _small = new();
    private readonly Queue<CacheEntry> _main = new();
    private readonly Queue<SegmentId> _ghostOrder = new();
    private readonly HashSet<SegmentId> _ghosts = [];
    private readonly List<CacheEntry> _held = []; // Pinned ones that their turn has come for.
    private IReadOnlySet<SegmentId> _pinned = new HashSet<SegmentId>();

    /// <summary>The segments that are not to leave, whatever is read.</summary>
    internal IReadOnlySet<SegmentId> Pinned
    {
        get => _pinned;
        set
        {
            _pinned = value;
            foreach (CacheEntry entry in _held)
            {
                _main.Enqueue(entry);
            }

            _held.Clear();
        }
    }

    /// <summary>Takes a new entry in.</summary>
    internal void Add(CacheEntry entry)
    {
        if (_ghosts.Remove(entry.Segment))
        {
            _main.Enqueue(entry);
            return;
        }

        _small.Enqueue(entry);
    }

    /// <summary>Picks the entry that should leave, and takes it out. False when there is none.</summary>
    internal bool TryTakeVictim(long totalBytes, [NotNullWhen(true)] out CacheEntry? victim)
    {
        bool fromSmall = _main.Count == 0 || SmallBytesExceed(totalBytes / SmallShare);
        return fromSmall
            ? TryTakeFromSmall(out victim) || TryTakeFromMain(out victim)
            : TryTakeFromMain(out victim) || TryTakeFromSmall(out victim);
    }

    private bool SmallBytesExceed(long limit)
    {
        long bytes = 0;
        foreach (CacheEntry entry in _small)
        {
            bytes += entry.IsGone ? 0 : entry.CachedBytes;
            if (bytes > limit)
            {
                return true;
            }
        }

        return false;
    }

    private bool TryTakeFromSmall([NotNullWhen(true)] out CacheEntry? victim)
    {
        while (_small.TryDequeue(out victim))
        {
            if (victim.IsGone)
            {
                continue;
            }

            if (_pinned.Contains(victim.Segment))
            {
                _held.Add(victim);
                continue;
            }

            if (victim.Frequency > 1)
            {
                victim.Frequency = 0;
                _main.Enqueue(victim);
                continue;
            }

            RememberGhost(victim.Segment);
            return true;
        }

        return false;
    }

    private bool TryTakeFromMain([NotNullWhen(true)] out CacheEntry? victim)
    {
        while (_main.TryDequeue(out victim))
        {
            if (victim.IsGone)
            {
                continue;
            }

            if (_pinned.Contains(victim.Segment))
            {
                _held.Add(victim);
                continue;
            }

            if (victim.Frequency > 0)
            {
                victim.Frequency--;
                _main.Enqueue(victim);
                continue;
            }

            return true;
        }

        return false;
    }

    private void RememberGhost(SegmentId segment)
    {
        if (!_ghosts.Add(segment))
        {
            return;
        }

        _ghostOrder.Enqueue(segment);
        if (_ghostOrder.Count > MaxGhosts)
        {
            _ghosts.Remove(_ghostOrder.Dequeue());
        }
    }
}
