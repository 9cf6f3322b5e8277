using System.Globalization;
using System.Text;
using Spectre.Console;

namespace HipaaFs.Cli.Output;

/// <summary>Shows the progress of one piece of work on standard error: a bar in a terminal, plain lines in a log, JSON lines with --json.</summary>
internal sealed class ProgressDisplay
{
    private static readonly TimeSpan LineInterval = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan JsonInterval = TimeSpan.FromMilliseconds(500);

    private readonly CommandContext _context;
    private readonly bool _json;

    /// <summary>Creates the display of one run.</summary>
    public ProgressDisplay(CommandContext context, bool json)
    {
        _context = context;
        _json = json;
    }

    /// <summary>Does the work and shows what it reports.</summary>
    public async Task<T> RunAsync<T>(Func<Action<ProgressUpdate>, Task<T>> work)
    {
        if (_json || !_context.IsTerminal)
        {
            var throttle = new Throttle(_context.Time, _json ? JsonInterval : LineInterval);
            return await work(update => WriteLine(update, throttle));
        }

        return await RunWithBarAsync(work);
    }

    /// <summary>One line of progress for a log.</summary>
    public static string Describe(ProgressUpdate update)
    {
        string done = Format(update.Done, update.Unit);
        return update.Total > 0
            ? $"{update.Stage}: {done} of {Format(update.Total, update.Unit)} ({100 * update.Done / update.Total} %)"
            : $"{update.Stage}: {done}";
    }

    private static string Format(long amount, string unit) =>
        unit == "bytes" ? Configuration.ByteSize.Format(amount) : amount.ToString(CultureInfo.InvariantCulture);

    private async Task<T> RunWithBarAsync<T>(Func<Action<ProgressUpdate>, Task<T>> work)
    {
        IAnsiConsole console = AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(_context.Error) });
        Progress progress = console.Progress()
            .AutoClear(true)
            .Columns(new TaskDescriptionColumn(), new ProgressBarColumn(), new PercentageColumn(), new RemainingTimeColumn());
        return await progress.StartAsync(async bars =>
        {
            var tasks = new Dictionary<string, ProgressTask>(StringComparer.Ordinal);
            return await work(update =>
            {
                lock (tasks)
                {
                    if (!tasks.TryGetValue(update.Stage, out ProgressTask? task))
                    {
                        task = bars.AddTask(Markup.Escape(update.Stage));
                        tasks.Add(update.Stage, task);
                    }

                    task.IsIndeterminate = update.Total == 0;
                    task.MaxValue = Math.Max(1, update.Total);
                    task.Value = update.Done;
                }
            });
        });
    }

    private void WriteLine(ProgressUpdate update, Throttle throttle)
    {
        bool finished = update.Total > 0 && update.Done >= update.Total;
        if (!throttle.Admits(update.Stage, finished))
        {
            return;
        }

        string line = _json
            ? Encoding.UTF8.GetString(JsonEnvelope.Progress(update).Span[..^1])
            : Describe(update);
        lock (throttle)
        {
            _context.Error.WriteLine(line);
        }
    }

    // The first and the last report of a stage always pass; those between, one per interval.
    private sealed class Throttle(TimeProvider time, TimeSpan interval)
    {
        private readonly Lock _lock = new();
        private string? _stage; // Guarded by _lock.
        private long _last; // Guarded by _lock.
        private bool _finished; // Guarded by _lock.

        public bool Admits(string stage, bool finished)
        {
            lock (_lock)
            {
                bool sameStage = stage == _stage;
                if (sameStage && (_finished || (!finished && time.GetElapsedTime(_last) < interval)))
                {
                    return false;
                }

                _stage = stage;
                _finished = finished;
                _last = time.GetTimestamp();
                return true;
            }
        }
    }
}
