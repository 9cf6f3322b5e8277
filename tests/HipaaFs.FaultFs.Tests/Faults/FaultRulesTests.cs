using HipaaFs.FaultFs.Faults;
using Xunit;

namespace HipaaFs.FaultFs.Tests.Faults;

/// <summary>Which calls fail.</summary>
public sealed class FaultRulesTests
{
    private const int Errno = 5;

    [Fact]
    public void Once_FailsTheNthOfItsKindAndPattern()
    {
        var rules = new FaultRules();
        rules.Add(new FaultRule(FaultKind.Write, "*.db-wal", 2, Errno, Lasting: false));

        Assert.Equal(0, rules.Judge(FaultKind.Write, "v/x.db-wal"));
        Assert.Equal(0, rules.Judge(FaultKind.Sync, "v/x.db-wal"));
        Assert.Equal(0, rules.Judge(FaultKind.Write, "v/x.db"));
        Assert.Equal(Errno, rules.Judge(FaultKind.Write, "v/x.db-wal"));
        Assert.Equal(0, rules.Judge(FaultKind.Write, "v/x.db-wal"));
        Assert.Equal(1, rules.Hits);
    }

    [Fact]
    public void Always_FailsFromTheNthOnUntilTheRemoval()
    {
        var rules = new FaultRules();
        rules.Add(new FaultRule(FaultKind.Write, "*", 2, Errno, Lasting: true) { EndedByRemovalOf = "v/ballast" });

        Assert.Equal([0, Errno, Errno], Enumerable.Range(0, 3).Select(_ => rules.Judge(FaultKind.Write, "v/a")));
        rules.Removed("v/other");
        Assert.Equal(Errno, rules.Judge(FaultKind.Write, "v/a"));
        rules.Removed("v/ballast");
        Assert.Equal(0, rules.Judge(FaultKind.Write, "v/a"));
    }
}
