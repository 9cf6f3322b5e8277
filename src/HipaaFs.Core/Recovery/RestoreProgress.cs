namespace HipaaFs.Recovery;

/// <summary>How far a restore is.</summary>
/// <param name="Stage">What is being done.</param>
/// <param name="Done">Steps done.</param>
/// <param name="Total">Steps in all.</param>
public readonly record struct RestoreProgress(string Stage, long Done, long Total);
