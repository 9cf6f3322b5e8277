using System.Buffers;
using System.Collections.Concurrent;
using System.Runtime.CompilerServices;

namespace HipaaFs.Storage;

/// <summary>Asks a second time for what is read, when the answer takes longer than nearly all others did: the first answer wins, the other request is cancelled.</summary>
/// <remarks>
/// <para>The delay is the time within which 95 of 100 reads of about the same length are answered. Only a small share of the reads is asked for twice, so that a
/// store that is slow as a whole does not get more to do. The second answer goes into a buffer of its own, since both may arrive.</para>
/// <para>Only reads; everything else passes through. A read that is not asked for twice allocates nothing here.</para>
/// </remarks>
public sealed class HedgingObjectStore : IObjectStore
{
    private const int MostRaces = 64;

    private readonly IObjectStore _inner;
    private readonly HedgeOptions _options;
    private readonly TimeProvider _time;
    private readonly StoreMeter _meter;
    private readonly ReadLatency _latency;
    private readonly HedgeShare _share;
    private readonly ConcurrentQueue<ReadRace> _races = new();

    /// <summary>Hedges the reads of <paramref name="inner"/>, which it then owns.</summary>
    public HedgingObjectStore(IObjectStore inner, HedgeOptions options, TimeProvider time, StoreMeter meter)
    {
        _inner = inner;
        _options = options;
        _time = time;
        _meter = meter;
        _latency = new ReadLatency(options.FewestReads);
        _share = new HedgeShare(options.Share, options.MostAtOnce);
    }

    /// <inheritdoc/>
    public StoreCapabilities Capabilities => _inner.Capabilities;

    /// <inheritdoc/>
    public ValueTask<StoreResult<int>> ReadAsync(ObjectKey key, EntityTag version, long offset, Memory<byte> destination, CancellationToken cancel)
    {
        _share.Earn();
        TimeSpan slow = _latency.SlowOf(destination.Length);
        var read = new Read(key, version, offset, destination);
        return slow > TimeSpan.Zero && slow <= _options.LongestDelay && destination.Length <= _options.LongestRead
            ? RaceAsync(read, slow > _options.ShortestDelay ? slow : _options.ShortestDelay, cancel)
            : MeasureAsync(read, cancel);
    }

    /// <inheritdoc/>
    public ValueTask<StoreResult<ObjectProperties>> PutAsync(ObjectKey key, ReadOnlyMemory<byte> content, PutCondition condition, CancellationToken cancel) =>
        _inner.PutAsync(key, content, condition, cancel);

    /// <inheritdoc/>
    public ValueTask<StoreResult<ObjectProperties>> PutFileAsync(ObjectKey key, UploadSource source, PutOptions options, CancellationToken cancel) =>
        _inner.PutFileAsync(key, source, options, cancel);

    /// <inheritdoc/>
    public ValueTask<StoreResult<ObjectProperties>> GetPropertiesAsync(ObjectKey key, CancellationToken cancel) => _inner.GetPropertiesAsync(key, cancel);

    /// <inheritdoc/>
    public ValueTask<StoreResult<ObjectPage>> ListAsync(string prefix, ObjectKey? after, int limit, CancellationToken cancel) =>
        _inner.ListAsync(prefix, after, limit, cancel);

    /// <inheritdoc/>
    public ValueTask<StoreResult<bool>> DeleteAsync(ObjectKey key, EntityTag version, CancellationToken cancel) => _inner.DeleteAsync(key, version, cancel);

    /// <inheritdoc/>
    public ValueTask<StoreResult<ObjectProperties>> SetTierAsync(ObjectKey key, StorageTier tier, CancellationToken cancel) =>
        _inner.SetTierAsync(key, tier, cancel);

    /// <inheritdoc/>
    public ValueTask<StoreResult<RestoreState>> RestoreAsync(ObjectKey key, RestoreRequest request, CancellationToken cancel) =>
        _inner.RestoreAsync(key, request, cancel);

    /// <inheritdoc/>
    public ValueTask<StoreResult<ObjectProperties>> SetRetentionAsync(ObjectKey key, ObjectRetention? retention, CancellationToken cancel) =>
        _inner.SetRetentionAsync(key, retention, cancel);

    /// <inheritdoc/>
    public ValueTask<StoreResult<ObjectProperties>> SetLegalHoldAsync(ObjectKey key, bool isHeld, CancellationToken cancel) =>
        _inner.SetLegalHoldAsync(key, isHeld, cancel);

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        while (_races.TryDequeue(out ReadRace? race))
        {
            race.Dispose();
        }

        await _inner.DisposeAsync();
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<StoreResult<int>> MeasureAsync(Read read, CancellationToken cancel)
    {
        long start = _time.GetTimestamp();
        StoreResult<int> result = await _inner.ReadAsync(read.Key, read.Version, read.Offset, read.Destination, cancel);
        Note(read, start, result);
        return result;
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<StoreResult<int>> RaceAsync(Read read, TimeSpan delay, CancellationToken cancel)
    {
        long start = _time.GetTimestamp();
        ReadRace race = _races.TryDequeue(out ReadRace? former) ? former : new ReadRace(_time);
        try
        {
#pragma warning disable CA2012 // Consumed once: one continuation, and one result after it ran.
            ConfiguredValueTaskAwaitable<StoreResult<int>>.ConfiguredValueTaskAwaiter first =
                _inner.ReadAsync(read.Key, read.Version, read.Offset, read.Destination, race.Start(cancel)).ConfigureAwait(false).GetAwaiter();
#pragma warning restore CA2012
            StoreResult<int> result;
            if (first.IsCompleted || !await race.IsLateAsync(first, delay))
            {
                result = first.GetResult();
            }
            else if (_share.TryTake())
            {
                result = await HedgeAsync(race, first, read, cancel);
            }
            else
            {
                await race.FirstEndedAsync();
                result = first.GetResult();
            }

            Note(read, start, result);
            return result;
        }
        catch (OperationCanceledException) when (cancel.IsCancellationRequested)
        {
            throw new OperationCanceledException(cancel); // The caller knows its own token, not the race's.
        }
        finally
        {
            Finish(race);
        }
    }

    // Returns when neither request is under way any more: the destination is the caller's again.
    private async Task<StoreResult<int>> HedgeAsync(
        ReadRace race, ConfiguredValueTaskAwaitable<StoreResult<int>>.ConfiguredValueTaskAwaiter first, Read read, CancellationToken cancel)
    {
        _meter.Hedged();
        byte[] buffer = ArrayPool<byte>.Shared.Rent(read.Destination.Length);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        Task firstEnded = race.FirstEndedAsync();
        Task<StoreResult<int>> second = SecondAsync(read, buffer, stop.Token);
        try
        {
            await Task.WhenAny(firstEnded, second);
            StoreResult<int>? answer = firstEnded.IsCompleted ? first.GetResult() : default(StoreResult<int>?);
            if (answer is { } prompt && IsAnswer(prompt))
            {
                return prompt;
            }

            StoreResult<int> other = await second;
            if (IsAnswer(other))
            {
                race.CancelFirst();
                await firstEnded;
                buffer.AsMemory(0, other.Succeeded ? other.Value : 0).CopyTo(read.Destination);
                _meter.HedgeWon();
                return other;
            }

            await firstEnded;
            return answer ?? first.GetResult();
        }
        finally
        {
            await stop.CancelAsync();
            race.CancelFirst();
            await Task.WhenAll(firstEnded, second).ContinueWith(static _ => { }, CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default);
            ArrayPool<byte>.Shared.Return(buffer);
            _share.GiveBack();
        }
    }

    private async Task<StoreResult<int>> SecondAsync(Read read, byte[] buffer, CancellationToken cancel) =>
        await _inner.ReadAsync(read.Key, read.Version, read.Offset, buffer.AsMemory(0, read.Destination.Length), cancel);

    // What is not the store's answer may be that of one connection: the other request decides.
    private static bool IsAnswer(StoreResult<int> result) => result.Error.IsAnswer();

    private void Note(Read read, long start, StoreResult<int> result)
    {
        if (result.Succeeded)
        {
            _latency.Note(read.Destination.Length, _time.GetElapsedTime(start));
        }
    }

    private void Finish(ReadRace race)
    {
        if (race.TryFinish() && _races.Count < MostRaces)
        {
            _races.Enqueue(race);
        }
        else
        {
            race.Dispose();
        }
    }

    private readonly record struct Read(ObjectKey Key, EntityTag Version, long Offset, Memory<byte> Destination);
}
