using System.Buffers;
using System.Security.Cryptography;
using Microsoft.Win32.SafeHandles;

namespace HipaaFs.Storage;

/// <summary>Decides whether the object that stands in the way of a repeated put-if-absent is what the first try put there.</summary>
internal static class PutComparison
{
    private const int ChunkLength = 1024 * 1024;

    /// <summary>Compares with bytes in memory. Returns the object's properties when all are equal, else AlreadyExists.</summary>
    public static ValueTask<StoreResult<ObjectProperties>> AgainstMemoryAsync(
        IObjectStore store, ObjectKey key, ReadOnlyMemory<byte> content, CancellationToken cancel)
    {
        return CompareAsync(
            store,
            key,
            content.Length,
            (offset, buffer) => content.Span.Slice((int)offset, buffer.Length).CopyTo(buffer.Span),
            cancel);
    }

    /// <summary>Compares with a file. Returns the object's properties when all bytes are equal, else AlreadyExists.</summary>
    public static async ValueTask<StoreResult<ObjectProperties>> AgainstFileAsync(
        IObjectStore store, ObjectKey key, UploadSource source, CancellationToken cancel)
    {
        StoreResult<SafeFileHandle> opened = UploadSources.Open(source);
        if (!opened.Succeeded)
        {
            return opened.Failure!;
        }

        using SafeFileHandle file = opened.Value;
        try
        {
            return await CompareAsync(
                store,
                key,
                source.Length,
                (offset, buffer) => UploadSources.ReadExactly(file, buffer.Span, offset),
                cancel);
        }
        catch (Exception exception) when (FileFailures.IsFileFailure(exception))
        {
            return FileFailures.From(exception);
        }
    }

    private static async ValueTask<StoreResult<ObjectProperties>> CompareAsync(
        IObjectStore store, ObjectKey key, long length, Action<long, Memory<byte>> readOurs, CancellationToken cancel)
    {
        StoreResult<ObjectProperties> found = await store.GetPropertiesAsync(key, cancel);
        if (!found.Succeeded)
        {
            return found.Error == StoreError.NotFound ? StoreError.AlreadyExists : found;
        }

        if (found.Value.Length != length)
        {
            return StoreError.AlreadyExists;
        }

        using IncrementalHash hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        byte[] theirs = ArrayPool<byte>.Shared.Rent(ChunkLength);
        byte[] ours = ArrayPool<byte>.Shared.Rent(ChunkLength);
        try
        {
            for (long offset = 0; offset < length; offset += ChunkLength)
            {
                int chunk = (int)Math.Min(ChunkLength, length - offset);
                StoreResult<int> read = await store.ReadAsync(key, found.Value.Tag, offset, theirs.AsMemory(0, chunk), cancel);
                if (!read.Succeeded)
                {
                    return read.Failure!.Error.IsTransient() ? read.Failure : StoreError.AlreadyExists;
                }

                readOurs(offset, ours.AsMemory(0, chunk));
                if (read.Value != chunk || !ours.AsSpan(0, chunk).SequenceEqual(theirs.AsSpan(0, chunk)))
                {
                    return StoreError.AlreadyExists;
                }

                hash.AppendData(theirs.AsSpan(0, chunk));
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(theirs);
            ArrayPool<byte>.Shared.Return(ours);
        }

        return found.Value with { Sha256 = hash.GetHashAndReset() };
    }
}
