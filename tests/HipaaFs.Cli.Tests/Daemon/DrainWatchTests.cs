using HipaaFs.Cli.Daemon;
using HipaaFs.Testing.Storage;
using HipaaFs.Volumes;
using Xunit;

namespace HipaaFs.Cli.Tests.Daemon;

public sealed class DrainWatchTests
{
    private static readonly TimeSpan Report = TimeSpan.FromMilliseconds(200);

    private readonly ManualTimeProvider _time = new();
    private readonly List<string> _reasons = [];
    private readonly DrainWatch _watch;

    public DrainWatchTests() => _watch = new DrainWatch(_time, static _ => { }, _reasons.Add);

    [Fact]
    public void Report_FailingAndNothingMoves_GivesUpSoon()
    {
        ReportFor(TimeSpan.FromSeconds(11), 100, "Unavailable");

        Assert.Contains("Unavailable", _reasons);
    }

    [Fact]
    public void Report_NothingMovesAndNothingFails_GivesUpLater()
    {
        ReportFor(TimeSpan.FromMinutes(9), 100, error: null);
        Assert.Empty(_reasons);

        ReportFor(TimeSpan.FromMinutes(2), 100, error: null);
        Assert.NotEmpty(_reasons);
    }

    [Fact]
    public void Report_SlowButMoving_GoesOn()
    {
        for (int left = 10; left > 0; left--)
        {
            ReportFor(TimeSpan.FromMinutes(9), left, error: null);
        }

        Assert.Empty(_reasons);
    }

    private void ReportFor(TimeSpan time, long left, string? error)
    {
        for (TimeSpan passed = TimeSpan.Zero; passed < time; passed += Report)
        {
            _watch.Report(new DrainProgress(1, left, error));
            _time.Advance(Report);
        }

        _watch.Report(new DrainProgress(1, left, error));
    }
}
