using HipaaFs.Storage;

namespace HipaaFs.Spending;

/// <summary>Bytes that stores were asked to bring back from their archives, until the ledger takes them: what providers charge by speed for, and no answer of a store says.</summary>
/// <remarks>Thread-safe.</remarks>
internal sealed class RestoreCounts
{
    private readonly Lock _lock = new();
    private readonly Dictionary<int, Dictionary<RestoreSpeed, long>> _counts = []; // Guarded by _lock.

    /// <summary>Whether something was counted that nobody has taken.</summary>
    internal bool HasAny
    {
        get
        {
            lock (_lock)
            {
                return _counts.Count > 0;
            }
        }
    }

    /// <summary>Counts an object of so many bytes that a store has begun to bring back.</summary>
    internal void Add(int store, RestoreSpeed speed, long bytes)
    {
        lock (_lock)
        {
            if (!_counts.TryGetValue(store, out Dictionary<RestoreSpeed, long>? counts))
            {
                _counts[store] = counts = [];
            }

            counts[speed] = counts.GetValueOrDefault(speed) + bytes;
        }
    }

    /// <summary>What was counted of a store since it was taken last.</summary>
    internal IReadOnlyDictionary<RestoreSpeed, long> Take(int store)
    {
        lock (_lock)
        {
            return _counts.Remove(store, out Dictionary<RestoreSpeed, long>? counts) ? counts : SpentRequests.None.RestoredBytes;
        }
    }
}
