using System.Buffers;
using System.Security.Cryptography;
using HipaaFs.Storage;

namespace HipaaFs.Staging;

/// <summary>Decides whether a store has what was handed over to it, before the only other copy may go.</summary>
/// <remarks>
/// A store that copied says which SHA-256 the bytes had that it took. One that says nothing is read back, unless it is on a disk of this machine: then the file handed
/// over became the object itself, and all there is to see is that it is there. Thread-safe.
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

        if (!answer.Sha256.IsEmpty)
        {
            return Compare(digest(), answer.Sha256.Span);
        }

        if (!_store.Capabilities.Local)
        {
            return await CheckObjectAsync(answer.Key, length, digest, cancel);
        }

        StoreResult<ObjectProperties> found = await _store.GetPropertiesAsync(answer.Key, cancel);
        if (!found.Succeeded)
        {
            return found.Error;
        }

        return found.Value.Length == length ? StoreError.None : StoreError.Corrupt;
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
