namespace HipaaFs.Crypto;

/// <summary>Sizes and offsets of a segment of format 1: <c>header | sealed frames | sealed index | trailer</c>.</summary>
public static class SegmentFormat
{
    /// <summary>The format number this code reads and writes.</summary>
    public const ushort Version = 1;

    /// <summary>Length of the header.</summary>
    public const int HeaderSize = 64;

    /// <summary>Plaintext bytes in every frame but the last, which may be short.</summary>
    public const int FrameSize = 16384;

    /// <summary>Length of an authentication tag.</summary>
    public const int TagSize = 16;

    /// <summary>Length of a whole frame with its tag.</summary>
    public const int SealedFrameSize = FrameSize + TagSize;

    /// <summary>Length of the trailer.</summary>
    public const int TrailerSize = 32;

    /// <summary>Where the sealed frame <paramref name="number"/> begins in the object.</summary>
    public static long SealedFrameOffset(long number)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(number);
        return checked(HeaderSize + (number * SealedFrameSize));
    }

    /// <summary>How many frames hold <paramref name="plaintextLength"/> bytes; none for an empty plaintext.</summary>
    public static int FrameCount(long plaintextLength)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(plaintextLength);
        return checked((int)((plaintextLength + FrameSize - 1) / FrameSize));
    }

    /// <summary>The offset in the object just after the last frame, where the index begins.</summary>
    public static long FramesEnd(long plaintextLength) =>
        HeaderSize + plaintextLength + ((long)FrameCount(plaintextLength) * TagSize);

    /// <summary>
    /// The plaintext length of a segment whose frames end at <paramref name="framesEnd"/>, the inverse of <see cref="FramesEnd"/>.
    /// Returns false when no segment's frames end there.
    /// </summary>
    public static bool TryPlaintextLength(long framesEnd, out long plaintextLength)
    {
        plaintextLength = 0;
        long sealedLength = framesEnd - HeaderSize;
        if (sealedLength < 0)
        {
            return false;
        }

        long rest = sealedLength % SealedFrameSize;
        if (rest is > 0 and <= TagSize)
        {
            return false;
        }

        long frames = (sealedLength / SealedFrameSize) + (rest > 0 ? 1 : 0);
        plaintextLength = sealedLength - (frames * TagSize);
        return frames <= int.MaxValue;
    }
}
