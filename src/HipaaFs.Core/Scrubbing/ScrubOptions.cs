namespace HipaaFs.Scrubbing;

/// <summary>How a scrub goes about it.</summary>
public sealed record ScrubOptions
{
    /// <summary>Most bytes a second to read from the store; 0, the default, sets no limit.</summary>
    public long BytesPerSecond { get; init; }

    /// <summary>Begin anew although an earlier scrub was left unfinished. Default false: it goes on there.</summary>
    public bool Restart { get; init; }
}
