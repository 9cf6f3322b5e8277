using HipaaFs.Storage;

namespace HipaaFs.Scrubbing;

/// <summary>What a scrub found.</summary>
/// <param name="Segments">Segments that this run read.</param>
/// <param name="Bytes">Bytes of segments that this run read.</param>
/// <param name="IsResumed">Whether it went on where an earlier one was left.</param>
/// <param name="Damaged">Segments that are not as they were written and could not be put back.</param>
/// <param name="Repaired">Segments that were put back.</param>
/// <param name="Findings">The first of both, in the order they were found; the log has all.</param>
/// <param name="Stopped">Why it ended before its end; <see cref="StoreError.None"/> when it did not. The next one goes on from there.</param>
public sealed record ScrubReport(
    long Segments, long Bytes, bool IsResumed, long Damaged, long Repaired, IReadOnlyList<ScrubFinding> Findings, StoreError Stopped)
{
    /// <summary>What was wrong with the other things that a restore needs.</summary>
    public IReadOnlyList<ScrubObjectFinding> Objects { get; init; } = [];

    /// <summary>Whether everything that was read is whole now.</summary>
    public bool IsSound => Damaged == 0 && Objects.All(static found => found.IsRepaired);
}
