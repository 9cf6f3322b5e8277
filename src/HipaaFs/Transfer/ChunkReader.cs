using System.Buffers;
using System.Security.Cryptography;

namespace HipaaFs.Cli.Transfer;

/// <summary>Reads a file from its beginning to its end, several chunks ahead, and hashes it on the way.</summary>
/// <remarks>Chunks are asked for at the same time, since each costs a bucket a round trip; they are handed on in their order.</remarks>
internal static class ChunkReader
{
    private const int ChunkLength = 8 << 20;
    private const int ChunksAhead = 4;

    /// <summary>Hands every chunk to <paramref name="take"/> and returns the SHA-256 of all.</summary>
    /// <exception cref="TransferException">The file cannot be read, or is not as long as it was.</exception>
    public static async Task<byte[]> ReadAsync(
        PlainTree source, PlainFile file, Func<ReadOnlyMemory<byte>, long, ValueTask> take, CancellationToken cancel)
    {
        using IncrementalHash hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        using var ends = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        var ahead = new Queue<Task<Chunk>>();
        long asked = 0;
        long done = 0;
        try
        {
            while (done < file.Length)
            {
                while (asked < file.Length && ahead.Count < ChunksAhead)
                {
                    ahead.Enqueue(ReadChunkAsync(source, file, asked, ends.Token));
                    asked += Math.Min(ChunkLength, file.Length - asked);
                }

                using Chunk chunk = await ahead.Dequeue();
                hash.AppendData(chunk.Content.Span);
                await take(chunk.Content, done);
                done += chunk.Content.Length;
            }
        }
        finally
        {
            // The buffers are lent to reads under way until these end.
            await ends.CancelAsync();
            foreach (Task<Chunk> left in ahead)
            {
                await ((Task)left).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                if (left.IsCompletedSuccessfully)
                {
                    (await left).Dispose();
                }
            }
        }

        return hash.GetHashAndReset();
    }

    private static async Task<Chunk> ReadChunkAsync(PlainTree source, PlainFile file, long offset, CancellationToken cancel)
    {
        int length = (int)Math.Min(ChunkLength, file.Length - offset);
        IMemoryOwner<byte> memory = MemoryPool<byte>.Shared.Rent(length);
        bool isWhole = false;
        try
        {
            isWhole = await source.ReadAsync(file, offset, memory.Memory[..length], cancel) == length;
            return isWhole ? new Chunk(memory, length) : throw new TransferException("it was cut short while it was copied");
        }
        finally
        {
            if (!isWhole)
            {
                memory.Dispose();
            }
        }
    }

    private sealed class Chunk(IMemoryOwner<byte> memory, int length) : IDisposable
    {
        public ReadOnlyMemory<byte> Content => memory.Memory[..length];

        public void Dispose() => memory.Dispose();
    }
}
