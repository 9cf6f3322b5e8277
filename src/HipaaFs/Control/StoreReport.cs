namespace HipaaFs.Cli.Control;

/// <summary>One store of a volume, and what it has by what is known of each segment.</summary>
/// <param name="Number">Its number.</param>
/// <param name="Name">Its name.</param>
/// <param name="Url">Where it is; never with a secret.</param>
/// <param name="Region">Where it keeps data; empty when nothing was said.</param>
/// <param name="Away">Whether it does not answer.</param>
/// <param name="Problem">Why nothing is put into it; null when nothing is known against it.</param>
/// <param name="Has">Live segments that it has.</param>
/// <param name="Alone">Of those the ones that no other store has.</param>
/// <param name="Surplus">Of those the ones that no placement wants there any more.</param>
/// <param name="Lacks">Live segments that it should have and has not.</param>
/// <param name="Condemned">Segments that it has and that nothing needs any more; they are deleted after a grace.</param>
/// <param name="Placements">Numbers of the placements that name it.</param>
internal sealed record StoreReport(
    int Number,
    string Name,
    string Url,
    string Region,
    bool Away,
    string? Problem,
    SegmentCount Has,
    SegmentCount Alone,
    SegmentCount Surplus,
    SegmentCount Lacks,
    SegmentCount Condemned,
    IReadOnlyList<uint> Placements)
{
    /// <summary>What <see cref="Waits"/> says while its budget is used up.</summary>
    public const string WaitsForBudget = "budget";

    /// <summary>What it says outside the store's windows.</summary>
    public const string WaitsForWindow = "window";

    /// <summary>Whether it is the volume's home, where change stream and key ring are.</summary>
    public bool Home { get; init; }

    /// <summary>Whether change stream and key ring are copied to it.</summary>
    public bool Mirror { get; init; }

    /// <summary>How old the state is that can be restored from the home or from a mirror, in seconds; null when it is neither, or the mount has not seen it whole yet.</summary>
    public double? RecoveryPointSeconds { get; init; }

    /// <summary>For how long it has not answered, in seconds; null while it does.</summary>
    public double? AwaySeconds { get; init; }

    /// <summary>For how long the oldest segment that it lacks has been live, in seconds, as last counted; null when it lacks none.</summary>
    public double? LagSeconds { get; init; }

    /// <summary>"budget" while nothing is copied to it since its budget is used up, "window" outside the times at which it gets copies; else null.</summary>
    public string? Waits { get; init; }

    /// <summary>Of what it lacks the segments that could be copied from nowhere, since they are in archives only or no store has them any more; counted by a repair, else 0.</summary>
    public long OutOfReach { get; init; }

    /// <summary>Whether nothing is left in it that this volume needs, or has to delete.</summary>
    public bool IsEmpty => Has.Segments == 0 && Condemned.Segments == 0;
}
