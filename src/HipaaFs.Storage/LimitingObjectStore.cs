namespace HipaaFs.Storage;

/// <summary>Bounds how much is asked of the store below it at a time: reads apart from writes, so that neither starves the other.</summary>
/// <remarks>
/// What exceeds a limit waits for its turn, first come first served. Bandwidth is charged by the bytes asked for,
/// before a place is taken, so that look-ups do not queue behind paced reads.
/// </remarks>
public sealed class LimitingObjectStore : IObjectStore
{
    private readonly IObjectStore _inner;
    private readonly ConcurrencyGate _reads;
    private readonly ConcurrencyGate _writes;
    private readonly BandwidthGate _incoming;
    private readonly BandwidthGate _outgoing;

    /// <summary>Limits what goes to <paramref name="inner"/>, which it then owns.</summary>
    public LimitingObjectStore(IObjectStore inner, LimitOptions options, TimeProvider time)
    {
        _inner = inner;
        _reads = new ConcurrencyGate(options.MaxReads);
        _writes = new ConcurrencyGate(options.MaxWrites);
        _incoming = new BandwidthGate(options.ReadBytesPerSecond, time);
        _outgoing = new BandwidthGate(options.WriteBytesPerSecond, time);
    }

    /// <inheritdoc/>
    public StoreCapabilities Capabilities => _inner.Capabilities;

    /// <inheritdoc/>
    public async ValueTask<StoreResult<int>> ReadAsync(ObjectKey key, EntityTag version, long offset, Memory<byte> destination, CancellationToken cancel)
    {
        await _incoming.PayAsync(destination.Length, cancel);
        await _reads.EnterAsync(cancel);
        try
        {
            return await _inner.ReadAsync(key, version, offset, destination, cancel);
        }
        finally
        {
            _reads.Leave();
        }
    }

    /// <inheritdoc/>
    public async ValueTask<StoreResult<ObjectProperties>> PutAsync(ObjectKey key, ReadOnlyMemory<byte> content, PutCondition condition, CancellationToken cancel)
    {
        await _outgoing.PayAsync(content.Length, cancel);
        await _writes.EnterAsync(cancel);
        try
        {
            return await _inner.PutAsync(key, content, condition, cancel);
        }
        finally
        {
            _writes.Leave();
        }
    }

    /// <inheritdoc/>
    public async ValueTask<StoreResult<ObjectProperties>> PutFileAsync(ObjectKey key, UploadSource source, PutOptions options, CancellationToken cancel)
    {
        await _outgoing.PayAsync(source.Length, cancel);
        await _writes.EnterAsync(cancel);
        try
        {
            return await _inner.PutFileAsync(key, source, options, cancel);
        }
        finally
        {
            _writes.Leave();
        }
    }

    /// <inheritdoc/>
    public async ValueTask<StoreResult<ObjectProperties>> GetPropertiesAsync(ObjectKey key, CancellationToken cancel)
    {
        await _reads.EnterAsync(cancel);
        try
        {
            return await _inner.GetPropertiesAsync(key, cancel);
        }
        finally
        {
            _reads.Leave();
        }
    }

    /// <inheritdoc/>
    public async ValueTask<StoreResult<ObjectPage>> ListAsync(string prefix, ObjectKey? after, int limit, CancellationToken cancel)
    {
        await _reads.EnterAsync(cancel);
        try
        {
            return await _inner.ListAsync(prefix, after, limit, cancel);
        }
        finally
        {
            _reads.Leave();
        }
    }

    /// <inheritdoc/>
    public async ValueTask<StoreResult<bool>> DeleteAsync(ObjectKey key, EntityTag version, CancellationToken cancel)
    {
        await _writes.EnterAsync(cancel);
        try
        {
            return await _inner.DeleteAsync(key, version, cancel);
        }
        finally
        {
            _writes.Leave();
        }
    }

    /// <inheritdoc/>
    public async ValueTask<StoreResult<ObjectProperties>> SetTierAsync(ObjectKey key, StorageTier tier, CancellationToken cancel)
    {
        await _writes.EnterAsync(cancel);
        try
        {
            return await _inner.SetTierAsync(key, tier, cancel);
        }
        finally
        {
            _writes.Leave();
        }
    }

    /// <inheritdoc/>
    public async ValueTask<StoreResult<RestoreState>> RestoreAsync(ObjectKey key, RestoreRequest request, CancellationToken cancel)
    {
        await _writes.EnterAsync(cancel);
        try
        {
            return await _inner.RestoreAsync(key, request, cancel);
        }
        finally
        {
            _writes.Leave();
        }
    }

    /// <inheritdoc/>
    public async ValueTask<StoreResult<ObjectProperties>> SetRetentionAsync(ObjectKey key, ObjectRetention? retention, CancellationToken cancel)
    {
        await _writes.EnterAsync(cancel);
        try
        {
            return await _inner.SetRetentionAsync(key, retention, cancel);
        }
        finally
        {
            _writes.Leave();
        }
    }

    /// <inheritdoc/>
    public async ValueTask<StoreResult<ObjectProperties>> SetLegalHoldAsync(ObjectKey key, bool isHeld, CancellationToken cancel)
    {
        await _writes.EnterAsync(cancel);
        try
        {
            return await _inner.SetLegalHoldAsync(key, isHeld, cancel);
        }
        finally
        {
            _writes.Leave();
        }
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => _inner.DisposeAsync();
}
