using System.Buffers.Binary;
using System.Security.Cryptography;
using HipaaFs.Crypto;
using HipaaFs.Storage;

namespace HipaaFs.ChangeStream;

/// <summary>Reads whole format-1 objects of the change stream back.</summary>
internal sealed class StreamObjectReader
{
    /// <summary>Longest object of the change stream (docs/format.md, section 7.1). What claims to be longer is none, and no memory is set aside for it.</summary>
    internal const long MaxLength = 1 << 26;

    private readonly KeyRing _ring;
    private readonly IObjectStore _store;

    internal StreamObjectReader(KeyRing ring, IObjectStore store)
    {
        _ring = ring;
        _store = store;
    }

    /// <summary>Told how many bytes were read, after each object; the next waits for it. Null when nobody counts.</summary>
    internal Func<long, CancellationToken, ValueTask>? AfterRead { get; init; }

    /// <summary>Fetches and opens one object. <see cref="StoreError.Corrupt"/> when it is not authentic, or longer than any.</summary>
    internal async ValueTask<StoreResult<StreamObject>> ReadAsync(ObjectProperties properties, CancellationToken cancel)
    {
        if (properties.Length > MaxLength)
        {
            return StoreError.Corrupt;
        }

        byte[] content = new byte[properties.Length];
        StoreResult<int> read = await _store.ReadAsync(properties.Key, EntityTag.Any, 0, content, cancel);
        if (AfterRead is not null)
        {
            await AfterRead(content.Length, cancel);
        }

        if (!read.Succeeded)
        {
            return read.Error;
        }

        if (read.Value != content.Length || !TryOpen(content, out byte[] plaintext) || !StreamPreamble.TryDecode(plaintext, out StreamPreamble preamble))
        {
            return StoreError.Corrupt;
        }

        return Split(plaintext, out List<ReadOnlyMemory<byte>> batches)
            ? new StreamObject(SHA256.HashData(content), preamble, batches)
            : StoreError.Corrupt;
    }

    private bool TryOpen(byte[] content, out byte[] plaintext)
    {
        plaintext = [];
        if (!SegmentHeader.TryRead(content, out SegmentHeader header, out _)
            || header.Class != RecordClass.ChangeStream
            || content.Length < SegmentFormat.HeaderSize + SegmentFormat.TrailerSize
            || !SegmentTrailer.TryRead(content.AsSpan(content.Length - SegmentFormat.TrailerSize), out SegmentTrailer trailer)
            || trailer.ObjectLength != (ulong)content.Length
            || !SegmentFormat.TryPlaintextLength((long)trailer.IndexOffset, out long length)
            || !_ring.TryOpenSegment(header, out SegmentCipher? cipher))
        {
            return false;
        }

        using (cipher)
        {
            plaintext = new byte[length];
            int frames = SegmentFormat.FrameCount(length);
            for (int i = 0; i < frames; i++)
            {
                int at = i * SegmentFormat.FrameSize;
                Span<byte> frame = plaintext.AsSpan(at, Math.Min(SegmentFormat.FrameSize, plaintext.Length - at));
                ReadOnlySpan<byte> sealedFrame = content.AsSpan((int)SegmentFormat.SealedFrameOffset(i), frame.Length + SegmentFormat.TagSize);
                if (!cipher.TryOpenFrame((ulong)i, sealedFrame, frame))
                {
                    return false;
                }
            }

            ReadOnlySpan<byte> index = content.AsSpan((int)trailer.IndexOffset, (int)trailer.IndexLength);
            return cipher.TryOpenIndex((uint)frames, index, out byte[]? encoded)
                && SegmentIndex.TryDecode(encoded, out SegmentIndex? opened)
                && opened.PlaintextLength == length;
        }
    }

    private static bool Split(byte[] plaintext, out List<ReadOnlyMemory<byte>> batches)
    {
        batches = [];
        int at = StreamPreamble.Size;
        while (at < plaintext.Length)
        {
            if (plaintext.Length - at < 4)
            {
                return false;
            }

            uint length = BinaryPrimitives.ReadUInt32LittleEndian(plaintext.AsSpan(at));
            at += 4;
            if (length > plaintext.Length - at)
            {
                return false;
            }

            batches.Add(plaintext.AsMemory(at, (int)length));
            at += (int)length;
        }

        return true;
    }
}
