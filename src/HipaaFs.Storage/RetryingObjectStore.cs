using Microsoft.Extensions.Logging;

namespace HipaaFs.Storage;

/// <summary>Repeats what may pass: Throttled, Unavailable and TimedOut, and nothing else. The only layer that repeats.</summary>
/// <remarks>
/// <para>Full jitter: before try n + 1 it waits a uniformly random time below min(MaxDelay, FirstDelay * 2^(n-1)), or longer when the
/// store says so. A try that gets no answer in its time is cancelled and counts as TimedOut. The repeats of all requests together have a budget
/// (<see cref="RetryBudget"/>); when it is used up the failure stands. While <see cref="Breaker"/> is open nothing is tried: the request fails at once, of what the store failed of last.</para>
/// <para>After Unavailable and TimedOut a change may have been done. Put without a condition, changes of tier and lock, and restores are repeated as they are.
/// A delete that then finds nothing answers true. A put-if-absent that then answers AlreadyExists is decided by comparing: if the object
/// there has the length and every byte of what was to be put, it is taken for ours and the put succeeds. Hence who uses put-if-absent
/// to win a race writes bytes that no rival writes, such as a random id.</para>
/// </remarks>
public sealed partial class RetryingObjectStore : IObjectStore
{
    private readonly IObjectStore _inner;
    private readonly RetryOptions _options;
    private readonly TimeProvider _time;
    private readonly StoreMeter _meter;
    private readonly ILogger _logger;
    private readonly Random _random;
    private readonly RetryBudget _budget;
    private long _uploading; // Bytes of the files that are being put.

    /// <summary>Repeats what fails at <paramref name="inner"/>, which it then owns.</summary>
    /// <param name="inner">The adapter.</param>
    /// <param name="options">How often and how long.</param>
    /// <param name="time">Times pauses and tries.</param>
    /// <param name="meter">Counts the repeats.</param>
    /// <param name="logger">Told of repeats (Debug) and of giving up (Warning).</param>
    /// <param name="random">Chooses the pauses; null for a shared one. A given one is used by one request at a time.</param>
    public RetryingObjectStore(IObjectStore inner, RetryOptions options, TimeProvider time, StoreMeter meter, ILogger logger, Random? random = null)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(options.MaxAttempts);
        _inner = inner;
        _options = options;
        _time = time;
        _meter = meter;
        _logger = logger;
        _random = random ?? Random.Shared;
        _budget = new RetryBudget(options, time);
    }

    /// <summary>Keeps tries from a store that does not work; null for none.</summary>
    public CircuitBreaker? Breaker { get; init; }

    /// <inheritdoc/>
    public StoreCapabilities Capabilities => _inner.Capabilities;

    /// <inheritdoc/>
    public async ValueTask<StoreResult<int>> ReadAsync(ObjectKey key, EntityTag version, long offset, Memory<byte> destination, CancellationToken cancel)
    {
        Outcome<int> outcome = await RepeatAsync(
            StoreVerb.Read,
            Timeout(_options.TryTimeout, destination.Length),
            (key, version, offset, destination),
            static (store, read, cancel) => store.ReadAsync(read.key, read.version, read.offset, read.destination, cancel),
            cancel);
        return outcome.Result;
    }

    /// <inheritdoc/>
    public async ValueTask<StoreResult<ObjectProperties>> PutAsync(ObjectKey key, ReadOnlyMemory<byte> content, PutCondition condition, CancellationToken cancel)
    {
        Outcome<ObjectProperties> outcome = await RepeatAsync(
            StoreVerb.Put,
            Timeout(_options.TryTimeout, content.Length),
            (key, content, condition),
            static (store, put, cancel) => store.PutAsync(put.key, put.content, put.condition, cancel),
            cancel);
        return outcome.MayBeOurs
            ? await PutComparison.AgainstMemoryAsync(this, key, content, cancel)
            : outcome.Result;
    }

    /// <inheritdoc/>
    public async ValueTask<StoreResult<ObjectProperties>> PutFileAsync(ObjectKey key, UploadSource source, PutOptions options, CancellationToken cancel)
    {
        // Parts of what began before may go first (PartSlots): its time is added, or an upload that waits for its turn would be taken for one that a dead store keeps.
        long ahead = Interlocked.Add(ref _uploading, source.Length);
        try
        {
            return await RepeatPutFileAsync(key, source, options, Timeout(_options.UploadTryTimeout, ahead), cancel);
        }
        finally
        {
            Interlocked.Add(ref _uploading, -source.Length);
        }
    }

    private async ValueTask<StoreResult<ObjectProperties>> RepeatPutFileAsync(ObjectKey key, UploadSource source, PutOptions options, TimeSpan timeout, CancellationToken cancel)
    {
        UploadSource next = source;
        Outcome<ObjectProperties> outcome = await RepeatAsync(
            StoreVerb.PutFile,
            timeout,
            (key, options),
            (store, put, cancel) =>
            {
                UploadSource now = next;
                next = source with { IsNew = false }; // A repeat may find what this try leaves.
                return store.PutFileAsync(put.key, now, put.options, cancel);
            },
            cancel);
        return outcome.MayBeOurs
            ? await ProtectAsync(await PutComparison.AgainstFileAsync(this, key, source, cancel), options.Protection, cancel)
            : outcome.Result;
    }

    /// <inheritdoc/>
    public async ValueTask<StoreResult<ObjectProperties>> GetPropertiesAsync(ObjectKey key, CancellationToken cancel)
    {
        Outcome<ObjectProperties> outcome = await RepeatAsync(
            StoreVerb.GetProperties, _options.TryTimeout, key, static (store, key, cancel) => store.GetPropertiesAsync(key, cancel), cancel);
        return outcome.Result;
    }

    /// <inheritdoc/>
    public async ValueTask<StoreResult<ObjectPage>> ListAsync(string prefix, ObjectKey? after, int limit, CancellationToken cancel)
    {
        Outcome<ObjectPage> outcome = await RepeatAsync(
            StoreVerb.List,
            _options.TryTimeout,
            (prefix, after, limit),
            static (store, list, cancel) => store.ListAsync(list.prefix, list.after, list.limit, cancel),
            cancel);
        return outcome.Result;
    }

    /// <inheritdoc/>
    public async ValueTask<StoreResult<bool>> DeleteAsync(ObjectKey key, EntityTag version, CancellationToken cancel)
    {
        Outcome<bool> outcome = await RepeatAsync(
            StoreVerb.Delete,
            _options.TryTimeout,
            (key, version),
            static (store, delete, cancel) => store.DeleteAsync(delete.key, delete.version, cancel),
            cancel);
        return outcome.Ambiguous && outcome.Result.Succeeded ? true : outcome.Result;
    }

    /// <inheritdoc/>
    public async ValueTask<StoreResult<ObjectProperties>> SetTierAsync(ObjectKey key, StorageTier tier, CancellationToken cancel)
    {
        Outcome<ObjectProperties> outcome = await RepeatAsync(
            StoreVerb.SetTier, _options.TryTimeout, (key, tier), static (store, set, cancel) => store.SetTierAsync(set.key, set.tier, cancel), cancel);
        return outcome.Result;
    }

    /// <inheritdoc/>
    public async ValueTask<StoreResult<RestoreState>> RestoreAsync(ObjectKey key, RestoreRequest request, CancellationToken cancel)
    {
        Outcome<RestoreState> outcome = await RepeatAsync(
            StoreVerb.Restore,
            _options.TryTimeout,
            (key, request),
            static (store, restore, cancel) => store.RestoreAsync(restore.key, restore.request, cancel),
            cancel);
        return outcome.Result;
    }

    /// <inheritdoc/>
    public async ValueTask<StoreResult<ObjectProperties>> SetRetentionAsync(ObjectKey key, ObjectRetention? retention, CancellationToken cancel)
    {
        Outcome<ObjectProperties> outcome = await RepeatAsync(
            StoreVerb.SetRetention,
            _options.TryTimeout,
            (key, retention),
            static (store, set, cancel) => store.SetRetentionAsync(set.key, set.retention, cancel),
            cancel);
        return outcome.Result;
    }

    /// <inheritdoc/>
    public async ValueTask<StoreResult<ObjectProperties>> SetLegalHoldAsync(ObjectKey key, bool isHeld, CancellationToken cancel)
    {
        Outcome<ObjectProperties> outcome = await RepeatAsync(
            StoreVerb.SetLegalHold, _options.TryTimeout, (key, isHeld), static (store, set, cancel) => store.SetLegalHoldAsync(set.key, set.isHeld, cancel), cancel);
        return outcome.Result;
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => _inner.DisposeAsync();

    // The first try may have put the object and failed before it was locked, where a store does that in two steps.
    private async ValueTask<StoreResult<ObjectProperties>> ProtectAsync(StoreResult<ObjectProperties> ours, ObjectProtection asked, CancellationToken cancel)
    {
        StoreResult<ObjectProperties> now = ours;
        if (now.Succeeded && asked.Retention is { } retention && retention.IsWeakenedBy(now.Value.Protection.Retention))
        {
            now = await SetRetentionAsync(ours.Value.Key, retention, cancel);
        }

        if (now.Succeeded && asked.LegalHold && !now.Value.Protection.LegalHold)
        {
            now = await SetLegalHoldAsync(ours.Value.Key, isHeld: true, cancel);
        }

        return now.Succeeded ? now.Value with { Sha256 = ours.Value.Sha256 } : now;
    }

    private TimeSpan Timeout(TimeSpan answer, long bytes) => answer + TimeSpan.FromSeconds((double)bytes / _options.SlowestUpload);

    private async ValueTask<Outcome<TResult>> RepeatAsync<TArguments, TResult>(
        StoreVerb verb, TimeSpan timeout, TArguments arguments, StoreOperation<TArguments, TResult> attempt, CancellationToken cancel)
    {
        long start = _time.GetTimestamp();
        bool ambiguous = false;
        StoreResult<TResult> result = default;
        for (int number = 1; ; number++)
        {
            BreakerEntry entry = Breaker?.Enter() ?? BreakerEntry.Passed;
            if (entry == BreakerEntry.Refused)
            {
                // What an earlier try failed of says more than that this one was not made.
                return new Outcome<TResult>(number > 1 ? result : Breaker!.Refusal(), ambiguous);
            }

            bool isKnown = false;
            try
            {
                result = await TryAsync(timeout, arguments, attempt, cancel);
                isKnown = true;
            }
            finally
            {
                Tell(entry, isKnown, result.Failure);
            }

            if (result.Failure is not { } failure || !failure.Error.IsTransient())
            {
                _budget.Succeeded(repeated: number > 1);
                return new Outcome<TResult>(result, ambiguous);
            }

            ambiguous |= failure.Error.IsAmbiguous();
            TimeSpan pause = Pause(number, failure);
            if (number >= _options.MaxAttempts || _time.GetElapsedTime(start) + pause > _options.MaxElapsed || !_budget.TryTake())
            {
                LogGivenUp(_logger, verb, failure.Error, failure.Detail, number);
                return new Outcome<TResult>(result, ambiguous);
            }

            LogRepeated(_logger, verb, failure.Error, failure.Detail, number, (long)pause.TotalMilliseconds);
            _meter.Retried(verb);
            await Task.Delay(pause, _time, cancel);
        }
    }

    private void Tell(BreakerEntry entry, bool isKnown, StoreFailure? failure)
    {
        if (!isKnown)
        {
            Breaker?.Abandoned(entry);
        }
        else if (failure?.Error.IsAmbiguous() == true)
        {
            Breaker?.Failed(entry, failure);
        }
        else
        {
            Breaker?.Answered();
        }
    }

    private async ValueTask<StoreResult<TResult>> TryAsync<TArguments, TResult>(
        TimeSpan timeout, TArguments arguments, StoreOperation<TArguments, TResult> attempt, CancellationToken cancel)
    {
        cancel.ThrowIfCancellationRequested();
        using var deadline = new CancellationTokenSource(timeout, _time);
        using CancellationTokenRegistration registration = cancel.UnsafeRegister(
            static state => ((CancellationTokenSource)state!).Cancel(), deadline);
        try
        {
            return await attempt(_inner, arguments, deadline.Token);
        }
        catch (OperationCanceledException) when (!cancel.IsCancellationRequested && deadline.IsCancellationRequested)
        {
            return StoreError.TimedOut;
        }
        catch (OperationCanceledException) when (cancel.IsCancellationRequested)
        {
            // The caller knows its own token, not the deadline's.
            throw new OperationCanceledException(cancel);
        }
    }

    private TimeSpan Pause(int attempt, StoreFailure failure)
    {
        double bound = Math.Min(_options.MaxDelay.TotalMilliseconds, _options.FirstDelay.TotalMilliseconds * Math.Pow(2, attempt - 1));
        TimeSpan jittered = TimeSpan.FromMilliseconds(_random.NextDouble() * bound);
        return failure.RetryAfter is { } asked && asked > jittered ? asked : jittered;
    }

    [LoggerMessage(300, LogLevel.Debug, "Store {Verb} failed ({Error} {Detail}) on try {Attempt}; repeating in {PauseMilliseconds} ms")]
    private static partial void LogRepeated(ILogger logger, StoreVerb verb, StoreError error, string? detail, int attempt, long pauseMilliseconds);

    [LoggerMessage(301, LogLevel.Warning, "Store {Verb} failed ({Error} {Detail}); given up after {Attempts} tries")]
    private static partial void LogGivenUp(ILogger logger, StoreVerb verb, StoreError error, string? detail, int attempts);

    // Ambiguous: some try before the last one may have been done although it failed.
    private readonly record struct Outcome<T>(StoreResult<T> Result, bool Ambiguous)
    {
        public bool MayBeOurs => Ambiguous && Result.Error == StoreError.AlreadyExists;
    }
}
