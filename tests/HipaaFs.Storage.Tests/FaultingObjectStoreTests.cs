using HipaaFs.Testing.Storage;
using Xunit;

namespace HipaaFs.Storage.Tests;

public sealed class FaultingObjectStoreTests : IAsyncDisposable
{
    private static readonly ObjectKey Key = new("one");

    private readonly MemoryObjectStore _memory = new();
    private readonly byte[] _content = [.. Enumerable.Range(1, 100).Select(i => (byte)i)];

    public ValueTask DisposeAsync() => _memory.DisposeAsync();

    [Fact]
    public async Task Fail_SkipAndCount_StrikeTheRequestsMeant()
    {
        FaultingObjectStore store = await CreateAsync(new StoreFault(StoreFaultKind.Fail) { Verb = StoreVerb.Read, Skip = 2, Count = 3, Error = StoreError.AccessDenied });
        var errors = new List<StoreError>();
        for (int i = 0; i < 7; i++)
        {
            errors.Add((await ReadAsync(store)).Error);
        }

        const StoreError denied = StoreError.AccessDenied;
        Assert.Equal([StoreError.None, StoreError.None, denied, denied, denied, StoreError.None, StoreError.None], errors);
        Assert.Equal(3, store.Struck);
    }

    [Fact]
    public async Task Probability_SameSeed_StrikesTheSameRequests()
    {
        async Task<List<bool>> RunAsync(int seed)
        {
            var store = new FaultingObjectStore(_memory, seed: seed);
            store.Add(new StoreFault(StoreFaultKind.Fail) { Probability = 0.5 });
            var struck = new List<bool>();
            for (int i = 0; i < 64; i++)
            {
                struck.Add(!(await store.ListAsync(string.Empty, null, 1, default)).Succeeded);
            }

            return struck;
        }

        Assert.Equal(await RunAsync(5), await RunAsync(5));
        Assert.NotEqual(await RunAsync(5), await RunAsync(6));
    }

    [Fact]
    public async Task KeyPrefix_OthersPass()
    {
        FaultingObjectStore store = await CreateAsync(new StoreFault(StoreFaultKind.Fail) { KeyPrefix = "session/" });
        Assert.True((await ReadAsync(store)).Succeeded);
        Assert.False((await store.PutAsync(new ObjectKey("session/1"), _content, PutCondition.None, default)).Succeeded);
    }

    [Fact]
    public async Task WhenIdle_RequestsInTheStoreBehind_AreWaitedForAndHeldOnesAreNot()
    {
        var time = new ManualTimeProvider();
        FaultingObjectStore slow = FaultingObjectStore.WithLatency(_memory, TimeSpan.FromSeconds(1), time); // What one holds up is in the one before it.
        var store = new FaultingObjectStore(slow, time);
        store.Add(new StoreFault(StoreFaultKind.Hang) { Verb = StoreVerb.Delete });
        using var gone = new CancellationTokenSource();

        Task hung = store.DeleteAsync(Key, EntityTag.Any, gone.Token).AsTask();
        Assert.True(store.WhenIdleAsync().IsCompletedSuccessfully);
        Task put = store.PutAsync(Key, _content, PutCondition.None, default).AsTask();
        Task list = store.ListAsync(string.Empty, null, 1, default).AsTask();
        Task idle = store.WhenIdleAsync();
        Assert.Equal(2, store.Inside);
        Assert.False(idle.IsCompleted);
        time.Advance(TimeSpan.FromSeconds(1));
        await Task.WhenAll(put, list, idle);

        Assert.Equal(0, store.Inside);
        await gone.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => hung);
    }

    [Fact]
    public async Task FailAfterwards_IsDone()
    {
        FaultingObjectStore store = await CreateAsync(new StoreFault(StoreFaultKind.FailAfterwards) { Verb = StoreVerb.Delete });
        Assert.Equal(StoreError.Unavailable, (await store.DeleteAsync(Key, EntityTag.Any, default)).Error);
        Assert.Equal(StoreError.NotFound, (await _memory.GetPropertiesAsync(Key, default)).Error);
    }

    [Fact]
    public async Task Lose_LooksDone()
    {
        FaultingObjectStore store = await CreateAsync(new StoreFault(StoreFaultKind.Lose) { Verb = StoreVerb.Put });
        Assert.Equal(100, (await store.PutAsync(new ObjectKey("two"), _content, PutCondition.None, default)).Value.Length);
        Assert.Equal(StoreError.NotFound, (await _memory.GetPropertiesAsync(new ObjectKey("two"), default)).Error);
    }

    [Fact]
    public async Task Flip_ChangesOneBit()
    {
        FaultingObjectStore store = await CreateAsync(new StoreFault(StoreFaultKind.Flip) { Verb = StoreVerb.Read });
        byte[] read = new byte[100];
        Assert.Equal(100, (await store.ReadAsync(Key, EntityTag.Any, 0, read, default)).Value);
        Assert.Equal(1, read.Zip(_content).Sum(pair => int.PopCount(pair.First ^ pair.Second)));
    }

    [Fact]
    public async Task Truncate_OfReadAndPut_IsShorter()
    {
        FaultingObjectStore store = await CreateAsync(new StoreFault(StoreFaultKind.Truncate));
        using var scratch = new ScratchDirectory();
        await File.WriteAllBytesAsync(scratch["source"], _content);

        Assert.InRange((await ReadAsync(store)).Value, 0, 99);
        await store.PutFileAsync(Key, new UploadSource(scratch["source"], 100), PutOptions.Default, default);
        Assert.InRange((await _memory.GetPropertiesAsync(Key, default)).Value.Length, 0, 99);
    }

    [Fact]
    public async Task WrongObject_ReadsAnother()
    {
        FaultingObjectStore store = await CreateAsync(new StoreFault(StoreFaultKind.WrongObject));
        await _memory.PutAsync(new ObjectKey("two"), "other"u8.ToArray(), PutCondition.None, default);
        Assert.Equal(5, (await ReadAsync(store)).Value);
    }

    [Fact]
    public async Task Delay_TakesTheClocksTime()
    {
        var clock = new ManualTimeProvider();
        FaultingObjectStore store = FaultingObjectStore.WithLatency(_memory, TimeSpan.FromMilliseconds(20), clock);
        Task operation = store.GetPropertiesAsync(Key, default).AsTask();
        clock.Advance(TimeSpan.FromMilliseconds(19));
        Assert.False(operation.IsCompleted);
        clock.Advance(TimeSpan.FromMilliseconds(1));
        await operation;
    }

    private async Task<FaultingObjectStore> CreateAsync(StoreFault fault)
    {
        await _memory.PutAsync(Key, _content, PutCondition.None, default);
        var store = new FaultingObjectStore(_memory);
        store.Add(fault);
        return store;
    }

    private static ValueTask<StoreResult<int>> ReadAsync(FaultingObjectStore store) => store.ReadAsync(Key, EntityTag.Any, 0, new byte[1000], default);
}
