using HipaaFs.Storage;
using HipaaFs.Testing.Servers.Faults;
using Microsoft.Extensions.Logging.Abstractions;

namespace HipaaFs.Testing.Storage;

/// <summary>The contract of a store holds although a share of its requests fails in every way that networks and servers have, with the decorators on top that the program uses.</summary>
public abstract class FaultedStoreConformance : ObjectStoreConformance
{
    private const int Seed = 20261122;
    private const double Share = 0.15;

    private readonly DeadlineClock _clock = new();
    private FaultProxy? _proxy;

    /// <inheritdoc/>
    /// <remarks>What became of a delete whose answer was lost nobody knows.</remarks>
    protected override bool KnowsWhatItDeleted => false;

    /// <inheritdoc/>
    public override async ValueTask DisposeAsync()
    {
        await base.DisposeAsync();
        if (_proxy is not null)
        {
            await _proxy.DisposeAsync();
        }

        GC.SuppressFinalize(this);
    }

    /// <summary>Starts the server and makes the place for this test's objects, once a test.</summary>
    protected abstract ValueTask<Uri> StartServerAsync();

    /// <summary>Opens the adapter under test.</summary>
    protected abstract IObjectStore OpenAdapter(Uri endpoint);

    /// <inheritdoc/>
    protected override ValueTask<IObjectStore> OpenAsync() => OpenAsync(OpenAdapter);

    /// <summary>Opens an adapter behind the faults and puts the decorators on it.</summary>
    protected async ValueTask<IObjectStore> OpenAsync(Func<Uri, IObjectStore> open)
    {
        if (_proxy is null)
        {
            _proxy = FaultProxy.Start(await StartServerAsync());
            _proxy.Holding += _clock.Expire;
            _proxy.Follow(FaultSchedule.Seeded(Seed, Share));
        }

        var options = new StoreOptions
        {
            Retry = new RetryOptions
            {
                MaxAttempts = 30,
                MaxElapsed = TimeSpan.MaxValue,
                FirstDelay = TimeSpan.FromMilliseconds(1),
                MaxDelay = TimeSpan.FromMilliseconds(5),
                TryTimeout = DeadlineClock.Shortest,
                UploadTryTimeout = DeadlineClock.Shortest,
            },
        };
        return ObjectStores.Stack(open(_proxy.Endpoint), options, _clock, NullLogger.Instance);
    }
}
