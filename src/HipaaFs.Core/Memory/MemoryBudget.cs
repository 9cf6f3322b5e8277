namespace HipaaFs.Memory;

/// <summary>The one number that bounds the driver's own memory, and its split. RSS stays below it plus 120 MB of runtime.</summary>
/// <remarks>
/// Write-back has a reserve of its own, so that reads can never starve the writes that would free memory. What is left serves fetches and read-ahead,
/// which shrink under pressure instead of failing.
/// </remarks>
internal sealed class MemoryBudget
{
    /// <summary>Smallest budget the driver works with.</summary>
    internal const long MinBytes = 64L << 20;

    // What the runtime, its code and its stacks take besides.
    private const long RuntimeBytes = 120L << 20;

    private readonly long _fetchMax;
    private long _fetchUsed;

    internal MemoryBudget(long bytes)
    {
        Bytes = bytes;
        DirtyBytes = bytes * 3 / 8;
        MetadataBytes = bytes / 16;
        _fetchMax = bytes / 4;
    }

    /// <summary>The budget for a machine or control group: what was asked for, or what a smaller limit leaves beside the runtime.</summary>
    internal static MemoryBudget For(long asked, long limit) => new(Math.Max(MinBytes, Math.Min(asked, limit - RuntimeBytes)));

    /// <summary>The whole budget.</summary>
    internal long Bytes { get; }

    /// <summary>Share of dirty pages.</summary>
    internal long DirtyBytes { get; }

    /// <summary>Share of the metadata engine's page cache.</summary>
    internal long MetadataBytes { get; }

    /// <summary>Bytes of fetch buffers in use.</summary>
    internal long FetchUsed => Volatile.Read(ref _fetchUsed);

    /// <summary>Reserves memory for a fetch nobody waits for yet. Returns false under pressure.</summary>
    internal bool TryReserveReadAhead(long bytes) => TryReserve(bytes, _fetchMax * 3 / 4);

    /// <summary>Reserves memory for a fetch of more than its reader waits for. Returns false under pressure.</summary>
    internal bool TryReserveFetch(long bytes) => TryReserve(bytes, _fetchMax);

    /// <summary>Reserves memory for a fetch that a reader waits for: granted always, and in the way of read-ahead.</summary>
    internal void ReserveFetch(long bytes) => Interlocked.Add(ref _fetchUsed, bytes);

    /// <summary>Gives either kind back.</summary>
    internal void ReleaseFetch(long bytes) => Interlocked.Add(ref _fetchUsed, -bytes);

    private bool TryReserve(long bytes, long most)
    {
        if (Interlocked.Add(ref _fetchUsed, bytes) <= most)
        {
            return true;
        }

        Interlocked.Add(ref _fetchUsed, -bytes);
        return false;
    }
}
