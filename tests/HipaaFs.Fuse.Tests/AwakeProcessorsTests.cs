using HipaaFs.Testing.Storage;
using Xunit;

namespace HipaaFs.Fuse.Tests;

/// <summary>When idle processors are kept awake. A file stands for the kernel's device.</summary>
public sealed class AwakeProcessorsTests : IDisposable
{
    private readonly string _device = Path.GetTempFileName();
    private readonly ManualTimeProvider _time = new();
    private readonly RecordingLogger _logger = new();

    public void Dispose() => File.Delete(_device);

    [Fact]
    public void Count_DenseRequests_HoldWithADemandOfNoLatency()
    {
        using AwakeProcessors awake = Create();

        CountBurst(awake, AwakeProcessors.BurstTime);

        Assert.True(awake.IsHeld);
        Assert.Equal(new byte[sizeof(int)], File.ReadAllBytes(_device));
    }

    [Fact]
    public void Count_SparseRequests_HoldNothing()
    {
        using AwakeProcessors awake = Create();

        for (int burst = 0; burst < 10; burst++)
        {
            CountBurst(awake, AwakeProcessors.BurstTime + TimeSpan.FromMilliseconds(1));
        }

        Assert.False(awake.IsHeld);
        Assert.Empty(File.ReadAllBytes(_device));
    }

    [Fact]
    public void Look_RequestsGoOnOrStop_ProlongsOrLetsGo()
    {
        using AwakeProcessors awake = Create();
        CountBurst(awake, TimeSpan.Zero);
        for (int request = 0; request < AwakeProcessors.Enough; request++)
        {
            awake.Count();
        }

        _time.Advance(AwakeProcessors.LookPeriod);
        Assert.True(awake.IsHeld);

        _time.Advance(AwakeProcessors.LookPeriod);
        Assert.False(awake.IsHeld);
        Assert.Equal(0, _time.RunningTimers);
    }

    [Fact]
    public void Count_DenseRequestsAfterAPause_HoldAgain()
    {
        using AwakeProcessors awake = Create();
        CountBurst(awake, TimeSpan.Zero);
        _time.Advance(AwakeProcessors.LookPeriod);
        Assert.False(awake.IsHeld);

        CountBurst(awake, TimeSpan.Zero); // Began before the pause, for all it knows.
        Assert.False(awake.IsHeld);
        CountBurst(awake, TimeSpan.Zero);

        Assert.True(awake.IsHeld);
    }

    [Fact]
    public void Count_DeviceRefused_SaysSoOnceAndNeverAsksAgain()
    {
        File.Delete(_device);
        using AwakeProcessors awake = Create();

        CountBurst(awake, TimeSpan.Zero);
        CountBurst(awake, TimeSpan.Zero);

        Assert.False(awake.IsHeld);
        Assert.Single(_logger.Lines);
    }

    [Fact]
    public void Dispose_Held_LetsGoForGood()
    {
        AwakeProcessors awake = Create();
        CountBurst(awake, TimeSpan.Zero);

        awake.Dispose();
        CountBurst(awake, TimeSpan.Zero);
        CountBurst(awake, TimeSpan.Zero);

        Assert.False(awake.IsHeld);
        Assert.Equal(0, _time.RunningTimers);
    }

    private AwakeProcessors Create() => new(_device, _time, _logger);

    private void CountBurst(AwakeProcessors awake, TimeSpan within)
    {
        _time.Advance(within);
        for (int request = 0; request < AwakeProcessors.Burst; request++)
        {
            awake.Count();
        }
    }
}
