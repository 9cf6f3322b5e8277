using HipaaFs.Platform.Interop;

namespace HipaaFs.Platform;

/// <summary>The clock by which the Linux kernel stamps files: the system's time as of the last tick.</summary>
/// <remarks>
/// The times of what goes through the kernel's page cache are written down by the kernel, which takes this clock, up to a tick (10 ms) behind the exact time.
/// A driver that took the exact time for the rest would let a file that was written second look like the older of two, and one written before its birth.
/// </remarks>
public sealed class KernelClock : TimeProvider
{
    /// <inheritdoc/>
    public override DateTimeOffset GetUtcNow()
    {
        return OperatingSystem.IsLinux() && LibC.clock_gettime(LibC.CLOCK_REALTIME_COARSE, out Timespec now) == 0
            ? DateTimeOffset.UnixEpoch.AddTicks((now.tv_sec * TimeSpan.TicksPerSecond) + (now.tv_nsec / TimeSpan.NanosecondsPerTick))
            : base.GetUtcNow();
    }
}
