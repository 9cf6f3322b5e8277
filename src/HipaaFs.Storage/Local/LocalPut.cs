using System.Buffers;
using System.Security.Cryptography;
using HipaaFs.Platform;
using Microsoft.Win32.SafeHandles;

namespace HipaaFs.Storage.Local;

/// <summary>The two steps of a put: a temporary with durable content, and its move to the object's name.</summary>
internal static class LocalPut
{
    private const int CopyChunkLength = 1024 * 1024;

    /// <summary>Creates the temporary from memory. Returns its SHA-256.</summary>
    public static StoreResult<ReadOnlyMemory<byte>> Write(string temporary, ReadOnlySpan<byte> content)
    {
        using SafeFileHandle file = DurableFile.CreatePrivate(temporary);
        RandomAccess.Write(file, content, 0);
        Stamp(file);
        DurableFile.SyncData(file);
        return (ReadOnlyMemory<byte>)SHA256.HashData(content);
    }

    /// <summary>
    /// Creates the temporary as another name of a file, or as its copy where that cannot be. <see cref="StoreError.Corrupt"/> when what was read for the copy is not
    /// what the source says.
    /// </summary>
    /// <remarks>
    /// Returns no SHA-256 for either: of a copy only the bytes are known that were read, not those that a network or a disk has of it. The caller reads the object back.
    /// </remarks>
    public static StoreResult<ReadOnlyMemory<byte>> LinkOrCopy(string temporary, UploadSource source, SafeFileHandle opened, CancellationToken cancel) =>
        DurableFile.TryLink(source.Path, temporary, out _) ? ReadOnlyMemory<byte>.Empty : Copy(temporary, source, opened, cancel);

    /// <summary>Creates the temporary as a copy with blocks of its own: read and written, never cloned. As <see cref="LinkOrCopy"/> else.</summary>
    public static StoreResult<ReadOnlyMemory<byte>> Copy(string temporary, UploadSource source, SafeFileHandle from, CancellationToken cancel)
    {
        using IncrementalHash hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        using SafeFileHandle to = DurableFile.CreatePrivate(temporary);
        byte[] buffer = ArrayPool<byte>.Shared.Rent(CopyChunkLength);
        try
        {
            for (long offset = 0; offset < source.Length; offset += CopyChunkLength)
            {
                cancel.ThrowIfCancellationRequested();
                Span<byte> chunk = buffer.AsSpan(0, (int)Math.Min(CopyChunkLength, source.Length - offset));
                UploadSources.ReadExactly(from, chunk, offset);
                RandomAccess.Write(to, chunk, offset);
                hash.AppendData(chunk);
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }

        Stamp(to);
        DurableFile.SyncData(to);
        return UploadSources.Matches(source, hash.GetHashAndReset()) ? ReadOnlyMemory<byte>.Empty : StoreError.Corrupt;
    }

    /// <summary>Gives the temporary the object's name in one step. The temporary may stay behind as a second name.</summary>
    public static StoreError Place(string temporary, string path, PutCondition condition)
    {
        if (condition == PutCondition.None)
        {
            DurableFile.Rename(temporary, path);
            return StoreError.None;
        }

        if (DurableFile.TryLink(temporary, path, out bool exists) || (!exists && DurableFile.TryRenameNew(temporary, path, out exists)))
        {
            return StoreError.None;
        }

        if (!exists)
        {
            return StoreError.Unsupported;
        }

        return Directory.Exists(path) ? StoreError.InvalidRequest : StoreError.AlreadyExists;
    }

    // The real clock on purpose: the time of writing is part of the version, and the kernel's own stamps are milliseconds coarse.
    private static void Stamp(SafeFileHandle file) => File.SetLastWriteTimeUtc(file, TimeProvider.System.GetUtcNow().UtcDateTime);
}
