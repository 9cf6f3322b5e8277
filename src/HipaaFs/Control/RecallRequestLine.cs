namespace HipaaFs.Cli.Control;

/// <summary>What a recall asks of one store.</summary>
/// <param name="Store">Its name.</param>
/// <param name="Segments">Objects.</param>
/// <param name="Bytes">Their bytes, with those of objects that are back or on their way and are only to stay longer.</param>
/// <param name="Cost">What it charges for that, for the latter only the requests, at the speed asked for, by the prices of the policy that was applied last; null when it has none for that.</param>
/// <param name="Currency">Of the cost.</param>
internal sealed record RecallRequestLine(string Store, long Segments, long Bytes, decimal? Cost, string? Currency)
{
    /// <summary>What each speed means for it.</summary>
    public IReadOnlyList<RecallSpeedLine> Speeds { get; init; } = [];
}
