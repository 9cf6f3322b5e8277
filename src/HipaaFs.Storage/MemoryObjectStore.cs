using System.Globalization;
using System.Security.Cryptography;
using Microsoft.Win32.SafeHandles;

namespace HipaaFs.Storage;

/// <summary>A store in this process's memory, gone with it. Complete in its contract; for tests and trials.</summary>
/// <remarks>Thread-safe. Disposal does nothing: the objects stay for whoever still has the store, such as a second mount in a test.</remarks>
public sealed class MemoryObjectStore : IObjectStore
{
    private readonly Lock _lock = new();
    private readonly TimeProvider _time;
    private readonly Dictionary<ObjectKey, StoredObject> _objects = []; // Guarded by _lock.
    private readonly SortedSet<ObjectKey> _keys = []; // Guarded by _lock.
    private long _lastTag; // Guarded by _lock.

    /// <summary>Creates an empty store.</summary>
    /// <param name="time">Dates the objects; null for the system's clock.</param>
    public MemoryObjectStore(TimeProvider? time = null) => _time = time ?? TimeProvider.System;

    /// <inheritdoc/>
    public StoreCapabilities Capabilities { get; } = new()
    {
        PutIfAbsent = true,
        AtomicConditionalDelete = true,
        Locks = true,
        MaxObjectLength = Array.MaxLength,
    };

    /// <inheritdoc/>
    public ValueTask<StoreResult<int>> ReadAsync(ObjectKey key, EntityTag version, long offset, Memory<byte> destination, CancellationToken cancel)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(offset);
        cancel.ThrowIfCancellationRequested();
        StoredObject? stored = Find(key);
        if (stored is null)
        {
            return ValueTask.FromResult<StoreResult<int>>(StoreError.NotFound);
        }

        if (!version.Accepts(stored.Properties.Tag))
        {
            return ValueTask.FromResult<StoreResult<int>>(StoreError.VersionChanged);
        }

        ReadOnlySpan<byte> rest = stored.Content.AsSpan((int)Math.Min(offset, stored.Content.Length));
        int count = Math.Min(rest.Length, destination.Length);
        rest[..count].CopyTo(destination.Span);
        return ValueTask.FromResult<StoreResult<int>>(count);
    }

    /// <inheritdoc/>
    public ValueTask<StoreResult<ObjectProperties>> PutAsync(ObjectKey key, ReadOnlyMemory<byte> content, PutCondition condition, CancellationToken cancel)
    {
        cancel.ThrowIfCancellationRequested();
        return ValueTask.FromResult(Store(key, content.ToArray(), condition, ObjectProtection.None));
    }

    /// <inheritdoc/>
    public ValueTask<StoreResult<ObjectProperties>> PutFileAsync(ObjectKey key, UploadSource source, PutOptions options, CancellationToken cancel)
    {
        cancel.ThrowIfCancellationRequested();
        if (options.Tier != StorageTier.Hot)
        {
            return ValueTask.FromResult<StoreResult<ObjectProperties>>(StoreError.Unsupported);
        }

        StoreResult<SafeFileHandle> opened = UploadSources.Open(source);
        if (!opened.Succeeded)
        {
            return ValueTask.FromResult<StoreResult<ObjectProperties>>(opened.Failure!);
        }

        byte[] content = new byte[source.Length];
        using (SafeFileHandle file = opened.Value)
        {
            try
            {
                UploadSources.ReadExactly(file, content, 0);
            }
            catch (Exception exception) when (FileFailures.IsFileFailure(exception))
            {
                return ValueTask.FromResult<StoreResult<ObjectProperties>>(FileFailures.From(exception));
            }
        }

        return ValueTask.FromResult(UploadSources.Matches(source, SHA256.HashData(content)) ? Store(key, content, options.Condition, options.Protection) : StoreError.Corrupt);
    }

    /// <inheritdoc/>
    public ValueTask<StoreResult<ObjectProperties>> GetPropertiesAsync(ObjectKey key, CancellationToken cancel)
    {
        cancel.ThrowIfCancellationRequested();
        StoredObject? stored = Find(key);
        return ValueTask.FromResult<StoreResult<ObjectProperties>>(stored is null ? StoreError.NotFound : stored.Properties);
    }

    /// <inheritdoc/>
    public ValueTask<StoreResult<ObjectPage>> ListAsync(string prefix, ObjectKey? after, int limit, CancellationToken cancel)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(limit);
        cancel.ThrowIfCancellationRequested();
        var found = new List<ObjectProperties>();
        bool more = false;
        lock (_lock)
        {
            bool empty = _keys.Count == 0 || after >= _keys.Max;
            foreach (ObjectKey key in empty ? [] : _keys.GetViewBetween(after ?? _keys.Min, _keys.Max))
            {
                if (key == after || !key.Value.StartsWith(prefix, StringComparison.Ordinal))
                {
                    continue;
                }

                if (found.Count == limit)
                {
                    more = true;
                    break;
                }

                found.Add(_objects[key].Properties with { Protection = ObjectProtection.None }); // As stores do.
            }
        }

        return ValueTask.FromResult<StoreResult<ObjectPage>>(new ObjectPage(found, more));
    }

    /// <inheritdoc/>
    public ValueTask<StoreResult<bool>> DeleteAsync(ObjectKey key, EntityTag version, CancellationToken cancel)
    {
        cancel.ThrowIfCancellationRequested();
        lock (_lock)
        {
            if (!_objects.TryGetValue(key, out StoredObject? stored))
            {
                return ValueTask.FromResult<StoreResult<bool>>(false);
            }

            if (!version.Accepts(stored.Properties.Tag))
            {
                return ValueTask.FromResult<StoreResult<bool>>(StoreError.VersionChanged);
            }

            if (stored.Properties.Protection.IsInForce(_time.GetUtcNow()))
            {
                return ValueTask.FromResult<StoreResult<bool>>(StoreError.Retained);
            }

            _objects.Remove(key);
            _keys.Remove(key);
            return ValueTask.FromResult<StoreResult<bool>>(true);
        }
    }

    /// <inheritdoc/>
    public ValueTask<StoreResult<ObjectProperties>> SetTierAsync(ObjectKey key, StorageTier tier, CancellationToken cancel) =>
        ValueTask.FromResult<StoreResult<ObjectProperties>>(StoreError.Unsupported);

    /// <inheritdoc/>
    public ValueTask<StoreResult<RestoreState>> RestoreAsync(ObjectKey key, RestoreRequest request, CancellationToken cancel) =>
        ValueTask.FromResult<StoreResult<RestoreState>>(StoreError.Unsupported);

    /// <inheritdoc/>
    public ValueTask<StoreResult<ObjectProperties>> SetRetentionAsync(ObjectKey key, ObjectRetention? retention, CancellationToken cancel)
    {
        cancel.ThrowIfCancellationRequested();
        return ValueTask.FromResult(Protect(key, former => former with { Retention = retention }));
    }

    /// <inheritdoc/>
    public ValueTask<StoreResult<ObjectProperties>> SetLegalHoldAsync(ObjectKey key, bool isHeld, CancellationToken cancel)
    {
        cancel.ThrowIfCancellationRequested();
        return ValueTask.FromResult(Protect(key, former => former with { LegalHold = isHeld }));
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    private StoredObject? Find(ObjectKey key)
    {
        lock (_lock)
        {
            return _objects.GetValueOrDefault(key);
        }
    }

    private StoreResult<ObjectProperties> Protect(ObjectKey key, Func<ObjectProtection, ObjectProtection> change)
    {
        lock (_lock)
        {
            if (!_objects.TryGetValue(key, out StoredObject? stored))
            {
                return StoreError.NotFound;
            }

            ObjectProtection former = stored.Properties.Protection;
            ObjectProtection next = change(former);
            if (former.Retention is { Mode: RetentionMode.Compliance } kept && kept.Until > _time.GetUtcNow() && kept.IsWeakenedBy(next.Retention))
            {
                return StoreError.Retained;
            }

            StoredObject changed = stored with { Properties = stored.Properties with { Protection = next } };
            _objects[key] = changed;
            return changed.Properties;
        }
    }

    private StoreResult<ObjectProperties> Store(ObjectKey key, byte[] content, PutCondition condition, ObjectProtection protection)
    {
        ArgumentException.ThrowIfNullOrEmpty(key.Value, nameof(key));
        lock (_lock)
        {
            StoredObject? former = _objects.GetValueOrDefault(key);
            if (condition == PutCondition.IfAbsent && former is not null)
            {
                return StoreError.AlreadyExists;
            }

            if (former?.Properties.Protection.IsInForce(_time.GetUtcNow()) == true)
            {
                return StoreError.Retained;
            }

            var tag = new EntityTag((++_lastTag).ToString("x", CultureInfo.InvariantCulture));
            var properties = new ObjectProperties(key, content.Length, tag, _time.GetUtcNow()) { Protection = protection };
            _objects[key] = new StoredObject(properties, content);
            _keys.Add(key);
            return properties with { Sha256 = SHA256.HashData(content) };
        }
    }

    private sealed record StoredObject(ObjectProperties Properties, byte[] Content);
}
