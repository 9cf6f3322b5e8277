using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using HipaaFs.Crypto;
using HipaaFs.Metadata;
using HipaaFs.Platform;
using Microsoft.Win32.SafeHandles;

namespace HipaaFs.Segments;

/// <summary>A segment's local file, finished or not, opened with the volume's keys to see what of it is authentic.</summary>
/// <remarks>Not thread-safe. Reads from the disk on the caller's thread.</remarks>
internal sealed class SegmentFile : IDisposable
{
    private readonly SegmentRow _row;
    private readonly SafeFileHandle _file;
    private readonly SegmentCipher _cipher;
    private readonly byte[] _sealed = new byte[SegmentFormat.SealedFrameSize];
    private readonly byte[] _plain = new byte[SegmentFormat.FrameSize];

    private SegmentFile(SegmentRow row, SafeFileHandle file, SegmentCipher cipher)
    {
        _row = row;
        _file = file;
        _cipher = cipher;
        Length = RandomAccess.GetLength(file);
    }

    /// <summary>Bytes in the file.</summary>
    internal long Length { get; }

    /// <summary>Opens a segment's file. False when the key ring has no key for it.</summary>
    /// <exception cref="IOException">The file cannot be opened.</exception>
    internal static bool TryOpen(SegmentRow row, string path, KeyRing ring, [NotNullWhen(true)] out SegmentFile? file)
    {
        file = null;
        if (!ring.TryOpenSegment(new SegmentHeader(row.Id, row.Epoch, row.Class), out SegmentCipher? cipher))
        {
            return false;
        }

        try
        {
            file = new SegmentFile(row, DurableFile.OpenRead(path), cipher);
            return true;
        }
        catch
        {
            cipher.Dispose();
            throw;
        }
    }

    /// <summary>Whether a frame is all there and authentic.</summary>
    internal bool HasFrame(long number) => TryOpenFrame(number, out _);

    /// <summary>Whether the header is the segment's own and, once it is finished, index and trailer fit it.</summary>
    internal bool HasEnds() => TryReadHeader(out _) && (_row.ObjectLength == 0 || TryReadTail(out _));

    /// <summary>Whether these bytes, of at least a trailer's length, are the authentic index and trailer of a finished segment.</summary>
    internal static bool IsTail(SegmentRow row, SegmentCipher cipher, ReadOnlySpan<byte> tail)
    {
        ReadOnlySpan<byte> index = tail[..^SegmentFormat.TrailerSize];
        return SegmentTrailer.TryRead(tail[index.Length..], out SegmentTrailer trailer)
            && trailer == new SegmentTrailer((ulong)SegmentFormat.FramesEnd(row.PlaintextLength), (uint)index.Length)
            && cipher.TryOpenIndex((uint)SegmentFormat.FrameCount(row.PlaintextLength), index, out byte[]? encoded)
            && SegmentIndex.TryDecode(encoded, out SegmentIndex? opened)
            && opened.PlaintextLength == row.PlaintextLength;
    }

    /// <summary>SHA-256 of the file of a finished segment, of which every byte was found authentic; empty when one was not.</summary>
    internal ReadOnlyMemory<byte> HashAuthentic()
    {
        using IncrementalHash hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        if (Length != _row.ObjectLength || !TryReadHeader(out byte[] header))
        {
            return ReadOnlyMemory<byte>.Empty;
        }

        hash.AppendData(header);
        int frames = SegmentFormat.FrameCount(_row.PlaintextLength);
        for (int i = 0; i < frames; i++)
        {
            if (!TryOpenFrame(i, out int sealedLength))
            {
                return ReadOnlyMemory<byte>.Empty;
            }

            hash.AppendData(_sealed.AsSpan(0, sealedLength));
        }

        if (!TryReadTail(out byte[] tail))
        {
            return ReadOnlyMemory<byte>.Empty;
        }

        hash.AppendData(tail);
        return hash.GetHashAndReset();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _cipher.Dispose();
        _file.Dispose();
        CryptographicOperations.ZeroMemory(_plain);
    }

    private bool TryOpenFrame(long number, out int sealedLength)
    {
        long begin = SegmentFormat.SealedFrameOffset(number);
        sealedLength = (int)(SegmentDamage.EndOfFrame(_row, number) - begin);
        return sealedLength > SegmentFormat.TagSize
            && TryRead(_sealed.AsSpan(0, sealedLength), begin)
            && _cipher.TryOpenFrame((ulong)number, _sealed.AsSpan(0, sealedLength), _plain.AsSpan(0, sealedLength - SegmentFormat.TagSize));
    }

    private bool TryReadHeader(out byte[] header)
    {
        byte[] expected = new byte[SegmentFormat.HeaderSize];
        _cipher.Header.Write(expected);
        header = new byte[SegmentFormat.HeaderSize];
        return TryRead(header, 0) && header.AsSpan().SequenceEqual(expected);
    }

    private bool TryReadTail(out byte[] tail)
    {
        tail = [];
        long begin = SegmentFormat.FramesEnd(_row.PlaintextLength);
        long length = _row.ObjectLength - begin;
        if (length < SegmentFormat.TrailerSize || length > int.MaxValue || _row.ObjectLength > Length)
        {
            return false;
        }

        tail = new byte[length];
        return TryRead(tail, begin) && IsTail(_row, _cipher, tail);
    }

    private bool TryRead(Span<byte> destination, long offset)
    {
        while (!destination.IsEmpty)
        {
            int read = RandomAccess.Read(_file, destination, offset);
            if (read == 0)
            {
                return false;
            }

            destination = destination[read..];
            offset += read;
        }

        return true;
    }
}
