namespace HipaaFs.Storage;

/// <summary>Counts operations, bytes and failures of the store below it.</summary>
public sealed class MeteringObjectStore : IObjectStore
{
    private readonly IObjectStore _inner;
    private readonly StoreMeter _meter;

    /// <summary>Counts what goes to <paramref name="inner"/>, which it then owns.</summary>
    public MeteringObjectStore(IObjectStore inner, StoreMeter meter)
    {
        _inner = inner;
        _meter = meter;
    }

    /// <inheritdoc/>
    public StoreCapabilities Capabilities => _inner.Capabilities;

    /// <summary>The counters now.</summary>
    public StoreMetrics Snapshot() => _meter.Snapshot();

    /// <inheritdoc/>
    public ValueTask<StoreResult<int>> ReadAsync(ObjectKey key, EntityTag version, long offset, Memory<byte> destination, CancellationToken cancel) =>
        CountAsync(
            StoreVerb.Read,
            (key, version, offset, destination),
            static (store, read, cancel) => store.ReadAsync(read.key, read.version, read.offset, read.destination, cancel),
            static read => read,
            cancel);

    /// <inheritdoc/>
    public ValueTask<StoreResult<ObjectProperties>> PutAsync(ObjectKey key, ReadOnlyMemory<byte> content, PutCondition condition, CancellationToken cancel) =>
        CountAsync(
            StoreVerb.Put,
            (key, content, condition),
            static (store, put, cancel) => store.PutAsync(put.key, put.content, put.condition, cancel),
            static put => put.Length,
            cancel);

    /// <inheritdoc/>
    public ValueTask<StoreResult<ObjectProperties>> PutFileAsync(ObjectKey key, UploadSource source, PutOptions options, CancellationToken cancel) =>
        CountAsync(
            StoreVerb.PutFile,
            (key, source, options),
            static (store, put, cancel) => store.PutFileAsync(put.key, put.source, put.options, cancel),
            static put => put.Length,
            cancel);

    /// <inheritdoc/>
    public ValueTask<StoreResult<ObjectProperties>> GetPropertiesAsync(ObjectKey key, CancellationToken cancel) =>
        CountAsync(StoreVerb.GetProperties, key, static (store, key, cancel) => store.GetPropertiesAsync(key, cancel), static _ => 0, cancel);

    /// <inheritdoc/>
    public ValueTask<StoreResult<ObjectPage>> ListAsync(string prefix, ObjectKey? after, int limit, CancellationToken cancel) =>
        CountAsync(
            StoreVerb.List,
            (prefix, after, limit),
            static (store, list, cancel) => store.ListAsync(list.prefix, list.after, list.limit, cancel),
            static _ => 0,
            cancel);

    /// <inheritdoc/>
    public ValueTask<StoreResult<bool>> DeleteAsync(ObjectKey key, EntityTag version, CancellationToken cancel) =>
        CountAsync(
            StoreVerb.Delete,
            (key, version),
            static (store, delete, cancel) => store.DeleteAsync(delete.key, delete.version, cancel),
            static _ => 0,
            cancel);

    /// <inheritdoc/>
    public ValueTask<StoreResult<ObjectProperties>> SetTierAsync(ObjectKey key, StorageTier tier, CancellationToken cancel) =>
        CountAsync(StoreVerb.SetTier, (key, tier), static (store, set, cancel) => store.SetTierAsync(set.key, set.tier, cancel), static _ => 0, cancel);

    /// <inheritdoc/>
    public ValueTask<StoreResult<RestoreState>> RestoreAsync(ObjectKey key, RestoreRequest request, CancellationToken cancel) =>
        CountAsync(
            StoreVerb.Restore,
            (key, request),
            static (store, restore, cancel) => store.RestoreAsync(restore.key, restore.request, cancel),
            static _ => 0,
            cancel);

    /// <inheritdoc/>
    public ValueTask<StoreResult<ObjectProperties>> SetRetentionAsync(ObjectKey key, ObjectRetention? retention, CancellationToken cancel) =>
        CountAsync(
            StoreVerb.SetRetention,
            (key, retention),
            static (store, set, cancel) => store.SetRetentionAsync(set.key, set.retention, cancel),
            static _ => 0,
            cancel);

    /// <inheritdoc/>
    public ValueTask<StoreResult<ObjectProperties>> SetLegalHoldAsync(ObjectKey key, bool isHeld, CancellationToken cancel) =>
        CountAsync(
            StoreVerb.SetLegalHold,
            (key, isHeld),
            static (store, set, cancel) => store.SetLegalHoldAsync(set.key, set.isHeld, cancel),
            static _ => 0,
            cancel);

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => _inner.DisposeAsync();

    private async ValueTask<StoreResult<TResult>> CountAsync<TArguments, TResult>(
        StoreVerb verb, TArguments arguments, StoreOperation<TArguments, TResult> operation, Func<TResult, long> bytes, CancellationToken cancel)
    {
        _meter.Started(verb);
        StoreResult<TResult> result;
        try
        {
            result = await operation(_inner, arguments, cancel);
        }
        catch
        {
            _meter.Abandoned(verb);
            throw;
        }

        _meter.Ended(verb, result.Failure, result.Succeeded ? bytes(result.Value) : 0);
        return result;
    }
}
