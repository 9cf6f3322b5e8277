using Microsoft.Extensions.Logging;

namespace HipaaFs.Storage;

/// <summary>Opens stores. The one place that knows which adapter a URL means and how the decorators are stacked on it.</summary>
public static class ObjectStores
{
    /// <summary>Opens the store of a URL.</summary>
    /// <exception cref="StoreOpenException">It cannot be opened; the message is for the person who configured it.</exception>
    public static MeteringObjectStore Open(StoreUrl url, StoreOptions options, TimeProvider time, ILogger logger)
    {
        IObjectStore adapter = url.Scheme switch
        {
            StoreScheme.File => LocalDirectoryStore.Open(url.Path, options.Create, time, logger),
            StoreScheme.Memory => new MemoryObjectStore(time),
            StoreScheme.S3 => throw NotYet("S3"),
            _ => throw NotYet("Azure"),
        };
        return Stack(adapter, options, time, logger);
    }

    /// <summary>Puts the decorators on an adapter: counting outermost, then limits, then repeats, so that a repeat keeps its place and is not counted as an operation.</summary>
    public static MeteringObjectStore Stack(IObjectStore adapter, StoreOptions options, TimeProvider time, ILogger logger)
    {
        var meter = new StoreMeter(time);
        var retrying = new RetryingObjectStore(adapter, options.Retry, time, meter, logger);
        var limiting = new LimitingObjectStore(retrying, options.Limits, time);
        return new MeteringObjectStore(limiting, meter);
    }

    private static StoreOpenException NotYet(string kind) =>
        new(StoreError.Unsupported, $"{kind} stores are not in this version; use file:///path");
}
