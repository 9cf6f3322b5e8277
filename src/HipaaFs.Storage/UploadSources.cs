using System.Security.Cryptography;
using HipaaFs.Platform;
using Microsoft.Win32.SafeHandles;

namespace HipaaFs.Storage;

/// <summary>Opens and reads files that were handed over for upload.</summary>
internal static class UploadSources
{
    /// <summary>Opens the file for reading and checks that it is what its description says.</summary>
    public static StoreResult<SafeFileHandle> Open(UploadSource source)
    {
        SafeFileHandle file;
        try
        {
            if (FileStatus.Of(source.Path) is not { Kind: FileStatusKind.Regular })
            {
                return new StoreFailure(StoreError.InvalidRequest, "source is no regular file");
            }

            file = DurableFile.OpenRead(source.Path);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return new StoreFailure(StoreError.InvalidRequest, $"source: {FileFailures.Detail(exception)}");
        }

        if (RandomAccess.GetLength(file) == source.Length)
        {
            return file;
        }

        file.Dispose();
        return new StoreFailure(StoreError.InvalidRequest, "source has another length");
    }

    /// <summary>Fills the buffer from the file.</summary>
    /// <exception cref="IOException">The file ends before the buffer is full: it was changed after it was handed over.</exception>
    public static void ReadExactly(SafeFileHandle file, Span<byte> buffer, long offset)
    {
        while (buffer.Length > 0)
        {
            int read = RandomAccess.Read(file, buffer, offset);
            if (read == 0)
            {
                throw new EndOfStreamException("the source shrank while it was read");
            }

            buffer = buffer[read..];
            offset += read;
        }
    }

    /// <summary>Whether content with this hash is what the source says it is.</summary>
    public static bool Matches(UploadSource source, ReadOnlySpan<byte> sha256) =>
        source.Sha256.IsEmpty || CryptographicOperations.FixedTimeEquals(source.Sha256.Span, sha256);
}
