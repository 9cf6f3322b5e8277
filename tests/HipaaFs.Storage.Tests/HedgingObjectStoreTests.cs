using HipaaFs.Testing.Storage;
using Xunit;

namespace HipaaFs.Storage.Tests;

public sealed class HedgingObjectStoreTests : IAsyncDisposable
{
    private const int Known = 128; // Reads that teach it; a multiple of the interval at which it estimates.

    private static readonly ObjectKey Key = new("seg/ab/one");
    private static readonly byte[] Content = [.. Enumerable.Range(0, 1000).Select(static number => (byte)number)];
    private static readonly HedgeOptions Options = new() { Share = 0.05, ShortestDelay = TimeSpan.FromMilliseconds(20), LongestDelay = TimeSpan.FromSeconds(2) };

    private readonly ManualTimeProvider _clock = new();
    private readonly SlowStore _slow = new();
    private readonly StoreMeter _meter;

    public HedgingObjectStoreTests() => _meter = new StoreMeter(_clock);

    public ValueTask DisposeAsync() => _slow.DisposeAsync();

    [Fact]
    public async Task SlowRead_IsAskedForAgain_AndTheSecondAnswerWins()
    {
        HedgingObjectStore store = await TaughtAsync(TimeSpan.FromMilliseconds(100));
        byte[] read = new byte[Content.Length];
        Task<StoreResult<int>> reading = store.ReadAsync(Key, EntityTag.Any, 0, read, default).AsTask();
        Assert.Equal(1, _slow.UnderWay);

        _clock.Advance(TimeSpan.FromMilliseconds(90)); // Below the time within which 95 of 100 were answered.
        Assert.Equal(1, _slow.UnderWay);
        _clock.Advance(TimeSpan.FromMilliseconds(40));
        Assert.Equal(2, _slow.UnderWay);
        _slow.Answer(1);

        Assert.Equal(Content.Length, (await reading).Value);
        Assert.Equal(Content, read);
        Assert.True(_slow.WasCancelled(0));
        Assert.Equal((1, 1), Hedges());
    }

    [Fact]
    public async Task SlowRead_FirstAnswersAfterAll_CancelsTheSecond()
    {
        HedgingObjectStore store = await TaughtAsync(TimeSpan.FromMilliseconds(100));
        byte[] read = new byte[Content.Length];
        Task<StoreResult<int>> reading = store.ReadAsync(Key, EntityTag.Any, 0, read, default).AsTask();
        _clock.Advance(TimeSpan.FromSeconds(1));
        _slow.Answer(0);

        Assert.Equal(Content.Length, (await reading).Value);
        Assert.Equal(Content, read);
        Assert.True(_slow.WasCancelled(1));
        Assert.Equal((1, 0), Hedges());
    }

    [Fact]
    public async Task DestinationIsTheCallersAgain_WhenTheReadReturns()
    {
        HedgingObjectStore store = await TaughtAsync(TimeSpan.FromMilliseconds(100));
        _slow.HoldCancelled = true;
        byte[] read = new byte[Content.Length];
        Task<StoreResult<int>> reading = store.ReadAsync(Key, EntityTag.Any, 0, read, default).AsTask();
        _clock.Advance(TimeSpan.FromSeconds(1));
        _slow.Answer(1);
        await _slow.CancelledAsync(0);
        Assert.False(reading.IsCompleted); // The first may still write.

        _slow.Answer(0);
        Assert.Equal(Content.Length, (await reading).Value);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    public async Task OneFails_TheOtherAnswers(int failing)
    {
        HedgingObjectStore store = await TaughtAsync(TimeSpan.FromMilliseconds(100));
        byte[] read = new byte[Content.Length];
        Task<StoreResult<int>> reading = store.ReadAsync(Key, EntityTag.Any, 0, read, default).AsTask();
        _clock.Advance(TimeSpan.FromSeconds(1));
        _slow.Fail(failing);
        Assert.False(reading.IsCompleted);
        _slow.Answer(1 - failing);

        Assert.Equal(Content.Length, (await reading).Value);
        Assert.Equal(Content, read);
    }

    [Fact]
    public async Task BothFail_IsTheFailure()
    {
        HedgingObjectStore store = await TaughtAsync(TimeSpan.FromMilliseconds(100));
        Task<StoreResult<int>> reading = store.ReadAsync(Key, EntityTag.Any, 0, new byte[Content.Length], default).AsTask();
        _clock.Advance(TimeSpan.FromSeconds(1));
        _slow.Fail(0);
        _slow.Fail(1);

        Assert.Equal(StoreError.Unavailable, (await reading).Error);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Cancelled_EndsBothWithTheCallersCancellation(bool hedged)
    {
        HedgingObjectStore store = await TaughtAsync(TimeSpan.FromMilliseconds(100));
        using var cancel = new CancellationTokenSource();
        Task<StoreResult<int>> reading = store.ReadAsync(Key, EntityTag.Any, 0, new byte[Content.Length], cancel.Token).AsTask();
        _clock.Advance(TimeSpan.FromSeconds(hedged ? 1 : 0));
        Assert.Equal(hedged ? 2 : 1, _slow.UnderWay);
        await cancel.CancelAsync();

        OperationCanceledException thrown = await Assert.ThrowsAnyAsync<OperationCanceledException>(() => reading);
        Assert.Equal(cancel.Token, thrown.CancellationToken);
        Assert.Equal(0, _slow.UnderWay);
    }

    [Fact]
    public async Task EveryReadSlow_OnlyAShareIsAskedForAgain()
    {
        HedgingObjectStore store = await TaughtAsync(TimeSpan.FromMilliseconds(100));
        for (int i = 0; i < 1000; i++)
        {
            _slow.Restart();
            Task<StoreResult<int>> reading = store.ReadAsync(Key, EntityTag.Any, 0, new byte[Content.Length], default).AsTask();
            _clock.Advance(TimeSpan.FromSeconds(1));
            _slow.Answer(0);
            await reading;
        }

        Assert.InRange(_meter.Snapshot().Hedged, 1, (1000 + Known) * 5 / 100);
    }

    [Fact]
    public async Task ManySlowAtOnce_OnlyAFewAreAskedForAgain()
    {
        HedgingObjectStore store = await TaughtAsync(TimeSpan.FromMilliseconds(100));
        Task<StoreResult<int>>[] reading = [.. Enumerable.Range(0, 200).Select(_ => store.ReadAsync(Key, EntityTag.Any, 0, new byte[1000], default).AsTask())];
        _clock.Advance(TimeSpan.FromSeconds(1));

        Assert.Equal(200 + Options.MostAtOnce, _slow.UnderWay);
        for (int i = 0; i < 200; i++)
        {
            _slow.Answer(i);
        }

        await Task.WhenAll(reading);
    }

    [Theory]
    [InlineData(0)] // Too few seen.
    [InlineData(5000)] // As slow as this nothing helps.
    public async Task NothingToGain_IsNeverAskedForAgain(int milliseconds)
    {
        HedgingObjectStore store = milliseconds == 0 ? Create() : await TaughtAsync(TimeSpan.FromMilliseconds(milliseconds));
        Task<StoreResult<int>> reading = store.ReadAsync(Key, EntityTag.Any, 0, new byte[Content.Length], default).AsTask();
        _clock.Advance(TimeSpan.FromHours(1));

        Assert.Equal(1, _slow.UnderWay);
        _slow.Answer(0);
        await reading;
    }

    [Fact]
    public async Task ReadOfAnotherLength_IsMeasuredApart()
    {
        HedgingObjectStore store = await TaughtAsync(TimeSpan.FromMilliseconds(100));
        Task<StoreResult<int>> reading = store.ReadAsync(Key, EntityTag.Any, 0, new byte[1 << 20], default).AsTask();
        _clock.Advance(TimeSpan.FromHours(1));

        Assert.Equal(1, _slow.UnderWay);
        _slow.Answer(0);
        Assert.Equal(Content.Length, (await reading).Value);
    }

    [Fact]
    public async Task PromptReads_AllocateNothingHere()
    {
        byte[] read = new byte[Content.Length];
        var prompt = new PromptStore();
        await using var direct = new HedgingObjectStore(prompt, Options with { FewestReads = 1, ShortestDelay = TimeSpan.FromSeconds(1) }, _clock, _meter);
        Run(direct, prompt, read, 200); // Estimates, and fills the pools.

        long before = GC.GetAllocatedBytesForCurrentThread();
        Run(direct, prompt, read, 1000);
        Assert.Equal(before, GC.GetAllocatedBytesForCurrentThread());
    }

    // Everything goes on on this thread: the answer's continuation runs where the answer is given.
    private static void Run(HedgingObjectStore store, PromptStore prompt, byte[] read, int times)
    {
        for (int i = 0; i < times; i++)
        {
            ValueTask<StoreResult<int>> reading = store.ReadAsync(Key, EntityTag.Any, 0, read, default);
            prompt.Answer();
            if (!reading.IsCompletedSuccessfully || reading.Result.Error != StoreError.None)
            {
                throw new InvalidOperationException("the read has not ended");
            }
        }
    }

    private HedgingObjectStore Create() => new(_slow, Options, _clock, _meter);

    // One that has seen reads which took about so long.
    private async Task<HedgingObjectStore> TaughtAsync(TimeSpan took)
    {
        HedgingObjectStore store = Create();
        for (int i = 0; i < Known; i++)
        {
            _slow.Restart();
            Task<StoreResult<int>> reading = store.ReadAsync(Key, EntityTag.Any, 0, new byte[Content.Length], default).AsTask();
            _clock.Advance(took);
            _slow.Answer(0);
            await reading;
        }

        Assert.Equal(0, _meter.Snapshot().Hedged);
        _slow.Restart();
        return store;
    }

    private (long Hedged, long Won) Hedges()
    {
        StoreMetrics metrics = _meter.Snapshot();
        return (metrics.Hedged, metrics.HedgesWon);
    }
}
