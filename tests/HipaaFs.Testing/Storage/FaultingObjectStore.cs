using HipaaFs.Storage;

namespace HipaaFs.Testing.Storage;

/// <summary>A store that misbehaves as programmed, on top of one that does not. Random choices come from a seed.</summary>
/// <remarks>
/// Several faults may strike one request: delays and hangs first, then what spoils the body, then the reported error. Faults are
/// tried in the order in which they were added. Thread-safe; with requests side by side the seed decides their choices in the order of arrival.
/// </remarks>
public sealed class FaultingObjectStore : IObjectStore
{
    private readonly IObjectStore _inner;
    private readonly TimeProvider _time;
    private readonly Lock _lock = new();
    private readonly Random _random; // Guarded by _lock.
    private readonly List<ArmedFault> _faults = []; // Guarded by _lock.
    private readonly List<UploadSource> _sources = []; // Guarded by _lock.
    private readonly int[] _calls = new int[Enum.GetValues<StoreVerb>().Length];
    private int _struck;
    private int _delayed;
    private int _inside; // Guarded by _lock.
    private TaskCompletionSource? _idle; // Completed when nothing is inside; null when nobody waits. Guarded by _lock.

    public FaultingObjectStore(IObjectStore inner, TimeProvider? time = null, int seed = 1)
    {
        _inner = inner;
        _time = time ?? TimeProvider.System;
        _random = new Random(seed);
    }

    public StoreCapabilities Capabilities => IsRemote ? _inner.Capabilities with { Local = false } : _inner.Capabilities;

    /// <summary>Whether it passes for a store at the other end of a network, set before it is put to use.</summary>
    public bool IsRemote { get; set; }

    /// <summary>Whether its answers to puts say no checksum, as those of a store that cannot tell; set before it is put to use.</summary>
    public bool IsSilent { get; set; }

    /// <summary>Whether it was closed.</summary>
    public bool IsDisposed { get; private set; }

    /// <summary>How many requests a fault struck.</summary>
    public int Struck => Volatile.Read(ref _struck);

    /// <summary>How many requests were delayed, their timers running or fired.</summary>
    public int Delayed => Volatile.Read(ref _delayed);

    /// <summary>Most requests that were inside at a time. May be set back to 0.</summary>
    public int MostInside { get; set; }

    /// <summary>How many requests are in the store behind this one: neither held up by a fault nor answered.</summary>
    public int Inside
    {
        get
        {
            lock (_lock)
            {
                return _inside;
            }
        }
    }

    /// <summary>A store in which every request takes this long before it is done.</summary>
    public static FaultingObjectStore WithLatency(IObjectStore inner, TimeSpan latency, TimeProvider? time = null)
    {
        var store = new FaultingObjectStore(inner, time);
        store.Add(new StoreFault(StoreFaultKind.Delay) { Delay = latency });
        return store;
    }

    /// <summary>Arms a fault.</summary>
    public void Add(StoreFault fault)
    {
        lock (_lock)
        {
            _faults.Add(new ArmedFault(fault));
        }
    }

    /// <summary>Disarms all faults.</summary>
    public void Heal()
    {
        lock (_lock)
        {
            _faults.Clear();
        }
    }

    /// <summary>Ends when no request is in the store behind this one; what a fault holds up is not in it.</summary>
    public Task WhenIdleAsync()
    {
        lock (_lock)
        {
            return _inside == 0 ? Task.CompletedTask : (_idle ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)).Task;
        }
    }

    /// <summary>How many requests of a kind arrived.</summary>
    public int CallsOf(StoreVerb verb) => Volatile.Read(ref _calls[(int)verb]);

    /// <summary>The files handed over so far, in the order of the tries.</summary>
    public IReadOnlyList<UploadSource> Sources
    {
        get
        {
            lock (_lock)
            {
                return [.. _sources];
            }
        }
    }

    public ValueTask<StoreResult<int>> ReadAsync(ObjectKey key, EntityTag version, long offset, Memory<byte> destination, CancellationToken cancel)
    {
        return StrikeAsync(StoreVerb.Read, key.Value, strike => ReadSpoiledAsync(strike, key, version, offset, destination, cancel), 0, cancel);
    }

    public ValueTask<StoreResult<ObjectProperties>> PutAsync(ObjectKey key, ReadOnlyMemory<byte> content, PutCondition condition, CancellationToken cancel)
    {
        return StrikeAsync(
            StoreVerb.Put, key.Value, async strike => Told(await _inner.PutAsync(key, Spoil(strike, content), condition, cancel)), Lost(key, content.Length), cancel);
    }

    public ValueTask<StoreResult<ObjectProperties>> PutFileAsync(ObjectKey key, UploadSource source, PutOptions options, CancellationToken cancel)
    {
        lock (_lock)
        {
            _sources.Add(source);
        }

        return StrikeAsync(StoreVerb.PutFile, key.Value, PutSpoiledAsync, Lost(key, source.Length), cancel);

        async ValueTask<StoreResult<ObjectProperties>> PutSpoiledAsync(Strike strike)
        {
            if (!strike.Spoils)
            {
                return Told(await _inner.PutFileAsync(key, source, options, cancel));
            }

            byte[] content = await File.ReadAllBytesAsync(source.Path, cancel);
            StoreResult<ObjectProperties> put = await _inner.PutAsync(key, Spoil(strike, content), options.Condition, cancel);
            if (put.Succeeded && options.Protection.Retention is { } retention)
            {
                await _inner.SetRetentionAsync(key, retention, cancel);
            }

            if (put.Succeeded && options.Protection.LegalHold)
            {
                await _inner.SetLegalHoldAsync(key, isHeld: true, cancel);
            }

            return Told(put);
        }
    }

    public ValueTask<StoreResult<ObjectProperties>> GetPropertiesAsync(ObjectKey key, CancellationToken cancel)
    {
        return StrikeAsync(StoreVerb.GetProperties, key.Value, _ => _inner.GetPropertiesAsync(key, cancel), Lost(key, 0), cancel);
    }

    public ValueTask<StoreResult<ObjectPage>> ListAsync(string prefix, ObjectKey? after, int limit, CancellationToken cancel)
    {
        return StrikeAsync(StoreVerb.List, prefix, _ => _inner.ListAsync(prefix, after, limit, cancel), ObjectPage.Empty, cancel);
    }

    public ValueTask<StoreResult<bool>> DeleteAsync(ObjectKey key, EntityTag version, CancellationToken cancel)
    {
        return StrikeAsync(StoreVerb.Delete, key.Value, _ => _inner.DeleteAsync(key, version, cancel), true, cancel);
    }

    public ValueTask<StoreResult<ObjectProperties>> SetTierAsync(ObjectKey key, StorageTier tier, CancellationToken cancel)
    {
        return StrikeAsync(StoreVerb.SetTier, key.Value, _ => _inner.SetTierAsync(key, tier, cancel), Lost(key, 0), cancel);
    }

    public ValueTask<StoreResult<RestoreState>> RestoreAsync(ObjectKey key, RestoreRequest request, CancellationToken cancel)
    {
        return StrikeAsync(StoreVerb.Restore, key.Value, _ => _inner.RestoreAsync(key, request, cancel), RestoreState.InProgress, cancel);
    }

    public ValueTask<StoreResult<ObjectProperties>> SetRetentionAsync(ObjectKey key, ObjectRetention? retention, CancellationToken cancel)
    {
        return StrikeAsync(StoreVerb.SetRetention, key.Value, _ => _inner.SetRetentionAsync(key, retention, cancel), Lost(key, 0), cancel);
    }

    public ValueTask<StoreResult<ObjectProperties>> SetLegalHoldAsync(ObjectKey key, bool isHeld, CancellationToken cancel)
    {
        return StrikeAsync(StoreVerb.SetLegalHold, key.Value, _ => _inner.SetLegalHoldAsync(key, isHeld, cancel), Lost(key, 0), cancel);
    }

    public ValueTask DisposeAsync()
    {
        IsDisposed = true;
        return _inner.DisposeAsync();
    }

    private StoreResult<ObjectProperties> Told(StoreResult<ObjectProperties> put) => put.Succeeded && IsSilent ? put.Value with { Sha256 = default } : put;

    private ObjectProperties Lost(ObjectKey key, long length) => new(key, length, new EntityTag("lost"), _time.GetUtcNow());

    private async ValueTask<StoreResult<T>> StrikeAsync<T>(
        StoreVerb verb, string key, Func<Strike, ValueTask<StoreResult<T>>> operation, T pretended, CancellationToken cancel)
    {
        Strike strike = Choose(verb, key);
        if (strike.Delay > TimeSpan.Zero)
        {
            Task delay = Task.Delay(strike.Delay, _time, cancel);
            Interlocked.Increment(ref _delayed);
            await delay;
        }

        if (strike.Has(StoreFaultKind.Hang))
        {
            await Task.Delay(Timeout.InfiniteTimeSpan, cancel);
        }

        if (strike.Has(StoreFaultKind.Throw))
        {
            throw new InvalidOperationException("injected");
        }

        if (strike.Of(StoreFaultKind.Fail) is { } failed)
        {
            return new StoreFailure(failed.Error, "injected", failed.RetryAfter);
        }

        if (strike.Has(StoreFaultKind.Lose))
        {
            return pretended;
        }

        StoreResult<T> result = await PassAsync(operation, strike);
        if (strike.Has(StoreFaultKind.HangAfterwards))
        {
            await Task.Delay(Timeout.InfiniteTimeSpan, cancel);
        }

        return strike.Of(StoreFaultKind.FailAfterwards) is { } ambiguous
            ? new StoreFailure(ambiguous.Error, "injected", ambiguous.RetryAfter)
            : result;
    }

    private async ValueTask<StoreResult<T>> PassAsync<T>(Func<Strike, ValueTask<StoreResult<T>>> operation, Strike strike)
    {
        lock (_lock)
        {
            _inside++;
            MostInside = Math.Max(MostInside, _inside);
        }

        try
        {
            return await operation(strike);
        }
        finally
        {
            TaskCompletionSource? idle = null;
            lock (_lock)
            {
                if (--_inside == 0)
                {
                    (idle, _idle) = (_idle, null);
                }
            }

            idle?.SetResult();
        }
    }

    private Strike Choose(StoreVerb verb, string key)
    {
        Interlocked.Increment(ref _calls[(int)verb]);
        var chosen = new List<StoreFault>();
        lock (_lock)
        {
            foreach (ArmedFault armed in _faults)
            {
                if (armed.Strikes(verb, key, _random))
                {
                    chosen.Add(armed.Fault);
                }
            }

            if (chosen.Count > 0)
            {
                _struck++;
            }

            return new Strike(chosen, _random.NextInt64(long.MaxValue));
        }
    }

    private async ValueTask<StoreResult<int>> ReadSpoiledAsync(
        Strike strike, ObjectKey key, EntityTag version, long offset, Memory<byte> destination, CancellationToken cancel)
    {
        if (strike.Has(StoreFaultKind.WrongObject) && await AnotherThanAsync(key, cancel) is { } other)
        {
            return await _inner.ReadAsync(other, EntityTag.Any, offset, destination, cancel);
        }

        StoreResult<int> read = await _inner.ReadAsync(key, version, offset, destination, cancel);
        if (!read.Succeeded || read.Value == 0)
        {
            return read;
        }

        if (strike.Has(StoreFaultKind.Flip))
        {
            destination.Span[(int)(strike.Choice % read.Value)] ^= (byte)(1 << (int)(strike.Choice & 7));
        }

        return strike.Has(StoreFaultKind.Truncate) ? (int)(strike.Choice % read.Value) : read;
    }

    private async ValueTask<ObjectKey?> AnotherThanAsync(ObjectKey key, CancellationToken cancel)
    {
        StoreResult<ObjectPage> page = await _inner.ListAsync(string.Empty, null, 2, cancel);
        foreach (ObjectProperties found in page.Succeeded ? page.Value.Objects : [])
        {
            if (found.Key != key)
            {
                return found.Key;
            }
        }

        return null;
    }

    private static ReadOnlyMemory<byte> Spoil(Strike strike, ReadOnlyMemory<byte> content)
    {
        if (!strike.Spoils || content.IsEmpty)
        {
            return content;
        }

        byte[] spoilt = content.ToArray();
        if (strike.Has(StoreFaultKind.Flip))
        {
            spoilt[strike.Choice % spoilt.Length] ^= (byte)(1 << (int)(strike.Choice & 7));
        }

        return strike.Has(StoreFaultKind.Truncate) ? spoilt.AsMemory(0, (int)(strike.Choice % spoilt.Length)) : spoilt;
    }

    // What was chosen for one request.
    private sealed class Strike(List<StoreFault> faults, long choice)
    {
        public long Choice { get; } = choice;

        public bool Spoils => Has(StoreFaultKind.Flip) || Has(StoreFaultKind.Truncate);

        public TimeSpan Delay => faults.Where(fault => fault.Kind == StoreFaultKind.Delay).Aggregate(TimeSpan.Zero, (sum, fault) => sum + fault.Delay);

        public StoreFault? Of(StoreFaultKind kind) => faults.Find(fault => fault.Kind == kind);

        public bool Has(StoreFaultKind kind) => Of(kind) is not null;
    }

    private sealed class ArmedFault(StoreFault fault)
    {
        private int _passed;
        private int _struck;

        public StoreFault Fault { get; } = fault;

        public bool Strikes(StoreVerb verb, string key, Random random)
        {
            bool matches = (Fault.Verb is null || Fault.Verb == verb) && key.StartsWith(Fault.KeyPrefix, StringComparison.Ordinal);
            if (!matches || _struck >= Fault.Count || (Fault.Probability < 1 && random.NextDouble() >= Fault.Probability))
            {
                return false;
            }

            if (_passed < Fault.Skip)
            {
                _passed++;
                return false;
            }

            _struck++;
            return true;
        }
    }
}
