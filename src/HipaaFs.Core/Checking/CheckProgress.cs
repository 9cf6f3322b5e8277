namespace HipaaFs.Checking;

/// <summary>How far a check is.</summary>
/// <param name="Stage">What is being looked at.</param>
/// <param name="Done">How many were looked at.</param>
/// <param name="Total">How many there are; 0 when that is not known.</param>
public readonly record struct CheckProgress(string Stage, long Done, long Total);
