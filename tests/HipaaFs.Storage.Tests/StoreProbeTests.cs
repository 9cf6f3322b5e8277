using HipaaFs.Testing.Storage;
using Xunit;

namespace HipaaFs.Storage.Tests;

public sealed class StoreProbeTests : IAsyncDisposable
{
    private readonly MemoryObjectStore _memory = new();
    private readonly FaultingObjectStore _store;

    public StoreProbeTests() => _store = new FaultingObjectStore(_memory);

    public ValueTask DisposeAsync() => _store.DisposeAsync();

    [Fact]
    public async Task Probe_GoodStore_LeavesNothingBehind()
    {
        Assert.True((await StoreProbe.RunAsync(_store, default)).Value.PutIfAbsent);
        Assert.Empty((await _memory.ListAsync(string.Empty, null, 1, default)).Value.Objects);
    }

    [Theory]
    [InlineData(StoreError.Unsupported)]
    [InlineData(StoreError.AccessDenied)]
    public async Task Probe_LocksRefused_IsReported(StoreError refusal)
    {
        Assert.True((await StoreProbe.RunAsync(_store, default)).Value.Locks);
        _store.Add(new StoreFault(StoreFaultKind.Fail) { Verb = StoreVerb.SetLegalHold, Error = refusal });
        Assert.False((await StoreProbe.RunAsync(_store, default)).Value.Locks);
    }

    [Fact]
    public async Task Probe_LocksUnknown_IsAFailure()
    {
        _store.Add(new StoreFault(StoreFaultKind.Fail) { Verb = StoreVerb.SetLegalHold, Error = StoreError.Unavailable });
        Assert.Equal(StoreError.Unavailable, (await StoreProbe.RunAsync(_store, default)).Error);
        Assert.Empty((await _memory.ListAsync(string.Empty, null, 1, default)).Value.Objects);
    }

    [Fact]
    public async Task Probe_ConditionIgnored_IsReported()
    {
        _store.Add(new StoreFault(StoreFaultKind.Lose) { Verb = StoreVerb.Put, Skip = 1 });
        Assert.False((await StoreProbe.RunAsync(_store, default)).Value.PutIfAbsent);
    }

    [Fact]
    public async Task Probe_ConditionUnsupported_IsReported()
    {
        _store.Add(new StoreFault(StoreFaultKind.Fail) { Verb = StoreVerb.Put, Error = StoreError.Unsupported, Count = 1 });
        Assert.False((await StoreProbe.RunAsync(_store, default)).Value.PutIfAbsent);
    }

    [Theory]
    [InlineData(StoreFaultKind.Lose, StoreVerb.Put)]
    [InlineData(StoreFaultKind.Lose, StoreVerb.Delete)]
    [InlineData(StoreFaultKind.Flip, StoreVerb.Put)]
    [InlineData(StoreFaultKind.Truncate, StoreVerb.Read)]
    [InlineData(StoreFaultKind.Lose, StoreVerb.List)]
    public async Task Probe_StoreThatLies_IsCorrupt(StoreFaultKind kind, StoreVerb verb)
    {
        _store.Add(new StoreFault(kind) { Verb = verb });
        Assert.Equal(StoreError.Corrupt, (await StoreProbe.RunAsync(_store, default)).Error);
    }

    [Theory]
    [InlineData(StoreVerb.Put)]
    [InlineData(StoreVerb.Read)]
    [InlineData(StoreVerb.List)]
    [InlineData(StoreVerb.Delete)]
    [InlineData(StoreVerb.GetProperties)]
    public async Task Probe_StepRefused_GivesItsFailure(StoreVerb verb)
    {
        _store.Add(new StoreFault(StoreFaultKind.Fail) { Verb = verb, Error = StoreError.AccessDenied });
        Assert.Equal(StoreError.AccessDenied, (await StoreProbe.RunAsync(_store, default)).Error);
    }
}
