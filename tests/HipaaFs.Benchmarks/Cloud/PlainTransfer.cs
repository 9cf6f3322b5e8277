using System.Buffers;
using System.Diagnostics;
using System.Net;
using System.Net.Http.Headers;
using Amazon.S3;
using Amazon.S3.Model;

namespace HipaaFs.Benchmarks.Cloud;

/// <summary>The same bytes without a filesystem: parallel ranged GETs, and a parallel multipart upload, by HttpClient on presigned requests.</summary>
internal sealed class PlainTransfer : IDisposable
{
    private const int RangeBytes = 8 << 20;
    private const int PartBytes = 16 << 20;
    private const int Parallel = 8;
    private const string Key = "plain";

    private readonly IAmazonS3 _client;
    private readonly string _bucket;
    private readonly HttpClient _http = new(new SocketsHttpHandler { MaxConnectionsPerServer = Parallel, AutomaticDecompression = DecompressionMethods.None });

    internal PlainTransfer(IAmazonS3 client, string bucket)
    {
        _client = client;
        _bucket = bucket;
    }

    /// <summary>Uploads random bytes; the object is what <see cref="DownloadAsync"/> reads.</summary>
    internal async Task<Transfer> UploadAsync(long bytes)
    {
        byte[] part = new byte[PartBytes];
        Random.Shared.NextBytes(part);
        string upload = (await _client.InitiateMultipartUploadAsync(_bucket, Key)).UploadId;
        int parts = (int)(bytes / PartBytes);
        var done = new PartETag[parts];
        Transfer result = await MeasureAsync(bytes, parts, async number => done[number] = new PartETag(number + 1, await PutAsync(upload, number + 1, part)));
        await _client.CompleteMultipartUploadAsync(
            new CompleteMultipartUploadRequest { BucketName = _bucket, Key = Key, UploadId = upload, PartETags = [.. done] });
        return result;
    }

    /// <summary>Downloads what was uploaded.</summary>
    internal async Task<Transfer> DownloadAsync(long bytes)
    {
        string url = await _client.GetPreSignedURLAsync(
            new GetPreSignedUrlRequest { BucketName = _bucket, Key = Key, Expires = DateTime.UtcNow.AddHours(1), Verb = HttpVerb.GET, Protocol = Protocol.HTTP });
        return await MeasureAsync(bytes, (int)(bytes / RangeBytes), number => GetAsync(url, (long)number * RangeBytes));
    }

    /// <inheritdoc/>
    public void Dispose() => _http.Dispose();

    private static async Task<Transfer> MeasureAsync(long bytes, int pieces, Func<int, Task> move)
    {
        using Process self = Process.GetCurrentProcess();
        TimeSpan before = self.TotalProcessorTime;
        var clock = Stopwatch.StartNew();
        await System.Threading.Tasks.Parallel.ForEachAsync(
            Enumerable.Range(0, pieces), new ParallelOptions { MaxDegreeOfParallelism = Parallel }, async (number, _) => await move(number));
        double seconds = clock.Elapsed.TotalSeconds;
        self.Refresh();
        return new Transfer(bytes, seconds, (self.TotalProcessorTime - before).TotalSeconds);
    }

    private async Task GetAsync(string url, long offset)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, url);
        request.Headers.Range = new RangeHeaderValue(offset, offset + RangeBytes - 1);
        using HttpResponseMessage response = await _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
        response.EnsureSuccessStatusCode();
        byte[] buffer = ArrayPool<byte>.Shared.Rent(RangeBytes);
        try
        {
            await using Stream body = await response.Content.ReadAsStreamAsync();
            await body.ReadExactlyAsync(buffer.AsMemory(0, RangeBytes));
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    private async Task<string> PutAsync(string upload, int number, byte[] part)
    {
        string url = await _client.GetPreSignedURLAsync(
            new GetPreSignedUrlRequest
            {
                BucketName = _bucket,
                Key = Key,
                UploadId = upload,
                PartNumber = number,
                Expires = DateTime.UtcNow.AddHours(1),
                Verb = HttpVerb.PUT,
                Protocol = Protocol.HTTP,
            });
        using var content = new ByteArrayContent(part);
        using HttpResponseMessage response = await _http.PutAsync(url, content);
        response.EnsureSuccessStatusCode();
        return response.Headers.ETag!.Tag;
    }
}
