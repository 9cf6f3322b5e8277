namespace HipaaFs.Storage;

/// <summary>Bounds the repeats of all requests to one store together, so that an outage does not multiply what is asked of it.</summary>
/// <remarks>
/// <para>A bucket of tokens, full at the start. A repeat takes one; a repeat that succeeds gives it back, an operation that succeeds at once gives back a fifth, and time
/// gives one a second. So where repeats help there are as many as are needed, and where they do not help they end.</para>
/// <para>Thread-safe. While the bucket is full a success takes no lock.</para>
/// </remarks>
public sealed class RetryBudget
{
    private const double GivenBackAtOnce = 0.2;

    private readonly Lock _lock = new();
    private readonly TimeProvider _time;
    private readonly double _capacity;
    private readonly double _perSecond;
    private double _missing; // Tokens, 0 when the bucket is full. Written under _lock.
    private long _filledAt; // Guarded by _lock.

    /// <summary>Creates a full bucket.</summary>
    public RetryBudget(RetryOptions options, TimeProvider time)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(options.Budget);
        ArgumentOutOfRangeException.ThrowIfNegative(options.BudgetPerSecond);
        _capacity = options.Budget;
        _perSecond = options.BudgetPerSecond;
        _time = time;
        _filledAt = time.GetTimestamp();
    }

    /// <summary>Takes the token for one repeat. False when there is none.</summary>
    public bool TryTake()
    {
        lock (_lock)
        {
            long now = _time.GetTimestamp();
            double missing = Math.Max(0, _missing - (_time.GetElapsedTime(_filledAt, now).TotalSeconds * _perSecond));
            _filledAt = now;
            bool isThere = missing + 1 <= _capacity;
            Volatile.Write(ref _missing, isThere ? missing + 1 : missing);
            return isThere;
        }
    }

    /// <summary>An operation succeeded.</summary>
    /// <param name="repeated">Whether at a repeat rather than at once.</param>
    public void Succeeded(bool repeated)
    {
        if (Volatile.Read(ref _missing) == 0)
        {
            return;
        }

        lock (_lock)
        {
            Volatile.Write(ref _missing, Math.Max(0, _missing - (repeated ? 1 : GivenBackAtOnce)));
        }
    }
}
