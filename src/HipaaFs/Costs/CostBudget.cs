namespace HipaaFs.Cli.Costs;

/// <summary>How much of one limit is used.</summary>
/// <param name="Period">"day" or "month".</param>
/// <param name="What">"requests", "bytes" or "money".</param>
/// <param name="Used">Used so far.</param>
/// <param name="Limit">The limit.</param>
/// <param name="State">"ok", "warn" from the policy's <c>warn_at</c> on, or "over".</param>
internal sealed record CostBudget(string Period, string What, decimal Used, decimal Limit, string State);
