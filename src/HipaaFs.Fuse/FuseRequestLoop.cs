using System.Globalization;
using Microsoft.Extensions.Logging;

namespace HipaaFs.Fuse;

/// <summary>The request threads of a session.</summary>
internal sealed partial class FuseRequestLoop : IDisposable
{
    private readonly FuseDevice _device;
    private readonly FuseDispatcher _dispatcher;
    private readonly FuseRequestPool _pool;
    private readonly ILogger _logger;
    private readonly Action _ended;
    private readonly int _threads;
    private readonly List<FuseDevice> _clones = [];
    private int _running;

    internal FuseRequestLoop(
        FuseDevice device, FuseDispatcher dispatcher, FuseRequestPool pool, int threads, ILogger logger, Action ended)
    {
        _device = device;
        _dispatcher = dispatcher;
        _pool = pool;
        _threads = threads;
        _logger = logger;
        _ended = ended;
    }

    /// <summary>Starts the threads; the first reads the session's own descriptor, the others clones of it.</summary>
    internal void Start()
    {
        _running = _threads;
        for (int index = 0; index < _threads; index++)
        {
            FuseDevice device = index == 0 ? _device : CloneDevice();
            var thread = new Thread(() => Run(device))
            {
                IsBackground = true,
                Name = string.Create(CultureInfo.InvariantCulture, $"fuse-{index}"),
            };
            thread.Start();
        }
    }

    /// <summary>Closes the clones. No request may be in service.</summary>
    public void Dispose()
    {
        foreach (FuseDevice clone in _clones)
        {
            clone.Dispose();
        }
    }

    // Where cloning is refused the threads share one queue, which is slower and otherwise the same.
    private FuseDevice CloneDevice()
    {
        FuseDevice? clone = _device.Clone();
        if (clone is null)
        {
            return _device;
        }

        _clones.Add(clone);
        return clone;
    }

    private unsafe void Run(FuseDevice device)
    {
        FuseRequest? request = null;
        while (true)
        {
            request ??= _pool.Rent();
            int length = device.Read(request.MessageBuffer, request.MessageCapacity);
            if (length > 0)
            {
                if (!_dispatcher.Dispatch(request, length, device))
                {
                    request = null;
                }
            }
            else if (!IsTransient(length))
            {
                break;
            }
        }

        _pool.Return(request);
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
}
