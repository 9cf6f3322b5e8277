namespace HipaaFs.Metadata;

/// <summary>Who opens a session.</summary>
public sealed record SessionOpening
{
    /// <summary>The lowest number the session may have, for a caller who knows of sessions this store has not seen. Default 0: no such bound.</summary>
    public SessionId AtLeast { get; init; }

    /// <summary>Name of the machine.</summary>
    public required string Host { get; init; }

    /// <summary>Process on that machine.</summary>
    public int ProcessId { get; init; }

    /// <summary>The time of the request.</summary>
    public Timestamp Now { get; init; }
}
