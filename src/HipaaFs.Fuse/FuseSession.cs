using System.Globalization;
using Microsoft.Extensions.Logging;

namespace HipaaFs.Fuse;

/// <summary>One FUSE connection: a mount, the threads that read its requests, and the notifications to its kernel.</summary>
/// <remarks>
/// <para><b>1. Mount.</b> <see cref="Mount"/> opens /dev/fuse and calls mount(2), or lets fusermount3 do both and takes the descriptor
/// from a socket. It then answers INIT, so that version, limits and capabilities are settled when it returns.</para>
/// <para><b>2. Serve.</b> <see cref="Start"/> clones the descriptor for each request thread. A thread blocks in read(2), gets one whole
/// message into the block of a pooled <see cref="FuseRequest"/>, has it checked, and calls <see cref="IFuseHandler.ServeAsync"/>.
/// When that completes at once the reply has gone out with one write(2) from the same block and the thread reads into it again:
/// nothing is allocated, no lock is taken, data is moved once by the kernel. When it suspends, the request keeps its block and
/// goes on wherever its task does; the thread takes another from the pool.</para>
/// <para><b>3. Bounds.</b> Requests in service and the memory of large ones are limited (<see cref="FuseSessionOptions"/>); beyond
/// that the kernel keeps its requests and its callers wait. INTERRUPT and FORGET are still read while large reads wait.</para>
/// <para><b>4. End.</b> Unmounting, by whoever, makes read(2) fail with ENODEV. The threads leave, suspended requests are awaited
/// (their replies lead nowhere), the handler is told, the descriptors are closed, <see cref="WaitAsync"/> ends.</para>
/// <para>Never unmount or invalidate from a request thread before the request is completed: the kernel may wait for that very request.</para>
/// <para>Thread-safe.</para>
/// </remarks>
public sealed partial class FuseSession : IAsyncDisposable
{
    private readonly FuseMount? _mount;
    private readonly FuseDevice _device;
    private readonly IFuseHandler _handler;
    private readonly FuseSessionOptions _options;
    private readonly ILogger _logger;
    private readonly FuseRequestPool _pool;
    private readonly InterruptWatch _watch;
    private readonly FuseDispatcher _dispatcher;
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private FuseRequestLoop? _loop;
    private FileStream? _abort;
    private int _started;

    private FuseSession(FuseMount? mount, FuseDevice device, IFuseHandler handler, FuseSessionOptions options, ILogger logger)
    {
        _mount = mount;
        _device = device;
        _handler = handler;
        _options = options;
        _logger = logger;
        _pool = new FuseRequestPool(
            options.MaxRequests, options.MaxLargeRequests, options.Threads, options.MaxRequestBytes, TimeProvider.System);
        FuseRequest first = _pool.Rent();
        try
        {
            Negotiated = FuseHandshake.Receive(device, first, options);
            handler.Initialized(Negotiated);
            FuseHandshake.Answer(device, first, Negotiated, options);
        }
        catch
        {
            _pool.Return(first);
            _pool.Dispose();
            throw;
        }

        _pool.Return(first);
        _watch = new InterruptWatch(CallerSignals.IsBeingKilled, TimeProvider.System);
        _dispatcher = new FuseDispatcher(handler, _pool, _watch, Negotiated.Has(FuseCapabilities.SetXattrExtended), logger);
    }

    /// <summary>What INIT agreed on.</summary>
    public FuseNegotiated Negotiated { get; }

    /// <summary>Tells a handler, on the request thread that called it, whether it may wait for a local device before it returns: one
    /// request thread always stays out of such waits, and is called if need be.</summary>
    public bool MayBlock() => _loop is { } loop && loop.MayBlock();

    /// <summary>The mount point with all links resolved.</summary>
    public string MountPoint => _mount?.Path ?? "";

    /// <summary>Major part of the mounted file system's device number.</summary>
    public int DeviceMajor { get; private set; }

    /// <summary>Minor part of the mounted file system's device number; -1 when it is not known.</summary>
    public int DeviceMinor { get; private set; } = -1;

    /// <summary>The connection's number below /sys/fs/fuse/connections: the minor device number.</summary>
    public int ConnectionId => DeviceMinor;

    /// <summary>Looks whether a mount can be tried at all, and changes nothing.</summary>
    /// <exception cref="FuseMountException">There is no /dev/fuse, or no fusermount3 where one is needed.</exception>
    public static void Probe(FuseSessionOptions options) => FuseMount.Probe(options);

    /// <summary>Mounts at <paramref name="mountPoint"/> and settles INIT. Requests wait until <see cref="Start"/>.</summary>
    /// <exception cref="ArgumentException">An option cannot be honoured.</exception>
    /// <exception cref="FuseMountException">The mount could not be made.</exception>
    public static FuseSession Mount(string mountPoint, IFuseHandler handler, FuseSessionOptions options, ILogger logger)
    {
        ArgumentNullException.ThrowIfNull(handler);
        ArgumentNullException.ThrowIfNull(logger);
        Check(options);
        FuseMount mount = FuseMount.Create(mountPoint, options);
        FuseSession session;
        try
        {
            session = new FuseSession(mount, mount.Device, handler, options, logger);
        }
        catch
        {
            mount.Unmount(lazy: true);
            mount.Device.Dispose();
            throw;
        }

        (session.DeviceMajor, session.DeviceMinor) = mount.FindDeviceNumber();
        session._abort = session.TryOpenAbort();
        session.SetReadAhead();
        LogMounted(logger, session.Negotiated.Minor, session.Negotiated.Capabilities, session.Negotiated.MaxRequestBytes);
        return session;
    }

    /// <summary>Runs on a descriptor that is connected already: a socket whose other end plays the kernel.</summary>
    internal static FuseSession Attach(FuseDevice device, IFuseHandler handler, FuseSessionOptions options, ILogger logger)
    {
        Check(options);
        return new FuseSession(mount: null, device, handler, options, logger);
    }

    /// <summary>Starts the request threads. Call it once.</summary>
    public void Start()
    {
        if (Interlocked.Exchange(ref _started, 1) != 0)
        {
            throw new InvalidOperationException("the session has been started");
        }

        _loop = new FuseRequestLoop(_device, _dispatcher, _pool, _options, _logger, End);
        _loop.Start();
    }

    /// <summary>Ends when the mount is gone and the last request is completed.</summary>
    public Task WaitAsync(CancellationToken cancel = default) => _ended.Task.WaitAsync(cancel);

    /// <summary>Unmounts. The kernel first writes back dirty pages, through the running request threads.</summary>
    /// <param name="lazy">Detach even while files are open; the session ends when they are closed.</param>
    public FuseUnmountResult Unmount(bool lazy = false)
    {
        return _mount is null || _ended.Task.IsCompleted ? FuseUnmountResult.NotMounted : _mount.Unmount(lazy);
    }

    /// <summary>Breaks the connection: all that waits gets ECONNABORTED and dirty pages are lost. Needs write access to the
    /// connection's control file (its owner or root). Returns whether that worked.</summary>
    public bool Abort()
    {
        if (_abort is null || _ended.Task.IsCompleted)
        {
            return false;
        }

        try
        {
            _abort.Write("1"u8);
            return true;
        }
        catch (Exception exception) when (exception is IOException or ObjectDisposedException)
        {
            return false; // The connection is gone, or the session has just ended.
        }
    }

    /// <summary>Unmounts lazily, breaks the connection when files are still open, and waits for the end.</summary>
    public async ValueTask DisposeAsync()
    {
        if (Volatile.Read(ref _started) == 0)
        {
            _mount?.Unmount(lazy: true);
            Interlocked.Exchange(ref _started, 1);
            End();
            return;
        }

        if (!_ended.Task.IsCompleted)
        {
            await Task.Run(() => Unmount(lazy: true));
            Abort();
        }

        await _ended.Task;
    }

    private static void Check(FuseSessionOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        var problems = new List<string>();
        options.Validate(problems);
        if (problems.Count > 0)
        {
            throw new ArgumentException(string.Join("; ", problems), nameof(options));
        }
    }

    // The last request thread calls this on its way out.
    private void End()
    {
        _pool.InterruptAll(); // Their callers have had the kernel's answer already, and nothing else would end a wait that is without end.
        _pool.WaitForAll();
        _watch.Dispose();
        _loop?.Dispose();
        _device.Dispose();
        _pool.Dispose();
        _abort?.Dispose();
        LogEnded(_logger);
        try
        {
            _handler.Destroyed();
            _ended.TrySetResult();
        }
        catch (Exception exception)
        {
            _ended.TrySetException(exception);
        }
    }

    private void SetReadAhead()
    {
        if (_options.ReadAheadKilobytes == 0 || DeviceMinor < 0)
        {
            return;
        }

        string file = string.Create(CultureInfo.InvariantCulture, $"/sys/class/bdi/{DeviceMajor}:{DeviceMinor}/read_ahead_kb");
        if (!TryWrite(file, _options.ReadAheadKilobytes.ToString(CultureInfo.InvariantCulture)))
        {
            LogReadAhead(_logger, _options.ReadAheadKilobytes);
        }
    }

    // Opened while the mount is certainly ours: once it is gone its number may belong to another, whose connection must not be broken. An open file of a
    // connection that is gone does nothing.
    private FileStream? TryOpenAbort()
    {
        if (DeviceMinor < 0)
        {
            return null;
        }

        try
        {
            string file = string.Create(CultureInfo.InvariantCulture, $"/sys/fs/fuse/connections/{ConnectionId}/abort");
            return new FileStream(file, FileMode.Open, FileAccess.Write, FileShare.ReadWrite, bufferSize: 0);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    private static bool TryWrite(string file, string text)
    {
        try
        {
            File.WriteAllText(file, text);
            return true;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }

    [LoggerMessage(110, LogLevel.Information, "FUSE session negotiated 7.{Minor}, requests of {MaxRequestBytes} bytes, {Capabilities}")]
    private static partial void LogMounted(ILogger logger, int minor, FuseCapabilities capabilities, int maxRequestBytes);

    [LoggerMessage(111, LogLevel.Information, "FUSE session ended")]
    private static partial void LogEnded(ILogger logger);

    [LoggerMessage(112, LogLevel.Debug, "Read-ahead of {Kilobytes} KiB could not be set: it needs root")]
    private static partial void LogReadAhead(ILogger logger, int kilobytes);
}
