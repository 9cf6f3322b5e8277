using System.Buffers;
using System.Security.Cryptography;
using HipaaFs.Crypto;
using HipaaFs.Metadata;
using HipaaFs.Segments;
using HipaaFs.Storage;
using HipaaFs.Volumes;

namespace HipaaFs.Scrubbing;

/// <summary>Reads one segment from the store and opens all of it.</summary>
/// <remarks>Memory: one buffer of <see cref="ChunkFrames"/> sealed frames, whatever the segment's size.</remarks>
internal sealed class StoredSegmentAudit
{
    private const int ChunkFrames = 64;

    private readonly IObjectStore _store;
    private readonly KeyRing _ring;
    private readonly ScrubPace _pace;
    private readonly byte[] _plain = new byte[SegmentFormat.FrameSize];

    internal StoredSegmentAudit(IObjectStore store, KeyRing ring, ScrubPace pace)
    {
        _store = store;
        _ring = ring;
        _pace = pace;
    }

    /// <summary>
    /// Reads it. Null when every byte is as it was written; an error when the store could not be asked. One in an archive is not brought back for this: null when it is there in its length.
    /// </summary>
    internal async ValueTask<StoreResult<SegmentDamage?>> RunAsync(SegmentRow row, CancellationToken cancel)
    {
        ObjectKey key = StoreLayout.Segment(row.Id);
        StoreResult<ObjectProperties> found = await _store.GetPropertiesAsync(key, cancel);
        if (!found.Succeeded)
        {
            return found.Error == StoreError.NotFound ? new SegmentDamage(row, 0) : found.Error;
        }

        if (found.Value is { Tier: StorageTier.Archive, Restore: not RestoreState.Available })
        {
            return found.Value.Length == row.ObjectLength ? (SegmentDamage?)null : new SegmentDamage(row, Math.Min(found.Value.Length, row.ObjectLength));
        }

        if (!_ring.TryOpenSegment(new SegmentHeader(row.Id, row.Epoch, row.Class), out SegmentCipher? cipher))
        {
            return new SegmentDamage(row, 0); // Without its key it is as good as gone.
        }

        byte[] buffer = ArrayPool<byte>.Shared.Rent(ChunkFrames * SegmentFormat.SealedFrameSize);
        try
        {
            using (cipher)
            {
                return await ReadAsync(row, found.Value, cipher, buffer, cancel);
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
            CryptographicOperations.ZeroMemory(_plain);
        }
    }

    private async ValueTask<StoreResult<SegmentDamage?>> ReadAsync(
        SegmentRow row, ObjectProperties found, SegmentCipher cipher, byte[] buffer, CancellationToken cancel)
    {
        var bad = new HashSet<long>();
        int frames = SegmentFormat.FrameCount(row.PlaintextLength);
        for (int first = 0; first < frames; first += ChunkFrames)
        {
            int last = Math.Min(first + ChunkFrames, frames) - 1;
            long begin = SegmentFormat.SealedFrameOffset(first);
            Memory<byte> chunk = buffer.AsMemory(0, (int)(SegmentDamage.EndOfFrame(row, last) - begin));
            StoreResult<int> read = await _store.ReadAsync(found.Key, found.Tag, begin, chunk, cancel);
            if (!read.Succeeded && read.Error != StoreError.Corrupt)
            {
                return read.Error;
            }

            OpenFrames(row, cipher, first, last, chunk.Span[..(read.Succeeded ? read.Value : 0)], bad);
            await _pace.CountAsync(chunk.Length, cancel);
        }

        StoreResult<bool> ends = await HasEndsAsync(row, found, cipher, cancel);
        if (!ends.Succeeded)
        {
            return ends.Error;
        }

        // Readers need no index, but nobody could tell without it that the object was not cut off.
        return bad.Count == 0 && ends.Value ? (SegmentDamage?)null : new SegmentDamage(row, Math.Min(found.Length, row.ObjectLength), bad);
    }

    private void OpenFrames(SegmentRow row, SegmentCipher cipher, int first, int last, ReadOnlySpan<byte> chunk, HashSet<long> bad)
    {
        long begin = SegmentFormat.SealedFrameOffset(first);
        for (int frame = first; frame <= last; frame++)
        {
            int start = (int)(SegmentFormat.SealedFrameOffset(frame) - begin);
            int end = (int)(SegmentDamage.EndOfFrame(row, frame) - begin);
            if (end > chunk.Length || !cipher.TryOpenFrame((ulong)frame, chunk[start..end], _plain.AsSpan(0, end - start - SegmentFormat.TagSize)))
            {
                bad.Add(frame);
            }
        }
    }

    private async ValueTask<StoreResult<bool>> HasEndsAsync(SegmentRow row, ObjectProperties found, SegmentCipher cipher, CancellationToken cancel)
    {
        byte[] header = new byte[SegmentFormat.HeaderSize];
        byte[] expected = new byte[SegmentFormat.HeaderSize];
        cipher.Header.Write(expected);
        long begin = SegmentFormat.FramesEnd(row.PlaintextLength);
        long length = row.ObjectLength - begin;
        if (found.Length != row.ObjectLength || length < SegmentFormat.TrailerSize || length > int.MaxValue)
        {
            return false;
        }

        byte[] tail = new byte[length];
        StoreResult<int> readHeader = await _store.ReadAsync(found.Key, found.Tag, 0, header, cancel);
        StoreResult<int> readTail = await _store.ReadAsync(found.Key, found.Tag, begin, tail, cancel);
        foreach (StoreResult<int> read in (ReadOnlySpan<StoreResult<int>>)[readHeader, readTail])
        {
            if (!read.Succeeded)
            {
                return read.Error == StoreError.Corrupt ? false : read.Error;
            }
        }

        await _pace.CountAsync(header.Length + tail.Length, cancel);
        return readHeader.Value == header.Length
            && readTail.Value == tail.Length
            && header.AsSpan().SequenceEqual(expected)
            && SegmentFile.IsTail(row, cipher, tail);
    }
}
