namespace HipaaFs.Cli.Commands;

/// <summary>What <c>hipaafs config check</c> answers.</summary>
/// <param name="Volume">Directory of the volume.</param>
/// <param name="Settings">Every setting as it holds.</param>
internal sealed record ConfigCheckResult(string Volume, IReadOnlyList<ConfigCheckLine> Settings);
