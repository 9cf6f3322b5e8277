namespace HipaaFs.Benchmarks.Volume;

/// <summary>A directory to measure, on some filesystem that is there for the time of the benchmark.</summary>
internal interface IBenchmarkTarget : IAsyncDisposable
{
    /// <summary>What the report calls it.</summary>
    string Name { get; }

    /// <summary>The directory.</summary>
    string Root { get; }
}
