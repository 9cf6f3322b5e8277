using HipaaFs.Storage;

namespace HipaaFs.Scrubbing;

/// <summary>What a scrub found.</summary>
/// <param name="Segments">Segments that this run read.</param>
/// <param name="Bytes">Bytes that this run read.</param>
/// <param name="IsResumed">Whether it went on where an earlier one was left.</param>
/// <param name="Findings">What is not as it was written, repaired or not, in the order it was found.</param>
/// <param name="Stopped">Why it ended before its end; <see cref="StoreError.None"/> when it did not. The next one goes on from there.</param>
public sealed record ScrubReport(long Segments, long Bytes, bool IsResumed, IReadOnlyList<ScrubFinding> Findings, StoreError Stopped)
{
    /// <summary>Whether everything that was read is whole now.</summary>
    public bool IsSound => Findings.All(static finding => finding.IsRepaired);
}
