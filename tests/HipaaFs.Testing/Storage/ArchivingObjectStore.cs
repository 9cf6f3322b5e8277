using HipaaFs.Storage;

namespace HipaaFs.Testing.Storage;

/// <summary>Adds storage classes to a store that has none, and what stores do with archived objects: they are read only after a restore, which takes until the test ends it.</summary>
/// <remarks>Thread-safe. Objects that the store had before are hot.</remarks>
public sealed class ArchivingObjectStore : IObjectStore
{
    private readonly IObjectStore _inner;
    private readonly ArchiveShelf _shelf;
    private readonly TimeProvider _time;

    /// <param name="inner">The store; closed with this one.</param>
    /// <param name="shelf">The classes and restores.</param>
    /// <param name="time">The clock by which restored copies go away.</param>
    public ArchivingObjectStore(IObjectStore inner, ArchiveShelf shelf, TimeProvider time)
    {
        _inner = inner;
        _shelf = shelf;
        _time = time;
    }

    public StoreCapabilities Capabilities => _inner.Capabilities with { Tiers = true };

    public async ValueTask<StoreResult<int>> ReadAsync(ObjectKey key, EntityTag version, long offset, Memory<byte> destination, CancellationToken cancel)
    {
        StoreResult<int> read = await _inner.ReadAsync(key, version, offset, destination, cancel);
        return read.Succeeded && _shelf.IsOutOfReach(key, _time.GetUtcNow()) ? StoreError.Archived : read;
    }

    public async ValueTask<StoreResult<ObjectProperties>> PutAsync(ObjectKey key, ReadOnlyMemory<byte> content, PutCondition condition, CancellationToken cancel) =>
        Placed(await _inner.PutAsync(key, content, condition, cancel), key, StorageTier.Hot);

    public async ValueTask<StoreResult<ObjectProperties>> PutFileAsync(ObjectKey key, UploadSource source, PutOptions options, CancellationToken cancel) =>
        Placed(await _inner.PutFileAsync(key, source, options with { Tier = StorageTier.Hot }, cancel), key, options.Tier);

    public async ValueTask<StoreResult<ObjectProperties>> GetPropertiesAsync(ObjectKey key, CancellationToken cancel)
    {
        StoreResult<ObjectProperties> found = await _inner.GetPropertiesAsync(key, cancel);
        return Described(found);
    }

    public async ValueTask<StoreResult<ObjectPage>> ListAsync(string prefix, ObjectKey? after, int limit, CancellationToken cancel)
    {
        StoreResult<ObjectPage> page = await _inner.ListAsync(prefix, after, limit, cancel);
        return page.Succeeded
            ? page.Value with { Objects = [.. page.Value.Objects.Select(found => _shelf.Describe(found, _time.GetUtcNow()))] }
            : page;
    }

    public ValueTask<StoreResult<bool>> DeleteAsync(ObjectKey key, EntityTag version, CancellationToken cancel) => _inner.DeleteAsync(key, version, cancel);

    public async ValueTask<StoreResult<ObjectProperties>> SetTierAsync(ObjectKey key, StorageTier tier, CancellationToken cancel)
    {
        if (tier != _shelf.TierOf(key) && !_shelf.Moves && _shelf.IsOutOfReach(key, _time.GetUtcNow()))
        {
            return StoreError.Archived;
        }

        return Placed(await _inner.GetPropertiesAsync(key, cancel), key, tier);
    }

    public async ValueTask<StoreResult<RestoreState>> RestoreAsync(ObjectKey key, RestoreRequest request, CancellationToken cancel)
    {
        StoreResult<ObjectProperties> found = await GetPropertiesAsync(key, cancel);
        if (!found.Succeeded)
        {
            return found.Failure!;
        }

        if (found.Value.RestoredUntil is not { } until || until < _time.GetUtcNow().AddDays(request.Days))
        {
            _shelf.Ask(key, request, _time.GetUtcNow());
        }

        return (await GetPropertiesAsync(key, cancel)).Value.Restore;
    }

    public async ValueTask<StoreResult<ObjectProperties>> SetRetentionAsync(ObjectKey key, ObjectRetention? retention, CancellationToken cancel) =>
        Described(await _inner.SetRetentionAsync(key, retention, cancel));

    public async ValueTask<StoreResult<ObjectProperties>> SetLegalHoldAsync(ObjectKey key, bool isHeld, CancellationToken cancel) =>
        Described(await _inner.SetLegalHoldAsync(key, isHeld, cancel));

    public ValueTask DisposeAsync() => _inner.DisposeAsync();

    private StoreResult<ObjectProperties> Described(StoreResult<ObjectProperties> found) =>
        found.Succeeded ? _shelf.Describe(found.Value, _time.GetUtcNow()) : found;

    private StoreResult<ObjectProperties> Placed(StoreResult<ObjectProperties> answer, ObjectKey key, StorageTier tier)
    {
        if (!answer.Succeeded)
        {
            return answer;
        }

        _shelf.Put(key, tier);
        return answer.Value with { Tier = tier };
    }
}
