namespace HipaaFs.Benchmarks.Cloud;

/// <summary>One measured transfer.</summary>
/// <param name="Bytes">Bytes of the file.</param>
/// <param name="Seconds">From its beginning until all of it is there.</param>
/// <param name="ProcessorSeconds">Processor time, user and kernel, of the programs that take part on the client's side.</param>
internal readonly record struct Transfer(long Bytes, double Seconds, double ProcessorSeconds)
{
    private const double GiB = 1L << 30;

    /// <summary>MiB a second.</summary>
    public double Rate => Bytes / (double)(1 << 20) / Seconds;

    /// <summary>Processor seconds a GiB.</summary>
    public double ProcessorSecondsPerGibibyte => ProcessorSeconds / (Bytes / GiB);
}
