using System.Buffers.Binary;
using HipaaFs.Cli.Output;
using HipaaFs.Volumes;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace HipaaFs.Cli.Control;

// What stays in the cache.
internal sealed partial class ControlServer
{
    private async Task DescribeCacheAsync(HttpContext http) =>
        await SendAsync(http, JsonEnvelope.Result(await _target.DescribeCacheAsync(http.RequestAborted), JsonOutput.Default.CacheReport));

    private async Task UseCacheAsync(HttpContext http, CacheUse use)
    {
        if (http.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } limit)
        {
            limit.MaxRequestBodySize = Volume.MostPinnedFiles * sizeof(ulong);
        }

        using var body = new MemoryStream();
        await http.Request.Body.CopyToAsync(body, http.RequestAborted);
        ulong[] inodes = new ulong[body.Length / sizeof(ulong)];
        for (int i = 0; i < inodes.Length; i++)
        {
            inodes[i] = BinaryPrimitives.ReadUInt64LittleEndian(body.GetBuffer().AsSpan(i * sizeof(ulong)));
        }

        using var oneAtATime = new SemaphoreSlim(1);
        CacheReport report = await _target.UseCacheAsync(use, inodes, update => Report(http, update, oneAtATime), http.RequestAborted);
        await oneAtATime.WaitAsync(CancellationToken.None);
        await SendAsync(http, JsonEnvelope.Result(report, JsonOutput.Default.CacheReport));
    }
}
