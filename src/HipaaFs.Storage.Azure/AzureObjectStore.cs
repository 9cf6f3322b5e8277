using System.Net.Http.Headers;
using System.Security.Cryptography;
using Azure;
using Azure.Storage.Blobs.Models;
using Azure.Storage.Blobs.Specialized;
using Microsoft.Win32.SafeHandles;

namespace HipaaFs.Storage.Azure;

/// <summary>Stores objects as block blobs of one Azure container, under one prefix.</summary>
/// <remarks>One try a call: repeats, limits and metering are wrapped around it (<see cref="ObjectStores"/>).</remarks>
public sealed class AzureObjectStore : IObjectStore
{
    private readonly AzureConnection _connection;
    private readonly AzureStoreOptions _options;
    private readonly AzurePut _put;
    private readonly AzureListing _listing;
    private readonly AzureLocks _locks;
    private readonly string _prefix;

    private AzureObjectStore(StoreUrl url, AzureStoreOptions options)
    {
        _options = options;
        _prefix = url.Prefix.Length == 0 ? string.Empty : url.Prefix + "/";
        _connection = new AzureConnection(url, options);
        _put = new AzurePut(_connection, options);
        _locks = new AzureLocks(_connection.Container);
        _listing = new AzureListing(_connection.Container, _prefix, options.ForeignKeys);
    }

    /// <inheritdoc/>
    public StoreCapabilities Capabilities { get; } = new() { PutIfAbsent = true, AtomicConditionalDelete = true, Tiers = true, Locks = true, MaxObjectLength = 190L << 40 };

    /// <summary>Opens a container. Nothing is sent yet: a store that does not answer now may later.</summary>
    /// <exception cref="StoreOpenException">The URL's CA file cannot be read, or a credential in the environment is none.</exception>
    public static AzureObjectStore Open(StoreUrl url, AzureStoreOptions options)
    {
        try
        {
            return new AzureObjectStore(url, options);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or CryptographicException)
        {
            throw new StoreOpenException(StoreError.InvalidRequest, "the ca-file cannot be read as PEM certificates", exception);
        }
        catch (FormatException exception)
        {
            throw new StoreOpenException(
                StoreError.InvalidRequest,
                "AZURE_STORAGE_CONNECTION_STRING is of another account or server than the URL, or it or AZURE_STORAGE_KEY is not what its name says;"
                + $" with several accounts set AZURE_STORAGE_CONNECTION_STRING_{url.Account.ToUpperInvariant()} or AZURE_STORAGE_KEY_{url.Account.ToUpperInvariant()}",
                exception);
        }
        catch (ArgumentException exception)
        {
            throw new StoreOpenException(StoreError.InvalidRequest, "without https only an account's key or a SAS token is accepted", exception);
        }
    }

    /// <inheritdoc/>
    public ValueTask<StoreResult<int>> ReadAsync(ObjectKey key, EntityTag version, long offset, Memory<byte> destination, CancellationToken cancel)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(offset);
        BlockBlobClient blob = BlobOf(key);
        return CallAsync(() => ReadAsync(blob, version, offset, destination, cancel), cancel);
    }

    /// <inheritdoc/>
    public ValueTask<StoreResult<ObjectProperties>> PutAsync(ObjectKey key, ReadOnlyMemory<byte> content, PutCondition condition, CancellationToken cancel)
    {
        string name = NameOf(key);
        return CallAsync<ObjectProperties>(
            async () =>
            {
                BlobContentInfo put = await _put.PutAsync(name, content, new PutOptions { Condition = condition }, cancel);
                return AnswerOfWhole(key, put, content.Length, PutOptions.Default, SHA256.HashData(content.Span));
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
                if (options.Protection != ObjectProtection.None && await _locks.MissingAsync(cancel) is { } missing)
                {
                    return missing;
                }

                return source.Length <= _options.LongestSinglePut
                    ? await PutWholeAsync(key, name, file, source, options, cancel)
                    : await PutBlocksAsync(key, name, file, source, options, cancel);
            },
            cancel);
    }

    /// <inheritdoc/>
    public ValueTask<StoreResult<ObjectProperties>> GetPropertiesAsync(ObjectKey key, CancellationToken cancel)
    {
        BlockBlobClient blob = BlobOf(key);
        return CallAsync<ObjectProperties>(async () => await LookUpAsync(key, blob, cancel), cancel);
    }

    /// <inheritdoc/>
    public ValueTask<StoreResult<ObjectPage>> ListAsync(string prefix, ObjectKey? after, int limit, CancellationToken cancel)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(limit);
        return CallAsync(() => _listing.ListAsync(prefix, after, limit, cancel), cancel);
    }

    /// <inheritdoc/>
    public ValueTask<StoreResult<bool>> DeleteAsync(ObjectKey key, EntityTag version, CancellationToken cancel)
    {
        BlockBlobClient blob = BlobOf(key);
        return CallAsync<bool>(
            async () =>
            {
                var condition = new BlobRequestConditions { IfMatch = AzureTags.Condition(version) };
                try
                {
                    // Where blobs have versions Azure deletes a locked one all the same: it becomes a former version that nobody finds.
                    Response<BlobProperties> found = await blob.GetPropertiesAsync(condition, cancel);
                    DateTimeOffset now = found.GetRawResponse().Headers.Date ?? DateTimeOffset.MinValue;
                    if (AzureLocks.ProtectionOf(found.Value).IsInForce(now))
                    {
                        return StoreError.Retained;
                    }

                    await blob.DeleteAsync(DeleteSnapshotsOption.IncludeSnapshots, condition, cancel);
                    return true;
                }
                catch (RequestFailedException exception) when (exception.ErrorCode == "BlobNotFound")
                {
                    return false;
                }
                catch (RequestFailedException exception) when (exception.Status == 412)
                {
                    // An absent object meets no condition either, says the protocol; here it is no error.
                    return await blob.ExistsAsync(cancel) ? StoreError.VersionChanged : (StoreResult<bool>)false;
                }
            },
            cancel);
    }

    /// <inheritdoc/>
    public ValueTask<StoreResult<ObjectProperties>> SetTierAsync(ObjectKey key, StorageTier tier, CancellationToken cancel)
    {
        BlockBlobClient blob = BlobOf(key);
        return CallAsync<ObjectProperties>(
            async () =>
            {
                await blob.SetAccessTierAsync(AzureTiers.Of(tier), cancellationToken: cancel);
                return await LookUpAsync(key, blob, cancel);
            },
            cancel);
    }

    /// <inheritdoc/>
    /// <remarks>Azure has no copy that goes away by itself: what is restored is hot from then on, until it is moved down again.</remarks>
    public ValueTask<StoreResult<RestoreState>> RestoreAsync(ObjectKey key, RestoreRequest request, CancellationToken cancel)
    {
        BlockBlobClient blob = BlobOf(key);
        return CallAsync<RestoreState>(
            async () =>
            {
                BlobProperties found = await blob.GetPropertiesAsync(cancellationToken: cancel);
                bool isUnderWay = !string.IsNullOrEmpty(found.ArchiveStatus);
                RehydratePriority priority = request.Speed == RestoreSpeed.Expedited ? RehydratePriority.High : RehydratePriority.Standard;

                // Of one that is under way the priority can be raised, never lowered.
                bool isHastened = priority == RehydratePriority.High && !string.Equals(found.RehydratePriority, nameof(RehydratePriority.High), StringComparison.OrdinalIgnoreCase);
                if (AzureTiers.TierOf(found.AccessTier) != StorageTier.Archive || (isUnderWay && !isHastened))
                {
                    return isUnderWay ? RestoreState.InProgress : RestoreState.None;
                }

                await blob.SetAccessTierAsync(AccessTier.Hot, rehydratePriority: priority, cancellationToken: cancel);
                return (await LookUpAsync(key, blob, cancel)).Restore;
            },
            cancel);
    }

    /// <inheritdoc/>
    public ValueTask<StoreResult<ObjectProperties>> SetRetentionAsync(ObjectKey key, ObjectRetention? retention, CancellationToken cancel)
    {
        BlockBlobClient blob = BlobOf(key);
        return CallAsync<ObjectProperties>(
            async () =>
            {
                if (await _locks.MissingAsync(cancel) is { } missing)
                {
                    return missing;
                }

                ObjectProperties former = await LookUpAsync(key, blob, cancel);
                if (former.Protection.Retention == retention)
                {
                    return former;
                }

                try
                {
                    if (AzureLocks.PolicyOf(retention) is { } policy)
                    {
                        await blob.SetImmutabilityPolicyAsync(policy, cancellationToken: cancel);
                    }
                    else
                    {
                        await blob.DeleteImmutabilityPolicyAsync(cancel);
                    }
                }
                catch (RequestFailedException exception) when (exception.Status is 400 or 403 or 409 && former.Protection.Retention?.IsWeakenedBy(retention) == true)
                {
                    return new StoreFailure(StoreError.Retained, exception.ErrorCode); // In different words, as it is one or the other limit that is not kept.
                }

                return await LookUpAsync(key, blob, cancel);
            },
            cancel);
    }

    /// <inheritdoc/>
    public ValueTask<StoreResult<ObjectProperties>> SetLegalHoldAsync(ObjectKey key, bool isHeld, CancellationToken cancel)
    {
        BlockBlobClient blob = BlobOf(key);
        return CallAsync<ObjectProperties>(
            async () =>
            {
                if (await _locks.MissingAsync(cancel) is { } missing)
                {
                    return missing;
                }

                await blob.SetLegalHoldAsync(isHeld, cancel);
                return await LookUpAsync(key, blob, cancel);
            },
            cancel);
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync()
    {
        _connection.Dispose();
        return ValueTask.CompletedTask;
    }

    // Every request leaves through here: the one place that turns exceptions into failures.
    private static async ValueTask<StoreResult<T>> CallAsync<T>(Func<ValueTask<StoreResult<T>>> request, CancellationToken cancel)
    {
        try
        {
            return await request();
        }
        catch (Exception exception) when (AzureFailures.IsServiceFailure(exception))
        {
            return AzureFailures.From(exception);
        }
        catch (Exception exception) when (exception is OperationCanceledException or TimeoutException)
        {
            // Not the caller: a time limit of a connection or of the SDK's own.
            cancel.ThrowIfCancellationRequested();
            return StoreError.TimedOut;
        }
    }

    private static async ValueTask<StoreResult<int>> ReadAsync(
        BlockBlobClient blob, EntityTag version, long offset, Memory<byte> destination, CancellationToken cancel)
    {
        var condition = new BlobRequestConditions { IfMatch = AzureTags.Condition(version) };
        if (destination.IsEmpty)
        {
            await blob.GetPropertiesAsync(condition, cancel);
            return 0;
        }

        try
        {
            var how = new BlobDownloadOptions { Range = new HttpRange(offset, destination.Length), Conditions = condition };
            using BlobDownloadStreamingResult download = await blob.DownloadStreamingAsync(how, cancel);
            long expected = download.Details.ContentLength;
            if (expected == 0)
            {
                return 0; // Just at the end, as some servers answer it.
            }

            if (!IsAnswerTo(download.Details.ContentRange, offset, expected, destination.Length))
            {
                return new StoreFailure(StoreError.Corrupt, "another range than was asked for");
            }

            int read = await download.Content.ReadAtLeastAsync(destination[..(int)expected], (int)expected, throwOnEndOfStream: false, cancel);
            return read == expected ? read : new StoreFailure(StoreError.Unavailable, "body cut short");
        }
        catch (RequestFailedException exception) when (exception.Status == 416)
        {
            await blob.GetPropertiesAsync(condition, cancel); // Whether it is the version that was asked for.
            return 0; // At or past the end.
        }
    }

    // Content-Range is "bytes FIRST-LAST/LENGTH" (RFC 9110); a short answer must be the object's end.
    private static bool IsAnswerTo(string? contentRange, long offset, long length, int wanted)
    {
        if (!ContentRangeHeaderValue.TryParse(contentRange, out ContentRangeHeaderValue? range))
        {
            return false;
        }

        return range.From == offset && range.To - offset + 1 == length && (length == wanted || (length < wanted && range.To == range.Length - 1));
    }

    private static async ValueTask<ObjectProperties> LookUpAsync(ObjectKey key, BlockBlobClient blob, CancellationToken cancel)
    {
        BlobProperties found = await blob.GetPropertiesAsync(cancellationToken: cancel);
        return new ObjectProperties(
            key,
            found.ContentLength,
            AzureTags.Of(found.ETag),
            found.LastModified,
            AzureTiers.TierOf(found.AccessTier),
            string.IsNullOrEmpty(found.ArchiveStatus) ? RestoreState.None : RestoreState.InProgress)
        {
            Protection = AzureLocks.ProtectionOf(found),
            Md5 = AzureTags.Md5Of(found.ContentHash),
        };
    }

    private static ObjectProperties Answer(ObjectKey key, BlobContentInfo put, long length, PutOptions options, byte[] sha256) =>
        new(key, length, AzureTags.Of(put.ETag), put.LastModified, options.Tier) { Sha256 = sha256, Protection = options.Protection };

    // Of a list of blocks the hash in the answer is that of the list.
    private static ObjectProperties AnswerOfWhole(ObjectKey key, BlobContentInfo put, long length, PutOptions options, byte[] sha256) =>
        Answer(key, put, length, options, sha256) with { Md5 = AzureTags.Md5Of(put.ContentHash) };

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

        BlobContentInfo put = await _put.PutAsync(name, file, source.Length, md5, options, cancel);
        return AnswerOfWhole(key, put, source.Length, options, sha256);
    }

    private async ValueTask<StoreResult<ObjectProperties>> PutBlocksAsync(
        ObjectKey key, string name, SafeFileHandle file, UploadSource source, PutOptions options, CancellationToken cancel)
    {
        (byte[] sha256, BlobContentInfo? put, bool isProven) = await _put.PutBlocksAsync(name, file, source, options, cancel);
        return put is null
            ? new StoreFailure(StoreError.Corrupt, "the source is not what it was")
            : Answer(key, put, source.Length, options, isProven ? sha256 : []);
    }

    private BlockBlobClient BlobOf(ObjectKey key) => _connection.Container.GetBlockBlobClient(NameOf(key));

    private string NameOf(ObjectKey key)
    {
        return key.Value.Length > 0 ? _prefix + key.Value : throw new ArgumentException("the default key names no object", nameof(key));
    }
}
