namespace HipaaFs.Metadata;

/// <summary>What the store keeps of a session.</summary>
/// <param name="Id">The session.</param>
/// <param name="Host">Name of the machine.</param>
/// <param name="ProcessId">Process on that machine.</param>
/// <param name="Opened">When it began.</param>
/// <param name="Closed">When it ended in order; null while it lasts and for ever when it did not.</param>
public readonly record struct SessionRow(SessionId Id, string Host, int ProcessId, Timestamp Opened, Timestamp? Closed);
