namespace HipaaFs.Cli.Control;

/// <summary>What a scrub found, as the command shows it.</summary>
/// <param name="Segments">Segments that this run read.</param>
/// <param name="Bytes">Bytes of segments that this run read.</param>
/// <param name="Resumed">Whether it went on where an earlier one was left.</param>
/// <param name="DamagedSegments">How many segments are not as they were written and could not be put back.</param>
/// <param name="RepairedSegments">How many segments were put back.</param>
/// <param name="Damaged">The first thousand of the former; the log has all.</param>
/// <param name="Repaired">The first thousand of the latter.</param>
/// <param name="Stopped">Why it ended before its end; null when it did not.</param>
/// <param name="Objects">What was wrong with the other things that a restore needs, put right or not.</param>
internal sealed record ScrubResult(
    long Segments,
    long Bytes,
    bool Resumed,
    long DamagedSegments,
    long RepairedSegments,
    IReadOnlyList<ScrubLine> Damaged,
    IReadOnlyList<ScrubLine> Repaired,
    string? Stopped,
    IReadOnlyList<ScrubObjectLine> Objects);
