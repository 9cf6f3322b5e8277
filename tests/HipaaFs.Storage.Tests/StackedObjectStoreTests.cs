using HipaaFs.Testing.Storage;
using Microsoft.Extensions.Logging.Abstractions;

namespace HipaaFs.Storage.Tests;

/// <summary>The decorators change nothing of the contract, also above a store whose replies get lost now and then.</summary>
public sealed class StackedObjectStoreTests : ObjectStoreConformance
{
    private readonly MemoryObjectStore _shared = new();

    protected override ValueTask<IObjectStore> OpenAsync()
    {
        var faulting = new FaultingObjectStore(_shared, seed: 7);
        faulting.Add(new StoreFault(StoreFaultKind.Fail) { Error = StoreError.Throttled, Probability = 0.05 });
        faulting.Add(new StoreFault(StoreFaultKind.FailAfterwards) { Probability = 0.05, Verb = StoreVerb.Put, KeyPrefix = "seg/" });
        var options = new StoreOptions
        {
            Retry = new RetryOptions { MaxAttempts = 20, FirstDelay = TimeSpan.FromMilliseconds(1), MaxDelay = TimeSpan.FromMilliseconds(2) },
            Limits = new LimitOptions { MaxReads = 2, MaxWrites = 2 },
        };
        return ValueTask.FromResult<IObjectStore>(ObjectStores.Stack(faulting, options, TimeProvider.System, NullLogger.Instance));
    }
}
