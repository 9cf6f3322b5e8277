namespace HipaaFs.Cli.Policies;

/// <summary>A policy that nothing is wrong with.</summary>
/// <param name="FileName">The name of its file, for places.</param>
/// <param name="Document">What it says.</param>
/// <param name="Warnings">What is allowed and hardly meant.</param>
internal sealed record LoadedPolicy(string FileName, PolicyDocument Document, IReadOnlyList<PolicyProblem> Warnings);
