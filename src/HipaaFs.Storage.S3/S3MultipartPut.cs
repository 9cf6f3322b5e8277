using System.Net;
using Amazon.S3;
using Amazon.S3.Model;
using Microsoft.Extensions.Logging;
using Microsoft.Win32.SafeHandles;

namespace HipaaFs.Storage.S3;

/// <summary>Puts a file in parts: several at a time, each checked by the server, resumed where an earlier try of the same object stopped.</summary>
/// <remarks>
/// <para>(1) look for an unfinished upload of the same name, unless the file is new; (2) begin one if there is none; (3) for each part take its MD5 and send it unless the server has it already;
/// (4) complete. A put that cannot succeed aborts the upload; one that may is left for the next try to resume, in this process or after a crash.</para>
/// </remarks>
internal sealed partial class S3MultipartPut
{
    private const int MostParts = 10_000;

    private static readonly TimeSpan AbortTimeout = TimeSpan.FromSeconds(10);

    private readonly S3Connection _connection;
    private readonly StoreUrl _url;
    private readonly S3StoreOptions _options;
    private readonly PartSlots _slots;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;

    internal S3MultipartPut(S3Connection connection, StoreUrl url, S3StoreOptions options, TimeProvider time, ILogger logger)
    {
        _time = time;
        _connection = connection;
        _url = url;
        _options = options;
        _slots = new PartSlots(options.ParallelParts);
        _logger = logger;
    }

    /// <summary>Puts a file. SHA-256 of what went up, and what the server made of it.</summary>
    internal async ValueTask<StoreResult<(byte[] Sha256, S3Expected Expected)>> PutAsync(
        string name, SafeFileHandle file, UploadSource source, PutOptions options, CancellationToken cancel)
    {
        S3StorageClass storageClass = S3Tiers.ClassOf(options.Tier, _url.ArchiveClass);
        string? found = source.IsNew ? null : await FindAsync(name, storageClass, options.Protection, cancel); // Step 1
        string upload = found ?? await BeginAsync(name, storageClass, options.Protection, cancel); // Step 2
        try
        {
            Dictionary<int, PartDetail> present = found is null ? [] : await PresentPartsAsync(name, upload, cancel);
            StoreResult<(byte[] Sha256, S3Expected Expected)> sent = await SendAndCompleteAsync(name, upload, file, source, present, options, cancel);
            if (sent.Failure is { } failure && !failure.Error.IsTransient())
            {
                await AbortAsync(name, upload);
            }

            return sent;
        }
        catch (AmazonS3Exception exception) when (!S3Failures.From(exception).Error.IsTransient())
        {
            await AbortAsync(name, upload);
            throw;
        }
    }

    private async ValueTask<StoreResult<(byte[] Sha256, S3Expected Expected)>> SendAndCompleteAsync(
        string name, string upload, SafeFileHandle file, UploadSource source, Dictionary<int, PartDetail> present, PutOptions options, CancellationToken cancel)
    {
        using var digests = new FileDigests();
        StoreResult<List<PartETag>> parts = await SendPartsAsync(name, upload, file, source.Length, present, digests, cancel); // Step 3
        if (!parts.Succeeded)
        {
            return parts.Failure!;
        }

        byte[] sha256 = digests.Whole();
        if (!UploadSources.Matches(source, sha256))
        {
            return new StoreFailure(StoreError.Corrupt, "the source is not what it was"); // Not completed: what was there before stays.
        }

        var complete = new CompleteMultipartUploadRequest
        {
            BucketName = _connection.Bucket,
            Key = name,
            UploadId = upload,
            PartETags = parts.Value,
            IfNoneMatch = options.Condition == PutCondition.IfAbsent ? "*" : null,
            RequestPayer = _connection.Payer,
        };
        try
        {
            CompleteMultipartUploadResponse completed = await _connection.Control.CompleteMultipartUploadAsync(complete, cancel); // Step 4
            return (sha256, new S3Expected(new EntityTag(completed.ETag?.Trim('"')), S3Expected.TagOfParts(digests.Runs)));
        }
        catch (AmazonS3Exception exception) when (exception.StatusCode == HttpStatusCode.PreconditionFailed)
        {
            return StoreError.AlreadyExists;
        }
    }

    private async ValueTask<StoreResult<List<PartETag>>> SendPartsAsync(
        string name, string upload, SafeFileHandle file, long length, Dictionary<int, PartDetail> present, FileDigests digests, CancellationToken cancel)
    {
        long partLength = Math.Max(_options.PartLength, (length + MostParts - 1) / MostParts);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        long turn = _slots.Begin();
        var sending = new List<Task<StoreResult<PartETag>>>();
        try
        {
            for (long offset = 0; offset < length && !sending.Exists(static task => task.IsCompletedSuccessfully && !task.Result.Succeeded); offset += partLength)
            {
                long run = Math.Min(partLength, length - offset);
                byte[] md5 = digests.Next(file, offset, run); // Before there is a slot, which has nothing to send meanwhile.
                int number = sending.Count + 1;
                if (present.TryGetValue(number, out PartDetail? part) && IsSame(part, md5, run))
                {
                    sending.Add(Task.FromResult<StoreResult<PartETag>>(new PartETag(number, part.ETag)));
                    continue;
                }

                await _slots.EnterAsync(turn, stop.Token);
                sending.Add(_slots.LeaveAfterAsync(turn, SendPartAsync(name, new S3Part(upload, number), new FileRangeContent(file, offset, run), md5, stop.Token)));
            }

            StoreResult<PartETag>[] results = await Task.WhenAll(sending);
            StoreResult<PartETag> failed = Array.Find(results, static result => !result.Succeeded);
            return failed.Failure is { } failure ? failure : results.Select(static result => result.Value).ToList();
        }
        finally
        {
            // Every part borrows the file: nothing may be under way when it goes.
            await stop.CancelAsync();
            await Task.WhenAll(sending).ContinueWith(static _ => { }, CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default);
        }
    }

    // The tag of a part is its MD5 wherever the server does not encrypt with a key of its own; there it is sent again.
    private static bool IsSame(PartDetail part, byte[] md5, long length) =>
        part.Size == length && string.Equals(part.ETag?.Trim('"'), Convert.ToHexString(md5), StringComparison.OrdinalIgnoreCase);

    private async Task<StoreResult<PartETag>> SendPartAsync(string name, S3Part part, FileRangeContent content, byte[] md5, CancellationToken cancel)
    {
        try
        {
            string address = await _connection.SignAsync(HttpVerb.PUT, name, [S3Reply.Md5Header(md5)], part);
            using var request = new HttpRequestMessage(HttpMethod.Put, address) { Content = content };
            content.Headers.ContentMD5 = md5;
            using HttpResponseMessage response = await _connection.Http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancel);
            return response.IsSuccessStatusCode
                ? new PartETag(part.Number, S3Reply.TagOf(response).Value)
                : await S3Reply.FailureAsync(response, _connection.Now, cancel);
        }
        catch (Exception exception) when (S3Failures.IsServiceFailure(exception))
        {
            return S3Failures.From(exception);
        }
    }

    private async ValueTask<string?> FindAsync(string name, S3StorageClass storageClass, ObjectProtection protection, CancellationToken cancel)
    {
        if (_url.KmsKey is not null || protection != ObjectProtection.None)
        {
            return null; // The tags of encrypted parts do not tell what is in them, nor the upload which key or which lock.
        }

        var request = new ListMultipartUploadsRequest { BucketName = _connection.Bucket, Prefix = name, RequestPayer = _connection.Payer };
        ListMultipartUploadsResponse found = await _connection.Control.ListMultipartUploadsAsync(request, cancel);
        DateTimeOffset oldest = _time.GetUtcNow() - (_options.AbandonedUploadAge / 2); // Older ones may be aborted by a sweep at any moment.
        return found.MultipartUploads?.FindLast(upload =>
            upload.Key == name && upload.Initiated?.ToUniversalTime() > oldest
            && S3Tiers.TierOf(upload.StorageClass?.Value) == S3Tiers.TierOf(storageClass.Value))?.UploadId;
    }

    private async ValueTask<string> BeginAsync(string name, S3StorageClass storageClass, ObjectProtection protection, CancellationToken cancel)
    {
        var request = new InitiateMultipartUploadRequest
        {
            BucketName = _connection.Bucket,
            Key = name,
            StorageClass = storageClass == S3StorageClass.Standard ? null : storageClass,
            RequestPayer = _connection.Payer,
        };
        if (_url.KmsKey is { } key)
        {
            request.ServerSideEncryptionMethod = ServerSideEncryptionMethod.AWSKMS;
            request.ServerSideEncryptionKeyManagementServiceKeyId = key;
        }

        S3Locks.Ask(request, protection);
        return (await _connection.Control.InitiateMultipartUploadAsync(request, cancel)).UploadId;
    }

    private async ValueTask<Dictionary<int, PartDetail>> PresentPartsAsync(string name, string upload, CancellationToken cancel)
    {
        var parts = new Dictionary<int, PartDetail>();
        var request = new ListPartsRequest { BucketName = _connection.Bucket, Key = name, UploadId = upload, RequestPayer = _connection.Payer };
        while (true)
        {
            ListPartsResponse page = await _connection.Control.ListPartsAsync(request, cancel);
            foreach (PartDetail part in page.Parts ?? [])
            {
                parts[part.PartNumber ?? 0] = part;
            }

            if (page.IsTruncated != true || page.NextPartNumberMarker is null)
            {
                return parts;
            }

            request.PartNumberMarker = page.NextPartNumberMarker?.ToString(System.Globalization.CultureInfo.InvariantCulture);
        }
    }

    private async ValueTask AbortAsync(string name, string upload)
    {
        using var timeout = new CancellationTokenSource(AbortTimeout, _time);
        try
        {
            var request = new AbortMultipartUploadRequest { BucketName = _connection.Bucket, Key = name, UploadId = upload, RequestPayer = _connection.Payer };
            await _connection.Control.AbortMultipartUploadAsync(request, timeout.Token);
        }
        catch (Exception exception) when (exception is OperationCanceledException || S3Failures.IsServiceFailure(exception))
        {
            LogNotAborted(_logger, S3Failures.IsServiceFailure(exception) ? S3Failures.From(exception).Detail : "no answer");
        }
    }

    [LoggerMessage(320, LogLevel.Warning, "Parts of a failed upload were not removed ({Detail}); they go with the abandoned ones")]
    private static partial void LogNotAborted(ILogger logger, string? detail);
}
