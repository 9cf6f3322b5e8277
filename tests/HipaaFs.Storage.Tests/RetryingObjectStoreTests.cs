using System.Security.Cryptography;
using HipaaFs.Testing.Storage;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;

namespace HipaaFs.Storage.Tests;

public sealed class RetryingObjectStoreTests : IDisposable
{
    private static readonly ObjectKey Key = new("session/1");

    private readonly ManualTimeProvider _clock = new();
    private readonly MemoryObjectStore _memory = new();
    private readonly ScratchDirectory _scratch = new();
    private readonly FaultingObjectStore _faulting;
    private readonly StoreMeter _meter;

    public RetryingObjectStoreTests()
    {
        _faulting = new FaultingObjectStore(_memory, _clock);
        _meter = new StoreMeter(_clock);
    }

    public void Dispose() => _scratch.Dispose();

    [Theory]
    [InlineData(StoreError.Throttled)]
    [InlineData(StoreError.Unavailable)]
    [InlineData(StoreError.TimedOut)]
    public async Task Read_TransientFailures_AreRepeatedUntilSuccess(StoreError error)
    {
        await _memory.PutAsync(Key, new byte[10], PutCondition.None, default);
        _faulting.Add(new StoreFault(StoreFaultKind.Fail) { Error = error, Count = 3 });

        Assert.Equal(10, (await RunAsync(store => store.ReadAsync(Key, EntityTag.Any, 0, new byte[20], default))).Value);
        Assert.Equal(4, _faulting.CallsOf(StoreVerb.Read));
        Assert.Equal(3, _meter.Snapshot()[StoreVerb.Read].Retries);
    }

    [Theory]
    [InlineData(StoreError.NotFound)]
    [InlineData(StoreError.AlreadyExists)]
    [InlineData(StoreError.VersionChanged)]
    [InlineData(StoreError.Archived)]
    [InlineData(StoreError.AccessDenied)]
    [InlineData(StoreError.NoSpace)]
    [InlineData(StoreError.Corrupt)]
    [InlineData(StoreError.Unsupported)]
    [InlineData(StoreError.Retained)]
    [InlineData(StoreError.InvalidRequest)]
    public async Task OtherFailures_AreAnsweredAtOnce(StoreError error)
    {
        _faulting.Add(new StoreFault(StoreFaultKind.Fail) { Error = error });

        Assert.Equal(error, (await RunAsync(store => store.GetPropertiesAsync(Key, default))).Error);
        Assert.Equal(error, (await RunAsync(store => store.PutAsync(Key, new byte[1], PutCondition.IfAbsent, default))).Error);
        Assert.Equal(2, _faulting.Struck);
    }

    [Fact]
    public async Task EndlessFailure_EndsAfterTheAttempts()
    {
        _faulting.Add(new StoreFault(StoreFaultKind.Fail));
        StoreResult<ObjectPage> result = await RunAsync(store => store.ListAsync(string.Empty, null, 1, default));

        Assert.Equal(StoreError.Unavailable, result.Error);
        Assert.Equal(6, _faulting.CallsOf(StoreVerb.List));
    }

    [Fact]
    public async Task EndlessFailure_EndsAfterTheTime()
    {
        _faulting.Add(new StoreFault(StoreFaultKind.Fail));
        DateTimeOffset start = _clock.GetUtcNow();
        var options = new RetryOptions { MaxAttempts = 1000, MaxElapsed = TimeSpan.FromSeconds(20) };

        Assert.Equal(StoreError.Unavailable, (await RunAsync(store => store.GetPropertiesAsync(Key, default), options)).Error);
        Assert.InRange(_clock.GetUtcNow() - start, TimeSpan.FromSeconds(5), TimeSpan.FromSeconds(20));
    }

    [Fact]
    public async Task Pauses_AreRandomBelowADoublingBound()
    {
        _faulting.Add(new StoreFault(StoreFaultKind.Fail));
        var options = new RetryOptions { MaxAttempts = 2, FirstDelay = TimeSpan.FromSeconds(1) };
        var pauses = new List<TimeSpan>();
        for (int i = 0; i < 100; i++)
        {
            DateTimeOffset start = _clock.GetUtcNow();
            await RunAsync(store => store.GetPropertiesAsync(Key, default), options, new Random(i));
            pauses.Add(_clock.GetUtcNow() - start);
        }

        Assert.All(pauses, pause => Assert.InRange(pause, TimeSpan.Zero, TimeSpan.FromSeconds(1)));
        Assert.InRange(pauses.Average(pause => pause.TotalSeconds), 0.35, 0.65);
        Assert.True(pauses.Distinct().Count() > 50);
    }

    [Fact]
    public async Task Pause_TheStoreAsksForMore_IsAtLeastThat()
    {
        _faulting.Add(new StoreFault(StoreFaultKind.Fail) { Error = StoreError.Throttled, RetryAfter = TimeSpan.FromSeconds(7), Count = 1 });
        DateTimeOffset start = _clock.GetUtcNow();
        await RunAsync(store => store.GetPropertiesAsync(Key, default));

        Assert.Equal(TimeSpan.FromSeconds(7), _clock.GetUtcNow() - start);
    }

    [Fact]
    public async Task Hang_CountsAsTimedOutAndIsRepeated()
    {
        await _memory.PutAsync(Key, new byte[10], PutCondition.None, default);
        _faulting.Add(new StoreFault(StoreFaultKind.Hang) { Count = 1 });

        Assert.True((await RunAsync(store => store.GetPropertiesAsync(Key, default))).Succeeded);
        Assert.Equal(2, _faulting.CallsOf(StoreVerb.GetProperties));
    }

    [Fact]
    public async Task HangForEver_IsTimedOut()
    {
        _faulting.Add(new StoreFault(StoreFaultKind.Hang));
        var options = new RetryOptions { MaxAttempts = 2 };

        Assert.Equal(StoreError.TimedOut, (await RunAsync(store => store.GetPropertiesAsync(Key, default), options)).Error);
    }

    [Fact]
    public async Task Timeout_GrowsWithTheBytes()
    {
        _faulting.Add(new StoreFault(StoreFaultKind.Delay) { Delay = TimeSpan.FromSeconds(35) });
        var options = new RetryOptions { MaxAttempts = 1, TryTimeout = TimeSpan.FromSeconds(30), SlowestUpload = 100_000 };

        Assert.Equal(StoreError.TimedOut, (await RunAsync(store => store.PutAsync(Key, new byte[1], PutCondition.None, default), options)).Error);
        Assert.True((await RunAsync(store => store.PutAsync(Key, new byte[1_000_000], PutCondition.None, default), options)).Succeeded);
    }

    [Fact]
    public async Task Timeout_OfAnUpload_GrowsWithTheBytesOfThoseBeforeIt()
    {
        await File.WriteAllBytesAsync(_scratch["long"], new byte[1_000_000]);
        await File.WriteAllBytesAsync(_scratch["short"], new byte[1]);
        _faulting.Add(new StoreFault(StoreFaultKind.Hang) { Verb = StoreVerb.PutFile });
        var options = new RetryOptions { MaxAttempts = 1, UploadTryTimeout = TimeSpan.FromSeconds(30), SlowestUpload = 100_000 };
        RetryingObjectStore store = Create(options, null);

        Task<StoreResult<ObjectProperties>> before = store.PutFileAsync(Key, new UploadSource(_scratch["long"], 1_000_000), PutOptions.Default, default).AsTask();
        Task<StoreResult<ObjectProperties>> after = store.PutFileAsync(new ObjectKey("session/2"), new UploadSource(_scratch["short"], 1), PutOptions.Default, default).AsTask();
        _clock.Advance(TimeSpan.FromSeconds(39));
        Assert.False(after.IsCompleted);
        _clock.Advance(TimeSpan.FromSeconds(2));
        Assert.Equal(StoreError.TimedOut, (await after).Error);
        Assert.Equal(StoreError.TimedOut, (await before).Error);

        Task<StoreResult<ObjectProperties>> alone = store.PutFileAsync(Key, new UploadSource(_scratch["short"], 1), PutOptions.Default, default).AsTask();
        _clock.Advance(TimeSpan.FromSeconds(31));
        Assert.Equal(StoreError.TimedOut, (await alone).Error);
    }

    [Fact]
    public async Task Cancelled_WhileHangingOrPausing_ThrowsTheCallersCancellation()
    {
        foreach (StoreFaultKind kind in new[] { StoreFaultKind.Hang, StoreFaultKind.Fail })
        {
            _faulting.Heal();
            _faulting.Add(new StoreFault(kind));
            using var cancel = new CancellationTokenSource();
            Task<StoreResult<ObjectProperties>> operation = Create(new RetryOptions(), null).GetPropertiesAsync(Key, cancel.Token).AsTask();
            Assert.False(operation.IsCompleted);
            await cancel.CancelAsync();

            OperationCanceledException thrown = await Assert.ThrowsAnyAsync<OperationCanceledException>(() => operation);
            Assert.Equal(cancel.Token, thrown.CancellationToken);
        }
    }

    [Theory]
    [InlineData(StoreFaultKind.FailAfterwards)]
    [InlineData(StoreFaultKind.HangAfterwards)]
    public async Task PutIfAbsent_ReplyLost_IsOursWhenTheBytesAre(StoreFaultKind kind)
    {
        _faulting.Add(new StoreFault(kind) { Verb = StoreVerb.Put, Count = 1 });
        StoreResult<ObjectProperties> put = await RunAsync(store => store.PutAsync(Key, "ours"u8.ToArray(), PutCondition.IfAbsent, default));

        Assert.Equal(SHA256.HashData("ours"u8), put.Value.Sha256.ToArray());
        Assert.Equal((await _memory.GetPropertiesAsync(Key, default)).Value, put.Value with { Sha256 = default });
        Assert.Equal(2, _faulting.CallsOf(StoreVerb.Put));
    }

    [Theory]
    [InlineData("else")]
    [InlineData("longer than ours")]
    public async Task PutIfAbsent_FailedAndARivalWon_IsAlreadyExists(string rival)
    {
        _faulting.Add(new StoreFault(StoreFaultKind.Fail) { Verb = StoreVerb.Put, Count = 1 });
        await _memory.PutAsync(Key, System.Text.Encoding.ASCII.GetBytes(rival), PutCondition.None, default);

        Assert.Equal(
            StoreError.AlreadyExists,
            (await RunAsync(store => store.PutAsync(Key, "ours"u8.ToArray(), PutCondition.IfAbsent, default))).Error);
    }

    [Fact]
    public async Task PutIfAbsent_ThrottledThenExists_IsNeverOurs()
    {
        _faulting.Add(new StoreFault(StoreFaultKind.Fail) { Verb = StoreVerb.Put, Error = StoreError.Throttled, Count = 1 });
        await _memory.PutAsync(Key, "ours"u8.ToArray(), PutCondition.None, default);

        Assert.Equal(
            StoreError.AlreadyExists,
            (await RunAsync(store => store.PutAsync(Key, "ours"u8.ToArray(), PutCondition.IfAbsent, default))).Error);
        Assert.Equal(0, _faulting.CallsOf(StoreVerb.Read));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task PutFileIfAbsent_ReplyLost_ComparesEveryByte(bool lastByteDiffers)
    {
        byte[] content = new byte[2_500_000];
        Random.Shared.NextBytes(content);
        await File.WriteAllBytesAsync(_scratch["source"], content);
        byte[] there = [.. content];
        there[^1] ^= (byte)(lastByteDiffers ? 1 : 0);
        await _memory.PutAsync(Key, there, PutCondition.None, default);
        _faulting.Add(new StoreFault(StoreFaultKind.Fail) { Verb = StoreVerb.PutFile, Count = 1 });

        StoreResult<ObjectProperties> put = await RunAsync(store => store.PutFileAsync(
            Key, new UploadSource(_scratch["source"], content.Length), new PutOptions { Condition = PutCondition.IfAbsent }, default));
        Assert.Equal(lastByteDiffers ? StoreError.AlreadyExists : StoreError.None, put.Error);
    }

    [Fact]
    public async Task PutFile_OfANewFile_IsNewToTheFirstTryAlone()
    {
        await File.WriteAllBytesAsync(_scratch["source"], new byte[30]);
        _faulting.Add(new StoreFault(StoreFaultKind.Fail) { Verb = StoreVerb.PutFile, Count = 2 });

        Assert.True((await RunAsync(store => store.PutFileAsync(Key, new UploadSource(_scratch["source"], 30) { IsNew = true }, new PutOptions(), default))).Succeeded);
        Assert.Equal([true, false, false], _faulting.Sources.Select(static source => source.IsNew));
    }

    [Fact]
    public async Task Delete_ReplyLost_CountsAsDone()
    {
        await _memory.PutAsync(Key, new byte[1], PutCondition.None, default);
        _faulting.Add(new StoreFault(StoreFaultKind.FailAfterwards) { Verb = StoreVerb.Delete, Count = 1 });

        Assert.True((await RunAsync(store => store.DeleteAsync(Key, EntityTag.Any, default))).Value);
        Assert.False((await RunAsync(store => store.DeleteAsync(Key, EntityTag.Any, default))).Value);
    }

    [Fact]
    public async Task Outage_ManyRequests_RepeatNoMoreThanTheirBudget()
    {
        _faulting.Add(new StoreFault(StoreFaultKind.Fail));
        RetryingObjectStore store = Create(new RetryOptions { Budget = 30, BudgetPerSecond = 0 }, null);

        await _clock.RunAsync(() => Task.WhenAll(Enumerable.Range(0, 200).Select(_ => store.GetPropertiesAsync(Key, default).AsTask())));

        Assert.Equal(200 + 30, _faulting.CallsOf(StoreVerb.GetProperties));
    }

    [Fact]
    public async Task BreakerOpen_NothingIsAsked_AndTheFailureIsTheStores()
    {
        _faulting.Add(new StoreFault(StoreFaultKind.Fail));
        var breaker = new CircuitBreaker(new BreakerOptions { FailingFor = TimeSpan.Zero }, _clock, _meter, NullLogger.Instance);
        RetryingObjectStore store = Create(new RetryOptions(), null, breaker);

        StoreResult<ObjectProperties> opening = await _clock.RunAsync(() => store.GetPropertiesAsync(Key, default).AsTask());
        Assert.Equal("injected", opening.Failure?.Detail);
        Assert.Equal(5, _faulting.CallsOf(StoreVerb.GetProperties)); // The sixth try was refused.

        StoreResult<ObjectProperties> refused = await store.GetPropertiesAsync(Key, default);
        Assert.Equal((StoreError.Unavailable, "injected"), (refused.Error, refused.Failure?.Detail));
        Assert.Equal(5, _faulting.CallsOf(StoreVerb.GetProperties));
    }

    [Theory]
    [InlineData(StoreFaultKind.Fail)]
    [InlineData(StoreFaultKind.Hang)]
    public async Task BreakerHalfOpen_OneRequestOfMany_FindsOut(StoreFaultKind kind)
    {
        _faulting.Add(new StoreFault(kind));
        var options = new BreakerOptions { FailingFor = TimeSpan.Zero };
        RetryingObjectStore store = Create(new RetryOptions { MaxElapsed = TimeSpan.MaxValue }, null, new CircuitBreaker(options, _clock, _meter, NullLogger.Instance));
        await _clock.RunAsync(() => store.GetPropertiesAsync(Key, default).AsTask());
        _clock.Advance(options.ProbeEvery);
        int before = _faulting.CallsOf(StoreVerb.GetProperties);

        await _clock.RunAsync(() => Task.WhenAll(Enumerable.Range(0, 50).Select(_ => store.GetPropertiesAsync(Key, default).AsTask())));
        Assert.Equal(before + 1, _faulting.CallsOf(StoreVerb.GetProperties));

        _faulting.Heal();
        _clock.Advance(options.ProbeEvery);
        Assert.Equal(StoreError.NotFound, (await store.GetPropertiesAsync(Key, default)).Error);
        Assert.Equal(BreakerState.Closed, _meter.Snapshot().Breaker);
    }

    [Fact]
    public async Task BreakerHalfOpen_ProbeCancelledByItsCaller_LeavesItToTheNext()
    {
        _faulting.Add(new StoreFault(StoreFaultKind.Hang));
        var options = new BreakerOptions { FailingFor = TimeSpan.Zero };
        RetryingObjectStore store = Create(new RetryOptions { MaxElapsed = TimeSpan.MaxValue }, null, new CircuitBreaker(options, _clock, _meter, NullLogger.Instance));
        await _clock.RunAsync(() => store.GetPropertiesAsync(Key, default).AsTask());
        _clock.Advance(options.ProbeEvery);
        using var cancel = new CancellationTokenSource();
        Task<StoreResult<ObjectProperties>> probe = store.GetPropertiesAsync(Key, cancel.Token).AsTask();
        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => probe);

        _faulting.Heal();
        Assert.Equal(StoreError.NotFound, (await store.GetPropertiesAsync(Key, default)).Error);
    }

    [Fact]
    public async Task TiersAndRestores_AreRepeatedToo()
    {
        _faulting.Add(new StoreFault(StoreFaultKind.Fail) { Count = 1, Verb = StoreVerb.SetTier });
        _faulting.Add(new StoreFault(StoreFaultKind.Fail) { Count = 1, Verb = StoreVerb.Restore });

        Assert.Equal(StoreError.Unsupported, (await RunAsync(store => store.SetTierAsync(Key, StorageTier.Cool, default))).Error);
        Assert.Equal(
            StoreError.Unsupported, (await RunAsync(store => store.RestoreAsync(Key, new RestoreRequest(RestoreSpeed.Bulk, 1), default))).Error);
        Assert.Equal(2, _faulting.CallsOf(StoreVerb.SetTier));
        Assert.Equal(2, _faulting.CallsOf(StoreVerb.Restore));
    }

    [Fact]
    public async Task Locks_AreRepeatedToo()
    {
        await _memory.PutAsync(Key, new byte[1], PutCondition.None, default);
        _faulting.Add(new StoreFault(StoreFaultKind.FailAfterwards) { Count = 1, Verb = StoreVerb.SetRetention });
        _faulting.Add(new StoreFault(StoreFaultKind.FailAfterwards) { Count = 1, Verb = StoreVerb.SetLegalHold });
        var retention = new ObjectRetention(RetentionMode.Compliance, _clock.GetUtcNow().AddDays(1));

        Assert.Equal(retention, (await RunAsync(store => store.SetRetentionAsync(Key, retention, default))).Value.Protection.Retention);
        Assert.True((await RunAsync(store => store.SetLegalHoldAsync(Key, isHeld: true, default))).Value.Protection.LegalHold);
        Assert.Equal(2, _faulting.CallsOf(StoreVerb.SetRetention));
        Assert.Equal(2, _faulting.CallsOf(StoreVerb.SetLegalHold));
    }

    [Fact]
    public async Task PutFile_ThatWasPutAndNotLocked_IsLockedByTheRepeat()
    {
        using var scratch = new ScratchDirectory();
        await File.WriteAllBytesAsync(scratch["source"], new byte[30]);
        await _memory.PutAsync(Key, new byte[30], PutCondition.None, default); // The first try, of a store that locks in a second step, which failed.
        _faulting.Add(new StoreFault(StoreFaultKind.Fail) { Count = 1, Verb = StoreVerb.PutFile });
        var protection = new ObjectProtection { Retention = new ObjectRetention(RetentionMode.Compliance, _clock.GetUtcNow().AddDays(1)), LegalHold = true };
        var options = new PutOptions { Condition = PutCondition.IfAbsent, Protection = protection };

        StoreResult<ObjectProperties> put = await RunAsync(store => store.PutFileAsync(Key, new UploadSource(scratch["source"], 30), options, default));

        Assert.Equal(protection, put.Value.Protection);
        Assert.False(put.Value.Sha256.IsEmpty);
        Assert.Equal(protection, (await _memory.GetPropertiesAsync(Key, default)).Value.Protection);
    }

    private RetryingObjectStore Create(RetryOptions options, Random? random, CircuitBreaker? breaker = null) =>
        new(_faulting, options, _clock, _meter, NullLogger.Instance, random) { Breaker = breaker };

    private Task<StoreResult<T>> RunAsync<T>(Func<IObjectStore, ValueTask<StoreResult<T>>> operation, RetryOptions? options = null, Random? random = null)
    {
        RetryingObjectStore store = Create(options ?? new RetryOptions(), random);
        return _clock.RunAsync(() => operation(store).AsTask());
    }
}
