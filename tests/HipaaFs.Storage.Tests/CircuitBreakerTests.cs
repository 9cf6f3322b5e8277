using HipaaFs.Testing.Storage;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;

namespace HipaaFs.Storage.Tests;

public sealed class CircuitBreakerTests
{
    private static readonly StoreFailure Down = new(StoreError.Unavailable, "ConnectionRefused");
    private static readonly BreakerOptions Options = new() { Failures = 3, FailingFor = TimeSpan.FromSeconds(4), ProbeEvery = TimeSpan.FromSeconds(10) };

    private readonly ManualTimeProvider _clock = new();
    private readonly StoreMeter _meter;
    private readonly CircuitBreaker _breaker;

    public CircuitBreakerTests()
    {
        _meter = new StoreMeter(_clock);
        _breaker = new CircuitBreaker(Options, _clock, _meter, NullLogger.Instance);
    }

    [Fact]
    public void Failures_ManyAtOnce_DoNotOpenIt()
    {
        Fail(100);
        Assert.Equal(BreakerEntry.Passed, _breaker.Enter());
        Assert.Equal((BreakerState.Closed, null), State());
    }

    [Fact]
    public void Failures_FewOverALongTime_DoNotOpenIt()
    {
        Fail(1);
        _clock.Advance(TimeSpan.FromHours(1));
        Fail(1);
        Assert.Equal(BreakerState.Closed, State().State);
    }

    [Fact]
    public void Failures_InARowOverSomeTime_OpenIt()
    {
        DateTimeOffset opened = Open();

        Assert.Equal((BreakerState.Open, opened), State());
        Assert.Equal(BreakerEntry.Refused, _breaker.Enter());
        Assert.Equal(1, _meter.Snapshot().Refused);
        Assert.Equal(new StoreFailure(StoreError.Unavailable, "ConnectionRefused", Options.ProbeEvery), _breaker.Refusal());
    }

    [Fact]
    public void Success_Between_BeginsTheCountAnew()
    {
        Fail(2);
        _clock.Advance(Options.FailingFor);
        _breaker.Answered();
        Fail(2);
        _clock.Advance(Options.FailingFor / 2);
        Fail(1);
        Assert.Equal(BreakerState.Closed, State().State);
    }

    [Fact]
    public void Open_AfterThePause_LetsOneThroughAtATime()
    {
        DateTimeOffset opened = Open();
        _clock.Advance(Options.ProbeEvery);

        Assert.Equal([BreakerEntry.Probe, BreakerEntry.Refused, BreakerEntry.Refused], [_breaker.Enter(), _breaker.Enter(), _breaker.Enter()]);
        Assert.Equal((BreakerState.HalfOpen, opened), State());
    }

    [Fact]
    public void Probe_Failed_OpensItForAnotherPause()
    {
        DateTimeOffset opened = Open();
        _clock.Advance(Options.ProbeEvery);
        _breaker.Failed(_breaker.Enter(), Down);

        Assert.Equal((BreakerState.Open, opened), State()); // Since it first opened.
        _clock.Advance(Options.ProbeEvery / 2);
        Assert.Equal(BreakerEntry.Refused, _breaker.Enter());
        _clock.Advance(Options.ProbeEvery / 2);
        Assert.Equal(BreakerEntry.Probe, _breaker.Enter());
    }

    [Fact]
    public void Probe_Answered_ClosesIt()
    {
        Open();
        _clock.Advance(Options.ProbeEvery);
        Assert.Equal(BreakerEntry.Probe, _breaker.Enter());
        _breaker.Answered();

        Assert.Equal((BreakerState.Closed, null), State());
        Assert.Equal([BreakerEntry.Passed, BreakerEntry.Passed], [_breaker.Enter(), _breaker.Enter()]);
        Fail(2);
        Assert.Equal(BreakerState.Closed, State().State); // And counts from nothing.
    }

    [Fact]
    public void Probe_Abandoned_LeavesItToTheNext()
    {
        Open();
        _clock.Advance(Options.ProbeEvery);
        _breaker.Abandoned(_breaker.Enter());

        Assert.Equal(BreakerEntry.Probe, _breaker.Enter());
    }

    [Fact]
    public void LateFailures_OfRequestsFromBefore_DoNotPutOffTheProbe()
    {
        Open();
        _clock.Advance(Options.ProbeEvery - TimeSpan.FromTicks(1));
        Fail(5);
        _clock.Advance(TimeSpan.FromTicks(1));

        Assert.Equal(BreakerEntry.Probe, _breaker.Enter());
    }

    private DateTimeOffset Open()
    {
        Fail(2);
        _clock.Advance(Options.FailingFor);
        Fail(1);
        return _clock.GetUtcNow();
    }

    private void Fail(int times)
    {
        for (int i = 0; i < times; i++)
        {
            _breaker.Failed(BreakerEntry.Passed, Down);
        }
    }

    private (BreakerState State, DateTimeOffset? Since) State()
    {
        StoreMetrics metrics = _meter.Snapshot();
        return (metrics.Breaker, metrics.BreakerOpenSince);
    }
}
