using System.Diagnostics;
using HipaaFs.Fuse.Interop;
using Microsoft.Extensions.Logging;

namespace HipaaFs.Fuse;

/// <summary>Keeps idle processors from halting while requests come in a dense row.</summary>
/// <remarks>
/// <para>A small synchronous call costs two wake-ups, of the server and of the caller, each on a processor that has gone idle a moment ago. To wake a halted one
/// takes longer than everything else in such a call, above all in a virtual machine. The kernel's interface against that is <c>/dev/cpu_dma_latency</c>
/// (PM QoS, Documentation/power/pm_qos_interface.rst): while it is held open with a demand of 0 us, idle processors poll. It needs root, concerns all processors of the
/// machine, and ends with the descriptor, so that no crash leaves it behind.</para>
/// <para>It is held only from the moment <see cref="Burst"/> requests came within <see cref="BurstTime"/>, and let go at the first look, every <see cref="LookPeriod"/>, since
/// which fewer than <see cref="Enough"/> came.</para>
/// <para>Thread-safe.</para>
/// </remarks>
internal sealed partial class AwakeProcessors : IDisposable
{
    /// <summary>Where the demand is made.</summary>
    internal const string Device = "/dev/cpu_dma_latency";

    /// <summary>Requests that begin it when they come within <see cref="BurstTime"/>.</summary>
    internal const int Burst = 64;

    /// <summary>Requests within a <see cref="LookPeriod"/> that prolong it.</summary>
    internal const int Enough = 200;

    /// <summary>The longest time of a <see cref="Burst"/>: 5,000 requests a second.</summary>
    internal static readonly TimeSpan BurstTime = TimeSpan.FromMilliseconds(12.8);

    /// <summary>Time between two looks.</summary>
    internal static readonly TimeSpan LookPeriod = TimeSpan.FromMilliseconds(40);

    private readonly string _path;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly object _lock = new();
    private readonly ITimer _timer;
    private SafeDescriptor? _held; // Guarded by _lock.
    private volatile bool _isOver; // Held, refused or disposed: nothing to begin.
    private bool _isDisposed; // Guarded by _lock.
    private int _count;
    private int _seen; // Guarded by _lock.
    private long _burstBegan;

    /// <summary>Demands nothing yet. The path is <see cref="Device"/>; a test gives a file.</summary>
    internal AwakeProcessors(string path, TimeProvider time, ILogger logger)
    {
        _path = path;
        _time = time;
        _logger = logger;
        _burstBegan = time.GetTimestamp();
        _timer = time.CreateTimer(static state => ((AwakeProcessors)state!).Look(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    /// <summary>Whether idle processors poll on our demand.</summary>
    internal bool IsHeld
    {
        get
        {
            lock (_lock)
            {
                return _held is not null;
            }
        }
    }

    /// <summary>Counts a request.</summary>
    internal void Count()
    {
        // Lost counts do no harm.
        int count = Volatile.Read(ref _count) + 1;
        Volatile.Write(ref _count, count);
        if (count % Burst == 0 && !_isOver)
        {
            EndBurst();
        }
    }

    /// <summary>Lets go for good.</summary>
    public void Dispose()
    {
        lock (_lock)
        {
            _isDisposed = true;
            _isOver = true;
            _held?.Dispose();
            _held = null;
        }

        _timer.Dispose();
    }

    private void EndBurst()
    {
        long now = _time.GetTimestamp();
        long began = Interlocked.Exchange(ref _burstBegan, now);
        if (_time.GetElapsedTime(began, now) > BurstTime)
        {
            return;
        }

        lock (_lock)
        {
            if (!_isOver)
            {
                Hold();
            }
        }
    }

    // Under _lock.
    private unsafe void Hold()
    {
        _isOver = true;
        int descriptor = LibC.open(_path, LibC.O_WRONLY | LibC.O_CLOEXEC, 0);
        if (descriptor < 0)
        {
            LogRefused(_logger, System.Runtime.InteropServices.Marshal.GetLastPInvokeError());
            return;
        }

        _held = new SafeDescriptor(descriptor);
        int microseconds = 0;
        if (LibC.write(descriptor, &microseconds, sizeof(int)) != sizeof(int))
        {
            LogRefused(_logger, System.Runtime.InteropServices.Marshal.GetLastPInvokeError());
            _held.Dispose();
            _held = null;
            return;
        }

        _seen = Volatile.Read(ref _count);
        _timer.Change(LookPeriod, LookPeriod);
    }

    private void Look()
    {
        lock (_lock)
        {
            if (_isDisposed || _held is null)
            {
                return;
            }

            int count = Volatile.Read(ref _count);
            if (count - _seen >= Enough)
            {
                _seen = count;
                return;
            }

            _timer.Change(Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
            _held.Dispose();
            _held = null;
            Volatile.Write(ref _burstBegan, 0);
            _isOver = false;
        }
    }

    [LoggerMessage(121, LogLevel.Debug, "Processors cannot be kept awake, errno {Errno}: it needs root")]
    private static partial void LogRefused(ILogger logger, int errno);
}
