namespace HipaaFs.Metadata.Changes;

/// <summary>Which snapshots show a row: those from <paramref name="Born"/> on, up to the one before <paramref name="Died"/>.</summary>
/// <param name="Born">The epoch the row was written in: the newest snapshot of that time, and one.</param>
/// <param name="Died">The epoch it was replaced or deleted in; 0 while it lives.</param>
public readonly record struct Lifetime(ulong Born, ulong Died = 0);
