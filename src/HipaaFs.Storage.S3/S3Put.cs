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

    /// <summary>Puts bytes from memory. What the server took.</summary>
    internal ValueTask<StoreResult<S3Taken>> PutAsync(
        string name, ReadOnlyMemory<byte> content, byte[] sha256, PutOptions options, CancellationToken cancel)
    {
#pragma warning disable CA5351 // The checksum of the protocol, against damage on the way.
        byte[] md5 = MD5.HashData(content.Span);
#pragma warning restore CA5351
        return SendAsync(name, new ReadOnlyMemoryContent(content), md5, sha256, options, cancel);
    }

    /// <summary>Puts a file whose digests are known. What the server took.</summary>
    internal ValueTask<StoreResult<S3Taken>> PutAsync(
        string name, SafeFileHandle file, long length, byte[] md5, byte[] sha256, PutOptions options, CancellationToken cancel)
    {
        return SendAsync(name, new FileRangeContent(file, 0, length), md5, sha256, options, cancel);
    }

    private async ValueTask<StoreResult<S3Taken>> SendAsync(
        string name, HttpContent content, byte[] md5, byte[] sha256, PutOptions options, CancellationToken cancel)
    {
        List<KeyValuePair<string, string>> headers = Headers(options);
        headers.Add(new("x-amz-checksum-sha256", Convert.ToBase64String(sha256)));
        if (options.Condition == PutCondition.IfAbsent)
        {
            headers.Add(new("If-None-Match", "*"));
        }

        string address = await _connection.SignAsync(HttpVerb.PUT, name, [.. headers, S3Reply.Md5Header(md5)], part: null);
        using var request = new HttpRequestMessage(HttpMethod.Put, address) { Content = content };
        content.Headers.ContentMD5 = md5;
        foreach ((string header, string value) in headers)
        {
            request.Headers.TryAddWithoutValidation(header, value);
        }

        using HttpResponseMessage response = await _connection.Http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancel);
        if (!response.IsSuccessStatusCode)
        {
            StoreFailure failure = await S3Reply.FailureAsync(response, _connection.Now, cancel);
            return failure.Error == StoreError.VersionChanged ? StoreError.AlreadyExists : failure;
        }

        EntityTag tag = S3Reply.TagOf(response);
        string? echoed = S3Reply.Header(response, "x-amz-checksum-sha256");
        return echoed is null
            ? new S3Taken(tag, IsProven: string.Equals(tag.Value, Convert.ToHexString(md5), StringComparison.OrdinalIgnoreCase))
            : echoed == Convert.ToBase64String(sha256)
                ? new S3Taken(tag, IsProven: true)
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

        headers.AddRange(S3Locks.Headers(options.Protection));
        return headers;
    }
}
