using HipaaFs.ChangeStream;
using HipaaFs.Storage;
using HipaaFs.Volumes;

namespace HipaaFs.Placements;

/// <summary>Makes another of a volume's stores its home, while it is read and written.</summary>
/// <remarks>
/// <para>Steps: (1) the other one has shown that claims in it can fence, becomes a mirror, and is copied what the home has; (2) with publications held back once everything is published, the last of that is copied; (3) the address that the volume is opened
/// with becomes the other one's; (4) it is the home; (5) the settings say so, which is published there.</para>
/// <para>Which store is the home is decided by the address alone. Cut off before it is changed, the next opening finds the former home, which nothing has gone past; after that, the new one, which
/// has all that the former has. Each is a mirror as long as the other is the home.</para>
/// </remarks>
internal sealed class HomeMove
{
    private readonly VolumeStores _stores;
    private readonly HomeStore _home;
    private readonly StoreRegistration _registration;
    private readonly ChangePublisher _publisher;
    private readonly StreamMirror _mirror;

    /// <summary>Puts the newest key ring into the home if it lacks it: keys that were changed meanwhile went to the former one.</summary>
    internal required Func<CancellationToken, Task> MendRing { get; init; }

    internal HomeMove(VolumeStores stores, HomeStore home, StoreRegistration registration, ChangePublisher publisher, StreamMirror mirror)
    {
        _stores = stores;
        _home = home;
        _registration = registration;
        _publisher = publisher;
        _mirror = mirror;
    }

    /// <summary>Runs it; where the store is the home already, what is left.</summary>
    /// <exception cref="VolumeException">It cannot be the home: the former one stays it.</exception>
    /// <exception cref="IOException">The settings cannot be written.</exception>
    internal async Task RunAsync(int number, Func<StoreUrl, CancellationToken, Task> point, CancellationToken cancel)
    {
        if (_stores.Find(number) is { IsHome: false, IsRemoved: false } to)
        {
            await ProveAsync(to, cancel); // Step 1
            await _registration.AddMirrorAsync(number, cancel);
            await FillAsync(to, cancel);
        }

        await _registration.MoveHomeAsync(number, (member, ends) => MoveAsync(member, point, ends), cancel); // Step 5 too
        await MendRing(cancel);
        if (await _publisher.PublishAsync(cancel) == StoreError.None)
        {
            _ = await _mirror.MirrorAsync(cancel); // What fails of this is done again at the next interval.
        }
    }

    private async Task ProveAsync(MemberStore to, CancellationToken cancel)
    {
        ThrowIfFailed(to, await to.HoldAsync(cancel));
        await VolumeStore.ProveHomeAsync(to.Store!, to.Name, cancel);
    }

    // Most of it, while publications go on.
    private async Task FillAsync(MemberStore to, CancellationToken cancel)
    {
        await _stores.Mirroring.WaitAsync(cancel);
        try
        {
            ThrowIfFailed(to, await _mirror.FillAsync(to, cancel));
        }
        finally
        {
            _stores.Mirroring.Release();
        }
    }

    private async Task MoveAsync(MemberStore to, Func<StoreUrl, CancellationToken, Task> point, CancellationToken cancel)
    {
        await _stores.Mirroring.WaitAsync(cancel);
        try
        {
            StoreError error = await _publisher.PublishAsync(
                async () =>
                {
                    StoreError filled = await _mirror.FillAsync(to, cancel); // Step 2
                    if (filled == StoreError.None)
                    {
                        await point(to.Url!, cancel); // Step 3
                        await SwitchAsync(to); // Step 4
                    }

                    return filled;
                },
                cancel);
            ThrowIfFailed(to, error);
        }
        finally
        {
            _stores.Mirroring.Release();
        }
    }

    // Nobody deletes copies meanwhile that are not wanted there by the one and wanted by the other.
    private async Task SwitchAsync(MemberStore to)
    {
        await _stores.Definition.WaitAsync(CancellationToken.None);
        try
        {
            _home.MoveTo(to.Store!);
            _stores.Placements.SetHome(to.Number);
        }
        finally
        {
            _stores.Definition.Release();
        }
    }

    private void ThrowIfFailed(MemberStore to, StoreError error)
    {
        if (error != StoreError.None)
        {
            throw new VolumeException(
                VolumeFailure.Store,
                $"make store {to.Name} the volume's home: what {_stores.Home.Name} has could not be published and copied there ({to.Problem ?? error.ToString()})",
                "the home stays where it is; see 'hipaafs store status' and the log, and run the command again");
        }
    }
}
