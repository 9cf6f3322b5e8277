using HipaaFs.Storage;

namespace HipaaFs.Placements;

/// <summary>The volume's home, whichever of its stores that is now: who speaks to the home speaks to this one, and notices nothing when another store becomes it.</summary>
/// <remarks>A request goes to the store that is the home when it begins. Thread-safe.</remarks>
internal sealed class HomeStore : IObjectStore
{
    private volatile MeteringObjectStore _store;

    /// <param name="store">The store that is the home to begin with.</param>
    internal HomeStore(MeteringObjectStore store) => _store = store;

    /// <inheritdoc/>
    public StoreCapabilities Capabilities => _store.Capabilities;

    /// <summary>The store that is the home now.</summary>
    internal MeteringObjectStore Store => _store;

    /// <summary>Makes another one the home. It has everything that a home has.</summary>
    internal void MoveTo(MeteringObjectStore store) => _store = store;

    /// <summary>What was asked of the store that is the home now.</summary>
    internal StoreMetrics Snapshot() => _store.Snapshot();

    /// <inheritdoc/>
    public ValueTask<StoreResult<int>> ReadAsync(ObjectKey key, EntityTag version, long offset, Memory<byte> destination, CancellationToken cancel) =>
        _store.ReadAsync(key, version, offset, destination, cancel);

    /// <inheritdoc/>
    public ValueTask<StoreResult<ObjectProperties>> PutAsync(ObjectKey key, ReadOnlyMemory<byte> content, PutCondition condition, CancellationToken cancel) =>
        _store.PutAsync(key, content, condition, cancel);

    /// <inheritdoc/>
    public ValueTask<StoreResult<ObjectProperties>> PutFileAsync(ObjectKey key, UploadSource source, PutOptions options, CancellationToken cancel) =>
        _store.PutFileAsync(key, source, options, cancel);

    /// <inheritdoc/>
    public ValueTask<StoreResult<ObjectProperties>> GetPropertiesAsync(ObjectKey key, CancellationToken cancel) => _store.GetPropertiesAsync(key, cancel);

    /// <inheritdoc/>
    public ValueTask<StoreResult<ObjectPage>> ListAsync(string prefix, ObjectKey? after, int limit, CancellationToken cancel) =>
        _store.ListAsync(prefix, after, limit, cancel);

    /// <inheritdoc/>
    public ValueTask<StoreResult<bool>> DeleteAsync(ObjectKey key, EntityTag version, CancellationToken cancel) => _store.DeleteAsync(key, version, cancel);

    /// <inheritdoc/>
    public ValueTask<StoreResult<ObjectProperties>> SetTierAsync(ObjectKey key, StorageTier tier, CancellationToken cancel) => _store.SetTierAsync(key, tier, cancel);

    /// <inheritdoc/>
    public ValueTask<StoreResult<RestoreState>> RestoreAsync(ObjectKey key, RestoreRequest request, CancellationToken cancel) => _store.RestoreAsync(key, request, cancel);

    /// <inheritdoc/>
    public ValueTask<StoreResult<ObjectProperties>> SetRetentionAsync(ObjectKey key, ObjectRetention? retention, CancellationToken cancel) =>
        _store.SetRetentionAsync(key, retention, cancel);

    /// <inheritdoc/>
    public ValueTask<StoreResult<ObjectProperties>> SetLegalHoldAsync(ObjectKey key, bool isHeld, CancellationToken cancel) => _store.SetLegalHoldAsync(key, isHeld, cancel);

    /// <summary>Closes the store that is the home now.</summary>
    public ValueTask DisposeAsync() => _store.DisposeAsync();
}
