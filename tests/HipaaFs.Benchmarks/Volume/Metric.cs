namespace HipaaFs.Benchmarks.Volume;

/// <summary>One figure of the benchmark; more is better.</summary>
/// <param name="Name">What the report calls it.</param>
/// <param name="Unit">What is counted a second.</param>
/// <param name="Goal">Least ratio to gocryptfs.</param>
internal sealed record Metric(string Name, string Unit, double Goal)
{
    // Every figure at least gocryptfs's; reads of a cached file 1.2 times, create and unlink twice.
    public static readonly Metric SequentialWrite = new("sequential write + fsync", "MiB/s", 1.0);

    public static readonly Metric SequentialRead = new("sequential read, page cache dropped", "MiB/s", 1.2);

    public static readonly Metric RandomReadOneJob = new("4 KiB random reads, 1 job", "reads/s", 1.2);

    public static readonly Metric RandomReadFourJobs = new("4 KiB random reads, 4 jobs", "reads/s", 1.2);

    public static readonly Metric Create = new("create 16 KiB files", "files/s", 2.0);

    public static readonly Metric Stat = new("stat, caches dropped", "files/s", 1.0);

    public static readonly Metric Read = new("read, caches dropped", "files/s", 1.0);

    public static readonly Metric Rename = new("rename", "files/s", 1.0);

    public static readonly Metric Unlink = new("unlink", "files/s", 2.0);

    /// <summary>All of them, in the order of the report.</summary>
    public static readonly IReadOnlyList<Metric> All =
        [SequentialWrite, SequentialRead, RandomReadOneJob, RandomReadFourJobs, Create, Stat, Read, Rename, Unlink];
}
