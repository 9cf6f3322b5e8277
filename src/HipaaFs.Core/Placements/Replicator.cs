using System.Diagnostics;
using HipaaFs.Crypto;
using HipaaFs.Metadata;
using HipaaFs.Sessions;
using HipaaFs.Spending;
using HipaaFs.Storage;
using Microsoft.Extensions.Logging;

namespace HipaaFs.Placements;

/// <summary>Brings every live segment to all stores of its placement, for ever: what a store lacks it gets, however it came to lack it.</summary>
/// <remarks>
/// What is left to do is in the rows and nowhere else, so that it goes on after a crash, and after a store comes back or a copy of it was found bad. Two segments are copied at a
/// time, through the limits of their stores. What is in archives only, or nowhere any more, is passed over until it can be read: no store is asked for it. A store that does not answer or
/// take anything is left alone for a while, longer each time, and so is a segment that cannot be read. A volume with one store costs nothing.
/// </remarks>
internal sealed partial class Replicator : IDisposable
{
    private const int AtOnce = 2;
    private const int Page = 64;

    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan IdleInterval = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan FirstPause = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan LongestPause = TimeSpan.FromMinutes(5);
    private static readonly TimeSpan LongestPauseOfDamaged = TimeSpan.FromHours(1); // All of it is read at each try.

    private readonly VolumeStores _stores;
    private readonly SegmentReplication _replication;
    private readonly IMetadataStore _metadata;
    private readonly SessionFence _fence;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly SemaphoreSlim _wake = new(0, 1);
    private readonly SemaphoreSlim _one = new(1, 1);
    private readonly Lock _lock = new();
    private readonly Dictionary<int, (long Until, TimeSpan Length)> _pauses = []; // Of stores. Guarded by _lock.
    private readonly Dictionary<SegmentId, (long Until, TimeSpan Length)> _stuck = []; // Guarded by _lock.
    private readonly Dictionary<int, long> _outOfReach = []; // Segments that a store lacks and nobody can give now, of this round. Under _one.
    private IReadOnlyDictionary<int, ReplicationLag>? _lags;

    internal Replicator(
        VolumeStores stores, SegmentReplication replication, IMetadataStore metadata, SessionFence fence, TimeProvider time, ILogger logger)
    {
        _stores = stores;
        _replication = replication;
        _metadata = metadata;
        _fence = fence;
        _time = time;
        _logger = logger;
    }

    /// <summary>What a store has yet to get, as last counted; null before that.</summary>
    internal ReplicationLag? LagOf(int store) => Volatile.Read(ref _lags)?.GetValueOrDefault(store, ReplicationLag.None);

    /// <summary>What keeps a store from getting copies now, though it may answer; null when nothing does.</summary>
    internal ReplicationPause? FindPause(MemberStore member) =>
        _stores.Stops.Has(member.Number, SpendingStop.Replication) ? ReplicationPause.Budget
        : _stores.Placements.All.Where(placement => (placement.Wanted & member.Mask) != 0).Select(ClosedOf).DefaultIfEmpty(0UL).All(closed => (closed & member.Mask) != 0) ? ReplicationPause.Window
        : null;

    // What gets nothing of a placement now, by its windows and the budgets of its stores. Either may begin while a long round is under way.
    private ulong ClosedOf(Placement placement)
    {
        ulong closed = placement.ClosedAt(_time.GetUtcNow());
        foreach (int store in placement.Stores)
        {
            closed |= _stores.Stops.Has(store, SpendingStop.Replication) ? SegmentCopies.In(store) : 0;
        }

        return closed;
    }

    /// <summary>Has it look now.</summary>
    internal void Wake()
    {
        lock (_wake)
        {
            if (_wake.CurrentCount == 0)
            {
                _wake.Release();
            }
        }
    }

    /// <summary>Replicates until stopped.</summary>
    internal async Task RunAsync(CancellationToken stop)
    {
        try
        {
            await _fence.WaitForClaimAsync(stop);
            while (true)
            {
                bool isDone = _stores.IsSingle || await ReplicateOrLogAsync(stop);
                await WaitAsync(_stores.IsSingle ? Timeout.InfiniteTimeSpan : isDone ? IdleInterval : Interval, stop);
            }
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            // The volume is closing, or a newer session has it.
        }
    }

    /// <summary>Counts the segments that a store lacks and that can be copied from nowhere now: they are in archives only, or no store has them any more.</summary>
    /// <exception cref="IOException">The metadata cannot be read.</exception>
    internal async Task<long> CountOutOfReachAsync(MemberStore target, CancellationToken cancel)
    {
        long count = 0;
        foreach (Placement placement in _stores.Placements.All.Where(placement => (placement.Wanted & target.Mask) != 0))
        {
            SegmentRow? after = null;
            while (await ListLackingAsync(placement, target.Mask, after, cancel) is { Count: > 0 } rows)
            {
                after = rows[^1];
                count += rows.Count(row => !_replication.HasSource(row));
            }
        }

        return count;
    }

    /// <summary>One round over everything that a store lacks. True when nothing is left that could be done now.</summary>
    /// <exception cref="IOException">The metadata cannot be read, or staging's disk takes no more.</exception>
    internal async Task<bool> ReplicateAsync(CancellationToken cancel)
    {
        await _one.WaitAsync(cancel);
        try
        {
            ForgetOld();
            _outOfReach.Clear();
            await CountAsync(cancel);
            ulong usable = await FindUsableAsync(cancel);
            ulong closed = 0;
            foreach (Placement placement in _stores.Placements.All)
            {
                await ReplicateAsync(placement, usable, cancel);
                closed |= ClosedOf(placement);
            }

            await CountAsync(cancel);
            return Volatile.Read(ref _lags)!.All(lag => lag.Value.Segments <= _outOfReach.GetValueOrDefault(lag.Key) || (closed & SegmentCopies.In(lag.Key)) != 0) && _stores.Active.All(static member => member is { IsAway: false, Problem: null });
        }
        finally
        {
            _one.Release();
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _wake.Dispose();
        _one.Dispose();
    }

    private async Task<bool> ReplicateOrLogAsync(CancellationToken stop)
    {
        try
        {
            return await ReplicateAsync(stop);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            LogRoundFailed(_logger, exception.HResult);
            return false;
        }
        catch (Exception exception) when (exception is not OperationCanceledException || !stop.IsCancellationRequested)
        {
            LogRoundBroken(_logger, exception); // Without this loop nothing would be copied any more.
            return false;
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

    // Asking each of them is also what finds out that one is back: readers are not kept waiting for it.
    private async Task<ulong> FindUsableAsync(CancellationToken cancel)
    {
        ulong usable = 0;
        foreach (MemberStore member in _stores.Active)
        {
            if (!IsPaused(member.Number) && await member.HoldAsync(cancel) == StoreError.None)
            {
                usable |= member.Mask;
            }
        }

        return usable;
    }

    private async Task ReplicateAsync(Placement placement, ulong usable, CancellationToken cancel)
    {
        SegmentRow? after = null;
        while ((placement.Wanted & usable & ~ClosedOf(placement)) != 0)
        {
            usable &= ~ClosedOf(placement);
            IReadOnlyList<SegmentRow> rows = await ListLackingAsync(placement, placement.Wanted & usable, after, cancel);
            if (rows.Count == 0)
            {
                return;
            }

            after = rows[^1];
            List<SegmentRow> copied = [.. rows.Where(row => _replication.HasSource(row))];
            foreach (SegmentRow row in rows.Except(copied))
            {
                foreach (MemberStore target in _stores.In(placement.Wanted & usable & ~row.Copies))
                {
                    _outOfReach[target.Number] = _outOfReach.GetValueOrDefault(target.Number) + 1;
                }
            }

            ulong failed = 0;
            var options = new ParallelOptions { MaxDegreeOfParallelism = AtOnce, CancellationToken = cancel };
            await Parallel.ForEachAsync(copied, options, async (row, ends) =>
            {
                foreach (MemberStore target in IsStuck(row.Id) ? [] : _stores.In(placement.Wanted & usable & ~row.Copies & ~Volatile.Read(ref failed) & ~ClosedOf(placement)))
                {
                    if (!Settle(row, target, await _replication.TryAsync(row, target, ends)))
                    {
                        Interlocked.Or(ref failed, target.Mask);
                    }
                }
            });
            usable &= ~failed;
        }
    }

    private async Task<IReadOnlyList<SegmentRow>> ListLackingAsync(Placement placement, ulong stores, SegmentRow? after, CancellationToken cancel)
    {
        MetadataResult<IReadOnlyList<SegmentRow>> rows = await _metadata.ListLackingAsync(placement.Number, stores, after, Page, cancel);
        return rows.Succeeded ? rows.Value : throw new IOException($"list what stores lack: {rows.Error}");
    }

    // Whether the store may be given more.
    private bool Settle(SegmentRow row, MemberStore target, StoreError outcome)
    {
        if (outcome == StoreError.None)
        {
            LogCopied(_logger, row.Id, target.Number);
        }
        else if (outcome is not (StoreError.NotFound or StoreError.Archived))
        {
            LogNotCopied(_logger, row.Id, target.Number, outcome);
        }

        lock (_lock)
        {
            if (outcome is StoreError.None)
            {
                _pauses.Remove(target.Number);
                _stuck.Remove(row.Id);
                return true;
            }

            if (outcome is StoreError.NotFound or StoreError.Corrupt or StoreError.Archived)
            {
                Pause(_stuck, row.Id, outcome == StoreError.Corrupt ? LongestPauseOfDamaged : LongestPause);
                return true; // Others can be copied.
            }

            Pause(_pauses, target.Number, LongestPause);
            return false;
        }
    }

    private void Pause<TKey>(Dictionary<TKey, (long Until, TimeSpan Length)> pauses, TKey key, TimeSpan longest)
        where TKey : notnull
    {
        Debug.Assert(_lock.IsHeldByCurrentThread);
        TimeSpan length = pauses.TryGetValue(key, out (long Until, TimeSpan Length) before) ? before.Length * 2 : FirstPause;
        length = length < longest ? length : longest;
        pauses[key] = (_time.GetTimestamp() + (long)(length.TotalSeconds * _time.TimestampFrequency), length);
    }

    private bool IsStuck(SegmentId segment)
    {
        lock (_lock)
        {
            return _stuck.TryGetValue(segment, out (long Until, TimeSpan Length) pause) && _time.GetTimestamp() < pause.Until;
        }
    }

    // Most of those that nobody has asked for since are gone.
    private void ForgetOld()
    {
        lock (_lock)
        {
            foreach ((SegmentId segment, (long until, TimeSpan length)) in _stuck.ToList())
            {
                if (_time.GetElapsedTime(until) > length + IdleInterval)
                {
                    _stuck.Remove(segment);
                }
            }
        }
    }

    private bool IsPaused(int store)
    {
        lock (_lock)
        {
            return _pauses.TryGetValue(store, out (long Until, TimeSpan Length) pause) && _time.GetTimestamp() < pause.Until;
        }
    }

    private async Task CountAsync(CancellationToken cancel)
    {
        MetadataResult<CopyTotals> totals = await _metadata.SumCopiesAsync(cancel);
        if (!totals.Succeeded)
        {
            throw new IOException($"count what stores lack: {totals.Error}");
        }

        var lags = new Dictionary<int, ReplicationLag>();
        foreach (MemberStore member in _stores.Active)
        {
            var lacking = default(CopySum);
            Timestamp? oldest = null;
            foreach (Placement placement in _stores.Placements.All)
            {
                CopySum sum = (placement.Wanted & member.Mask) == 0 ? default : totals.Value.Lacking(placement.Number, member.Mask);
                if (sum.Segments == 0)
                {
                    continue;
                }

                lacking += sum;
                MetadataResult<IReadOnlyList<SegmentRow>> first = await _metadata.ListLackingAsync(placement.Number, member.Mask, null, 1, cancel);
                if (first.Succeeded && first.Value.Count > 0 && (oldest is null || first.Value[0].Changed.Nanoseconds < oldest.Value.Nanoseconds))
                {
                    oldest = first.Value[0].Changed;
                }
            }

            lags[member.Number] = new ReplicationLag(lacking.Segments, lacking.ObjectBytes, oldest?.ToDateTimeOffset());
        }

        Volatile.Write(ref _lags, lags);
    }

    [LoggerMessage(622, LogLevel.Debug, "Segment {Segment} was copied to store {Store}")]
    private static partial void LogCopied(ILogger logger, SegmentId segment, int store);

    [LoggerMessage(623, LogLevel.Warning, "Segment {Segment} could not be copied to store {Store} ({Error}); it is tried again")]
    private static partial void LogNotCopied(ILogger logger, SegmentId segment, int store, StoreError error);

    [LoggerMessage(624, LogLevel.Warning, "A round of replication met a disk that refuses (error {Error}); it is tried again")]
    private static partial void LogRoundFailed(ILogger logger, int error);

    [LoggerMessage(625, LogLevel.Critical, "A round of replication failed unexpectedly; the next one is tried at the next interval")]
    private static partial void LogRoundBroken(ILogger logger, Exception exception);
}
