namespace HipaaFs.Storage;

/// <summary>Knows how long reads of a store take: the time within which 95 of 100 were answered, apart for short and long ones.</summary>
/// <remarks>
/// A histogram with four steps an octave, whose counts are halved now and then so that it follows what the store does now. An estimate: under contention a sample may
/// get lost. Thread-safe; noting a read allocates nothing and takes no lock but once in <see cref="Interval"/> samples.
/// </remarks>
internal sealed class ReadLatency
{
    private const int Interval = 32;
    private const int Kept = 2048;
    private const int Steps = 4;
    private const int Buckets = 16 * Steps; // From a millisecond to a minute.
    private const double Percentile = 0.95;

    private static readonly int[] Lengths = [64 << 10, 512 << 10, 4 << 20, int.MaxValue];

    private readonly Lock _lock = new();
    private readonly int _fewest;
    private readonly int[][] _counts = [new int[Buckets], new int[Buckets], new int[Buckets], new int[Buckets]];
    private readonly int[] _samples = new int[4];
    private readonly long[] _slow = new long[4]; // Ticks; 0 while too few were seen. Written under _lock.

    internal ReadLatency(int fewest) => _fewest = fewest;

    /// <summary>The time within which 95 of 100 reads of about this length were answered; zero while too few were seen.</summary>
    internal TimeSpan SlowOf(int length) => TimeSpan.FromTicks(Volatile.Read(ref _slow[ClassOf(length)]));

    /// <summary>A read was answered.</summary>
    internal void Note(int length, TimeSpan took)
    {
        int kind = ClassOf(length);
        Interlocked.Increment(ref _counts[kind][BucketOf(took)]);
        if (Interlocked.Increment(ref _samples[kind]) % Interval == 0)
        {
            Estimate(kind);
        }
    }

    private static int ClassOf(int length)
    {
        int kind = 0;
        while (length > Lengths[kind])
        {
            kind++;
        }

        return kind;
    }

    // Bucket n ends at 2^((n + 1) / Steps) milliseconds.
    private static int BucketOf(TimeSpan took)
    {
        double milliseconds = took.TotalMilliseconds;
        return milliseconds <= 1 ? 0 : Math.Min(Buckets - 1, (int)(Math.Log2(milliseconds) * Steps));
    }

    private void Estimate(int kind)
    {
        lock (_lock)
        {
            int[] counts = _counts[kind];
            int total = 0;
            foreach (int count in counts)
            {
                total += count;
            }

            if (total < _fewest)
            {
                return;
            }

            int below = 0;
            int bucket = 0;
            while (bucket < Buckets - 1 && (below += counts[bucket]) < total * Percentile)
            {
                bucket++;
            }

            Volatile.Write(ref _slow[kind], TimeSpan.FromMilliseconds(Math.Pow(2, (bucket + 1.0) / Steps)).Ticks);
            if (total >= Kept)
            {
                for (int i = 0; i < Buckets; i++)
                {
                    counts[i] >>= 1;
                }
            }
        }
    }
}
