namespace HipaaFs.Cli.Control;

/// <summary>What one speed of a recall means for what is asked of one store.</summary>
/// <param name="Speed">bulk, standard or expedited.</param>
/// <param name="FromSeconds">How long it usually takes at least, by what the provider says; not a promise. Null where nothing is known.</param>
/// <param name="ToSeconds">How long it usually takes at most; null where nothing is known, or the store has no such speed.</param>
/// <param name="Cost">What the store charges for that; null when the policy that was applied last has no price for this speed.</param>
/// <param name="Offered">Whether the store restores at this speed.</param>
internal sealed record RecallSpeedLine(string Speed, double? FromSeconds, double? ToSeconds, decimal? Cost, bool Offered);
