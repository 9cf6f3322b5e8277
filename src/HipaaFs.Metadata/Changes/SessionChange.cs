namespace HipaaFs.Metadata.Changes;

/// <summary>A change of a session. Its key: the session's number.</summary>
/// <param name="Kind">What happened.</param>
/// <param name="Session">The row.</param>
public sealed record SessionChange(ChangeKind Kind, SessionRow Session) : RowChange(Kind);
