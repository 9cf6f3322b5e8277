namespace HipaaFs.Scrubbing;

/// <summary>How a scrub goes about it.</summary>
public sealed record ScrubOptions
{
    /// <summary>Most bytes a second to read from the store; 0, the default, sets no limit.</summary>
    public long BytesPerSecond { get; init; }

    /// <summary>Begin anew although an earlier scrub was left unfinished. Default false: it goes on there.</summary>
    public bool Restart { get; init; }

    /// <summary>The number of the one store to look into, from its beginning to its end; null, the default, for all of them and what else a restore needs, going on where the last one was left.</summary>
    public int? Store { get; init; }

    /// <summary>With <see cref="Store"/>: ask only whether each segment is there in its full length, and read those that are not. Default false: read everything.</summary>
    public bool PresenceOnly { get; init; }
}
