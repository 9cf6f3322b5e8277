using HipaaFs.Cli.Commands;
using HipaaFs.Cli.Control;
using Xunit;

namespace HipaaFs.Cli.Tests.Commands;

public sealed class StatusTextTests
{
    [Fact]
    public void BreakerOpen_IsShownWithItsAgeAndCause()
    {
        MountStatus status = Status(new VolumeFigures { StoreBreakerOpenSeconds = 90, StoreFailure = "ConnectionRefused", StoreRefused = 12, StoreRetries = 34, StoreHedgedReads = 56 });
        var text = new StringWriter();
        StatusCommand.Describe([status], TimeProvider.System, text);
        string metrics = MetricsText.Write(status);

        Assert.Matches("STORE +FAILS for .*(ConnectionRefused)", text.ToString());
        Assert.Contains("hipaafs_store_breaker_open{volume=\"v\"} 1\n", metrics, StringComparison.Ordinal);
        Assert.Contains("hipaafs_store_refused_total{volume=\"v\"} 12\n", metrics, StringComparison.Ordinal);
        Assert.Contains("hipaafs_store_retries_total{volume=\"v\"} 34\n", metrics, StringComparison.Ordinal);
        Assert.Contains("hipaafs_store_hedged_reads_total{volume=\"v\"} 56\n", metrics, StringComparison.Ordinal);
    }

    [Fact]
    public void StoreThatRefuses_IsShownWithWhatHelps_ThoughTheBreakerIsClosed()
    {
        MountStatus status = Status(new VolumeFigures { StoreProblem = "the credentials have expired", StoreAction = "renew them" });
        var text = new StringWriter();
        StatusCommand.Describe([status], TimeProvider.System, text);

        Assert.Matches("STORE +the credentials have expired: renew them", text.ToString());
    }

    [Fact]
    public void BreakerClosed_IsNotSpokenOf()
    {
        MountStatus status = Status(new VolumeFigures { StoreReachable = true });
        var text = new StringWriter();
        StatusCommand.Describe([status], TimeProvider.System, text);

        Assert.DoesNotContain("STORE", text.ToString(), StringComparison.Ordinal);
        Assert.Contains("hipaafs_store_breaker_open{volume=\"v\"} 0\n", MetricsText.Write(status), StringComparison.Ordinal);
    }

    [Fact]
    public void SeveralStores_AreShownWithWhatTheyLack()
    {
        MountStatus status = Status(new VolumeFigures
        {
            Stores = [new StoreLine(0, "primary", "", Away: true, null, 3, 4096, 90), new StoreLine(1, "second", "eu-de", Away: false, "another store is at its place", 0, 0, null)],
        });
        var text = new StringWriter();
        StatusCommand.Describe([status], TimeProvider.System, text);
        string metrics = MetricsText.Write(status);

        Assert.Matches("store 0 +primary: AWAY, lacks 3 segments", text.ToString());
        Assert.Matches("store 1 +second: NOT USED: another store", text.ToString());
        Assert.Contains("hipaafs_replication_lacking_bytes{volume=\"v\",store=\"primary\"} 4096\n", metrics, StringComparison.Ordinal);
        Assert.Contains("hipaafs_replication_lag_seconds{volume=\"v\",store=\"primary\"} 90\n", metrics, StringComparison.Ordinal);
        Assert.Contains("hipaafs_replica_usable{volume=\"v\",store=\"second\"} 0\n", metrics, StringComparison.Ordinal);
        Assert.DoesNotContain("hipaafs_replication", MetricsText.Write(Status(new VolumeFigures())), StringComparison.Ordinal);
    }

    private static MountStatus Status(VolumeFigures figures) => new() { VolumeId = "v", Volume = "/v", State = MountState.Serving, Figures = figures };
}
