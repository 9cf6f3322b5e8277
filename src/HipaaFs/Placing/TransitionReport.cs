namespace HipaaFs.Cli.Placing;

/// <summary>Files that are old enough for a step of their placement at a moment.</summary>
/// <param name="AsOf">The moment.</param>
/// <param name="Taken">Whether they took it; else they were only counted.</param>
/// <param name="Steps">The steps.</param>
internal sealed record TransitionReport(DateTimeOffset AsOf, bool Taken, IReadOnlyList<TransitionLine> Steps);
