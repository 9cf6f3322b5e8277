using System.Buffers;
using System.Security.Cryptography;

namespace HipaaFs.Cli.Transfer;

/// <summary>Reads a file from its beginning to its end, several chunks ahead, and hashes it on the way.</summary>
/// <remarks>Chunks are asked for at the same time, since each costs a bucket a round trip; they are handed on in their order.</remarks>
internal static class ChunkReader
{
    private const int ChunkLength = 8 << 20;
    private const int ChunksAhead = 4;

    /// <summary>Hands every chunk to <paramref name="take"/> and says what all of them are.</summary>
    /// <exception cref="TransferException">The file cannot be read, is not as long as it was, or is not what its store says.</exception>
    public static async Task<CopiedContent> ReadAsync(
        PlainTree source, PlainFile file, Func<ReadOnlyMemory<byte>, long, ValueTask> take, CancellationToken cancel)
    {
        using IncrementalHash hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        using StoredMd5? md5 = StoredMd5.Of(file);
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
                md5?.Append(chunk.Content.Span);
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

        return new CopiedContent(hash.GetHashAndReset(), md5 is not null && await IsAsStoredAsync(source, file, md5, cancel));
    }

    // Of parts the length is guessed, and they may have had several: another MD5 proves nothing.
    private static async ValueTask<bool> IsAsStoredAsync(PlainTree source, PlainFile file, StoredMd5 md5, CancellationToken cancel)
    {
        if (md5.IsMatch())
        {
            return true;
        }

        return file.Md5 is { Parts: null } && await source.VouchesForAsync(file, cancel)
            ? throw new TransferException("its content is not what its store says (MD5)")
            : false;
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
