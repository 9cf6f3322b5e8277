namespace HipaaFs.Crypto.Tests;

/// <summary>Whole segments in memory: sealed in one piece, and opened as a careful reader does.</summary>
internal static class SegmentObject
{
    public static byte[] Seal(byte[] rootKey, SegmentHeader header, byte[] plaintext, params SegmentRun[] runs)
    {
        using var cipher = new SegmentCipher(rootKey, header);
        var index = new SegmentIndex(plaintext.Length, runs);
        int end = (int)SegmentFormat.FramesEnd(plaintext.Length);
        byte[] bytes = new byte[end + SegmentIndex.SealedLength(runs.Length) + SegmentFormat.TrailerSize];
        header.Write(bytes);
        for (int i = 0; i < index.FrameCount; i++)
        {
            byte[] frame = plaintext[(i * SegmentFormat.FrameSize)..Math.Min(plaintext.Length, (i + 1) * SegmentFormat.FrameSize)];
            cipher.SealFrame((ulong)i, frame, bytes.AsSpan((int)SegmentFormat.SealedFrameOffset(i)));
        }

        int length = cipher.SealIndex(index.FrameCount, index.Encode(), bytes.AsSpan(end));
        new SegmentTrailer((ulong)end, (uint)length).Write(bytes.AsSpan(end + length));
        return bytes;
    }

    /// <summary>Opens everything, or nothing.</summary>
    public static bool TryOpen(byte[] rootKey, ReadOnlySpan<byte> bytes, out byte[] plaintext, out SegmentIndex? index)
    {
        plaintext = [];
        index = null;
        if (bytes.Length < SegmentFormat.HeaderSize + SegmentFormat.TrailerSize
            || !SegmentHeader.TryRead(bytes, out SegmentHeader header, out _)
            || !SegmentTrailer.TryRead(bytes[^SegmentFormat.TrailerSize..], out SegmentTrailer trailer)
            || trailer.ObjectLength != (ulong)bytes.Length
            || !SegmentFormat.TryPlaintextLength((long)trailer.IndexOffset, out long length))
        {
            return false;
        }

        using var cipher = new SegmentCipher(rootKey, header);
        int frames = SegmentFormat.FrameCount(length);
        if (!cipher.TryOpenIndex((uint)frames, bytes.Slice((int)trailer.IndexOffset, (int)trailer.IndexLength), out byte[]? encoded)
            || !SegmentIndex.TryDecode(encoded, out index)
            || index.PlaintextLength != length)
        {
            return false;
        }

        plaintext = new byte[length];
        for (int i = 0; i < frames; i++)
        {
            Span<byte> frame = plaintext.AsSpan(i * SegmentFormat.FrameSize);
            frame = frame[..Math.Min(frame.Length, SegmentFormat.FrameSize)];
            ReadOnlySpan<byte> sealedFrame = bytes.Slice(
                (int)SegmentFormat.SealedFrameOffset(i), frame.Length + SegmentFormat.TagSize);
            if (!cipher.TryOpenFrame((ulong)i, sealedFrame, frame))
            {
                return false;
            }
        }

        return true;
    }
}
