using System.Security.Cryptography;
using Amazon.S3.Model;
using Microsoft.Extensions.Logging;
using Microsoft.Win32.SafeHandles;

namespace HipaaFs.Storage.S3;

/// <summary>Stores objects in one bucket of an S3-compatible service, under one prefix.</summary>
/// <remarks>
/// <para>One try a call: repeats, limits and metering are wrapped around it (<see cref="ObjectStores"/>). Bytes travel over plain requests on signed addresses
/// (<see cref="S3Read"/>, <see cref="S3Put"/>, <see cref="S3MultipartPut"/>), everything else through the SDK (<see cref="S3Control"/>).</para>
/// <para>A put is followed by a look-up: it is the proof that the object is there, and the only way to learn the store's time for it.</para>
/// </remarks>
public sealed partial class S3ObjectStore : IObjectStore
{
    private readonly S3Connection _connection;
    private readonly S3StoreOptions _options;
    private readonly S3Control _control;
    private readonly S3Read _read;
    private readonly S3Put _put;
    private readonly S3MultipartPut _multipart;
    private readonly S3AbandonedUploads _abandoned;
    private readonly S3Locks _locks;
    private readonly string _prefix;
    private readonly TimeProvider _time;
    private readonly CancellationTokenSource _closing = new();
    private readonly Lock _lock = new();
    private Task? _sweep; // The last one. Guarded by _lock.
    private long _sweptAt; // Guarded by _lock.

    private S3ObjectStore(StoreUrl url, S3StoreOptions options, string? profiles, TimeProvider time, ILogger logger)
    {
        _options = options;
        _time = time;
        _prefix = url.Prefix.Length == 0 ? string.Empty : url.Prefix + "/";
        _connection = new S3Connection(url, options, new S3Credentials(url.Profile, profiles, time), time);
        _read = new S3Read(_connection);
        _control = new S3Control(_connection, _read, _prefix, options.ForeignKeys, url, time);
        _locks = new S3Locks(_connection, _control, time);
        _put = new S3Put(_connection, url);
        _multipart = new S3MultipartPut(_connection, url, options, time, logger);
        _abandoned = new S3AbandonedUploads(_connection, _prefix, options.AbandonedUploadAge, time, logger);
    }

    /// <inheritdoc/>
    public StoreCapabilities Capabilities { get; } = new() { PutIfAbsent = true, Tiers = true, Locks = true, MaxObjectLength = 5L << 40 };

    /// <summary>Opens a bucket. Nothing is sent yet: a store that does not answer now may later.</summary>
    /// <exception cref="StoreOpenException">The URL's CA file cannot be read, or no region is known.</exception>
    public static S3ObjectStore Open(StoreUrl url, S3StoreOptions options, TimeProvider time, ILogger logger) =>
        Open(url, options, profiles: null, time, logger);

    /// <summary>The same, with the profiles in a file of one's own; null for the SDK's places.</summary>
    internal static S3ObjectStore Open(StoreUrl url, S3StoreOptions options, string? profiles, TimeProvider time, ILogger logger)
    {
        try
        {
            return new S3ObjectStore(url, options, profiles, time, logger);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or CryptographicException)
        {
            throw new StoreOpenException(StoreError.InvalidRequest, "the ca-file cannot be read as PEM certificates", exception);
        }
        catch (Amazon.Runtime.AmazonClientException exception)
        {
            throw new StoreOpenException(StoreError.InvalidRequest, "no region is known: add ?region= to the URL or set AWS_REGION", exception);
        }
    }

    /// <inheritdoc/>
    public async ValueTask<StoreResult<int>> ReadAsync(ObjectKey key, EntityTag version, long offset, Memory<byte> destination, CancellationToken cancel)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(offset);
        string name = NameOf(key);
        return await CallAsync(
            async () =>
            {
                if (!destination.IsEmpty)
                {
                    return await _read.ReadAsync(name, version, offset, destination, cancel);
                }

                StoreResult<ObjectProperties> found = await _control.LookUpAsync(key, name, cancel);
                if (!found.Succeeded)
                {
                    return found.Failure!;
                }

                return version.Accepts(found.Value.Tag) ? (StoreResult<int>)0 : StoreError.VersionChanged;
            },
            cancel);
    }

    /// <inheritdoc/>
    public async ValueTask<StoreResult<ObjectProperties>> PutAsync(
        ObjectKey key, ReadOnlyMemory<byte> content, PutCondition condition, CancellationToken cancel)
    {
        string name = NameOf(key);
        byte[] sha256 = SHA256.HashData(content.Span);
        return await CallAsync(
            async () =>
            {
                StoreResult<S3Taken> put = await _put.PutAsync(name, content, sha256, new PutOptions { Condition = condition }, cancel);
                return put.Succeeded ? await ProveAsync(key, name, put.Value, content.Length, sha256, cancel) : put.Failure!;
            },
            cancel);
    }

    /// <inheritdoc/>
    public async ValueTask<StoreResult<ObjectProperties>> PutFileAsync(ObjectKey key, UploadSource source, PutOptions options, CancellationToken cancel)
    {
        string name = NameOf(key);
        StoreResult<SafeFileHandle> opened = UploadSources.Open(source);
        if (!opened.Succeeded)
        {
            return opened.Failure!;
        }

        using SafeFileHandle file = opened.Value;
        return await CallAsync(
            async () =>
            {
                bool isLocked = options.Protection != ObjectProtection.None;
                if (isLocked && await _locks.MissingAsync(cancel) is { } missing)
                {
                    return missing;
                }

                StoreResult<ObjectProperties> put = source.Length <= _options.LongestSinglePut
                    ? await PutWholeAsync(key, name, file, source, options, cancel)
                    : await PutPartsAsync(key, name, file, source, options, cancel);
                return isLocked && put.Succeeded ? await AfterPutAsync(() => _locks.CompleteAsync(put.Value, name, options.Protection, cancel)) : put;
            },
            cancel);
    }

    /// <inheritdoc/>
    public ValueTask<StoreResult<ObjectProperties>> GetPropertiesAsync(ObjectKey key, CancellationToken cancel)
    {
        string name = NameOf(key);
        return CallAsync(() => _control.LookUpAsync(key, name, cancel), cancel);
    }

    /// <inheritdoc/>
    public ValueTask<StoreResult<ObjectPage>> ListAsync(string prefix, ObjectKey? after, int limit, CancellationToken cancel)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(limit);
        return CallAsync(() => _control.ListAsync(prefix, after, limit, cancel), cancel);
    }

    /// <inheritdoc/>
    public ValueTask<StoreResult<bool>> DeleteAsync(ObjectKey key, EntityTag version, CancellationToken cancel)
    {
        string name = NameOf(key);
        return CallAsync(() => _control.DeleteAsync(key, name, version, cancel), cancel);
    }

    /// <inheritdoc/>
    public ValueTask<StoreResult<ObjectProperties>> SetTierAsync(ObjectKey key, StorageTier tier, CancellationToken cancel)
    {
        string name = NameOf(key);
        return CallAsync(() => _control.SetTierAsync(key, name, tier, cancel), cancel);
    }

    /// <inheritdoc/>
    public ValueTask<StoreResult<RestoreState>> RestoreAsync(ObjectKey key, RestoreRequest request, CancellationToken cancel)
    {
        string name = NameOf(key);
        return CallAsync(() => _control.RestoreAsync(key, name, request, cancel), cancel);
    }

    /// <inheritdoc/>
    public ValueTask<StoreResult<ObjectProperties>> SetRetentionAsync(ObjectKey key, ObjectRetention? retention, CancellationToken cancel)
    {
        string name = NameOf(key);
        return CallAsync(() => _locks.SetRetentionAsync(key, name, retention, cancel), cancel);
    }

    /// <inheritdoc/>
    public ValueTask<StoreResult<ObjectProperties>> SetLegalHoldAsync(ObjectKey key, bool isHeld, CancellationToken cancel)
    {
        string name = NameOf(key);
        return CallAsync(() => _locks.SetLegalHoldAsync(key, name, isHeld, cancel), cancel);
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _closing.CancelAsync();
        Task? sweep;
        lock (_lock)
        {
            sweep = _sweep;
        }

        if (sweep is not null)
        {
            await sweep.ContinueWith(static _ => { }, CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default);
        }

        _connection.Dispose();
        _closing.Dispose();
    }

    private string NameOf(ObjectKey key)
    {
        return key.Value.Length > 0 ? _prefix + key.Value : throw new ArgumentException("the default key names no object", nameof(key));
    }

    // Every request leaves through here: one place turns exceptions into failures, and notices credentials that were rotated.
    private async ValueTask<StoreResult<T>> CallAsync<T>(Func<ValueTask<StoreResult<T>>> request, CancellationToken cancel)
    {
        StoreResult<T> result;
        try
        {
            result = await request();
        }
        catch (Exception exception) when (S3Failures.IsServiceFailure(exception))
        {
            result = S3Failures.From(exception);
        }
        catch (Exception exception) when (exception is OperationCanceledException or TimeoutException)
        {
            // Not the caller: a time limit of a connection or of the SDK's own.
            cancel.ThrowIfCancellationRequested();
            result = StoreError.TimedOut;
        }

        return result.Error == StoreError.AccessDenied && WereCredentialsRotated()
            ? new StoreFailure(StoreError.Unavailable, "credentials were rotated")
            : result;
    }

    private bool WereCredentialsRotated()
    {
        try
        {
            return _connection.ReloadCredentials();
        }
        catch (Exception exception) when (S3Failures.IsServiceFailure(exception))
        {
            return false; // There are none now; the refusal stands.
        }
    }

    private async ValueTask<StoreResult<ObjectProperties>> PutWholeAsync(
        ObjectKey key, string name, SafeFileHandle file, UploadSource source, PutOptions options, CancellationToken cancel)
    {
        using var digests = new FileDigests();
        byte[] md5 = digests.Next(file, 0, source.Length);
        byte[] sha256 = digests.Whole();
        if (!UploadSources.Matches(source, sha256))
        {
            return new StoreFailure(StoreError.Corrupt, "the source is not what it was");
        }

        StoreResult<S3Taken> put = await _put.PutAsync(name, file, source.Length, md5, sha256, options, cancel);
        return put.Succeeded ? await ProveAsync(key, name, put.Value, source.Length, sha256, cancel) : put.Failure!;
    }

    private async ValueTask<StoreResult<ObjectProperties>> PutPartsAsync(
        ObjectKey key, string name, SafeFileHandle file, UploadSource source, PutOptions options, CancellationToken cancel)
    {
        StartSweep();
        if (options.Condition == PutCondition.IfAbsent && !source.IsNew)
        {
            // Not every server knows the condition at the end of an upload; asking first keeps the parts of a lost race from being sent.
            StoreResult<ObjectProperties> there = await _control.LookUpAsync(key, name, cancel);
            if (there.Error != StoreError.NotFound)
            {
                return there.Failure ?? StoreFailure.Of(StoreError.AlreadyExists);
            }
        }

        StoreResult<(byte[] Sha256, S3Expected Expected)> put = await _multipart.PutAsync(name, file, source, options, cancel);
        if (!put.Succeeded)
        {
            return put.Failure!;
        }

        StoreResult<ObjectProperties> proved = await ProveAsync(
            key, name, new S3Taken(put.Value.Expected.Tag, IsProven: true), source.Length, put.Value.Sha256, cancel);
        return proved.Succeeded && proved.Value.Tag != put.Value.Expected.TagOfContent ? proved.Value with { Sha256 = default } : proved;
    }

    private async ValueTask<StoreResult<ObjectProperties>> ProveAsync(
        ObjectKey key, string name, S3Taken taken, long length, byte[] sha256, CancellationToken cancel)
    {
        StoreResult<ObjectProperties> found = await AfterPutAsync(() => _control.LookUpAsync(key, name, cancel));
        if (!found.Succeeded)
        {
            return found;
        }

        // Another tag is another writer's later put: what this one put was there whole, which is all it promises.
        bool isOurs = taken.Tag.Accepts(found.Value.Tag);
        return isOurs && found.Value.Length != length
            ? new StoreFailure(StoreError.Corrupt, "a put object has another length")
            : found.Value with { Tag = isOurs ? found.Value.Tag : taken.Tag, Length = length, Sha256 = taken.IsProven ? sha256 : default(ReadOnlyMemory<byte>) };
    }

    // The put is done: a failure that says that nothing was would have a put-if-absent lose against itself at the repeat.
    private static async ValueTask<StoreResult<ObjectProperties>> AfterPutAsync(Func<ValueTask<StoreResult<ObjectProperties>>> request)
    {
        StoreResult<ObjectProperties> result;
        try
        {
            result = await request();
        }
        catch (Exception exception) when (S3Failures.IsServiceFailure(exception))
        {
            result = S3Failures.From(exception);
        }

        return result.Failure switch
        {
            { Error: StoreError.NotFound } => new StoreFailure(StoreError.Unavailable, "a put object is not there"),
            { Error: StoreError.Throttled } failure => failure with { Error = StoreError.Unavailable },
            _ => result,
        };
    }

    // Only who writes in parts cleans up after others who did; what was too young to go the last time may not be any more.
    private void StartSweep()
    {
        if (_options.ForeignKeys)
        {
            return; // The bucket is not ours alone, nor are its uploads.
        }

        lock (_lock)
        {
            if (_sweep is null || (_sweep.IsCompleted && _time.GetElapsedTime(_sweptAt) >= _options.AbandonedUploadAge / 2))
            {
                _sweptAt = _time.GetTimestamp();
                _sweep = Task.Run(() => _abandoned.AbortAsync(_closing.Token));
            }
        }
    }
}
