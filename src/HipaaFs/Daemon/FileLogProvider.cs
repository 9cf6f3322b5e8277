using System.Collections.Concurrent;
using System.Globalization;
using System.Text;
using System.Threading.Channels;
using HipaaFs.Cli.Interop;
using Microsoft.Extensions.Logging;
using Microsoft.Win32.SafeHandles;

namespace HipaaFs.Cli.Daemon;

/// <summary>Writes the daemon's log to a file of bounded size, and to standard error where somebody watches.</summary>
/// <remarks>
/// Lines wait in a queue of <see cref="QueueLength"/>; when it is full new lines are dropped and counted, because nobody may wait
/// for a disk to log. A full file is renamed to <c>NAME.1</c>, older ones move up, the oldest is deleted.
/// </remarks>
internal sealed class FileLogProvider : ILoggerProvider
{
    private const int QueueLength = 4096;

    private readonly FileLogOptions _options;
    private readonly TimeProvider _time;
    private readonly Channel<string> _lines;
    private readonly ConcurrentDictionary<string, FileLogger> _loggers = new(StringComparer.Ordinal);
    private readonly Task _writing;
    private SafeFileHandle _file;
    private long _written;
    private long _dropped;

    /// <summary>Opens the log; its directory is created with mode 0700, the file with 0600.</summary>
    /// <exception cref="IOException">The file cannot be opened.</exception>
    public FileLogProvider(FileLogOptions options, TimeProvider time)
    {
        _options = options;
        _time = time;
        Platform.DurableFile.CreatePrivateDirectory(Path.GetDirectoryName(options.Path)!);
        _file = Open(options.Path);
        _written = RandomAccess.GetLength(_file);
        _lines = Channel.CreateBounded<string>(new BoundedChannelOptions(QueueLength)
        {
            SingleReader = true,
            FullMode = BoundedChannelFullMode.Wait,
        });
        _writing = Task.Run(WriteLinesAsync);
    }

    /// <inheritdoc/>
    public ILogger CreateLogger(string categoryName) =>
        _loggers.GetOrAdd(categoryName, static (name, provider) => new FileLogger(name, provider), this);

    /// <summary>Writes what is queued and closes the file.</summary>
    public void Dispose()
    {
        _lines.Writer.TryComplete();
        _writing.GetAwaiter().GetResult();
        _file.Dispose();
    }

    private void Enqueue(string line)
    {
        if (!_lines.Writer.TryWrite(line))
        {
            Interlocked.Increment(ref _dropped);
        }
    }

    private async Task WriteLinesAsync()
    {
        await foreach (string line in _lines.Reader.ReadAllAsync())
        {
            long dropped = Interlocked.Exchange(ref _dropped, 0);
            Write(dropped == 0 ? line : $"{line}{_time.GetUtcNow():O} warning log[0] {dropped} lines were dropped\n");
        }
    }

    private void Write(string line)
    {
        if (_options.ToStandardError)
        {
            Console.Error.Write(line);
        }

        byte[] bytes = Encoding.UTF8.GetBytes(line);
        try
        {
            if (_written + bytes.Length > _options.MaxBytes && _written > 0)
            {
                Rotate();
            }

            RandomAccess.Write(_file, bytes, _written); // O_APPEND: the kernel puts it at the end.
            _written += bytes.Length;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            // A full disk, or a directory whose rights have changed, must not end the daemon for the sake of its log; the loss is counted and told when writing works again.
            Interlocked.Increment(ref _dropped);
        }
    }

    private void Rotate()
    {
        for (int number = _options.Keep; number > 0; number--)
        {
            string older = number == 1 ? _options.Path : Numbered(number - 1);
            if (File.Exists(older))
            {
                File.Move(older, Numbered(number), overwrite: true);
            }
        }

        if (_options.Keep == 0)
        {
            File.Delete(_options.Path);
        }

        SafeFileHandle next = Open(_options.Path);
        _file.Dispose();
        _file = next;
        _written = RandomAccess.GetLength(next);
    }

    private string Numbered(int number) => string.Create(CultureInfo.InvariantCulture, $"{_options.Path}.{number}");

    private static SafeFileHandle Open(string path)
    {
        const uint ownerOnly = 0x180; // 0600
        int fd = LibC.open(path, LibC.O_RDWR | LibC.O_CREAT | LibC.O_APPEND | LibC.O_CLOEXEC, ownerOnly);
        int error = System.Runtime.InteropServices.Marshal.GetLastPInvokeError();
        return fd >= 0
            ? new SafeFileHandle(fd, ownsHandle: true)
            : throw new IOException($"open {path}: {new System.ComponentModel.Win32Exception(error).Message}", error);
    }

    private sealed class FileLogger(string category, FileLogProvider provider) : ILogger
    {
        // What the web server behind the control socket tells of itself is of interest only when something is wrong with it.
        private readonly LogLevel _least = category.StartsWith("Microsoft.", StringComparison.Ordinal) && provider._options.Level < LogLevel.Warning
            ? LogLevel.Warning
            : provider._options.Level;

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => logLevel >= _least && logLevel != LogLevel.None;

        public void Log<TState>(
            LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            if (!IsEnabled(logLevel))
            {
                return;
            }

            string level = logLevel.ToString().ToLowerInvariant();
            string detail = exception is null ? "" : Environment.NewLine + exception;
            provider.Enqueue(string.Create(
                CultureInfo.InvariantCulture,
                $"{provider._time.GetUtcNow():yyyy-MM-ddTHH:mm:ss.fffZ} {level} {category}[{eventId.Id}] {formatter(state, exception)}{detail}\n"));
        }
    }
}
