using Amazon.S3.Model;
using Microsoft.Extensions.Logging;

namespace HipaaFs.Storage.S3;

/// <summary>Aborts uploads in parts that nobody finished and nobody will, for their parts cost money and are seen by no listing of objects.</summary>
internal sealed partial class S3AbandonedUploads
{
    private readonly S3Connection _connection;
    private readonly string _prefix;
    private readonly TimeSpan _age;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;

    /// <param name="connection">The bucket.</param>
    /// <param name="prefix">Names outside it belong to others.</param>
    /// <param name="age">Younger ones may still be resumed.</param>
    /// <param name="time">Tells the age.</param>
    /// <param name="logger">Told how many went.</param>
    internal S3AbandonedUploads(S3Connection connection, string prefix, TimeSpan age, TimeProvider time, ILogger logger)
    {
        _connection = connection;
        _prefix = prefix;
        _age = age;
        _time = time;
        _logger = logger;
    }

    /// <summary>Goes through all unfinished uploads once.</summary>
    /// <returns>How many were aborted, or the first failure.</returns>
    internal async Task<StoreResult<int>> AbortAsync(CancellationToken cancel)
    {
        int aborted = 0;
        try
        {
            var request = new ListMultipartUploadsRequest { BucketName = _connection.Bucket, Prefix = _prefix, RequestPayer = _connection.Payer };
            ListMultipartUploadsResponse page;
            do
            {
                page = await _connection.Control.ListMultipartUploadsAsync(request, cancel);
                foreach (MultipartUpload upload in page.MultipartUploads ?? [])
                {
                    if (upload.Initiated is { } begun && _time.GetUtcNow() - begun.ToUniversalTime() >= _age)
                    {
                        await AbortAsync(upload, cancel);
                        aborted++;
                    }
                }

                request.KeyMarker = page.NextKeyMarker;
                request.UploadIdMarker = page.NextUploadIdMarker;
            }
            while (page.IsTruncated == true);
        }
        catch (Exception exception) when (S3Failures.IsServiceFailure(exception))
        {
            StoreFailure failure = S3Failures.From(exception);
            LogFailed(_logger, failure.Error, failure.Detail);
            return failure;
        }

        if (aborted > 0)
        {
            LogAborted(_logger, aborted);
        }

        return aborted;
    }

    private async Task AbortAsync(MultipartUpload upload, CancellationToken cancel)
    {
        var request = new AbortMultipartUploadRequest
        {
            BucketName = _connection.Bucket,
            Key = upload.Key,
            UploadId = upload.UploadId,
            RequestPayer = _connection.Payer,
        };
        await _connection.Control.AbortMultipartUploadAsync(request, cancel);
    }

    [LoggerMessage(321, LogLevel.Information, "{Count} abandoned uploads were aborted")]
    private static partial void LogAborted(ILogger logger, int count);

    [LoggerMessage(322, LogLevel.Warning, "Abandoned uploads could not be looked for ({Error} {Detail}); tried again in half a day")]
    private static partial void LogFailed(ILogger logger, StoreError error, string? detail);
}
