namespace HipaaFs.Cli.Placing;

/// <summary>Objects of which a store changes the class where they are.</summary>
/// <param name="Bytes">Their bytes.</param>
/// <param name="Objects">How many, a request each.</param>
internal readonly record struct SegmentChange(long Bytes, long Objects);
