using System.Globalization;
using System.Net;
using Amazon.S3;
using Amazon.S3.Model;

namespace HipaaFs.Storage.S3;

/// <summary>Puts objects under S3's object lock: retention and legal holds of the version that is current.</summary>
/// <remarks>
/// <para>Nothing is sent to an object before the bucket has said that it has object lock: servers that do not know these requests take them for something else. Nothing is
/// called locked that a look-up does not show as locked.</para>
/// <para>Not every server takes over the lock that an upload in parts was begun with: what a put object does not show is set by a request of its own.
/// Exceptions of the SDK leave this class; <see cref="S3ObjectStore"/> turns them into failures.</para>
/// </remarks>
internal sealed class S3Locks
{
    private readonly S3Connection _connection;
    private readonly S3Control _control;
    private readonly TimeProvider _time;
    private volatile bool _isEnabled; // Once a bucket has object lock it keeps it.

    internal S3Locks(S3Connection connection, S3Control control, TimeProvider time)
    {
        _connection = connection;
        _control = control;
        _time = time;
    }

    /// <summary>The headers with which an object is put under a lock; none for no lock. S3 wants the body's checksum beside them.</summary>
    internal static IEnumerable<KeyValuePair<string, string>> Headers(ObjectProtection protection)
    {
        if (protection.Retention is { } retention)
        {
            yield return new("x-amz-object-lock-mode", ModeOf(retention.Mode).Value);
            yield return new("x-amz-object-lock-retain-until-date", retention.Until.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture));
        }

        if (protection.LegalHold)
        {
            yield return new("x-amz-object-lock-legal-hold", ObjectLockLegalHoldStatus.On.Value);
        }
    }

    /// <summary>The same for an upload in parts.</summary>
    internal static void Ask(InitiateMultipartUploadRequest request, ObjectProtection protection)
    {
        if (protection.Retention is { } retention)
        {
            request.ObjectLockMode = ObjectLockMode.FindValue(ModeOf(retention.Mode).Value);
            request.ObjectLockRetainUntilDate = retention.Until.UtcDateTime;
        }

        if (protection.LegalHold)
        {
            request.ObjectLockLegalHoldStatus = ObjectLockLegalHoldStatus.On;
        }
    }

    /// <summary>What a look-up says of an object's lock; nothing where the credentials may not see it.</summary>
    internal static ObjectProtection ProtectionOf(GetObjectMetadataResponse found)
    {
        ObjectRetention? retention = found.ObjectLockRetainUntilDate is { } until && found.ObjectLockMode is { } mode
            ? new ObjectRetention(mode == ObjectLockMode.Governance ? RetentionMode.Governance : RetentionMode.Compliance, new DateTimeOffset(until.ToUniversalTime()))
            : null;
        bool isHeld = found.ObjectLockLegalHoldStatus == ObjectLockLegalHoldStatus.On;
        return retention is null && !isHeld ? ObjectProtection.None : new ObjectProtection { Retention = retention, LegalHold = isHeld };
    }

    /// <summary>Why nothing can be locked in this bucket; null when it can.</summary>
    internal async ValueTask<StoreFailure?> MissingAsync(CancellationToken cancel)
    {
        if (_isEnabled)
        {
            return null;
        }

        try
        {
            var request = new GetObjectLockConfigurationRequest { BucketName = _connection.Bucket };
            GetObjectLockConfigurationResponse found = await _connection.Control.GetObjectLockConfigurationAsync(request, cancel);
            _isEnabled = found.ObjectLockConfiguration?.ObjectLockEnabled == ObjectLockEnabled.Enabled;
        }
        catch (AmazonS3Exception exception) when (exception.ErrorCode == "ObjectLockConfigurationNotFoundError")
        {
            _isEnabled = false;
        }

        return _isEnabled ? null : new StoreFailure(StoreError.Unsupported, "the bucket has no object lock");
    }

    /// <summary>See <see cref="IObjectStore.SetRetentionAsync"/>.</summary>
    internal async ValueTask<StoreResult<ObjectProperties>> SetRetentionAsync(ObjectKey key, string name, ObjectRetention? retention, CancellationToken cancel)
    {
        if (await MissingAsync(cancel) is { } missing)
        {
            return missing;
        }

        StoreResult<ObjectProperties> found = await _control.LookUpAsync(key, name, cancel);
        if (!found.Succeeded)
        {
            return found;
        }

        ObjectRetention? former = found.Value.Protection.Retention;
        if (former == retention)
        {
            return found;
        }

        bool isInForce = former?.Until > _time.GetUtcNow();
        bool isWeakened = isInForce && former!.IsWeakenedBy(retention);
        var request = new PutObjectRetentionRequest
        {
            BucketName = _connection.Bucket,
            Key = name,
            Retention = retention is null
                ? new ObjectLockRetention()
                : new ObjectLockRetention { Mode = ModeOf(retention.Mode), RetainUntilDate = retention.Until.UtcDateTime },
            BypassGovernanceRetention = MustBypass(former, retention) && isInForce ? true : null, // Only where it is needed: the right to it is a rare one.
            RequestPayer = _connection.Payer,
        };
        try
        {
            await _connection.Control.PutObjectRetentionAsync(request, cancel);
        }
        catch (AmazonS3Exception exception) when (isWeakened && exception.StatusCode == HttpStatusCode.Forbidden)
        {
            // The same answer for "you may not" and "nobody may".
            return new StoreFailure(StoreError.Retained, exception.ErrorCode);
        }
        catch (AmazonS3Exception exception) when (retention is null && exception.StatusCode == HttpStatusCode.BadRequest)
        {
            // Ceph 16 cannot end a retention before its date; it can draw the date near.
            return new StoreFailure(isWeakened && former!.Mode == RetentionMode.Compliance ? StoreError.Retained : StoreError.Unsupported, exception.ErrorCode);
        }

        StoreResult<ObjectProperties> now = await _control.LookUpAsync(key, name, cancel);
        return !now.Succeeded || now.Value.Protection.Retention == retention ? now : Unseen();
    }

    /// <summary>See <see cref="IObjectStore.SetLegalHoldAsync"/>.</summary>
    internal async ValueTask<StoreResult<ObjectProperties>> SetLegalHoldAsync(ObjectKey key, string name, bool isHeld, CancellationToken cancel)
    {
        if (await MissingAsync(cancel) is { } missing)
        {
            return missing;
        }

        var request = new PutObjectLegalHoldRequest
        {
            BucketName = _connection.Bucket,
            Key = name,
            LegalHold = new ObjectLockLegalHold { Status = isHeld ? ObjectLockLegalHoldStatus.On : ObjectLockLegalHoldStatus.Off },
            RequestPayer = _connection.Payer,
        };
        await _connection.Control.PutObjectLegalHoldAsync(request, cancel);
        StoreResult<ObjectProperties> now = await _control.LookUpAsync(key, name, cancel);
        return !now.Succeeded || now.Value.Protection.LegalHold == isHeld ? now : Unseen();
    }

    /// <summary>Sets what an object that was put with a lock does not show of it.</summary>
    internal async ValueTask<StoreResult<ObjectProperties>> CompleteAsync(
        ObjectProperties put, string name, ObjectProtection asked, CancellationToken cancel)
    {
        StoreResult<ObjectProperties> now = put;
        if (asked.Retention is { } retention && retention.IsWeakenedBy(put.Protection.Retention))
        {
            now = await SetRetentionAsync(put.Key, name, retention, cancel);
        }

        if (now.Succeeded && asked.LegalHold && !put.Protection.LegalHold)
        {
            now = await SetLegalHoldAsync(put.Key, name, isHeld: true, cancel);
        }

        return now.Succeeded ? put with { Protection = now.Value.Protection } : now;
    }

    // To change the mode of governance is to alter it, whichever way.
    private static bool MustBypass(ObjectRetention? former, ObjectRetention? next) =>
        former?.Mode == RetentionMode.Governance && (former.IsWeakenedBy(next) || next!.Mode != former.Mode);

    // A look-up leaves the lock out where the credentials may set it and not see it.
    private static StoreFailure Unseen() => new(StoreError.AccessDenied, "a lock that was set is not shown");

    private static ObjectLockRetentionMode ModeOf(RetentionMode mode) =>
        mode == RetentionMode.Compliance ? ObjectLockRetentionMode.Compliance : ObjectLockRetentionMode.Governance;
}
