using Microsoft.Extensions.Logging;

namespace HipaaFs.Storage;

/// <summary>Opens stores. The one place that knows which adapter a URL means and how the decorators are stacked on it.</summary>
/// <remarks>Each cloud's adapter lives in a project of its own, so the program says which there are. Thread-safe.</remarks>
public sealed class ObjectStores
{
    private readonly IReadOnlyDictionary<StoreScheme, StoreAdapter> _adapters;

    /// <summary>Knows this machine's stores and these.</summary>
    public ObjectStores(IReadOnlyDictionary<StoreScheme, StoreAdapter> adapters) => _adapters = adapters;

    /// <summary>Knows the stores of this machine alone: directories and memory.</summary>
    public static ObjectStores Local { get; } = new(new Dictionary<StoreScheme, StoreAdapter>());

    /// <summary>Opens the store of a URL.</summary>
    /// <exception cref="StoreOpenException">It cannot be opened; the message is for the person who configured it.</exception>
    public MeteringObjectStore Open(StoreUrl url, StoreOptions options, TimeProvider time, ILogger logger)
    {
        IObjectStore adapter = url.Scheme switch
        {
            StoreScheme.File => LocalDirectoryStore.Open(url.Path, options.Create, time, logger),
            StoreScheme.Memory => new MemoryObjectStore(time),
            _ => _adapters.TryGetValue(url.Scheme, out StoreAdapter? open)
                ? open(url, options, time, logger)
                : throw new StoreOpenException(StoreError.Unsupported, "this program knows no such stores; use file:///path"),
        };
        return Stack(adapter, options, time, logger);
    }

    /// <summary>
    /// Puts the decorators on an adapter: counting outermost, then limits, then repeats with their budget and the breaker, so that a repeat keeps its place and is not counted
    /// as an operation, and hedging innermost, so that both requests for a read are one try.
    /// </summary>
    public static MeteringObjectStore Stack(IObjectStore adapter, StoreOptions options, TimeProvider time, ILogger logger)
    {
        var meter = new StoreMeter(time);
        bool isLocal = adapter.Capabilities.Local;
        IObjectStore hedging = isLocal || options.Hedge.Share <= 0 ? adapter : new HedgingObjectStore(adapter, options.Hedge, time, meter);
        CircuitBreaker? breaker = isLocal ? null : new CircuitBreaker(options.Breaker, time, meter, logger);
        var retrying = new RetryingObjectStore(hedging, options.Retry, time, meter, logger) { Breaker = breaker };
        var limiting = new LimitingObjectStore(retrying, options.Limits, time);
        return new MeteringObjectStore(limiting, meter);
    }
}
