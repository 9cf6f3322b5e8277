namespace HipaaFs.Cli.Control;

/// <summary>What a recall asks of one store.</summary>
/// <param name="Store">Its name.</param>
/// <param name="Segments">Objects.</param>
/// <param name="Bytes">Their bytes.</param>
/// <param name="Cost">What it charges for that, by the prices of the policy that was applied last; null without prices.</param>
/// <param name="Currency">Of the cost.</param>
internal sealed record RecallRequestLine(string Store, long Segments, long Bytes, decimal? Cost, string? Currency);
