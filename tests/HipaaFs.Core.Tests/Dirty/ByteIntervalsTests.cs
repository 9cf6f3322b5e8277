using HipaaFs.Dirty;

namespace HipaaFs.Core.Tests.Dirty;

public sealed class ByteIntervalsTests
{
    [Fact]
    public void AddAndRemove_AtRandom_AgreeWithASetOfBytes()
    {
        var random = new Random(1);
        for (int round = 0; round < 200; round++)
        {
            var intervals = new ByteIntervals();
            bool[] held = new bool[64];
            for (int i = 0; i < 40; i++)
            {
                int start = random.Next(63);
                int end = random.Next(start + 1, 65);
                bool add = random.Next(3) > 0;
                if (add)
                {
                    intervals.Add(start, end);
                }
                else
                {
                    intervals.Remove(start, end);
                }

                held.AsSpan(start..end).Fill(add);
                AssertSame(held, intervals);
            }
        }
    }

    // Disjoint, sorted, and never touching: exactly the runs of the array.
    private static void AssertSame(bool[] held, ByteIntervals intervals)
    {
        var expected = new List<(int Start, int End)>();
        for (int at = 0; at < held.Length; at++)
        {
            if (held[at] && (at == 0 || !held[at - 1]))
            {
                int end = Array.IndexOf(held, false, at);
                expected.Add((at, end < 0 ? held.Length : end));
            }
        }

        Assert.Equal(expected, intervals.Items.ToArray());
        Assert.Equal(expected.Count == 0, intervals.IsEmpty);
    }
}
