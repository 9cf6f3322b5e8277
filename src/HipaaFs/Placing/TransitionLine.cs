namespace HipaaFs.Cli.Placing;

/// <summary>Files that take one step down.</summary>
/// <param name="From">Where their first copy is: a store, and its tier unless that is hot.</param>
/// <param name="To">Where it goes.</param>
/// <param name="FromPlacement">Number of the placement that they leave.</param>
/// <param name="ToPlacement">Number of the placement that they come to.</param>
/// <param name="Files">How many.</param>
/// <param name="Bytes">Their sizes summed up.</param>
internal sealed record TransitionLine(string From, string To, uint FromPlacement, uint ToPlacement, long Files, long Bytes);
