namespace HipaaFs.Cli.Placing;

/// <summary>Files and directories that are alike to a policy.</summary>
/// <param name="Rule">Which rule directory they belong to, in the order of <see cref="RuleDirectory.Of"/>.</param>
/// <param name="Pattern">Which of its patterns matches; -1 for none, and for directories.</param>
/// <param name="Placement">The placement that they have now.</param>
internal readonly record struct SurveyKey(int Rule, int Pattern, uint Placement);
