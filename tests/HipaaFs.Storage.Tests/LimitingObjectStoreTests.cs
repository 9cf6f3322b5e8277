using HipaaFs.Testing.Storage;
using Xunit;

namespace HipaaFs.Storage.Tests;

public sealed class LimitingObjectStoreTests : IAsyncDisposable
{
    private static readonly ObjectKey Key = new("one");

    private readonly ManualTimeProvider _clock = new();
    private readonly MemoryObjectStore _memory = new();

    public ValueTask DisposeAsync() => _memory.DisposeAsync();

    [Fact]
    public async Task Reads_BeyondTheLimit_WaitAndWritesDoNotWaitForThem()
    {
        FaultingObjectStore slow = FaultingObjectStore.WithLatency(_memory, TimeSpan.FromSeconds(1), _clock);
        var store = new LimitingObjectStore(slow, new LimitOptions { MaxReads = 2, MaxWrites = 1 }, _clock);

        Task[] reads = [.. Enumerable.Range(0, 5).Select(_ => store.GetPropertiesAsync(Key, default).AsTask())];
        Task[] writes = [.. Enumerable.Range(0, 3).Select(_ => store.DeleteAsync(Key, EntityTag.Any, default).AsTask())];
        Assert.Equal(2, slow.CallsOf(StoreVerb.GetProperties));
        Assert.Equal(1, slow.CallsOf(StoreVerb.Delete));

        await DrainAsync(Task.WhenAll([.. reads, .. writes]));
        Assert.Equal(5, slow.CallsOf(StoreVerb.GetProperties));
        Assert.Equal(3, slow.CallsOf(StoreVerb.Delete));
    }

    [Fact]
    public async Task AllVerbs_GiveTheirPlaceBack()
    {
        var store = new LimitingObjectStore(_memory, new LimitOptions { MaxReads = 1, MaxWrites = 1 }, _clock);
        using var scratch = new ScratchDirectory();
        await File.WriteAllBytesAsync(scratch["source"], new byte[3]);
        for (int i = 0; i < 3; i++)
        {
            await store.PutAsync(Key, new byte[3], PutCondition.None, default);
            await store.PutFileAsync(Key, new UploadSource(scratch["source"], 3), PutOptions.Default, default);
            await store.ReadAsync(Key, EntityTag.Any, 0, new byte[3], default);
            await store.GetPropertiesAsync(Key, default);
            await store.ListAsync(string.Empty, null, 1, default);
            await store.SetTierAsync(Key, StorageTier.Cool, default);
            await store.RestoreAsync(Key, new RestoreRequest(RestoreSpeed.Standard, 1), default);
            await Assert.ThrowsAnyAsync<ArgumentException>(async () => await store.ReadAsync(Key, EntityTag.Any, -1, new byte[3], default));
            Assert.True((await store.DeleteAsync(Key, EntityTag.Any, default)).Value);
        }
    }

    [Fact]
    public async Task Gate_PlacesGoInTheOrderOfArrival()
    {
        var gate = new ConcurrencyGate(1);
        await gate.EnterAsync(default);
        Task[] waiting = [.. Enumerable.Range(0, 10).Select(_ => gate.EnterAsync(default).AsTask())];
        for (int i = 0; i < waiting.Length; i++)
        {
            Assert.All(waiting[i..], task => Assert.False(task.IsCompleted));
            gate.Leave();
            await waiting[i];
        }
    }

    [Fact]
    public async Task Gate_CancelledWaiter_LosesNoPlace()
    {
        var gate = new ConcurrencyGate(1);
        await gate.EnterAsync(default);
        using var cancel = new CancellationTokenSource();
        Task leaving = gate.EnterAsync(cancel.Token).AsTask();
        Task staying = gate.EnterAsync(default).AsTask();
        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => leaving);

        gate.Leave();
        await staying;
        gate.Leave();
        Assert.True(gate.EnterAsync(default).AsTask().IsCompletedSuccessfully);
    }

    [Fact]
    public async Task Gate_CancelledAndPromotedAtOnce_KeepsCount()
    {
        var gate = new ConcurrencyGate(3);
        int inside = 0;
        int most = 0;
        await Parallel.ForEachAsync(Enumerable.Range(0, 2000), new ParallelOptions { MaxDegreeOfParallelism = 16 }, async (i, _) =>
        {
            using var cancel = new CancellationTokenSource();
            Task enter = gate.EnterAsync(cancel.Token).AsTask();
            if (i % 3 == 0)
            {
                await cancel.CancelAsync();
            }

            try
            {
                await enter;
            }
            catch (OperationCanceledException)
            {
                return;
            }

            int now = Interlocked.Increment(ref inside);
            InterlockedMax(ref most, now);
            await Task.Yield();
            Interlocked.Decrement(ref inside);
            gate.Leave();
        });

        Assert.InRange(most, 1, 3);
        for (int i = 0; i < 3; i++)
        {
            Assert.True(gate.EnterAsync(default).AsTask().IsCompletedSuccessfully);
        }

        Assert.False(gate.EnterAsync(default).AsTask().IsCompleted);
    }

    [Fact]
    public async Task Bandwidth_SpreadsBytesOverTime()
    {
        var store = new LimitingObjectStore(_memory, new LimitOptions { WriteBytesPerSecond = 1000, ReadBytesPerSecond = 500 }, _clock);
        DateTimeOffset start = _clock.GetUtcNow();
        await DrainAsync(Task.WhenAll(Enumerable.Range(0, 11).Select(i =>
            store.PutAsync(new ObjectKey($"o{i}"), new byte[1000], PutCondition.None, default).AsTask())));
        Assert.Equal(TimeSpan.FromSeconds(10), _clock.GetUtcNow() - start);

        start = _clock.GetUtcNow();
        await DrainAsync(Task.WhenAll(Enumerable.Range(0, 4).Select(_ => store.ReadAsync(new ObjectKey("o1"), EntityTag.Any, 0, new byte[1000], default).AsTask())));
        Assert.Equal(TimeSpan.FromSeconds(6), _clock.GetUtcNow() - start);
    }

    [Fact]
    public async Task Bandwidth_AfterAPause_IsNotSavedUp()
    {
        var gate = new BandwidthGate(1000, _clock);
        await gate.PayAsync(1000, default);
        _clock.Advance(TimeSpan.FromHours(1));

        Assert.True(gate.PayAsync(1000, default).AsTask().IsCompletedSuccessfully);
        Task second = gate.PayAsync(1, default).AsTask();
        Assert.False(second.IsCompleted);
        _clock.Advance(TimeSpan.FromSeconds(1));
        await second;
    }

    private static void InterlockedMax(ref int target, int value)
    {
        int seen = Volatile.Read(ref target);
        while (value > seen && Interlocked.CompareExchange(ref target, value, seen) is int before && before != seen)
        {
            seen = before;
        }
    }

    private async Task DrainAsync(Task operation)
    {
        await _clock.RunAsync(async () =>
        {
            await operation;
            return true;
        });
    }
}
