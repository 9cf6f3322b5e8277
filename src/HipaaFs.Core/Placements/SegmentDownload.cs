using System.Buffers;
using HipaaFs.Crypto;
using HipaaFs.Metadata;
using HipaaFs.Platform;
using HipaaFs.Segments;
using HipaaFs.Storage;
using HipaaFs.Volumes;
using Microsoft.Win32.SafeHandles;

namespace HipaaFs.Placements;

/// <summary>Copies a whole segment from a store into a file and proves every byte of it.</summary>
internal static class SegmentDownload
{
    private const int ChunkLength = 4 << 20;

    /// <summary>Makes the file, synced to its disk. Its SHA-256; <see cref="StoreError.Corrupt"/> when it is not what was sealed.</summary>
    /// <exception cref="IOException">The disk does not take it.</exception>
    internal static async ValueTask<StoreResult<ReadOnlyMemory<byte>>> RunAsync(
        IObjectStore store, SegmentRow row, string path, KeyRing ring, CancellationToken cancel)
    {
        using (SafeFileHandle file = DurableFile.CreatePrivate(path))
        {
            StoreError error = await CopyAsync(store, row, file, cancel);
            if (error != StoreError.None)
            {
                return error;
            }

            DurableFile.SyncData(file);
        }

        if (!SegmentFile.TryOpen(row, path, ring, out SegmentFile? written))
        {
            return StoreError.Corrupt;
        }

        using (written)
        {
            ReadOnlyMemory<byte> digest = written.HashAuthentic();
            return digest.IsEmpty ? StoreError.Corrupt : digest;
        }
    }

    private static async ValueTask<StoreError> CopyAsync(IObjectStore store, SegmentRow row, SafeFileHandle file, CancellationToken cancel)
    {
        byte[] buffer = ArrayPool<byte>.Shared.Rent(ChunkLength);
        try
        {
            for (long offset = 0; offset < row.ObjectLength; offset += ChunkLength)
            {
                Memory<byte> chunk = buffer.AsMemory(0, (int)Math.Min(ChunkLength, row.ObjectLength - offset));
                StoreResult<int> read = await store.ReadAsync(StoreLayout.Segment(row.Id), EntityTag.Any, offset, chunk, cancel);
                if (!read.Succeeded || read.Value < chunk.Length)
                {
                    return read.Succeeded ? StoreError.Corrupt : read.Error;
                }

                RandomAccess.Write(file, chunk.Span, offset);
            }

            return StoreError.None;
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }
}
