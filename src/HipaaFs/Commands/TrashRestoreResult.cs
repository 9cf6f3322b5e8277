namespace HipaaFs.Cli.Commands;

/// <summary>What <c>hipaafs trash restore</c> brought back.</summary>
/// <param name="Path">What was asked for.</param>
/// <param name="Snapshot">The snapshot it comes from.</param>
/// <param name="Target">Where it is now.</param>
internal sealed record TrashRestoreResult(string Path, string Snapshot, string Target);
