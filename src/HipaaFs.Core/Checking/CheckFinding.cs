namespace HipaaFs.Checking;

/// <summary>One thing that is, or was, wrong.</summary>
/// <param name="Kind">What.</param>
/// <param name="Subject">Ids of what it is wrong with; never a name.</param>
/// <param name="Repaired">Whether it is right now.</param>
public sealed record CheckFinding(CheckKind Kind, string Subject, bool Repaired);
