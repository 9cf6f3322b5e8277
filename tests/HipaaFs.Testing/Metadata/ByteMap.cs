using HipaaFs.Crypto;
using HipaaFs.Metadata;
using Xunit;

namespace HipaaFs.Testing.Metadata;

/// <summary>A file as a map from every byte to where it is: what extents must amount to.</summary>
internal sealed class ByteMap
{
    public const int Length = 1024;

    private readonly (SegmentId Segment, long Offset)?[] _bytes = new (SegmentId, long)?[Length];
    private long _size;

    public void Write(Extent extent)
    {
        for (long i = 0; i < extent.Length; i++)
        {
            _bytes[extent.FileOffset + i] = (extent.Segment, extent.PlaintextOffset + i);
        }

        _size = Math.Max(_size, extent.End);
    }

    public void Clear(int offset, int length) => Array.Clear(_bytes, offset, length);

    public void Truncate(int size)
    {
        Array.Clear(_bytes, size, Length - size);
        _size = size;
    }

    public void Clone(ByteMap source, int from, int to, int length)
    {
        Array.Copy(source._bytes, from, _bytes, to, length);
        _size = Math.Max(_size, to + length);
    }

    public void Relocate(IReadOnlyList<Relocation> runs)
    {
        for (int i = 0; i < Length; i++)
        {
            if (_bytes[i] is { } at)
            {
                foreach (Relocation run in runs)
                {
                    if (at.Segment == run.From && at.Offset >= run.FromOffset && at.Offset < run.FromEnd)
                    {
                        _bytes[i] = (run.To, run.ToOffset + at.Offset - run.FromOffset);
                    }
                }
            }
        }
    }

    public ByteMap Copy()
    {
        var copy = new ByteMap { _size = _size };
        Array.Copy(_bytes, copy._bytes, Length);
        return copy;
    }

    public void AssertEqual(IReadOnlyList<Extent> extents, InodeAttributes inode, string when)
    {
        var actual = new (SegmentId Segment, long Offset)?[Length];
        long end = 0;
        foreach (Extent extent in extents)
        {
            Assert.True(extent.FileOffset >= end && extent.Length > 0, $"{when}: extents overlap or are out of order");
            for (long i = 0; i < extent.Length; i++)
            {
                actual[extent.FileOffset + i] = (extent.Segment, extent.PlaintextOffset + i);
            }

            end = extent.End;
        }

        Assert.True(_bytes.AsSpan().SequenceEqual(actual), $"{when}: bytes differ");
        Assert.Equal((_size, _bytes.LongCount(at => at is not null)), (inode.Size, inode.AllocatedBytes));
    }
}
