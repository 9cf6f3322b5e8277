namespace HipaaFs.Transitions;

/// <summary>Files that take a step down, or took one.</summary>
/// <param name="From">Number of the placement that they leave.</param>
/// <param name="To">Number of the placement that they come to.</param>
/// <param name="Files">How many.</param>
/// <param name="Bytes">Their sizes summed up.</param>
public sealed record TransitionCount(uint From, uint To, long Files, long Bytes);
