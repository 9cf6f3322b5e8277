using System.Buffers.Binary;
using HipaaFs.Cli.Output;

namespace HipaaFs.Cli.Control;

// Requests about the cache.
internal sealed partial class ControlClient
{
    /// <summary>What is in the cache, and what stays there.</summary>
    public Task<CacheReport> DescribeCacheAsync(CancellationToken cancel) => SendAsync(HttpMethod.Get, "v1/cache", JsonOutput.Default.CacheReport, null, cancel);

    /// <summary>Brings data of files into the cache, has it stay there, or no more.</summary>
    /// <param name="use">Which of these.</param>
    /// <param name="inodes">The files.</param>
    /// <param name="progress">Told how far it is.</param>
    /// <param name="cancel">Ends it; what is there stays.</param>
    public Task<CacheReport> UseCacheAsync(CacheUse use, IReadOnlyList<ulong> inodes, Action<ProgressUpdate> progress, CancellationToken cancel)
    {
        byte[] content = new byte[inodes.Count * sizeof(ulong)];
        for (int i = 0; i < inodes.Count; i++)
        {
            BinaryPrimitives.WriteUInt64LittleEndian(content.AsSpan(i * sizeof(ulong)), inodes[i]);
        }

        string action = use switch { CacheUse.Warm => "warm", CacheUse.Pin => "pin", _ => "unpin" };
        return SendAsync(HttpMethod.Post, $"v1/cache/{action}", new ByteArrayContent(content), JsonOutput.Default.CacheReport, progress, cancel);
    }
}
