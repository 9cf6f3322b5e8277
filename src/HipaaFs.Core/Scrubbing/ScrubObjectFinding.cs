namespace HipaaFs.Scrubbing;

/// <summary>Something that a restore needs and that the store does not have as it was written.</summary>
/// <param name="Kind">What it is.</param>
/// <param name="IsMissing">Whether it is gone; of the change stream, whether the beginning of a chain is.</param>
/// <param name="IsRepaired">Whether it is there again: put back, or, of the change stream, a new chain.</param>
public sealed record ScrubObjectFinding(ScrubObjectKind Kind, bool IsMissing, bool IsRepaired);
