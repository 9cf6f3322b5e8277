using HipaaFs.Cache;
using HipaaFs.Crypto;

namespace HipaaFs.Core.Tests.Cache;

public sealed class CacheEntryTests
{
    private const int ReadFrames = 64; // 1 MiB, the kernel's longest request.
    private const long Frames = (2 * CacheEntry.StretchFrames) + 100;
    private readonly CacheEntry _entry = new(new SegmentId(1), SegmentFormat.HeaderSize + (Frames * SegmentFormat.SealedFrameSize), bits: null);

    [Fact]
    public void Given_StretchInAnyOrder_IsReturnedOnceItWasGivenOutWhole()
    {
        int[] reads = [.. Enumerable.Range(0, CacheEntry.StretchFrames / ReadFrames)];
        Random.Shared.Shuffle(reads);

        Assert.All(reads[..^1], read => Assert.Equal(-1, Give(CacheEntry.StretchFrames + (read * ReadFrames), ReadFrames)));
        Assert.Equal(CacheEntry.StretchFrames, Give(CacheEntry.StretchFrames + (reads[^1] * ReadFrames), ReadFrames));
        Assert.Equal(-1, Give(CacheEntry.StretchFrames, ReadFrames)); // Who comes back begins anew.
    }

    [Fact]
    public void Given_LastStretch_IsShort()
    {
        Assert.Equal(-1, Give(2 * CacheEntry.StretchFrames, 60));
        Assert.Equal(2 * CacheEntry.StretchFrames, Give((2 * CacheEntry.StretchFrames) + 60, 40));
    }

    [Fact]
    public void Given_AFewFramesAtATime_NeverReturnsAStretch()
    {
        Assert.All(Enumerable.Range(0, 2 * CacheEntry.StretchFrames), frame => Assert.Equal(-1, Give(frame, 1)));
        Assert.Equal(-1, Give(1 << 20, ReadFrames)); // Nor does one behind the end.
    }

    private long Give(long first, int count) => _entry.Given(first, first + count);
}
