using System.Net;
using Amazon.S3;
using Amazon.S3.Model;

namespace HipaaFs.Storage.S3;

/// <summary>Everything asked of a bucket that carries no content: look-ups, listings, deletions, storage classes, restores.</summary>
/// <remarks>Exceptions of the SDK leave it; <see cref="S3ObjectStore"/> turns them into failures.</remarks>
internal sealed class S3Control
{
    private const int MostListed = 1000;
    private const int MostVersions = 100;

    private readonly S3Connection _connection;
    private readonly string _prefix;
    private readonly string _archiveClass;

    internal S3Control(S3Connection connection, string prefix, string archiveClass)
    {
        _connection = connection;
        _prefix = prefix;
        _archiveClass = archiveClass;
    }

    /// <summary>See <see cref="IObjectStore.GetPropertiesAsync"/>.</summary>
    internal async ValueTask<StoreResult<ObjectProperties>> LookUpAsync(ObjectKey key, string name, CancellationToken cancel)
    {
        StoreResult<GetObjectMetadataResponse> found = await HeadAsync(name, cancel);
        return found.Succeeded ? PropertiesOf(key, found.Value) : found.Failure!;
    }

    /// <summary>See <see cref="IObjectStore.ListAsync"/>.</summary>
    internal async ValueTask<StoreResult<ObjectPage>> ListAsync(string prefix, ObjectKey? after, int limit, CancellationToken cancel)
    {
        var request = new ListObjectsV2Request
        {
            BucketName = _connection.Bucket,
            Prefix = _prefix + prefix,
            StartAfter = after is { } key ? _prefix + key.Value : null,
            MaxKeys = Math.Min(limit, MostListed),
            RequestPayer = _connection.Payer,
        };
        ListObjectsV2Response page = await _connection.Control.ListObjectsV2Async(request, cancel);
        var objects = new List<ObjectProperties>(page.S3Objects?.Count ?? 0);
        string? last = null;
        while (true)
        {
            foreach (S3Object found in page.S3Objects ?? [])
            {
                last = found.Key;
                if (ObjectKey.TryParse(found.Key[_prefix.Length..], out ObjectKey parsed))
                {
                    objects.Add(PropertiesOf(parsed, found));
                }
            }

            if (page.IsTruncated != true || objects.Count > 0)
            {
                return new ObjectPage(objects, page.IsTruncated == true && objects.Count > 0);
            }

            // A page of names that are none of ours: an empty page would end the listing.
            request.StartAfter = last;
            page = await _connection.Control.ListObjectsV2Async(request, cancel);
        }
    }

    /// <summary>See <see cref="IObjectStore.DeleteAsync"/>. In a versioned bucket every version goes, so that nothing comes back and nothing is paid for.</summary>
    internal async ValueTask<StoreResult<bool>> DeleteAsync(ObjectKey key, string name, EntityTag version, CancellationToken cancel)
    {
        for (int round = 0; round < MostVersions; round++)
        {
            StoreResult<GetObjectMetadataResponse> found = await HeadAsync(name, cancel);
            if (!found.Succeeded)
            {
                return found.Error == StoreError.NotFound ? round > 0 : found.Failure!;
            }

            if (round == 0 && !version.Accepts(PropertiesOf(key, found.Value).Tag))
            {
                return StoreError.VersionChanged;
            }

            string? stored = VersionOf(found.Value);
            StoreFailure? failure = await DeleteOneAsync(name, stored, cancel);
            if (failure is not null)
            {
                return failure;
            }

            if (stored is null)
            {
                return true;
            }
        }

        return new StoreFailure(StoreError.Unavailable, "more versions than one deletion takes");
    }

    /// <summary>See <see cref="IObjectStore.SetTierAsync"/>: a copy of the object onto itself.</summary>
    internal async ValueTask<StoreResult<ObjectProperties>> SetTierAsync(ObjectKey key, string name, StorageTier tier, CancellationToken cancel)
    {
        StoreResult<GetObjectMetadataResponse> found = await HeadAsync(name, cancel);
        if (!found.Succeeded)
        {
            return found.Failure!;
        }

        ObjectProperties former = PropertiesOf(key, found.Value);
        if (former.Tier == tier)
        {
            return former;
        }

        var request = new CopyObjectRequest
        {
            SourceBucket = _connection.Bucket,
            SourceKey = name,
            DestinationBucket = _connection.Bucket,
            DestinationKey = name,
            StorageClass = S3Tiers.ClassOf(tier, _archiveClass),
            MetadataDirective = S3MetadataDirective.COPY,
            RequestPayer = _connection.Payer,
        };
        await _connection.Control.CopyObjectAsync(request, cancel);
        if (VersionOf(found.Value) is { } replaced)
        {
            StoreFailure? failure = await DeleteOneAsync(name, replaced, cancel);
            if (failure is not null)
            {
                return failure;
            }
        }

        return await LookUpAsync(key, name, cancel);
    }

    /// <summary>See <see cref="IObjectStore.RestoreAsync"/>.</summary>
    internal async ValueTask<StoreResult<RestoreState>> RestoreAsync(ObjectKey key, string name, RestoreRequest request, CancellationToken cancel)
    {
        StoreResult<ObjectProperties> found = await LookUpAsync(key, name, cancel);
        if (!found.Succeeded)
        {
            return found.Failure!;
        }

        if (found.Value.Tier != StorageTier.Archive || found.Value.Restore == RestoreState.InProgress)
        {
            return found.Value.Restore;
        }

        try
        {
            var restore = new RestoreObjectRequest
            {
                BucketName = _connection.Bucket,
                Key = name,
                Days = request.Days,
                RetrievalTier = TierOf(request.Speed),
                RequestPayer = _connection.Payer,
            };
            await _connection.Control.RestoreObjectAsync(restore, cancel);
        }
        catch (AmazonS3Exception exception) when (exception.ErrorCode == "RestoreAlreadyInProgress")
        {
            return RestoreState.InProgress;
        }

        StoreResult<ObjectProperties> now = await LookUpAsync(key, name, cancel);
        return now.Succeeded ? now.Value.Restore : now.Failure!;
    }

    private static GlacierJobTier TierOf(RestoreSpeed speed) => speed switch
    {
        RestoreSpeed.Bulk => GlacierJobTier.Bulk,
        RestoreSpeed.Expedited => GlacierJobTier.Expedited,
        _ => GlacierJobTier.Standard,
    };

    private static string? VersionOf(GetObjectMetadataResponse found) => string.IsNullOrEmpty(found.VersionId) ? null : found.VersionId;

    private static ObjectProperties PropertiesOf(ObjectKey key, GetObjectMetadataResponse found)
    {
        DateTimeOffset? until = found.RestoreExpiration is { } expiry ? new DateTimeOffset(expiry.ToUniversalTime()) : null;
        RestoreState restore = found.RestoreInProgress == true ? RestoreState.InProgress : until is null ? RestoreState.None : RestoreState.Available;
        return new ObjectProperties(
            key,
            found.ContentLength,
            new EntityTag(found.ETag?.Trim('"')),
            WholeSeconds(found.LastModified),
            S3Tiers.TierOf(found.StorageClass?.Value),
            restore,
            until);
    }

    private static ObjectProperties PropertiesOf(ObjectKey key, S3Object found)
    {
        return new ObjectProperties(
            key, found.Size ?? 0, new EntityTag(found.ETag?.Trim('"')), WholeSeconds(found.LastModified), S3Tiers.TierOf(found.StorageClass?.Value));
    }

    // Listings have milliseconds, look-ups (an HTTP date) have not.
    private static DateTimeOffset WholeSeconds(DateTime? time)
    {
        DateTime utc = (time ?? DateTime.UnixEpoch).ToUniversalTime();
        return new DateTimeOffset(utc.AddTicks(-(utc.Ticks % TimeSpan.TicksPerSecond)));
    }

    private async ValueTask<StoreResult<GetObjectMetadataResponse>> HeadAsync(string name, CancellationToken cancel)
    {
        try
        {
            var request = new GetObjectMetadataRequest { BucketName = _connection.Bucket, Key = name, RequestPayer = _connection.Payer };
            return await _connection.Control.GetObjectMetadataAsync(request, cancel);
        }
        catch (AmazonS3Exception exception) when (exception.StatusCode == HttpStatusCode.NotFound)
        {
            return StoreError.NotFound;
        }
    }

    private async ValueTask<StoreFailure?> DeleteOneAsync(string name, string? version, CancellationToken cancel)
    {
        try
        {
            var request = new DeleteObjectRequest { BucketName = _connection.Bucket, Key = name, VersionId = version, RequestPayer = _connection.Payer };
            await _connection.Control.DeleteObjectAsync(request, cancel);
            return null;
        }
        catch (AmazonS3Exception exception) when (exception.StatusCode == HttpStatusCode.Forbidden && version is not null)
        {
            // The same answer for "you may not" and "nobody may".
            return await IsRetainedAsync(name, version, cancel) ? StoreFailure.Of(StoreError.Retained) : S3Failures.From(exception);
        }
    }

    private async ValueTask<bool> IsRetainedAsync(string name, string version, CancellationToken cancel)
    {
        var request = new GetObjectMetadataRequest { BucketName = _connection.Bucket, Key = name, VersionId = version, RequestPayer = _connection.Payer };
        GetObjectMetadataResponse found = await _connection.Control.GetObjectMetadataAsync(request, cancel);
        return found.ObjectLockRetainUntilDate is not null || found.ObjectLockLegalHoldStatus == ObjectLockLegalHoldStatus.On;
    }
}
