using System.Buffers;
using System.Security.Cryptography;
using Microsoft.Win32.SafeHandles;

namespace HipaaFs.Storage;

/// <summary>Takes the digests of a file that goes up: MD5 of each run, for the server to check, and SHA-256 of the whole, for the caller.</summary>
/// <remarks>Runs are taken in the order of the file, each once.</remarks>
internal sealed class FileDigests : IDisposable
{
    private const int ChunkLength = 256 * 1024;

    private readonly IncrementalHash _whole = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);

    // MD5 because it is what every server checks (Content-MD5, RFC 1864); it guards against damage on the way, not against malice.
    private readonly IncrementalHash _run = IncrementalHash.CreateHash(HashAlgorithmName.MD5);

    private readonly List<byte[]> _runs = [];

    /// <summary>MD5 of each run so far.</summary>
    internal IReadOnlyList<byte[]> Runs => _runs;

    /// <summary>MD5 of the next run, 16 bytes.</summary>
    /// <exception cref="IOException">The file cannot be read or ends early.</exception>
    internal byte[] Next(SafeFileHandle file, long offset, long length)
    {
        byte[] chunk = ArrayPool<byte>.Shared.Rent(ChunkLength);
        try
        {
            for (long done = 0; done < length;)
            {
                Span<byte> part = chunk.AsSpan(0, (int)Math.Min(ChunkLength, length - done));
                UploadSources.ReadExactly(file, part, offset + done);
                _run.AppendData(part);
                _whole.AppendData(part);
                done += part.Length;
            }

            byte[] md5 = _run.GetHashAndReset();
            _runs.Add(md5);
            return md5;
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(chunk);
        }
    }

    /// <summary>SHA-256 of all runs, 32 bytes.</summary>
    internal byte[] Whole() => _whole.GetHashAndReset();

    /// <inheritdoc/>
    public void Dispose()
    {
        _whole.Dispose();
        _run.Dispose();
    }
}
