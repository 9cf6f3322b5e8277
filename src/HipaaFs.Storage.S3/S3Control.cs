using System.Net;
using Amazon.S3;
using Amazon.S3.Model;

namespace HipaaFs.Storage.S3;

/// <summary>Everything asked of a bucket that carries no content: look-ups, listings, deletions, storage classes, restores.</summary>
/// <remarks>Exceptions of the SDK leave it; <see cref="S3ObjectStore"/> turns them into failures.</remarks>
internal sealed class S3Control
{
    private const int MostListed = 1000;

    private readonly S3Connection _connection;
    private readonly string _prefix;
    private readonly string _archiveClass;
    private readonly string? _kmsKey;
    private readonly bool _foreignKeys;
    private readonly S3Read _read;
    private readonly TimeProvider _time;

    internal S3Control(S3Connection connection, S3Read read, string prefix, bool foreignKeys, StoreUrl url, TimeProvider time)
    {
        _time = time;
        _foreignKeys = foreignKeys;
        _connection = connection;
        _read = read;
        _prefix = prefix;
        _archiveClass = url.ArchiveClass;
        _kmsKey = url.KmsKey;
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
            OptionalObjectAttributes = [OptionalObjectAttributes.RestoreStatus], // Servers without restores leave it out.
            RequestPayer = _connection.Payer,
        };
        ListObjectsV2Response page = await _connection.Control.ListObjectsV2Async(request, cancel);
        var objects = new List<ObjectProperties>(page.S3Objects?.Count ?? 0);
        var unusable = new List<string>();
        while (true)
        {
            foreach (S3Object found in page.S3Objects ?? [])
            {
                string name = WithoutPrefix(found.Key);
                if (ObjectKey.TryParse(name, _foreignKeys, out ObjectKey parsed))
                {
                    objects.Add(PropertiesOf(parsed, found));
                }
                else if (_foreignKeys)
                {
                    unusable.Add(name);
                }
            }

            if (page.IsTruncated != true || objects.Count > 0)
            {
                return new ObjectPage(objects, page.IsTruncated == true && objects.Count > 0) { Unusable = unusable };
            }

            // A page of names that are none of ours, or of none at all: an empty page would end the listing.
            request.ContinuationToken = page.NextContinuationToken;
            page = await _connection.Control.ListObjectsV2Async(request, cancel);
        }
    }

    /// <summary>See <see cref="IObjectStore.DeleteAsync"/>. In a versioned bucket every version goes, so that nothing comes back and nothing is paid for.</summary>
    internal async ValueTask<StoreResult<bool>> DeleteAsync(ObjectKey key, string name, EntityTag version, CancellationToken cancel)
    {
        StoreResult<GetObjectMetadataResponse> found = await HeadAsync(name, cancel);
        if (!found.Succeeded)
        {
            return found.Error == StoreError.NotFound ? false : found.Failure!;
        }

        if (!version.Accepts(PropertiesOf(key, found.Value).Tag))
        {
            return StoreError.VersionChanged;
        }

        StoreFailure? failure = VersionOf(found.Value) is null
            ? await DeleteOneAsync(name, version: null, cancel)
            : await DeleteVersionsAsync(name, cancel);
        return failure is null ? true : failure;
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

        if (former.Protection.IsInForce(_time.GetUtcNow()))
        {
            return StoreError.Retained; // The copy would not be locked, and the original would be there, and paid for, until its date.
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
        if (_kmsKey is not null)
        {
            request.ServerSideEncryptionMethod = ServerSideEncryptionMethod.AWSKMS;
            request.ServerSideEncryptionKeyManagementServiceKeyId = _kmsKey;
        }

        await _connection.Control.CopyObjectAsync(request, cancel);
        StoreResult<GetObjectMetadataResponse> copied = await HeadAsync(name, cancel);
        if (!copied.Succeeded)
        {
            return copied.Failure!;
        }

        // Only where the copy is seen to be a version of its own is there a former one to delete; with versions suspended both are called "null".
        ObjectProperties now = PropertiesOf(key, copied.Value);
        if (VersionOf(found.Value) is { } replaced && VersionOf(copied.Value) is { } current && current != replaced
            && now.Tier == tier && now.Length == former.Length)
        {
            StoreFailure? failure = await DeleteOneAsync(name, replaced, cancel);
            if (failure is not null)
            {
                return failure;
            }
        }

        return now;
    }

    /// <summary>See <see cref="IObjectStore.RestoreAsync"/>.</summary>
    internal async ValueTask<StoreResult<RestoreState>> RestoreAsync(ObjectKey key, string name, RestoreRequest request, CancellationToken cancel)
    {
        StoreResult<GetObjectMetadataResponse> found = await HeadAsync(name, cancel);
        if (!found.Succeeded)
        {
            return found.Failure!;
        }

        // S3 counts the days from now: a request for fewer than are left would take the copy away from whoever asked for more.
        ObjectProperties former = PropertiesOf(key, found.Value);
        if (former.Tier != StorageTier.Archive || (former.RestoredUntil - _time.GetUtcNow())?.TotalDays >= request.Days)
        {
            return former.Restore;
        }

        if (request.Speed == RestoreSpeed.Expedited && !S3Tiers.HasExpeditedRestores(found.Value.StorageClass?.Value))
        {
            return new StoreFailure(StoreError.InvalidRequest, $"{found.Value.StorageClass} has no expedited restores");
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
            return RestoreState.InProgress; // At this speed or a greater one: S3 takes a request that hastens a restore.
        }

        StoreResult<ObjectProperties> now = await LookUpAsync(key, name, cancel);
        return now.Succeeded ? now.Value.Restore : now.Failure!;
    }

    // A name that was not asked for is a sign of damage: to leave it out would hide an object.
    private string WithoutPrefix(string? name) =>
        name?.StartsWith(_prefix, StringComparison.Ordinal) == true ? name[_prefix.Length..] : throw new FormatException("a listing of another prefix");

    private static GlacierJobTier TierOf(RestoreSpeed speed) => speed switch
    {
        RestoreSpeed.Bulk => GlacierJobTier.Bulk,
        RestoreSpeed.Expedited => GlacierJobTier.Expedited,
        _ => GlacierJobTier.Standard,
    };

    private static string? VersionOf(GetObjectMetadataResponse found) => string.IsNullOrEmpty(found.VersionId) ? null : found.VersionId;

    private static ObjectProperties PropertiesOf(ObjectKey key, GetObjectMetadataResponse found)
    {
        ObjectProperties described = PropertiesOf(key, found.ContentLength, found.ETag, found.LastModified, found.StorageClass);
        return WithRestore(described, found.RestoreInProgress, found.RestoreExpiration) with
        {
            Protection = S3Locks.ProtectionOf(found),
            Md5 = IsTagOfContent(found) ? described.Md5 : null,
        };
    }

    private static ObjectProperties PropertiesOf(ObjectKey key, S3Object found)
    {
        ObjectProperties described = PropertiesOf(key, found.Size ?? 0, found.ETag, found.LastModified, found.StorageClass);
        return WithRestore(described, found.RestoreStatus?.IsRestoreInProgress, found.RestoreStatus?.RestoreExpiryDate);
    }

    private static ObjectProperties PropertiesOf(ObjectKey key, long length, string? tag, DateTime? modified, S3StorageClass? storageClass) =>
        new(key, length, new EntityTag(tag?.Trim('"')), WholeSeconds(modified), S3Tiers.TierOf(storageClass?.Value)) { Md5 = ContentMd5.OfEntityTag(tag?.Trim('"')) };

    // With keys of a KMS the tag has the form of an MD5 and is none: https://docs.aws.amazon.com/AmazonS3/latest/API/API_Object.html
    private static bool IsTagOfContent(GetObjectMetadataResponse found) =>
        string.IsNullOrEmpty(found.ServerSideEncryptionMethod?.Value) || found.ServerSideEncryptionMethod == ServerSideEncryptionMethod.AES256;

    private static ObjectProperties WithRestore(ObjectProperties described, bool? isUnderWay, DateTime? expiry)
    {
        DateTimeOffset? until = expiry is { } time ? new DateTimeOffset(time.ToUniversalTime()) : null;
        RestoreState state = isUnderWay == true ? RestoreState.InProgress : until is null ? RestoreState.None : RestoreState.Available;
        return described with { Restore = state, RestoredUntil = until };
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
            // HEAD has no body: only a GET tells an absent object from an absent bucket or another server's answer.
            StoreResult<int> asked = await _read.ReadAsync(name, EntityTag.Any, 0, new byte[1], cancel);
            return asked.Failure ?? new StoreFailure(StoreError.Unavailable, "there on the second look");
        }
        catch (AmazonS3Exception exception) when (exception.StatusCode is HttpStatusCode.Forbidden or HttpStatusCode.BadRequest or HttpStatusCode.MovedPermanently or HttpStatusCode.TemporaryRedirect)
        {
            // Nor does it say why it refuses: expired credentials, another region and a wrong clock look alike.
            StoreResult<int> asked = await _read.ReadAsync(name, EntityTag.Any, 0, new byte[1], cancel);
            return asked.Error is StoreError.AccessDenied or StoreError.InvalidRequest ? asked.Failure! : S3Failures.From(exception);
        }
    }

    // The newest last: whoever looks meanwhile finds it and no older one, and what fails in the middle is begun anew by a repeat, which finds it too. What others put
    // after the listing is not touched.
    private async ValueTask<StoreFailure?> DeleteVersionsAsync(string name, CancellationToken cancel)
    {
        List<string> versions = await VersionsAsync(name, cancel);
        for (int i = versions.Count - 1; i >= 0; i--)
        {
            StoreFailure? failure = await DeleteOneAsync(name, versions[i], cancel);
            if (failure is not null)
            {
                return failure;
            }
        }

        return null;
    }

    // All versions and markers of one object, the newest first.
    private async ValueTask<List<string>> VersionsAsync(string name, CancellationToken cancel)
    {
        var versions = new List<string>();
        var request = new ListVersionsRequest { BucketName = _connection.Bucket, Prefix = name, RequestPayer = _connection.Payer };
        while (true)
        {
            ListVersionsResponse page = await _connection.Control.ListVersionsAsync(request, cancel);
            versions.AddRange((page.Versions ?? []).Where(found => found.Key == name).Select(static found => found.VersionId));
            bool isPast = page.Versions?.Count > 0 && string.CompareOrdinal(page.Versions[^1].Key, name) > 0;
            if (page.IsTruncated != true || isPast)
            {
                return versions;
            }

            request.KeyMarker = page.NextKeyMarker;
            request.VersionIdMarker = page.NextVersionIdMarker;
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
