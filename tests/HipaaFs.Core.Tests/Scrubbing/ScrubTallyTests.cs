using HipaaFs.Crypto;
using HipaaFs.Scrubbing;
using HipaaFs.Storage;

namespace HipaaFs.Core.Tests.Scrubbing;

public sealed class ScrubTallyTests
{
    [Fact]
    public void Add_MoreThanAreKept_CountsAllAndKeepsTheFirstOfEachKind()
    {
        var tally = new ScrubTally();
        for (int i = 0; i < 3 * ScrubTally.MostFindings; i++)
        {
            tally.Add(new ScrubFinding(SegmentId.NewRandom(), IsMissing: true, i, IsRepaired: i % 3 == 0, 0, []));
        }

        ScrubReport report = tally.ToReport(1, 2, isResumed: false, StoreError.None);

        Assert.Equal((2L * ScrubTally.MostFindings, (long)ScrubTally.MostFindings), (report.Damaged, report.Repaired));
        Assert.Equal(2 * ScrubTally.MostFindings, report.Findings.Count);
        Assert.Equal(ScrubTally.MostFindings, report.Findings.Count(static finding => finding.IsRepaired));
        Assert.False(report.IsSound);
    }
}
