using System.Buffers;
using System.Net;
using Microsoft.Win32.SafeHandles;

namespace HipaaFs.Storage.S3;

/// <summary>The body of a request that is a run of a file's bytes.</summary>
internal sealed class FileRangeContent : HttpContent
{
    private const int ChunkLength = 256 * 1024;

    private readonly SafeFileHandle _file;
    private readonly long _offset;
    private readonly long _length;

    /// <summary>Borrows the file.</summary>
    internal FileRangeContent(SafeFileHandle file, long offset, long length)
    {
        _file = file;
        _offset = offset;
        _length = length;
    }

    /// <inheritdoc/>
    protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context) =>
        SerializeToStreamAsync(stream, context, CancellationToken.None);

    /// <inheritdoc/>
    protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context, CancellationToken cancellationToken)
    {
        byte[] chunk = ArrayPool<byte>.Shared.Rent(ChunkLength);
        try
        {
            for (long done = 0; done < _length;)
            {
                Memory<byte> part = chunk.AsMemory(0, (int)Math.Min(ChunkLength, _length - done));
                UploadSources.ReadExactly(_file, part.Span, _offset + done);
                await stream.WriteAsync(part, cancellationToken);
                done += part.Length;
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(chunk);
        }
    }

    /// <inheritdoc/>
    protected override bool TryComputeLength(out long length)
    {
        length = _length;
        return true;
    }
}
