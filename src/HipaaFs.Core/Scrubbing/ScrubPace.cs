namespace HipaaFs.Scrubbing;

/// <summary>Keeps reading below a rate.</summary>
internal sealed class ScrubPace
{
    private readonly long _bytesPerSecond;
    private readonly TimeProvider _time;
    private readonly long _begun;
    private long _bytes;

    /// <param name="bytesPerSecond">The rate; 0 for no limit.</param>
    /// <param name="time">The clock.</param>
    internal ScrubPace(long bytesPerSecond, TimeProvider time)
    {
        _bytesPerSecond = bytesPerSecond;
        _time = time;
        _begun = time.GetTimestamp();
    }

    /// <summary>Counts bytes that were read and waits until the next may be.</summary>
    internal async ValueTask CountAsync(long bytes, CancellationToken cancel)
    {
        _bytes += bytes;
        if (_bytesPerSecond <= 0)
        {
            return;
        }

        TimeSpan ahead = TimeSpan.FromSeconds((double)_bytes / _bytesPerSecond) - _time.GetElapsedTime(_begun);
        if (ahead > TimeSpan.Zero)
        {
            await Task.Delay(ahead, _time, cancel);
        }
    }
}
