namespace HipaaFs.Cli.Commands;

/// <summary>One thing that is, or was, wrong with a volume.</summary>
/// <param name="Kind">What is wrong.</param>
/// <param name="Subject">Ids of what it is wrong with.</param>
/// <param name="Repaired">Whether it is right now.</param>
internal sealed record FsckFinding(string Kind, string Subject, bool Repaired);
