using System.Diagnostics;
using System.Globalization;
using Microsoft.Extensions.Logging;

namespace HipaaFs.Fuse;

/// <summary>The request threads of a session, and how many of them read.</summary>
/// <remarks>
/// <para>A request that wakes a thread on an idle processor costs more than all this library does with it, so as few threads read
/// as keep up. One starts. Every few messages a reader looks whether more wait while it has one in hand; when that is so several
/// times in a row it calls another, and when it has not been so for long, while others read too, it parks.</para>
/// <para>A lone reader polls for <see cref="FuseSessionOptions.PollMicroseconds"/> before it sleeps: programs that make one small call after
/// another ask again within microseconds. <see cref="AdaptivePoll"/> leaves it off where it does not pay; then two sleep. The kernel wakes them in turn:
/// the one that slept longer last ran where the caller runs now, since the other's reply moved the caller to the idle processor. A lone sleeper would be
/// woken on the processor that has gone idle meanwhile, each time: measured at twice the time of a small read.</para>
/// <para>Where a second queue cannot be opened (no access to /dev/fuse) all threads simply sleep in read(2).</para>
/// </remarks>
internal sealed partial class FuseRequestLoop : IDisposable
{
    private const int MessagesPerSample = 8;
    private const int BacklogsToCallHelp = 3;
    private const int QuietsToPark = 64;
    private const int SpinsBetweenPolls = 8;
    private const int Sleepers = 2;

    private readonly FuseDevice _device;
    private readonly FuseDispatcher _dispatcher;
    private readonly FuseRequestPool _pool;
    private readonly ILogger _logger;
    private readonly Action _ended;
    private readonly int _threads;
    private readonly long _pollTicks;
    private readonly List<FuseDevice> _clones = [];
    private readonly ParkedReaders _readers;
    private FuseDevice? _unblocked;
    private readonly AdaptivePoll _poll;
    private readonly int _sleepers;
    private readonly AwakeProcessors? _awake;
    private int _running;
    private volatile bool _gathers; // From the decision to poll until one reader is left.

    internal FuseRequestLoop(
        FuseDevice device, FuseDispatcher dispatcher, FuseRequestPool pool, FuseSessionOptions options, ILogger logger, Action ended)
    {
        _device = device;
        _dispatcher = dispatcher;
        _pool = pool;
        _threads = options.Threads;
        _readers = new ParkedReaders(options.Threads);
        _pollTicks = Environment.ProcessorCount > 1 ? options.PollMicroseconds * Stopwatch.Frequency / 1_000_000 : 0;
        _poll = new AdaptivePoll(_pollTicks);
        _sleepers = Environment.ProcessorCount > 1 ? Math.Min(Sleepers, options.Threads) : 1;
        _awake = options.KeepProcessorsAwake && Environment.ProcessorCount > 1
            ? new AwakeProcessors(AwakeProcessors.Device, TimeProvider.System, logger)
            : null;
        _logger = logger;
        _ended = ended;
    }

    /// <summary>Starts the threads; the first reads the session's own descriptor, the others clones of it.</summary>
    internal void Start()
    {
        _running = _threads;
        _unblocked = _device.Clone(nonBlocking: true);
        if (_unblocked is not null)
        {
            _clones.Add(_unblocked);
        }

        for (int index = 0; index < _threads; index++)
        {
            FuseDevice device = index == 0 ? _device : CloneDevice();
            bool startParked = index >= Fewest;
            var thread = new Thread(() => Run(device, startParked))
            {
                IsBackground = true,
                Name = string.Create(CultureInfo.InvariantCulture, $"fuse-{index}"),
            };
            thread.Start();
        }
    }

    /// <summary>See <see cref="FuseSession.MayBlock"/>.</summary>
    internal bool MayBlock()
    {
        if (!_readers.TryBlock())
        {
            return false;
        }

        // Whoever comes later is safe: the watch calls another reader when all stay in their handlers.
        if (_readers.Readers < _threads && _device.HasMessage())
        {
            _readers.CallOne();
        }

        return true;
    }

    /// <summary>Whether the sender of a message waits for its reply. One who does not may have sent the next message, which shows no backlog.</summary>
    internal static bool IsAwaited(FuseOpcode opcode)
    {
        return opcode is not (FuseOpcode.Forget or FuseOpcode.BatchForget or FuseOpcode.Release or FuseOpcode.ReleaseDir);
    }

    /// <summary>Closes the clones. No request may be in service.</summary>
    public void Dispose()
    {
        _awake?.Dispose();
        foreach (FuseDevice clone in _clones)
        {
            clone.Dispose();
        }
    }

    // Where cloning is refused the threads share one queue, which is slower and otherwise the same.
    private FuseDevice CloneDevice()
    {
        FuseDevice? clone = _device.Clone(nonBlocking: false);
        if (clone is null)
        {
            return _device;
        }

        _clones.Add(clone);
        return clone;
    }

    private void Run(FuseDevice device, bool startParked)
    {
        var pace = new Pace { Quiet = startParked ? QuietsToPark : 0 };
        FuseRequest? request = null;
        while (true)
        {
            if ((pace.Quiet >= QuietsToPark || (_gathers && !_readers.IsAnyServing)) && _unblocked is not null)
            {
                pace.Quiet = 0;
                ReturnIfAny(ref request);
                if (!_readers.TryPark(Fewest))
                {
                    break;
                }

                _gathers = _gathers && _readers.Readers > Fewest;
            }

            request ??= _pool.Rent();
            FuseDevice source = device;
            int length = Receive(request, ref source);
            if (length <= 0)
            {
                if (IsTransient(length))
                {
                    continue;
                }

                break;
            }

            Serve(ref request, length, source, ref pace);
        }

        ReturnIfAny(ref request);
        Leave();
    }

    private void Serve(ref FuseRequest? request, int length, FuseDevice source, ref Pace pace)
    {
        if (_threads > 1 && --pace.UntilSample < 0 && IsAwaited(OpcodeOf(request!)))
        {
            Sample(ref pace);
        }

        _awake?.Count();
        _readers.EnterService();
        if (!_dispatcher.Dispatch(request!, length, source))
        {
            request = null;
        }

        _readers.LeaveService();
    }

    // Alone by polling first, then asleep.
    private unsafe int Receive(FuseRequest request, ref FuseDevice source)
    {
        byte* buffer = request.MessageBuffer;
        int capacity = request.MessageCapacity;
        if (_unblocked is not null && MayPoll() && TryPoll(_unblocked, buffer, capacity, out int length))
        {
            source = _unblocked;
            return length;
        }

        return source.Read(buffer, capacity);
    }

    private static unsafe FuseOpcode OpcodeOf(FuseRequest request)
    {
        return ((FuseInHeader*)request.MessageBuffer)->Opcode;
    }

    // A message that waits while another has just been read means that one reader is not enough.
    private void Sample(ref Pace pace)
    {
        pace.UntilSample = MessagesPerSample;
        if (_device.HasMessage())
        {
            pace.Quiet = 0;
            pace.Backlogs++;
            if (pace.Backlogs >= BacklogsToCallHelp && _readers.Readers < _threads)
            {
                pace.Backlogs = 0;
                _readers.CallOne();
            }
        }
        else
        {
            pace.Backlogs = 0;
            pace.Quiet = _readers.Readers > Fewest ? pace.Quiet + 1 : 0;
        }
    }

    // How many read when one would keep up.
    private int Fewest => _pollTicks > 0 && _poll.Polls ? 1 : _sleepers;

    private bool MayPoll()
    {
        if (_pollTicks == 0)
        {
            return false;
        }

        bool polled = _poll.Polls;
        bool polls = _poll.Next(Stopwatch.GetTimestamp());
        if (polls != polled)
        {
            Change(polls);
        }

        return polls && _readers.Readers == 1;
    }

    private void Change(bool polls)
    {
        _gathers = polls;
        if (!polls && _readers.Readers < _sleepers)
        {
            _readers.CallOne();
        }
    }

    private unsafe bool TryPoll(FuseDevice unblocked, byte* buffer, int capacity, out int length)
    {
        long start = Stopwatch.GetTimestamp();
        long now = start;
        while (true)
        {
            length = unblocked.Read(buffer, capacity);
            if (length != -Errno.EAGAIN)
            {
                _poll.Found();
                return true;
            }

            Thread.SpinWait(SpinsBetweenPolls);
            long before = now;
            now = Stopwatch.GetTimestamp();
            if (now - before > _pollTicks)
            {
                _poll.Disturbed();
                Change(_poll.Polls);
                return false;
            }

            if (now - start > _pollTicks)
            {
                _poll.Missed();
                if (!_poll.Polls)
                {
                    Change(polls: false);
                }

                return false;
            }
        }
    }

    private void ReturnIfAny(ref FuseRequest? request)
    {
        if (request is not null)
        {
            _pool.Return(request);
            request = null;
        }
    }

    private void Leave()
    {
        _readers.Stop();
        if (Interlocked.Decrement(ref _running) == 0)
        {
            _ended();
        }
    }

    // ENOENT: the request was interrupted while it was read. EAGAIN: it was taken by another thread.
    private bool IsTransient(int length)
    {
        switch (-length)
        {
            case Errno.EINTR or Errno.EAGAIN or Errno.ENOENT:
                return true;
            case 0 or Errno.ENODEV or Errno.ECONNABORTED:
                return false;
            default:
                LogReadFailed(_logger, -length);
                return false;
        }
    }

    [LoggerMessage(120, LogLevel.Error, "Reading FUSE requests failed, errno {Errno}")]
    private static partial void LogReadFailed(ILogger logger, int errno);

    /// <summary>How busy one thread has found the session lately.</summary>
    private struct Pace
    {
        internal int UntilSample;
        internal int Backlogs;
        internal int Quiet;
    }
}
