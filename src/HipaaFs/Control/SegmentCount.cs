namespace HipaaFs.Cli.Control;

/// <summary>A number of segments.</summary>
/// <param name="Segments">How many.</param>
/// <param name="Bytes">Bytes of their objects.</param>
internal readonly record struct SegmentCount(long Segments, long Bytes);
