using HipaaFs.Cache;
using HipaaFs.Crypto;

namespace HipaaFs.Core.Tests.Cache;

public sealed class EvictionQueueTests
{
    private const int Capacity = 100;
    private const int ObjectLength = 1_000_000;

    private readonly EvictionQueue _queue = new();
    private readonly Dictionary<int, CacheEntry> _entries = [];

    [Fact]
    public void TryTakeVictim_DuringAScan_SparesWhatIsReadAgainAndAgain()
    {
        for (int round = 0; round < 5; round++)
        {
            for (int hot = 0; hot < 50; hot++)
            {
                ReadWhole(hot);
            }
        }

        for (int cold = 1000; cold < 3000; cold++)
        {
            ReadWhole(cold);
        }

        Assert.InRange(Enumerable.Range(0, 50).Count(_entries.ContainsKey), 45, 50);
    }

    [Fact]
    public void Touch_OnePassInManyReads_IsOneUse()
    {
        var entry = new CacheEntry(SegmentId.NewRandom(), ObjectLength, bits: null);
        for (int frame = 0; frame < 60; frame++)
        {
            entry.Touch(frame);
            entry.Touch(frame);
        }

        Assert.Equal(0, entry.Frequency);
        entry.Touch(0);
        Assert.Equal(1, entry.Frequency);
        entry.Touch(1);
        Assert.Equal(1, entry.Frequency);
        entry.Touch(0);
        entry.Touch(1);
        entry.Touch(0);
        entry.Touch(1);
        Assert.Equal(3, entry.Frequency);
    }

    // A reader that goes through a whole segment, frame by frame.
    private void ReadWhole(int number)
    {
        if (!_entries.TryGetValue(number, out CacheEntry? entry))
        {
            entry = new CacheEntry(new SegmentId((UInt128)number), ObjectLength, bits: null);
            _entries.Add(number, entry);
            _queue.Add(entry);
            if (_entries.Count > Capacity)
            {
                Assert.True(_queue.TryTakeVictim((long)_entries.Count * ObjectLength, out CacheEntry? victim));
                Assert.True(_entries.Remove((int)victim.Segment.Value));
            }
        }

        for (int frame = 0; frame < 60; frame++)
        {
            entry.Touch(frame);
        }
    }
}
