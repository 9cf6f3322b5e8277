namespace HipaaFs.Testing.Metadata;

/// <summary>A row and the epoch it was born in.</summary>
internal readonly record struct MemoryRow<T>(T Value, ulong Born);
