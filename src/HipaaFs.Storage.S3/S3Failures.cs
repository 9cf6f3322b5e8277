using System.Net;
using System.Net.Http.Headers;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Xml;
using Amazon.Runtime;
using Amazon.Runtime.Internal;

namespace HipaaFs.Storage.S3;

/// <summary>Turns what S3, its SDK and the network say into what a store answers. The one place that knows how S3 spells its failures.</summary>
internal static class S3Failures
{
    /// <summary>The code of a request whose date is too far from the store's.</summary>
    internal const string Skewed = "RequestTimeTooSkewed";

    /// <summary>Whether an exception is a failure of the service, the SDK or the network rather than a bug.</summary>
    public static bool IsServiceFailure(Exception exception) =>
        exception is AmazonServiceException or AmazonClientException or HttpRequestException or IOException or SocketException or AuthenticationException
            or XmlException or FormatException or OverflowException; // These three come of an answer that was damaged on its way.

    /// <summary>The store's answer for an exception.</summary>
    public static StoreFailure From(Exception exception)
    {
        return exception switch
        {
            AmazonServiceException { StatusCode: not 0 } service => From(service.StatusCode, service.ErrorCode, RetryAfterOf(service)),
            AmazonServiceException { InnerException: { } inner } when IsServiceFailure(inner) => From(inner),
            AmazonServiceException service => new StoreFailure(StoreError.Unavailable, service.ErrorCode),

            // Thrown before anything is sent: there are no credentials, or the endpoint that gives them does not answer.
            AmazonClientException client => FromNetworkWithin(client) ?? new StoreFailure(StoreError.AccessDenied, "no usable credentials"),
            XmlException or FormatException or OverflowException => new StoreFailure(StoreError.Unavailable, "an answer that cannot be read"),
            EndOfStreamException => new StoreFailure(StoreError.InvalidRequest, "the source shrank while it was read"),
            _ => FromNetwork(exception),
        };
    }

    /// <summary>The store's answer for a reply that is no success.</summary>
    /// <param name="status">HTTP status.</param>
    /// <param name="code">The code element of the error document; null when there is none, as with HEAD.</param>
    /// <param name="retryAfter">The Retry-After header.</param>
    public static StoreFailure From(HttpStatusCode status, string? code, RetryConditionHeaderValue? retryAfter = null)
    {
        string detail = string.IsNullOrEmpty(code) ? $"HTTP {(int)status}" : code;
        return new StoreFailure(Classify(status, code), detail, retryAfter?.Delta);
    }

    // https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html; where a code is known it decides, for servers differ in the status.
    private static StoreError Classify(HttpStatusCode status, string? code) => code switch
    {
        "NoSuchKey" or "NoSuchVersion" => StoreError.NotFound,
        "NoSuchBucket" => StoreError.Unavailable, // Nothing is known of the object.
        "NoSuchUpload" or "InvalidPart" or "InternalError" => StoreError.Unavailable, // The next try finds out what became of it.
        "InvalidObjectState" or "ObjectNotInActiveTierError" => StoreError.Archived,
        "GlacierExpeditedRetrievalNotAvailable" => StoreError.Throttled, // The store works; it has no capacity for this speed now.
        "SlowDown" or "Throttling" or "ThrottlingException" or "RequestLimitExceeded" or "TooManyRequests" => StoreError.Throttled,
        "RequestTimeout" => StoreError.TimedOut,
        "BadDigest" or "XAmzContentSHA256Mismatch" or "XAmzContentChecksumMismatch" or "IncompleteBody" => StoreError.Unavailable, // Damaged on its way up, and not taken.
        "InvalidDigest" => StoreError.Corrupt,
        "QuotaExceeded" or "InsufficientStorage" => StoreError.NoSpace,
        "ObjectLocked" => StoreError.Retained,
        "NotImplemented" => StoreError.Unsupported,
        "ConditionalRequestConflict" or "OperationAborted" => StoreError.Unavailable, // Another request for the key was under way: S3 asks to repeat.
        "ExpiredToken" or "TokenRefreshRequired" or "InvalidToken" or "InvalidAccessKeyId" or "SignatureDoesNotMatch" or Skewed => StoreError.AccessDenied,
        _ => ClassifyStatus(status),
    };

    private static StoreError ClassifyStatus(HttpStatusCode status) => (int)status switch
    {
        401 or 403 => StoreError.AccessDenied,
        408 => StoreError.TimedOut,
        412 => StoreError.VersionChanged,
        429 => StoreError.Throttled,
        501 => StoreError.Unsupported,
        507 => StoreError.NoSpace,
        404 or >= 500 => StoreError.Unavailable, // A 404 without S3's own code comes from something else in the way.
        >= 200 and < 300 => StoreError.Unavailable, // A failure told in the body of a success, or a body that was cut.
        _ => StoreError.InvalidRequest,
    };

    // The SDK keeps the answer's headers in an exception within.
    private static RetryConditionHeaderValue? RetryAfterOf(AmazonServiceException exception)
    {
        for (Exception? cause = exception.InnerException; cause is not null; cause = cause.InnerException)
        {
            if (cause is HttpErrorResponseException { Response: { } response } && RetryConditionHeaderValue.TryParse(response.GetHeaderValue("Retry-After"), out var value))
            {
                return value;
            }
        }

        return null;
    }

    // Where the source of credentials does not answer they may be fine later.
    private static StoreFailure? FromNetworkWithin(AmazonClientException exception)
    {
        for (Exception? cause = exception.InnerException; cause is not null; cause = cause.InnerException)
        {
            if (cause is HttpRequestException or SocketException or TimeoutException)
            {
                return new StoreFailure(StoreError.Unavailable, "the source of credentials does not answer");
            }
        }

        return null;
    }

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
                case HttpIOException http:
                    return new StoreFailure(StoreError.Unavailable, http.HttpRequestError.ToString());
            }
        }

        return new StoreFailure(StoreError.Unavailable, (exception as HttpRequestException)?.HttpRequestError.ToString() ?? "connection broken");
    }
}
