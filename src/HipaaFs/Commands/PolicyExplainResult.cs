namespace HipaaFs.Cli.Commands;

/// <summary>What <c>hipaafs policy explain</c> answers.</summary>
/// <param name="Path">The path in the volume.</param>
/// <param name="Kind">"file", for which patterns count, or "directory".</param>
/// <param name="Rule">The directory whose rule applies; null when none does and defaults hold.</param>
/// <param name="RulePlace">File, line and column of that rule; null without one.</param>
/// <param name="Pattern">The patterns of which one matches; null when none does.</param>
/// <param name="PatternPlace">File, line and column of those; null without.</param>
/// <param name="Fields">Every field; then the quotas and budgets that count, of which there may be several.</param>
internal sealed record PolicyExplainResult(
    string Path, string Kind, string? Rule, string? RulePlace, string? Pattern, string? PatternPlace, IReadOnlyList<PolicyFieldLine> Fields);
