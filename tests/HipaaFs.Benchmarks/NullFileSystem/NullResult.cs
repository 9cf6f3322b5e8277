namespace HipaaFs.Benchmarks.NullFileSystem;

/// <summary>Medians of one measurement in reads per second.</summary>
internal sealed record NullResult(string Name, double Managed, double Libfuse3, double Required)
{
    public double Ratio => Managed / Libfuse3;

    public bool Ok => Ratio >= Required;
}
