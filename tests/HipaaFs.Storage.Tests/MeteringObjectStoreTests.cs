using HipaaFs.Testing.Storage;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;

namespace HipaaFs.Storage.Tests;

public sealed class MeteringObjectStoreTests : IAsyncDisposable
{
    private static readonly ObjectKey Key = new("one");

    private readonly ManualTimeProvider _clock = new();
    private readonly FaultingObjectStore _faulting;
    private readonly MeteringObjectStore _store;

    public MeteringObjectStoreTests()
    {
        _faulting = new FaultingObjectStore(new MemoryObjectStore(_clock), _clock);
        _store = new MeteringObjectStore(_faulting, new StoreMeter(_clock));
    }

    public ValueTask DisposeAsync() => _store.DisposeAsync();

    [Fact]
    public void Fresh_CountersAreZero()
    {
        StoreMetrics metrics = _store.Snapshot();
        Assert.Equal(0, metrics.Requests);
        Assert.Null(metrics.LastFailure);
        Assert.Null(metrics.LastSuccessAt);
        Assert.All(Enum.GetValues<StoreVerb>(), verb => Assert.Equal(default, metrics[verb]));
    }

    [Fact]
    public async Task EveryVerb_IsCountedAsItself()
    {
        using var scratch = new ScratchDirectory();
        await File.WriteAllBytesAsync(scratch["source"], new byte[30]);
        await _store.PutAsync(Key, new byte[10], PutCondition.None, default);
        await _store.PutFileAsync(Key, new UploadSource(scratch["source"], 30), PutOptions.Default, default);
        await _store.ReadAsync(Key, EntityTag.Any, 25, new byte[100], default);
        await _store.GetPropertiesAsync(Key, default);
        await _store.ListAsync(string.Empty, null, 1, default);
        await _store.DeleteAsync(Key, EntityTag.Any, default);
        await _store.SetTierAsync(Key, StorageTier.Cool, default);
        await _store.RestoreAsync(Key, new RestoreRequest(RestoreSpeed.Standard, 1), default);
        await _store.SetRetentionAsync(Key, retention: null, default);
        await _store.SetLegalHoldAsync(Key, isHeld: false, default);

        StoreMetrics metrics = _store.Snapshot();
        Assert.Equal(10, metrics.Requests);
        Assert.All(Enum.GetValues<StoreVerb>(), verb => Assert.Equal(1, metrics[verb].Requests));
        Assert.Equal(10, metrics[StoreVerb.Put].Bytes);
        Assert.Equal(30, metrics[StoreVerb.PutFile].Bytes);
        Assert.Equal(5, metrics[StoreVerb.Read].Bytes);
        Assert.Equal(1, metrics[StoreVerb.SetTier].Errors);
    }

    [Fact]
    public async Task Answers_AreNotErrors()
    {
        await _store.PutAsync(Key, new byte[10], PutCondition.None, default);
        await _store.PutAsync(Key, new byte[10], PutCondition.IfAbsent, default);
        await _store.GetPropertiesAsync(new ObjectKey("none"), default);
        await _store.ReadAsync(Key, new EntityTag("other"), 0, new byte[1], default);

        StoreMetrics metrics = _store.Snapshot();
        Assert.Equal(4, metrics.Requests);
        Assert.All(Enum.GetValues<StoreVerb>(), verb => Assert.Equal(0, metrics[verb].Errors));
        Assert.Null(metrics.LastFailure);
    }

    [Fact]
    public async Task Failures_AreCountedAndTheNewestIsKept()
    {
        _faulting.Add(new StoreFault(StoreFaultKind.Fail) { Error = StoreError.AccessDenied, Count = 1 });
        await _store.GetPropertiesAsync(Key, default);
        DateTimeOffset failed = _clock.GetUtcNow();
        _clock.Advance(TimeSpan.FromMinutes(1));
        await _store.PutAsync(Key, new byte[1], PutCondition.None, default);

        StoreMetrics metrics = _store.Snapshot();
        Assert.Equal(1, metrics[StoreVerb.GetProperties].Errors);
        Assert.Equal(StoreError.AccessDenied, metrics.LastFailure!.Error);
        Assert.Equal(failed, metrics.LastFailureAt);
        Assert.Equal(failed + TimeSpan.FromMinutes(1), metrics.LastSuccessAt);
    }

    [Fact]
    public async Task InFlight_IsWhatIsUnderWay()
    {
        _faulting.Add(new StoreFault(StoreFaultKind.Hang) { Count = 1 });
        using var cancel = new CancellationTokenSource();
        Task operation = _store.GetPropertiesAsync(Key, cancel.Token).AsTask();
        Assert.Equal(1, _store.Snapshot().InFlight);

        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => operation);
        await Assert.ThrowsAnyAsync<ArgumentException>(async () => await _store.ReadAsync(Key, EntityTag.Any, -1, default, default));
        Assert.Equal(0, _store.Snapshot().InFlight);
        Assert.Equal(1, _store.Snapshot()[StoreVerb.GetProperties].Cancelled);
    }

    [Fact]
    public async Task Stack_Repeats_AreCountedApartFromOperations()
    {
        _faulting.Add(new StoreFault(StoreFaultKind.Fail) { Error = StoreError.Throttled, Count = 2 });
        MeteringObjectStore stack = ObjectStores.Stack(_faulting, new StoreOptions(), _clock, NullLogger.Instance);
        Assert.True((await _clock.RunAsync(() => stack.PutAsync(Key, new byte[7], PutCondition.IfAbsent, default).AsTask())).Succeeded);

        Assert.Equal(new VerbMetrics(Requests: 1, Retries: 2, Errors: 0, Cancelled: 0, Bytes: 7), stack.Snapshot()[StoreVerb.Put]);
    }
}
