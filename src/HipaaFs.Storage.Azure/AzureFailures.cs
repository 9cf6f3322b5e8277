using System.Net.Sockets;
using System.Security.Authentication;
using System.Xml;
using Azure;
using Azure.Identity;

namespace HipaaFs.Storage.Azure;

/// <summary>Turns what Azure, its SDK and the network say into what a store answers. The one place that knows how Azure spells its failures.</summary>
internal static class AzureFailures
{
    /// <summary>Whether an exception is a failure of the service, the SDK or the network rather than a bug.</summary>
    public static bool IsServiceFailure(Exception exception) =>
        exception is RequestFailedException or AuthenticationFailedException or HttpRequestException or IOException or SocketException or AuthenticationException
            or XmlException or FormatException or OverflowException // These three come of an answer that was damaged on its way.
        || (exception is AggregateException { InnerExceptions.Count: > 0 } several && IsServiceFailure(several.InnerExceptions[^1]));

    /// <summary>The store's answer for an exception.</summary>
    public static StoreFailure From(Exception exception)
    {
        return exception switch
        {
            RequestFailedException { Status: not 0 } refused => From(refused),
            RequestFailedException { InnerException: { } inner } => FromNetwork(inner),
            AggregateException several => From(several.InnerExceptions[^1]),
            XmlException or FormatException or OverflowException => new StoreFailure(StoreError.Unavailable, "an answer that cannot be read"),
            EndOfStreamException => new StoreFailure(StoreError.InvalidRequest, "the source shrank while it was read"),
            AuthenticationFailedException { InnerException: HttpRequestException or SocketException or TimeoutException or OperationCanceledException } =>
                new StoreFailure(StoreError.Unavailable, "the source of credentials does not answer"),
            AuthenticationFailedException => new StoreFailure(StoreError.AccessDenied, "no usable credentials"),
            _ => FromNetwork(exception),
        };
    }

    private static StoreFailure From(RequestFailedException refused)
    {
        string detail = string.IsNullOrEmpty(refused.ErrorCode) ? $"HTTP {refused.Status}" : refused.ErrorCode == "AuthenticationFailed" ? AuthenticationDetail(refused) : refused.ErrorCode;
        TimeSpan? wait = refused.GetRawResponse()?.Headers.TryGetValue("Retry-After", out string? text) == true && int.TryParse(text, out int seconds)
            ? TimeSpan.FromSeconds(seconds)
            : null;
        return new StoreFailure(Classify(refused.Status, refused.ErrorCode), detail, wait);
    }

    // One code for all that can be wrong with credentials; an element of the body says more, in words that quote the request. For those that are known there is a
    // code of S3's or ours. Where there is no body, or other words, the code stays as it is.
    private static string AuthenticationDetail(RequestFailedException refused) => (refused.Data["AuthenticationErrorDetail"] as string) switch
    {
        { } said when said.StartsWith("Signature not valid in the specified time frame", StringComparison.Ordinal) => "SAS token outside its time",
        { } said when said.StartsWith("Request date header too old", StringComparison.Ordinal) => "RequestTimeTooSkewed",
        { } said when said.StartsWith("The MAC signature found", StringComparison.Ordinal) || said.StartsWith("Signature did not match", StringComparison.Ordinal) => "SignatureDoesNotMatch",
        _ => refused.ErrorCode!,
    };

    // https://learn.microsoft.com/rest/api/storageservices/blob-service-error-codes; where a code is known it decides.
    private static StoreError Classify(int status, string? code) => code switch
    {
        "BlobNotFound" or "ResourceNotFound" => StoreError.NotFound,
        "ContainerNotFound" or "ContainerBeingDeleted" => StoreError.Unavailable,
        "BlobAlreadyExists" => StoreError.AlreadyExists,
        "ConditionNotMet" or "TargetConditionNotMet" => StoreError.VersionChanged,
        "BlobArchived" or "BlobBeingRehydrated" => StoreError.Archived,
        "BlobImmutableDueToPolicy" or "BlobImmutableDueToLegalHold" => StoreError.Retained,
        "Md5Mismatch" or "Crc64Mismatch" => StoreError.Unavailable, // Damaged on its way up, and not taken.
        "InvalidMd5" => StoreError.Corrupt,
        "ServerBusy" or "TooManyRequests" => StoreError.Throttled,
        "OperationTimedOut" => StoreError.TimedOut,
        "AccountIsDisabled" or "AuthenticationFailed" or "AuthorizationFailure" or "InsufficientAccountPermissions" => StoreError.AccessDenied,
        "FeatureNotSupported" or "FeatureNotYetSupportedForHierarchicalNamespaceAccounts" => StoreError.Unsupported,
        _ => ClassifyStatus(status),
    };

    private static StoreError ClassifyStatus(int status) => status switch
    {
        401 or 403 => StoreError.AccessDenied,
        408 => StoreError.TimedOut,
        412 => StoreError.VersionChanged,
        429 => StoreError.Throttled,
        501 => StoreError.Unsupported,
        507 => StoreError.NoSpace,
        404 or >= 500 => StoreError.Unavailable, // A 404 without Azure's own code comes from something else in the way.
        >= 200 and < 300 => StoreError.Unavailable,
        _ => StoreError.InvalidRequest,
    };

    private static StoreFailure FromNetwork(Exception exception)
    {
        for (Exception? cause = exception; cause is not null; cause = cause.InnerException)
        {
            switch (cause)
            {
                case SocketException socket:
                    return new StoreFailure(StoreError.Unavailable, socket.SocketErrorCode.ToString());
                case HttpRequestException { HttpRequestError: HttpRequestError.SecureConnectionError }:
                case AuthenticationException:
                    return new StoreFailure(StoreError.Unavailable, "TLS: the server's certificate is not trusted or too old a protocol");
            }
        }

        return new StoreFailure(StoreError.Unavailable, (exception as HttpRequestException)?.HttpRequestError.ToString() ?? "connection broken");
    }
}
