using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;

namespace HipaaFs.Crypto;

/// <summary>The sealed table of contents of a segment: how much plaintext it has, and whose bytes lie where.</summary>
/// <remarks>Immutable. Runs are sorted by inode, file offset and plaintext offset, and no two are equal in all three.</remarks>
public sealed class SegmentIndex
{
    internal const int FixedSize = 16;
    private const int RunCountOffset = 4;
    private const int PlaintextLengthOffset = 8;
    private const long MaxPlaintextLength = 1L << 32;

    private readonly SegmentRun[] _runs;

    /// <summary>Makes the index of a segment from its runs in any order.</summary>
    /// <exception cref="ArgumentException">A run is empty, reaches past the plaintext, or appears twice.</exception>
    public SegmentIndex(long plaintextLength, IEnumerable<SegmentRun> runs)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(plaintextLength);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(plaintextLength, MaxPlaintextLength);
        _runs = [.. runs];
        Array.Sort(_runs);
        PlaintextLength = plaintextLength;
        if (!RunsAreValid())
        {
            throw new ArgumentException("A run is empty, outside the plaintext or given twice.", nameof(runs));
        }
    }

    private SegmentIndex(long plaintextLength, SegmentRun[] runs)
    {
        PlaintextLength = plaintextLength;
        _runs = runs;
    }

    /// <summary>How many frames the segment has.</summary>
    public uint FrameCount => (uint)SegmentFormat.FrameCount(PlaintextLength);

    /// <summary>Plaintext bytes in all frames together, padding included.</summary>
    public long PlaintextLength { get; }

    /// <summary>The runs, sorted.</summary>
    public IReadOnlyList<SegmentRun> Runs => _runs;

    /// <summary>Length of the sealed index of a segment with <paramref name="runCount"/> runs.</summary>
    public static int SealedLength(int runCount) => checked(FixedSize + (runCount * SegmentRun.Size) + SegmentFormat.TagSize);

    /// <summary>Reads an opened index. Returns false when it breaks a rule of the format.</summary>
    public static bool TryDecode(ReadOnlySpan<byte> encoded, [NotNullWhen(true)] out SegmentIndex? index)
    {
        index = null;
        if (encoded.Length < FixedSize)
        {
            return false;
        }

        uint frameCount = BinaryPrimitives.ReadUInt32LittleEndian(encoded);
        uint runCount = BinaryPrimitives.ReadUInt32LittleEndian(encoded[RunCountOffset..]);
        ulong plaintextLength = BinaryPrimitives.ReadUInt64LittleEndian(encoded[PlaintextLengthOffset..]);
        if (plaintextLength > MaxPlaintextLength
            || frameCount != SegmentFormat.FrameCount((long)plaintextLength)
            || encoded.Length != FixedSize + ((long)runCount * SegmentRun.Size))
        {
            return false;
        }

        var runs = new SegmentRun[runCount];
        for (int i = 0; i < runs.Length; i++)
        {
            runs[i] = ReadRun(encoded[(FixedSize + (i * SegmentRun.Size))..]);
        }

        var decoded = new SegmentIndex((long)plaintextLength, runs);
        if (!decoded.RunsAreValid())
        {
            return false;
        }

        index = decoded;
        return true;
    }

    /// <summary>The index as it is sealed.</summary>
    public byte[] Encode()
    {
        byte[] encoded = new byte[FixedSize + (_runs.Length * SegmentRun.Size)];
        BinaryPrimitives.WriteUInt32LittleEndian(encoded, FrameCount);
        BinaryPrimitives.WriteUInt32LittleEndian(encoded.AsSpan(RunCountOffset), (uint)_runs.Length);
        BinaryPrimitives.WriteUInt64LittleEndian(encoded.AsSpan(PlaintextLengthOffset), (ulong)PlaintextLength);
        for (int i = 0; i < _runs.Length; i++)
        {
            WriteRun(encoded.AsSpan(FixedSize + (i * SegmentRun.Size)), _runs[i]);
        }

        return encoded;
    }

    private static SegmentRun ReadRun(ReadOnlySpan<byte> source) => new(
        BinaryPrimitives.ReadUInt64LittleEndian(source),
        BinaryPrimitives.ReadInt64LittleEndian(source[8..]),
        BinaryPrimitives.ReadUInt32LittleEndian(source[16..]),
        BinaryPrimitives.ReadUInt32LittleEndian(source[20..]));

    private static void WriteRun(Span<byte> destination, SegmentRun run)
    {
        BinaryPrimitives.WriteUInt64LittleEndian(destination, run.Inode);
        BinaryPrimitives.WriteInt64LittleEndian(destination[8..], run.FileOffset);
        BinaryPrimitives.WriteUInt32LittleEndian(destination[16..], run.Length);
        BinaryPrimitives.WriteUInt32LittleEndian(destination[20..], run.PlaintextOffset);
    }

    private bool RunsAreValid()
    {
        for (int i = 0; i < _runs.Length; i++)
        {
            SegmentRun run = _runs[i];
            bool inside = run.Length > 0 && (long)run.PlaintextOffset + run.Length <= PlaintextLength;
            if (!inside || run.FileOffset < 0 || (i > 0 && run <= _runs[i - 1]))
            {
                return false;
            }
        }

        return true;
    }
}
