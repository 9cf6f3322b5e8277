namespace HipaaFs.Storage;

/// <summary>Spreads bytes over time: each request starts when those before it have been paid for.</summary>
/// <remarks>Unused time is not saved up, so there is no burst after a pause. A cancelled wait has paid all the same.</remarks>
public sealed class BandwidthGate
{
    private readonly Lock _lock = new();
    private readonly TimeProvider _time;
    private readonly long _bytesPerSecond;
    private readonly long _start;
    private TimeSpan _paidUntil; // Since _start. Guarded by _lock.

    /// <summary>Creates a gate; 0 bytes a second lets everything through.</summary>
    public BandwidthGate(long bytesPerSecond, TimeProvider time)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(bytesPerSecond);
        _bytesPerSecond = bytesPerSecond;
        _time = time;
        _start = time.GetTimestamp();
    }

    /// <summary>Waits until these bytes may move.</summary>
    public ValueTask PayAsync(long bytes, CancellationToken cancel)
    {
        if (_bytesPerSecond == 0 || bytes == 0)
        {
            return ValueTask.CompletedTask;
        }

        TimeSpan wait;
        lock (_lock)
        {
            TimeSpan now = _time.GetElapsedTime(_start);
            TimeSpan begin = now > _paidUntil ? now : _paidUntil;
            _paidUntil = begin + TimeSpan.FromSeconds((double)bytes / _bytesPerSecond);
            wait = begin - now;
        }

        return wait <= TimeSpan.Zero ? ValueTask.CompletedTask : new ValueTask(Task.Delay(wait, _time, cancel));
    }
}
