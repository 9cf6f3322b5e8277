namespace HipaaFs.Benchmarks.Cloud;

/// <summary>What a mount must reach beside the plain transfer of the same run.</summary>
/// <param name="Name">For people.</param>
/// <param name="Plain">The plain transfer.</param>
/// <param name="Mount">The mount.</param>
/// <param name="IsBehindLink">Whether a link limits both: then the rate counts, else the processor time.</param>
internal sealed record CloudGoal(string Name, Transfer Plain, Transfer Mount, bool IsBehindLink)
{
    /// <summary>Least share of the plain transfer's rate.</summary>
    public const double LeastShare = 0.95;

    /// <summary>Most processor seconds a GiB beyond those of the plain transfer.</summary>
    public const double MostSeconds = 0.8;

    /// <summary>The mount's rate as a share of the other's.</summary>
    public double Share => Mount.Rate / Plain.Rate;

    /// <summary>Processor seconds a GiB that the mount takes beyond the other.</summary>
    public double MoreSeconds => Mount.ProcessorSecondsPerGibibyte - Plain.ProcessorSecondsPerGibibyte;

    /// <summary>Whether it is reached.</summary>
    public bool IsMet => IsBehindLink ? Share >= LeastShare : MoreSeconds <= MostSeconds;
}
