using HipaaFs.Crypto;
using HipaaFs.Metadata;
using HipaaFs.Placements;
using HipaaFs.Sessions;
using HipaaFs.Spending;
using HipaaFs.Storage;
using HipaaFs.Volumes;
using Microsoft.Extensions.Logging;

namespace HipaaFs.Archives;

/// <summary>Brings segments back from archives: asks the stores, looks now and then how far they are, and moves down again what has to be moved when its time is over.</summary>
/// <remarks>
/// A segment is asked for once, however many files need it. The store's own answer says how far it is; what is kept here, and in settings for the next session, is what to ask about.
/// Files that programs open are queued, at most <see cref="MostFiles"/>. Thread-safe.
/// </remarks>
internal sealed partial class Recaller : IDisposable
{
    /// <summary>The most files whose segments wait to be asked for.</summary>
    internal const int MostFiles = 1024;

    /// <summary>The most segments that a round looks at.</summary>
    internal const int MostLooks = 512;

    private const int AtOnce = 4;
    private const int NoteEach = 256; // Segments noted at once before they are asked for, or a sixteenth of all: few are written again and again.

    private static readonly TimeSpan Interval = TimeSpan.FromMinutes(1);

    private readonly RecallTable _table;
    private readonly ArchivedFiles _files;
    private readonly VolumeStores _stores;
    private readonly IMetadataStore _metadata;
    private readonly SessionFence _fence;
    private readonly RecallNotes _notes;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly Lock _lock = new();
    private readonly Dictionary<InodeId, TaskCompletionSource<StoreError>> _queued = []; // This and the next guarded by _lock.
    private readonly Queue<InodeId> _queue = new();
    private readonly Dictionary<SegmentId, Task<StoreError>> _asking = []; // Guarded by _lock.
    private readonly Dictionary<SegmentId, DateTimeOffset> _looked = []; // Under _one.
    private readonly SemaphoreSlim _one = new(1, 1);
    private bool _isOver; // Guarded by _lock.
    private readonly SemaphoreSlim _wake = new(0, 1);

    internal Recaller(
        RecallTable table,
        ArchivedFiles files,
        VolumeStores stores,
        IMetadataStore metadata,
        SessionFence fence,
        SessionClock clock,
        TimeProvider time,
        ILogger logger)
    {
        _table = table;
        _files = files;
        _stores = stores;
        _metadata = metadata;
        _fence = fence;
        _notes = new RecallNotes(table, metadata, clock, logger);
        _time = time;
        _logger = logger;
    }

    /// <summary>Called when a segment is back: who could not read it can now.</summary>
    internal Action? Returned { get; set; }

    /// <summary>Called when stores were asked for segments: what that costs is counted before more is asked for.</summary>
    internal Func<CancellationToken, Task>? Asked { get; set; }

    /// <summary>How many segments are asked for between two calls of <see cref="Asked"/>. Fewer in tests.</summary>
    internal int AskedAtOnce { get; set; } = 256;

    /// <summary>The segments that it knows. For tests.</summary>
    internal RecallTable Table => _table;

    /// <summary>What the opening of a file asks for.</summary>
    internal static RestoreRequest OnOpen { get; } = new(RestoreSpeed.Standard, 7);

    /// <summary>Has a file brought back in the background. The answer ends when all of it was asked for; null when too many wait, or the volume is closing.</summary>
    internal Task<StoreError>? TryBegin(InodeId inode)
    {
        TaskCompletionSource<StoreError>? begun;
        lock (_lock)
        {
            if (_isOver)
            {
                return null;
            }

            if (_queued.TryGetValue(inode, out begun))
            {
                return begun.Task;
            }

            if (_queued.Count >= MostFiles)
            {
                return null;
            }

            begun = new TaskCompletionSource<StoreError>(TaskCreationOptions.RunContinuationsAsynchronously);
            _queued.Add(inode, begun);
            _queue.Enqueue(inode);
        }

        Wake();
        return begun.Task;
    }

    /// <summary>Waits until a segment is back. False when its recall failed, or there is none.</summary>
    internal Task<bool> WaitAsync(SegmentId segment, CancellationToken cancel) => _table.WaitAsync(segment, cancel);

    /// <summary>Has files brought back, or says what that would ask for.</summary>
    /// <param name="inodes">The files.</param>
    /// <param name="request">Speed and days.</param>
    /// <param name="asks">Whether it is asked for.</param>
    /// <param name="cancel">Ends it; what was asked for stays asked for.</param>
    /// <exception cref="IOException">The metadata cannot be read.</exception>
    internal async Task<RecallOutcome> RunAsync(IEnumerable<InodeId> inodes, RestoreRequest request, bool asks, CancellationToken cancel)
    {
        var segments = new Dictionary<SegmentId, SegmentRow>();
        var missing = new HashSet<SegmentId>();
        var incomplete = new List<InodeId>();
        long recalled = 0;
        foreach (InodeId inode in inodes)
        {
            await foreach ((SegmentRow row, ArchiveState state) in _files.ListAsync(inode, cancel))
            {
                if (state == ArchiveState.Missing)
                {
                    missing.Add(row.Id);
                    if (incomplete.Count < RecallOutcome.MostNamed && (incomplete.Count == 0 || incomplete[^1] != inode))
                    {
                        incomplete.Add(inode);
                    }
                }
                else if (segments.TryAdd(row.Id, row) && state == ArchiveState.Recalled)
                {
                    recalled++;
                }
            }
        }

        SegmentRow[] archived = [.. segments.Values.Where(row => !_table.IsBack(row.Id))];
        var requests = new Dictionary<int, (long Segments, long Bytes)>();
        var begun = new Dictionary<(int Store, RestoreSpeed Speed), long>();
        DateTimeOffset now = _time.GetUtcNow();
        foreach (SegmentRow row in segments.Values.Where(row => _table.Find(row.Id)?.Covers(request, now) != true))
        {
            int store = (SourcesOf(row).OrderBy(member => _stores.Stops.Has(member.Number, SpendingStop.Recall)).FirstOrDefault() ?? _stores.InOrder(row, 0)[0]).Number; // One that cannot be opened now is asked later.
            (long count, long bytes) = requests.GetValueOrDefault(store);
            requests[store] = (count + 1, bytes + row.ObjectLength);
            Recall? known = _table.Find(row.Id);
            foreach (RestoreSpeed speed in Enum.GetValues<RestoreSpeed>().Where(speed => known?.Store != store || known.IsBegunAnewAt(speed, now)))
            {
                begun[(store, speed)] = begun.GetValueOrDefault((store, speed)) + row.ObjectLength;
            }
        }

        long failed = 0;
        StoreError error = StoreError.None;
        if (asks)
        {
            (failed, error) = await AskAsync(segments.Values, request, cancel);
        }

        Recall[] underWay = [.. archived.Select(row => _table.Find(row.Id)).OfType<Recall>().Where(static recall => recall.Until is null)];
        return new RecallOutcome
        {
            Archived = archived.Length - underWay.Length - archived.Count(row => _table.IsBack(row.Id)),
            Recalling = underWay.Length,
            Recalled = recalled + archived.Count(row => _table.IsBack(row.Id)),
            Failed = failed,
            Missing = missing.Count,
            Incomplete = incomplete,
            Error = error,
            Expected = underWay.Length == 0 ? null : underWay.Max(static recall => recall.Expected),
            Requests = requests,
            Begun = begun,
        };
    }

    /// <summary>Asks for a segment, unless that was done. None: it is on its way, or back.</summary>
    internal async ValueTask<StoreError> AskAsync(SegmentRow row, RestoreRequest request, CancellationToken cancel)
    {
        var mine = new TaskCompletionSource<StoreError>(TaskCreationOptions.RunContinuationsAsynchronously);
        while (true)
        {
            Task<StoreError>? others;
            lock (_lock)
            {
                if (_table.Find(row.Id) is { } known && known.Covers(request, _time.GetUtcNow()))
                {
                    return StoreError.None;
                }

                if (!_asking.TryGetValue(row.Id, out others))
                {
                    _asking.Add(row.Id, mine.Task);
                }
            }

            if (others is null)
            {
                break;
            }

            StoreError theirs = await others.WaitAsync(cancel);
            if (theirs != StoreError.None)
            {
                return theirs;
            }
        }

        StoreError outcome = StoreError.Unavailable; // As long as it was cut off, for those who wait for it.
        try
        {
            outcome = await AskStoresAsync(row, request, cancel);
            return outcome;
        }
        finally
        {
            EndAsking(row.Id, mine, outcome);
        }
    }

    /// <summary>Works until stopped.</summary>
    internal async Task RunAsync(CancellationToken stop)
    {
        try
        {
            await _fence.WaitForClaimAsync(stop);
            while (true)
            {
                await RoundOrLogAsync(stop);
                await WaitAsync(_table.Count == 0 ? Timeout.InfiniteTimeSpan : Interval, stop);
            }
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            // The volume is closing, or a newer session has it.
        }
        finally
        {
            EndQueue();
        }
    }

    /// <summary>One round: asks for what is queued, and looks at what is due.</summary>
    /// <exception cref="IOException">The metadata cannot be read.</exception>
    internal async Task RoundAsync(CancellationToken cancel)
    {
        await _one.WaitAsync(cancel);
        try
        {
            await AskQueuedAsync(cancel);
            await LookAsync(cancel);
            await _notes.SaveAsync(cancel);
        }
        finally
        {
            _one.Release();
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _one.Dispose();
        _notes.Dispose();
        _wake.Dispose();
    }

    private void EndAsking(SegmentId segment, TaskCompletionSource<StoreError> mine, StoreError outcome)
    {
        lock (_lock)
        {
            _asking.Remove(segment);
        }

        mine.SetResult(outcome);
    }

    private void Wake()
    {
        lock (_wake)
        {
            if (_wake.CurrentCount == 0)
            {
                _wake.Release();
            }
        }
    }

    private async Task WaitAsync(TimeSpan interval, CancellationToken stop)
    {
        using var ends = CancellationTokenSource.CreateLinkedTokenSource(stop);
        Task woken = _wake.WaitAsync(ends.Token);
        Task due = Task.Delay(interval, _time, ends.Token);
        await Task.WhenAny(woken, due);
        await ends.CancelAsync();
        await woken.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await due.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        stop.ThrowIfCancellationRequested();
    }

    private async Task RoundOrLogAsync(CancellationToken stop)
    {
        try
        {
            await RoundAsync(stop);
        }
        catch (Exception exception) when (exception is not OperationCanceledException || !stop.IsCancellationRequested)
        {
            LogRoundBroken(_logger, exception); // Without this loop nobody would be told that something is back.
        }
    }

    private async Task AskQueuedAsync(CancellationToken cancel)
    {
        while (true)
        {
            InodeId inode;
            TaskCompletionSource<StoreError> begun;
            lock (_lock)
            {
                if (!_queue.TryPeek(out inode))
                {
                    return;
                }

                begun = _queued[inode];
            }

            StoreError outcome = StoreError.Unavailable;
            try
            {
                var rows = new List<SegmentRow>();
                await foreach ((SegmentRow row, ArchiveState state) in _files.ListAsync(inode, cancel))
                {
                    if (state is not (ArchiveState.Recalling or ArchiveState.Missing))
                    {
                        rows.Add(row); // Who has asked for the others has chosen how urgently.
                    }
                }

                (_, outcome) = await AskAsync(rows, OnOpen, cancel);
            }
            catch (IOException exception)
            {
                LogRowsUnreadable(_logger, exception.HResult);
            }
            finally
            {
                lock (_lock)
                {
                    _queue.TryDequeue(out _);
                    _queued.Remove(inode);
                }

                begun.SetResult(outcome);
            }
        }
    }

    // Nobody asks any more.
    private void EndQueue()
    {
        List<TaskCompletionSource<StoreError>> left;
        lock (_lock)
        {
            _isOver = true;
            left = [.. _queued.Values];
            _queued.Clear();
            _queue.Clear();
        }

        left.ForEach(static begun => begun.TrySetResult(StoreError.Unavailable));
        _table.EndWaits();
    }

    private async Task<(long Failed, StoreError Error)> AskAsync(IEnumerable<SegmentRow> rows, RestoreRequest request, CancellationToken cancel)
    {
        long failed = 0;
        StoreError first = StoreError.None;
        SegmentRow[] left = [.. rows];
        try
        {
            while (left.Length > 0)
            {
                SegmentRow[] some = left[..Math.Min(left.Length, Math.Max(NoteEach, _table.Count / 16))];
                left = left[some.Length..];
                (long failedOfThese, StoreError error) = await AskSomeAsync(some, request, cancel);
                failed += failedOfThese;
                first = first == StoreError.None ? error : first;
            }
        }
        finally
        {
            Wake();
            await _notes.SaveAsync(CancellationToken.None); // What was asked for is paid for, whoever has given up since.
        }

        return (failed, first);
    }

    // What is about to be asked for is noted durably, so that the next session looks for it however this one ends: what a store has moved out of its archive nobody else would
    // move down again. What the store has never heard of is struck at the first look. A disk that does not take the note, which is logged, keeps nobody from data that he needs.
    private async Task<(long Failed, StoreError Error)> AskSomeAsync(SegmentRow[] rows, RestoreRequest request, CancellationToken cancel)
    {
        long failed = 0;
        int first = (int)StoreError.None;
        var options = new ParallelOptions { MaxDegreeOfParallelism = AtOnce, CancellationToken = cancel };
        Recall[] intended = ListIntended(rows, request);
        try
        {
            await _notes.IntendAsync(intended, cancel);
            foreach (SegmentRow[] some in rows.Chunk(AskedAtOnce))
            {
                try
                {
                    await Parallel.ForEachAsync(some, options, async (row, ends) =>
                    {
                        StoreError outcome = await AskAsync(row, request, ends);
                        if (outcome != StoreError.None)
                        {
                            Interlocked.Increment(ref failed);
                            Interlocked.CompareExchange(ref first, (int)outcome, (int)StoreError.None);
                        }
                    });
                }
                finally
                {
                    await (Asked?.Invoke(CancellationToken.None) ?? Task.CompletedTask); // Whoever has given up since.
                }
            }
        }
        finally
        {
            _notes.EndIntent(intended);
        }

        return (failed, (StoreError)first);
    }

    // Of the stores of each segment the first: another, asked because that one refuses, is noted when it has taken the request.
    private Recall[] ListIntended(SegmentRow[] rows, RestoreRequest request)
    {
        var intended = new List<Recall>();
        foreach (SegmentRow row in rows)
        {
            if (_table.Find(row.Id) is null && SourcesOf(row).FirstOrDefault(member => !_stores.Stops.Has(member.Number, SpendingStop.Recall)) is { } member)
            {
                intended.Add(new Recall(row.Id, member.Number, request.Speed, request.Days, _time.GetUtcNow()));
            }
        }

        return [.. intended];
    }

    private IEnumerable<MemberStore> SourcesOf(SegmentRow row) =>
        _stores.InOrder(row, 0).Where(member => member.Store is not null && _stores.TierOf(row.Placement, member) == StorageTier.Archive);

    // What nobody could look for afterwards is not asked for.
    private async Task<StoreError> AskStoresAsync(SegmentRow row, RestoreRequest request, CancellationToken cancel)
    {
        if (!_table.TryReserve(row.Id))
        {
            return StoreError.Throttled;
        }

        try
        {
            return await AskEachStoreAsync(row, request, cancel);
        }
        finally
        {
            _table.Unreserve(row.Id);
        }
    }

    private async Task<StoreError> AskEachStoreAsync(SegmentRow row, RestoreRequest request, CancellationToken cancel)
    {
        StoreError error = StoreError.NotFound;
        foreach (MemberStore member in SourcesOf(row))
        {
            if (_stores.Stops.Has(member.Number, SpendingStop.Recall))
            {
                error = error == StoreError.NotFound ? StoreError.NoSpace : error;
                continue;
            }

            StoreResult<RestoreState> asked = await member.Store!.RestoreAsync(StoreLayout.Segment(row.Id), request, cancel);
            member.Note(asked.Error);
            if (asked.Succeeded)
            {
                var recall = new Recall(row.Id, member.Number, request.Speed, request.Days, _time.GetUtcNow());
                bool begins = asked.Value == RestoreState.InProgress || (asked.Value == RestoreState.None && _table.Find(row.Id) is null); // None: it was moved out of the archive at once.
                if (asked.Value == RestoreState.InProgress && _table.Find(row.Id) is { Until: null } former && former.Store == member.Number)
                {
                    // It was on its way: in what it has taken so far the store has not begun anew.
                    begins = recall.Expected < former.Expected;
                    recall = begins ? recall : former with { Days = Math.Max(former.Days, request.Days) };
                }

                if (begins)
                {
                    _stores.Restores.Add(member.Number, request.Speed, row.ObjectLength);
                }

                Set(recall);
                LogAsked(_logger, row.Id, member.Number, request.Speed);
                return asked.Value == RestoreState.InProgress ? StoreError.None : await LookAsync(recall, cancel);
            }

            LogNotAsked(_logger, row.Id, member.Number, asked.Error);
            error = error == StoreError.NotFound ? asked.Error : error;
        }

        return error;
    }

    private async Task LookAsync(CancellationToken cancel)
    {
        DateTimeOffset now = _time.GetUtcNow();
        Recall[] due = [.. _table.All.Where(recall => IsDue(recall, now)).OrderBy(recall => _looked.GetValueOrDefault(recall.Segment)).Take(MostLooks)];
        foreach (Recall recall in due)
        {
            _looked[recall.Segment] = now;
            await LookAloneAsync(recall, cancel);
            if (_table.Find(recall.Segment) is null)
            {
                _looked.Remove(recall.Segment);
            }
        }
    }

    // Not while it is asked for, nor if it was since: what was asked for is not moved down again.
    private async Task LookAloneAsync(Recall recall, CancellationToken cancel)
    {
        var mine = new TaskCompletionSource<StoreError>(TaskCreationOptions.RunContinuationsAsynchronously);
        lock (_lock)
        {
            if (_table.Find(recall.Segment) != recall || !_asking.TryAdd(recall.Segment, mine.Task))
            {
                return;
            }
        }

        try
        {
            await LookAsync(recall, cancel);
        }
        finally
        {
            EndAsking(recall.Segment, mine, StoreError.None); // Who waits for it asks then.
        }
    }

    // The longer it takes, the less often: a tenth of the time that it has taken, a minute to a quarter of an hour. What is back is looked at when its time is over.
    private bool IsDue(Recall recall, DateTimeOffset now)
    {
        if (recall.Until is { } until)
        {
            return until <= now;
        }

        TimeSpan pause = (now - recall.Asked) / 10;
        pause = pause < Interval ? Interval : pause > Interval * 15 ? Interval * 15 : pause;
        return now - _looked.GetValueOrDefault(recall.Segment, recall.Asked) >= pause;
    }

    private async Task<StoreError> LookAsync(Recall recall, CancellationToken cancel)
    {
        if (_stores.Find(recall.Store) is not { IsRemoved: false } member)
        {
            Remove(recall);
            return StoreError.NotFound;
        }

        ObjectKey key = StoreLayout.Segment(recall.Segment);
        StoreResult<ObjectProperties> found = member.Store is { } store ? await store.GetPropertiesAsync(key, cancel) : StoreError.Unavailable;
        member.Note(found.Error);
        DateTimeOffset now = _time.GetUtcNow();
        switch (found)
        {
            case { Succeeded: false, Error: not StoreError.NotFound }:
                return found.Error;
            case { Succeeded: true, Value.Tier: not StorageTier.Archive } when recall.Until is null || recall.Until > now:
                Set(recall with { Until = recall.Until ?? now.AddDays(recall.Days), HasMoved = true });
                LogBack(_logger, recall.Segment, recall.Store);
                Returned?.Invoke();
                return StoreError.None;
            case { Succeeded: true, Value: { Restore: RestoreState.Available, RestoredUntil: var until } } when until is null || until > now:
                if (recall.Until is null && until < now.AddDays(recall.Days - 1) && !_stores.Stops.Has(recall.Store, SpendingStop.Recall) && (await member.Store!.RestoreAsync(key, new RestoreRequest(recall.Speed, recall.Days), cancel)).Succeeded)
                {
                    return await LookAsync(recall with { Until = until }, cancel); // More days were asked for while it was on its way, of which the store took no note then.
                }

                Set(recall with { Until = until ?? now.AddDays(recall.Days), Days = until is { } end ? Math.Min(recall.Days, (int)Math.Ceiling((end - now).TotalDays)) : recall.Days });
                LogBack(_logger, recall.Segment, recall.Store);
                Returned?.Invoke();
                return StoreError.None;
            case { Succeeded: true, Value.Restore: RestoreState.InProgress }:
                Set(recall with { Until = null });
                return StoreError.None;
            case { Succeeded: true, Value.Tier: not StorageTier.Archive }:
                return await ReleaseAsync(recall, member, key, cancel);
            default:
                if (recall.Until is null)
                {
                    LogLost(_logger, recall.Segment, recall.Store);
                }

                Remove(recall);
                return StoreError.NotFound;
        }
    }

    // Only what was in the archive goes back there, and only by the newest session.
    private async Task<StoreError> ReleaseAsync(Recall recall, MemberStore member, ObjectKey key, CancellationToken cancel)
    {
        MetadataResult<SegmentRow> row = await _metadata.GetSegmentAsync(recall.Segment, cancel);
        bool isMeant = row.Succeeded && _stores.TierOf(row.Value.Placement, member) == StorageTier.Archive;
        if (isMeant && (!await _fence.HoldsStoreAsync(cancel) || await member.HoldAsync(cancel) != StoreError.None))
        {
            return StoreError.Unavailable;
        }

        StoreError error = isMeant ? (await member.Store!.SetTierAsync(key, StorageTier.Archive, cancel)).Error : StoreError.None;
        if (error is StoreError.None or StoreError.NotFound)
        {
            Remove(recall);
        }

        return error;
    }

    private void Set(Recall recall)
    {
        if (_table.TrySet(recall))
        {
            _notes.Change(recall);
        }
    }

    private void Remove(Recall recall)
    {
        _table.Remove(recall.Segment);
        _notes.Change(recall);
    }

    [LoggerMessage(650, LogLevel.Debug, "Segment {Segment} was asked for in the archive of store {Store}, {Speed}")]
    private static partial void LogAsked(ILogger logger, SegmentId segment, int store, RestoreSpeed speed);

    [LoggerMessage(651, LogLevel.Warning, "Segment {Segment} could not be asked for in the archive of store {Store} ({Error})")]
    private static partial void LogNotAsked(ILogger logger, SegmentId segment, int store, StoreError error);

    [LoggerMessage(652, LogLevel.Debug, "Segment {Segment} is back from the archive of store {Store}")]
    private static partial void LogBack(ILogger logger, SegmentId segment, int store);

    [LoggerMessage(653, LogLevel.Warning, "Segment {Segment} is not on its way back any more: store {Store} has given up; ask for it again with 'hipaafs recall'")]
    private static partial void LogLost(ILogger logger, SegmentId segment, int store);

    [LoggerMessage(655, LogLevel.Error, "What a file needs of an archive could not be read from the metadata (error {Error})")]
    private static partial void LogRowsUnreadable(ILogger logger, int error);

    [LoggerMessage(654, LogLevel.Critical, "A round of recalls failed unexpectedly; the next one is tried at the next interval")]
    private static partial void LogRoundBroken(ILogger logger, Exception exception);
}
