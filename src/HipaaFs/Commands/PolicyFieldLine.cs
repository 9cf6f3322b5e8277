namespace HipaaFs.Cli.Commands;

/// <summary>One field as it holds for a path.</summary>
/// <param name="Field">Its key.</param>
/// <param name="Value">What it comes out as, in words for people.</param>
/// <param name="From">Who said so: a rule, a pattern in one, defaults, or default for nobody.</param>
/// <param name="Place">File, line and column where that stands; null for nobody.</param>
internal sealed record PolicyFieldLine(string Field, string Value, string From, string? Place);
