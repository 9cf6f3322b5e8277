namespace HipaaFs.Cli.Costs;

/// <summary>What lies in one tier of a store.</summary>
/// <param name="Tier">The tier.</param>
/// <param name="Objects">Segments, those that nothing needs any more included.</param>
/// <param name="Bytes">Bytes of them.</param>
/// <param name="Month">What storing them for a month costs; null without prices.</param>
internal sealed record CostTier(string Tier, long Objects, long Bytes, decimal? Month);
