using HipaaFs.Storage;
using HipaaFs.Testing.Servers.Faults;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;

namespace HipaaFs.Testing.Storage;

/// <summary>What an adapter of a server's store must do when the way to the server or the server itself fails: one fault at a time. An adapter's tests inherit this and say how to open it.</summary>
public abstract class ObjectStoreFaults : IAsyncLifetime
{
    private const int ManyReads = 50;

    private static readonly ObjectKey Key = new("seg/ab/one");
    private static readonly byte[] Content = [.. Enumerable.Range(0, 1000).Select(static number => (byte)number)];

    private readonly ScratchDirectory _scratch = new();
    private FaultProxy? _proxy;
    private IObjectStore? _adapter;

    /// <summary>All operations of the port.</summary>
    public static TheoryData<StoreVerb> Verbs { get; } = [.. Enum.GetValues<StoreVerb>()];

    /// <summary>Faults after which nothing was answered, or nothing but an error that may pass.</summary>
    public static TheoryData<string, StoreVerb> FaultsAndVerbs { get; } = AllFaultsAndVerbs();

    /// <summary>Stands between the adapter and the server.</summary>
    protected FaultProxy Proxy => _proxy!;

    /// <summary>The adapter under test, on the way through <see cref="Proxy"/>.</summary>
    protected IObjectStore Adapter => _adapter!;

    /// <summary>The code with which this store says that credentials have expired.</summary>
    protected abstract string ExpiredCode { get; }

    /// <summary>The code with which this store asks for fewer requests.</summary>
    protected abstract string BusyCode { get; }

    /// <summary>The code with which this store says that the client's clock is wrong.</summary>
    protected abstract string SkewedCode { get; }

    public async ValueTask InitializeAsync()
    {
        _proxy = FaultProxy.Start(await StartServerAsync());
        _adapter = OpenAdapter(_proxy.Endpoint);
    }

    public virtual async ValueTask DisposeAsync()
    {
        if (_adapter is not null)
        {
            await _adapter.DisposeAsync();
        }

        if (_proxy is not null)
        {
            await _proxy.DisposeAsync();
        }

        _scratch.Dispose();
        GC.SuppressFinalize(this);
    }

    // A connection that has served before is one on which an HTTP client may repeat by itself: so each fault strikes one of those.
    [Theory]
    [MemberData(nameof(FaultsAndVerbs))]
    public async Task Fault_OnAnyOperation_IsATransientFailureAfterOneRequest(string fault, StoreVerb verb)
    {
        await PutContentAsync();
        Proxy.Forget();
        Proxy.Add(FaultOf(fault));

        StoreFailure? failure = await RunAsync(Adapter, verb);

        Assert.True(failure?.Error.IsTransient(), $"{failure}");
        Assert.Single(Proxy.Requests);
        Proxy.Heal();
        await PutContentAsync(); // A delete may have been done.
        Assert.Null(await RunAsync(Adapter, StoreVerb.Read));
    }

    [Theory]
    [InlineData(503, null, StoreError.Throttled)]
    [InlineData(429, "TooManyRequests", StoreError.Throttled)]
    [InlineData(500, "InternalError", StoreError.Unavailable)]
    public async Task Answer_WithAPause_SaysHowLong(int status, string? code, StoreError expected)
    {
        await PutContentAsync();
        Proxy.Add(new ProxyFault(ProxyFaultKind.Answer) { Status = status, Code = code ?? BusyCode, RetryAfter = 7 });

        foreach (StoreVerb verb in new[] { StoreVerb.Read, StoreVerb.Put, StoreVerb.List })
        {
            StoreFailure? failure = await RunAsync(Adapter, verb);
            Assert.Equal((expected, TimeSpan.FromSeconds(7)), (failure?.Error, failure?.RetryAfter));
        }
    }

    [Fact]
    public async Task Read_ConnectionResetAtAnyByteOfTheAnswer_IsNeverATornRead()
    {
        await PutContentAsync();
        long length = await LengthOfAnswerAsync();
        Proxy.Forget();
        int tries = 0;
        for (long at = 0; at < length; at += at < 40 || at > length - 40 ? 1 : 23)
        {
            Proxy.Heal();
            Proxy.Add(new ProxyFault(ProxyFaultKind.ResetAnswer) { At = at });
            Assert.Equal(StoreError.Unavailable, (await RunAsync(Adapter, StoreVerb.Read))?.Error);
            tries++;
        }

        Assert.Equal(tries, Proxy.Requests.Count);
    }

    [Fact]
    public async Task Read_BodyCutAtAnyByte_IsNeverAShortRead()
    {
        await PutContentAsync();
        Proxy.Forget();
        int tries = 0;
        for (int at = 0; at < Content.Length; at += at is < 10 or > 980 ? 1 : 37)
        {
            Proxy.Heal();
            Proxy.Add(new ProxyFault(ProxyFaultKind.TruncateAnswer) { At = at });
            Assert.Equal(StoreError.Unavailable, (await RunAsync(Adapter, StoreVerb.Read))?.Error);
            tries++;
        }

        Assert.Equal(tries, Proxy.Requests.Count);
    }

    [Fact]
    public async Task List_AnyByteOfTheAnswerChanged_IsAnAnswerOrAFailureAndNoException()
    {
        await PutContentAsync();
        long length = await LengthOfAnswerAsync(StoreVerb.List);
        for (long at = 0; at < length; at++)
        {
            Proxy.Heal();
            Proxy.Add(new ProxyFault(ProxyFaultKind.FlipAnswer) { At = at });
            await RunAsync(Adapter, StoreVerb.List); // What it says may be wrong: a listing has no checksum.
        }
    }

    [Theory]
    [InlineData(StoreVerb.Put)]
    [InlineData(StoreVerb.PutFile)]
    public async Task Put_AByteChangedOnTheWay_IsRefusedByTheServerAndMayBeRepeated(StoreVerb verb)
    {
        Proxy.Add(new ProxyFault(ProxyFaultKind.FlipRequest) { Verb = "PUT", At = 500, Count = 1 });

        Assert.Equal(StoreError.Unavailable, (await RunAsync(Adapter, verb))?.Error);
        Assert.Equal(StoreError.NotFound, (await Adapter.GetPropertiesAsync(Key, default)).Error);
        Assert.Null(await RunAsync(Adapter, verb));
        Assert.Null(await RunAsync(Adapter, StoreVerb.Read));
    }

    [Theory]
    [MemberData(nameof(Verbs))]
    public async Task ExpiredCredentials_AreARefusalThatIsNotRepeatedAndSaysSo(StoreVerb verb)
    {
        StoreFailure failure = await RefusedAsync(verb, new ProxyFault(ProxyFaultKind.Answer) { Status = 403, Code = ExpiredCode });

        Assert.Equal(ExpiredCode, failure.Detail);
        Assert.Contains("have expired", StoreAdvice.For(failure).Meaning, StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(Verbs))]
    public async Task SkewedClock_IsARefusalThatIsNotRepeatedAndNamesTheClock(StoreVerb verb)
    {
        StoreFailure failure = await RefusedAsync(
            verb, new ProxyFault(ProxyFaultKind.Answer) { Status = 403, Code = SkewedCode, ClockSkew = TimeSpan.FromHours(3) });

        Assert.Equal(SkewedCode, failure.Detail);
        Assert.Contains("clock", StoreAdvice.For(failure).Text, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(ProxyFaultKind.StallRequest)]
    [InlineData(ProxyFaultKind.StallAnswer)]
    public async Task Stall_OfARead_EndsWhenTheCallerDoesNotWait(ProxyFaultKind kind)
    {
        await PutContentAsync();
        Proxy.Add(new ProxyFault(kind) { At = 50 });
        using var cancel = new CancellationTokenSource();
        Proxy.Holding += cancel.Cancel;

        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await Adapter.ReadAsync(Key, EntityTag.Any, 0, new byte[1000], cancel.Token));
        Proxy.Heal();
        Assert.Null(await RunAsync(Adapter, StoreVerb.Read));
    }

    [Theory]
    [MemberData(nameof(Verbs))]
    public async Task Stall_IsTimedOutAndRepeatedOnce(StoreVerb verb)
    {
        await PutContentAsync();
        var clock = new DeadlineClock();
        Proxy.Holding += clock.Expire;
        await using MeteringObjectStore store = Stack(clock);
        Proxy.Forget();
        await RunAsync(store, verb);
        int undisturbed = Proxy.Requests.Count;
        await PutContentAsync();
        Proxy.Forget();
        Proxy.Add(new ProxyFault(ProxyFaultKind.StallAnswer) { At = 10, Count = 1 });

        await RunAsync(store, verb);

        Assert.InRange(Proxy.Requests.Count, 2, undisturbed + 1);
        Assert.Equal(1, store.Snapshot()[verb].Retries);
    }

    [Fact]
    public async Task DelayedRequest_IsWaitedFor()
    {
        await PutContentAsync();
        Proxy.Add(new ProxyFault(ProxyFaultKind.Delay) { Count = 1 });
        Proxy.Holding += Proxy.Release;

        Assert.Null(await RunAsync(Adapter, StoreVerb.Read));
        Assert.Equal(1, Proxy.Held);
    }

    [Fact]
    public async Task NameThatNobodyKnows_IsUnavailableAndNamesTheCause()
    {
        await using IObjectStore nowhere = OpenAdapter(new Uri("http://no-such-host.invalid:9"), "&allow-insecure=true");

        StoreFailure? failure = (await nowhere.GetPropertiesAsync(Key, default)).Failure;

        Assert.Equal(StoreError.Unavailable, failure?.Error);
        Assert.Contains("host name is not known", StoreAdvice.For(failure!).Meaning, StringComparison.Ordinal);
    }

    [Fact]
    public async Task ServerThatThrottles_GetsEverythingInTheEnd()
    {
        const int puts = 60;
        var clock = new DeadlineClock();
        await using MeteringObjectStore store = Stack(clock);
        Assert.Null((await store.PutAsync(new ObjectKey("seg/first"), Content, PutCondition.IfAbsent, default)).Failure);
        Proxy.Forget();
        Assert.Null((await store.PutAsync(new ObjectKey("seg/second"), Content, PutCondition.IfAbsent, default)).Failure);
        int each = Proxy.Requests.Count; // A look-up may come before.
        Proxy.Forget();
        Proxy.Add(new ProxyFault(ProxyFaultKind.Throttle) { Code = "SlowDown", Bucket = new TokenBucket(3, 400, new StepClock()) });

        await Parallel.ForEachAsync(Enumerable.Range(0, puts), async (number, _) =>
        {
            var key = new ObjectKey($"seg/{number}");
            Assert.Null((await store.PutAsync(key, Content, PutCondition.IfAbsent, default)).Failure);
        });

        // A refusal costs one more try at most, of the put or of a look-up whether it was done, and a try no more than a put undisturbed; of five requests two are taken.
        int tries = puts + (int)store.Snapshot()[StoreVerb.Put].Retries;
        Assert.InRange(tries, puts + 1, puts + Proxy.Struck);
        Assert.InRange(Proxy.Requests.Count, tries, (puts + Proxy.Struck) * each);
        Assert.InRange(Proxy.Struck, 1, puts * 3 * each * each);
        Proxy.Heal();
        Assert.Equal(puts + 2, (await store.ListAsync("seg/", null, 100, default)).Value.Objects.Count);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Outage_ManyReads_CostOneRequestEachAndTheBudget(bool throttling)
    {
        const int reads = 200;
        const int budget = 30;
        await PutContentAsync();
        await using MeteringObjectStore store = Stack(new DeadlineClock(), Impatient(budget), new BreakerOptions { FailingFor = TimeSpan.MaxValue });
        Proxy.Forget();
        Proxy.Add(throttling ? ProxyFault.SlowDown with { Code = BusyCode } : ProxyFault.InternalError);

        StoreFailure?[] failures = await Task.WhenAll(Enumerable.Range(0, reads).Select(_ => RunAsync(store, StoreVerb.Read)));

        Assert.All(failures, failure => Assert.Equal(throttling ? StoreError.Throttled : StoreError.Unavailable, failure?.Error));
        Assert.Equal(reads + budget, Proxy.Requests.Count);
        Assert.Equal(budget, store.Snapshot()[StoreVerb.Read].Retries);
    }

    [Fact]
    public async Task Outage_Lasting_CostsOneRequestAPause_AndRecoveryBeginsWithOne()
    {
        await PutContentAsync();
        var clock = new DeadlineClock();
        var breaker = new BreakerOptions { FailingFor = TimeSpan.Zero, ProbeEvery = TimeSpan.FromHours(2) };
        await using MeteringObjectStore store = Stack(clock, Impatient(budget: 100), breaker);
        Assert.Null(await RunAsync(store, StoreVerb.Read));
        Proxy.Forget();
        Proxy.Add(new ProxyFault(ProxyFaultKind.ResetAnswer));
        for (int i = 0; i < 100; i++)
        {
            Assert.Equal(StoreError.Unavailable, (await RunAsync(store, StoreVerb.Read))?.Error);
        }

        Assert.Equal(breaker.Failures, Proxy.Requests.Count);
        Assert.NotNull(store.Snapshot().BreakerOpenSince);

        // Half open: of many at once one is sent.
        clock.Pass(breaker.ProbeEvery);
        await ReadManyAsync(store);
        Assert.Equal(breaker.Failures + 1, Proxy.Requests.Count);

        // The server is back, and slow: until the one is answered no other is sent.
        clock.Pass(breaker.ProbeEvery);
        Proxy.Heal();
        Proxy.Forget();
        Proxy.Add(new ProxyFault(ProxyFaultKind.Delay) { Count = 1 });
        var held = new TaskCompletionSource();
        Proxy.Holding += () => held.TrySetResult();
        Task<StoreFailure?> probe = RunAsync(store, StoreVerb.Read);
        await held.Task;
        Assert.All(await ReadManyAsync(store), Assert.NotNull);
        Assert.Single(Proxy.Requests);
        Proxy.Release();
        Assert.Null(await probe);

        Assert.All(await ReadManyAsync(store), Assert.Null);
        Assert.Equal(1 + ManyReads, Proxy.Requests.Count);
        Assert.Equal((BreakerState.Closed, null), (store.Snapshot().Breaker, store.Snapshot().BreakerOpenSince));
    }

    [Fact]
    public async Task ReadThatDoesNotEnd_IsAskedForAgainAndAnswered()
    {
        await PutContentAsync();
        var clock = new ManualTimeProvider();
        var hedge = new HedgeOptions { Share = 1, FewestReads = 32 };
        await using MeteringObjectStore store = Stack(clock, hedge: hedge);
        for (int i = 0; i < hedge.FewestReads; i++)
        {
            Assert.Null(await RunAsync(store, StoreVerb.Read)); // The clock stands still: none is late, and no second request of theirs can arrive among those that are counted.
        }

        Proxy.Forget();
        Proxy.Add(new ProxyFault(ProxyFaultKind.StallAnswer) { At = 700, Count = 1 }); // In the middle of the body, or of the head.

        Task<StoreFailure?> reading = RunAsync(store, StoreVerb.Read);
        await Eventually.TrueAsync(() => Proxy.Held == 1, "it is stalled");
        await Eventually.TrueAsync(
            () =>
            {
                clock.Advance(hedge.ShortestDelay);
                return reading.IsCompleted;
            },
            "it is asked for again");

        Assert.Null(await reading);
        StoreMetrics metrics = store.Snapshot();
        Assert.Equal((1L, 1L, 2), (metrics.Hedged, metrics.HedgesWon, Proxy.Requests.Count));
        Assert.Equal(0, metrics[StoreVerb.Read].Retries);
    }

    /// <summary>Starts the server and makes the place for this test's objects.</summary>
    protected abstract ValueTask<Uri> StartServerAsync();

    /// <summary>Opens an adapter that reaches the server by some address.</summary>
    protected abstract IObjectStore OpenAdapter(Uri endpoint, string options = "");

    /// <summary>The program's stack on an adapter of its own.</summary>
    protected MeteringObjectStore Stack(TimeProvider time, RetryOptions? retry = null, BreakerOptions? breaker = null, HedgeOptions? hedge = null)
    {
        var options = new StoreOptions
        {
            Retry = retry ?? new RetryOptions
            {
                MaxAttempts = 30,
                MaxElapsed = TimeSpan.MaxValue,
                FirstDelay = TimeSpan.FromMilliseconds(2),
                MaxDelay = TimeSpan.FromMilliseconds(30),
                TryTimeout = DeadlineClock.Shortest,
                UploadTryTimeout = DeadlineClock.Shortest,
                Budget = 10_000,
            },
            Breaker = breaker ?? new BreakerOptions(),
            Hedge = hedge ?? new HedgeOptions(),
        };
        return ObjectStores.Stack(OpenAdapter(Proxy.Endpoint), options, time, NullLogger.Instance);
    }

    /// <summary>Puts the object that operations are about.</summary>
    protected async Task PutContentAsync() => Assert.True((await Adapter.PutAsync(Key, Content, PutCondition.None, default)).Succeeded);

    /// <summary>Does one operation on that object. Its failure, null when it succeeded with what is expected.</summary>
    protected async Task<StoreFailure?> RunAsync(IObjectStore store, StoreVerb verb)
    {
        switch (verb)
        {
            case StoreVerb.Read:
                byte[] read = new byte[Content.Length];
                StoreResult<int> result = await store.ReadAsync(Key, EntityTag.Any, 0, read, default);
                Assert.True(!result.Succeeded || (result.Value == read.Length && read.AsSpan().SequenceEqual(Content)), $"a torn read of {result}");
                return result.Failure;
            case StoreVerb.Put:
                return (await store.PutAsync(Key, Content, PutCondition.None, default)).Failure;
            case StoreVerb.PutFile:
                await File.WriteAllBytesAsync(_scratch["source"], Content);
                return (await store.PutFileAsync(Key, new UploadSource(_scratch["source"], Content.Length), PutOptions.Default, default)).Failure;
            case StoreVerb.GetProperties:
                return (await store.GetPropertiesAsync(Key, default)).Failure;
            case StoreVerb.List:
                return (await store.ListAsync("seg/", null, 10, default)).Failure;
            case StoreVerb.Delete:
                return (await store.DeleteAsync(Key, EntityTag.Any, default)).Failure;
            case StoreVerb.SetTier:
                return (await store.SetTierAsync(Key, StorageTier.Cool, default)).Failure;
            case StoreVerb.SetRetention:
                return (await store.SetRetentionAsync(Key, retention: null, default)).Failure;
            case StoreVerb.SetLegalHold:
                return (await store.SetLegalHoldAsync(Key, isHeld: false, default)).Failure;
            default:
                return (await store.RestoreAsync(Key, new RestoreRequest(RestoreSpeed.Standard, 1), default)).Failure;
        }
    }

    private static RetryOptions Impatient(int budget) => new()
    {
        FirstDelay = TimeSpan.FromMilliseconds(1),
        MaxDelay = TimeSpan.FromMilliseconds(5),
        MaxElapsed = TimeSpan.MaxValue,
        TryTimeout = DeadlineClock.Shortest,
        Budget = budget,
        BudgetPerSecond = 0,
    };

    private static TheoryData<string, StoreVerb> AllFaultsAndVerbs()
    {
        var all = new TheoryData<string, StoreVerb>();
        foreach (string fault in new[] { "SlowDown", "InternalError", "TooManyRequests", "NotOurs", "ResetRequest", "ResetAnswer", "ResetAnswerLater", "TruncateAnswerHead" })
        {
            foreach (StoreVerb verb in Enum.GetValues<StoreVerb>())
            {
                all.Add(fault, verb);
            }
        }

        return all;
    }

    private static ProxyFault FaultOf(string name) => name switch
    {
        "SlowDown" => ProxyFault.SlowDown,
        "InternalError" => ProxyFault.InternalError,
        "TooManyRequests" => new ProxyFault(ProxyFaultKind.Answer) { Status = 429, Code = "TooManyRequests" },
        "NotOurs" => new ProxyFault(ProxyFaultKind.Answer) { Status = 502, Code = "<!--" }, // A gateway in between, which is no store.
        "ResetRequest" => new ProxyFault(ProxyFaultKind.ResetRequest) { At = 20 },
        "ResetAnswer" => new ProxyFault(ProxyFaultKind.ResetAnswer) { At = 0 },
        "ResetAnswerLater" => new ProxyFault(ProxyFaultKind.ResetAnswer) { At = 30 },
        _ => new ProxyFault(ProxyFaultKind.TruncateAnswerHead) { At = 30 },
    };

    private Task<StoreFailure?[]> ReadManyAsync(IObjectStore store) =>
        Task.WhenAll(Enumerable.Range(0, ManyReads).Select(_ => RunAsync(store, StoreVerb.Read)));

    private async Task<StoreFailure> RefusedAsync(StoreVerb verb, ProxyFault fault)
    {
        await PutContentAsync();
        await using MeteringObjectStore store = Stack(TimeProvider.System);
        Assert.Null(await RunAsync(store, StoreVerb.Read));
        Proxy.Forget();
        Proxy.Add(fault);

        StoreFailure? failure = await RunAsync(store, verb);

        Assert.Equal(StoreError.AccessDenied, failure?.Error);
        Assert.Equal(Proxy.Requests.Count, Proxy.Requests.Select(static request => request.Verb).Distinct().Count()); // A HEAD gets no document that says why, a GET after it does.
        Proxy.Heal();
        await PutContentAsync();
        Assert.Null(await RunAsync(store, verb is StoreVerb.Restore or StoreVerb.SetRetention or StoreVerb.SetLegalHold ? StoreVerb.Read : verb)); // Nothing of the refusal stays.
        return failure!;
    }

    // How many bytes the server answers with, the last of the connection not included.
    private async Task<long> LengthOfAnswerAsync(StoreVerb verb = StoreVerb.Read)
    {
        if (verb == StoreVerb.Read)
        {
            return 300 + Content.Length; // The head is longer than that.
        }

        long length = 0;
        while (true)
        {
            Proxy.Heal();
            Proxy.Add(new ProxyFault(ProxyFaultKind.TruncateAnswer) { At = length + 1 });
            StoreFailure? failure = await RunAsync(Adapter, verb);
            if (failure is null)
            {
                return length;
            }

            length += 16;
        }
    }

    // A millisecond goes by whenever somebody looks: a bucket filled by it lets pass the same requests on any machine.
    private sealed class StepClock : TimeProvider
    {
        private long _now;

        public override long TimestampFrequency => 1000;

        public override long GetTimestamp() => Interlocked.Increment(ref _now);
    }
}
