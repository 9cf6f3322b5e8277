using System.Security.Cryptography;
using Amazon.S3;
using Microsoft.Win32.SafeHandles;

namespace HipaaFs.Storage.S3;

/// <summary>Puts a whole object in one request.</summary>
internal sealed class S3Put
{
    private readonly S3Connection _connection;
    private readonly StoreUrl _url;

    internal S3Put(S3Connection connection, StoreUrl url)
    {
        _connection = connection;
        _url = url;
    }

    /// <summary>Puts bytes from memory. The tag of the new object.</summary>
    internal ValueTask<StoreResult<EntityTag>> PutAsync(
        string name, ReadOnlyMemory<byte> content, byte[] sha256, PutOptions options, CancellationToken cancel)
    {
#pragma warning disable CA5351 // The checksum of the protocol, against damage on the way.
        byte[] md5 = MD5.HashData(content.Span);
#pragma warning restore CA5351
        return SendAsync(name, new ReadOnlyMemoryContent(content), md5, sha256, options, cancel);
    }

    /// <summary>Puts a file whose digests are known. The tag of the new object.</summary>
    internal ValueTask<StoreResult<EntityTag>> PutAsync(
        string name, SafeFileHandle file, long length, byte[] md5, byte[] sha256, PutOptions options, CancellationToken cancel)
    {
        return SendAsync(name, new FileRangeContent(file, 0, length), md5, sha256, options, cancel);
    }

    private async ValueTask<StoreResult<EntityTag>> SendAsync(
        string name, HttpContent content, byte[] md5, byte[] sha256, PutOptions options, CancellationToken cancel)
    {
        List<KeyValuePair<string, string>> headers = Headers(options);
        headers.Add(new("x-amz-checksum-sha256", Convert.ToBase64String(sha256)));
        string address = await _connection.SignAsync(HttpVerb.PUT, name, headers, part: null);
        using var request = new HttpRequestMessage(HttpMethod.Put, address) { Content = content };
        content.Headers.ContentMD5 = md5;
        foreach ((string header, string value) in headers)
        {
            request.Headers.TryAddWithoutValidation(header, value);
        }

        if (options.Condition == PutCondition.IfAbsent)
        {
            request.Headers.TryAddWithoutValidation("If-None-Match", "*");
        }

        using HttpResponseMessage response = await _connection.Http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancel);
        if (!response.IsSuccessStatusCode)
        {
            StoreFailure failure = await S3Reply.FailureAsync(response, cancel);
            return failure.Error == StoreError.VersionChanged ? StoreError.AlreadyExists : failure;
        }

        string? taken = S3Reply.Header(response, "x-amz-checksum-sha256");
        return taken is null || taken == Convert.ToBase64String(sha256)
            ? S3Reply.TagOf(response)
            : new StoreFailure(StoreError.Corrupt, "checksum of what arrived");
    }

    // https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutObject.html
    private List<KeyValuePair<string, string>> Headers(PutOptions options)
    {
        var headers = new List<KeyValuePair<string, string>>();
        if (options.Tier != StorageTier.Hot)
        {
            headers.Add(new("x-amz-storage-class", S3Tiers.ClassOf(options.Tier, _url.ArchiveClass).Value));
        }

        if (_url.KmsKey is { } key)
        {
            headers.Add(new("x-amz-server-side-encryption", "aws:kms"));
            headers.Add(new("x-amz-server-side-encryption-aws-kms-key-id", key));
        }

        return headers;
    }
}
