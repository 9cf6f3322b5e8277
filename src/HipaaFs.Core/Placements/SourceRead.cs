namespace HipaaFs.Placements;

/// <summary>What a read of a segment came to.</summary>
/// <param name="Length">Bytes that were read.</param>
/// <param name="Store">Number of the store that gave them.</param>
internal readonly record struct SourceRead(int Length, int Store);
