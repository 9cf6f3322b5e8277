using HipaaFs.Storage;

namespace HipaaFs.Scrubbing;

/// <summary>What a scrub has found so far, in bounded memory: everything is counted and logged, the first findings are kept.</summary>
internal sealed class ScrubTally
{
    /// <summary>Most findings that are kept of each kind, repaired and not.</summary>
    internal const int MostFindings = 1000;

    /// <summary>Most files that are kept of a finding.</summary>
    internal const int MostFiles = 100;

    private readonly List<ScrubFinding> _findings = [];
    private readonly List<ScrubObjectFinding> _objects = []; // One of each kind at most.
    private long _damaged;
    private long _repaired;

    /// <summary>Counts a finding, and keeps it if it is among the first.</summary>
    internal void Add(ScrubFinding finding)
    {
        long before = finding.IsRepaired ? _repaired++ : _damaged++;
        if (before < MostFindings)
        {
            _findings.Add(finding);
        }
    }

    /// <summary>Keeps a finding about something else than a segment.</summary>
    internal void Add(ScrubObjectFinding finding) => _objects.Add(finding);

    /// <summary>The report.</summary>
    internal ScrubReport ToReport(long segments, long bytes, bool isResumed, StoreError stopped) =>
        new(segments, bytes, isResumed, _damaged, _repaired, _findings, stopped) { Objects = _objects };
}
