namespace HipaaFs.Testing.Servers.Faults;

/// <summary>As many requests as there are tokens; time brings new ones.</summary>
/// <param name="capacity">Tokens at the start, and the most there can be.</param>
/// <param name="perSecond">Tokens that a second brings.</param>
/// <param name="time">The clock.</param>
public sealed class TokenBucket(int capacity, double perSecond, TimeProvider time)
{
    private readonly Lock _lock = new();
    private readonly double _capacity = capacity;
    private double _tokens = capacity; // This and the next guarded by _lock.
    private long _filledAt = time.GetTimestamp();

    /// <summary>Takes a token if there is one.</summary>
    public bool TryTake()
    {
        lock (_lock)
        {
            long now = time.GetTimestamp();
            _tokens = Math.Min(_capacity, _tokens + (time.GetElapsedTime(_filledAt, now).TotalSeconds * perSecond));
            _filledAt = now;
            if (_tokens < 1)
            {
                return false;
            }

            _tokens--;
            return true;
        }
    }
}
