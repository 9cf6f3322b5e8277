namespace HipaaFs.Cli.Commands;

/// <summary>What <c>hipaafs --version</c> answers.</summary>
internal sealed record VersionResult(string Version);
