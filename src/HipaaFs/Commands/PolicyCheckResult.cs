namespace HipaaFs.Cli.Commands;

/// <summary>What <c>hipaafs policy check</c> answers of a policy that nothing is wrong with.</summary>
/// <param name="File">The name of the file.</param>
/// <param name="Stores">How many stores it names.</param>
/// <param name="Rules">How many directories it has rules for.</param>
/// <param name="Warnings">What is allowed and hardly meant, each with line and column.</param>
internal sealed record PolicyCheckResult(string File, int Stores, int Rules, IReadOnlyList<string> Warnings);
