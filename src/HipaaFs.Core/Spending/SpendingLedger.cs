using System.Text.Json;
using HipaaFs.Placements;
using HipaaFs.Platform;
using HipaaFs.Storage;
using Microsoft.Extensions.Logging;

namespace HipaaFs.Spending;

/// <summary>Counts what is asked of each store by day and month, and keeps it through mounts, in a file beside the metadata.</summary>
/// <remarks>Each machine counts what it asks itself: in the metadata the counts would be published, which is a request. A crash loses a minute of them. Thread-safe.</remarks>
internal sealed partial class SpendingLedger
{
    /// <summary>The file's name.</summary>
    internal const string FileName = "spending.json";

    private static readonly TimeSpan Interval = TimeSpan.FromMinutes(1);

    private readonly Lock _saving = new(); // One after the other: the last to write knows what all others have written. Taken before _lock.
    private readonly Lock _lock = new();
    private readonly SortedDictionary<int, StoreSpending> _spending = []; // Guarded by _lock.
    private readonly Dictionary<int, StoreMetrics> _seen = []; // Guarded by _lock.
    private readonly VolumeStores _stores;
    private readonly string _file;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private bool _isChanged; // Guarded by _lock.
    private long _judgements; // Guarded by _lock.
    private long _newestJudgement; // Guarded by _lock.

    /// <summary>Goes on from what is kept in a directory; what cannot be read counts as nothing.</summary>
    internal SpendingLedger(VolumeStores stores, string directory, TimeProvider time, ILogger logger)
    {
        _stores = stores;
        _file = Path.Combine(directory, FileName);
        _time = time;
        _logger = logger;
        foreach (StoreSpending known in Read())
        {
            _spending[known.Store] = known;
        }
    }

    /// <summary>Says what is stopped while so much was asked; null when nobody does.</summary>
    internal Func<IReadOnlyList<StoreSpending>, CancellationToken, ValueTask<IReadOnlyDictionary<int, SpendingStop>>>? Judge { get; set; }

    /// <summary>What was asked of each store, by number, up to now.</summary>
    internal IReadOnlyList<StoreSpending> Describe()
    {
        lock (_lock)
        {
            return Count();
        }
    }

    /// <summary>Counts once a minute, so that each request falls on its day, until stopped.</summary>
    internal async Task RunAsync(CancellationToken stop)
    {
        try
        {
            while (true)
            {
                await Task.Delay(Interval, _time, stop);
                Save();
                await JudgeOrLogAsync(stop);
            }
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            // The volume is closing, or a newer session has it.
        }
    }

    /// <summary>Keeps what was counted. What cannot be kept is tried again the next time.</summary>
    internal void Save()
    {
        lock (_saving)
        {
            StoreSpending[] spending;
            lock (_lock)
            {
                spending = Count();
                if (!_isChanged)
                {
                    return;
                }

                _isChanged = false;
            }

            try
            {
                DurableFile.Replace(_file, JsonSerializer.SerializeToUtf8Bytes(spending, SpendingContext.Default.StoreSpendingArray));
            }
            catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
            {
                LogNotKept(_logger, exception.HResult);
                lock (_lock)
                {
                    _isChanged = true;
                }
            }
        }
    }

    /// <summary>Keeps what was counted, and has it judged, without waiting for the minute to end, if stores have begun to bring something back: that may be dear.</summary>
    internal async Task CountNowAsync(CancellationToken cancel)
    {
        if (_stores.Restores.HasAny)
        {
            Save();
            await JudgeOrLogAsync(cancel);
        }
    }

    /// <summary>Has it judged now, for the loop and for tests.</summary>
    internal async Task JudgeAsync(CancellationToken cancel)
    {
        if (Judge is not { } judge)
        {
            return;
        }

        long judgement;
        StoreSpending[] spending;
        lock (_lock)
        {
            spending = Count();
            judgement = ++_judgements;
        }

        IReadOnlyDictionary<int, SpendingStop> stops = await judge(spending, cancel);
        lock (_lock)
        {
            if (judgement > _newestJudgement) // Else it was overtaken by one that knows more.
            {
                _newestJudgement = judgement;
                _stores.Stops.Set(stops);
            }
        }
    }

    // Under _lock.
    private StoreSpending[] Count()
    {
        var today = DateOnly.FromDateTime(_time.GetUtcNow().UtcDateTime);
        foreach (MemberStore member in _stores.Active)
        {
            if (member.Store?.Snapshot() is not { } now)
            {
                continue;
            }

            SpentRequests more = SpentRequests.Between(_seen.GetValueOrDefault(member.Number), now) with { RestoredBytes = _stores.Restores.Take(member.Number) };
            _seen[member.Number] = now;
            StoreSpending known = _spending.GetValueOrDefault(member.Number) ?? new StoreSpending { Store = member.Number, Day = today };
            _spending[member.Number] = known.On(today, more);
            _isChanged |= more.Requests > 0 || more.RestoredBytes.Count > 0;
        }

        return [.. _spending.Values];
    }

    private async Task JudgeOrLogAsync(CancellationToken stop)
    {
        try
        {
            await JudgeAsync(stop);
        }
        catch (Exception exception) when (exception is not OperationCanceledException || !stop.IsCancellationRequested)
        {
            LogNotJudged(_logger, exception); // Without this loop nothing would be counted any more.
        }
    }

    private StoreSpending[] Read()
    {
        try
        {
            return File.Exists(_file) ? JsonSerializer.Deserialize(File.ReadAllBytes(_file), SpendingContext.Default.StoreSpendingArray) ?? [] : [];
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or JsonException)
        {
            LogNotRead(_logger, exception.HResult);
            return [];
        }
    }

    [LoggerMessage(645, LogLevel.Warning, "What was asked of the stores could not be noted (error {Error}); it is tried again")]
    private static partial void LogNotKept(ILogger logger, int error);

    [LoggerMessage(647, LogLevel.Warning, "Whether budgets of stores are used up could not be found out; what was stopped stays so")]
    private static partial void LogNotJudged(ILogger logger, Exception exception);

    [LoggerMessage(646, LogLevel.Warning, "What was asked of the stores before could not be read (error {Error}); it is counted from now on")]
    private static partial void LogNotRead(ILogger logger, int error);
}
