using System.Buffers;
using System.Security.Cryptography;
using HipaaFs.Storage;

namespace HipaaFs.Staging;

/// <summary>Decides whether a store has what was handed over to it, before the only other copy may go.</summary>
/// <remarks>
/// A store that copied says which SHA-256 the bytes had that it took. One that says nothing is read back. So is one that made the file handed over the object itself, by
/// a hard link: a disk may have changed the file since it was written, and then there is no good copy left to go to. Thread-safe.
/// </remarks>
internal sealed class UploadVerification
{
    private const int ChunkLength = 1 << 20;

    private readonly IObjectStore _store;

    internal UploadVerification(IObjectStore store) => _store = store;

    /// <summary>Whether the answer to a put can be believed: None; Corrupt; or why the store could not be asked.</summary>
    /// <param name="answer">The answer.</param>
    /// <param name="length">Bytes handed over.</param>
    /// <param name="digest">SHA-256 of what was handed over; asked for only when there is something to compare with. Empty is never equal.</param>
    /// <param name="cancel">Ends the wait.</param>
    internal async ValueTask<StoreError> CheckAnswerAsync(
        ObjectProperties answer, long length, Func<ReadOnlyMemory<byte>> digest, CancellationToken cancel)
    {
        if (answer.Length != length)
        {
            return StoreError.Corrupt;
        }

        return answer.Sha256.IsEmpty
            ? await CheckObjectAsync(answer.Key, length, digest, cancel)
            : Compare(digest(), answer.Sha256.Span);
    }

    /// <summary>Reads an object back and compares it.</summary>
    internal async ValueTask<StoreError> CheckObjectAsync(ObjectKey key, long length, Func<ReadOnlyMemory<byte>> digest, CancellationToken cancel)
    {
        StoreResult<ObjectProperties> found = await _store.GetPropertiesAsync(key, cancel);
        if (!found.Succeeded)
        {
            return found.Error;
        }

        if (found.Value.Length != length)
        {
            return StoreError.Corrupt;
        }

        using IncrementalHash hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        byte[] chunk = ArrayPool<byte>.Shared.Rent(ChunkLength);
        try
        {
            for (long offset = 0; offset < length; offset += ChunkLength)
            {
                Memory<byte> wanted = chunk.AsMemory(0, (int)Math.Min(ChunkLength, length - offset));
                StoreResult<int> read = await _store.ReadAsync(key, found.Value.Tag, offset, wanted, cancel);
                if (!read.Succeeded || read.Value != wanted.Length)
                {
                    return read.Succeeded ? StoreError.Corrupt : read.Error;
                }

                hash.AppendData(wanted.Span);
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(chunk);
        }

        return Compare(digest(), hash.GetHashAndReset());
    }

    private static StoreError Compare(ReadOnlyMemory<byte> expected, ReadOnlySpan<byte> actual) =>
        CryptographicOperations.FixedTimeEquals(expected.Span, actual) ? StoreError.None : StoreError.Corrupt;
}
