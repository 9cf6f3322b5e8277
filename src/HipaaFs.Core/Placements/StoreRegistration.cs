using System.Security.Cryptography;
using HipaaFs.Metadata;
using HipaaFs.Names;
using HipaaFs.Sessions;
using HipaaFs.Storage;
using HipaaFs.Volumes;

namespace HipaaFs.Placements;

/// <summary>Makes stores known to a volume, and placements on them.</summary>
/// <remarks>One caller at a time.</remarks>
internal sealed class StoreRegistration : IDisposable
{
    private readonly SemaphoreSlim _one = new(1, 1);
    private readonly VolumeStores _stores;
    private readonly IMetadataStore _metadata;
    private readonly SessionClock _clock;
    private readonly VolumeNames _names;
    private readonly Guid _volume;
    private readonly Func<RegisteredStore, StoreUrl, MemberStore> _make;

    /// <param name="stores">The stores; gets the new one.</param>
    /// <param name="metadata">The settings.</param>
    /// <param name="clock">Numbers operations.</param>
    /// <param name="names">Seals what settings keep of names.</param>
    /// <param name="volume">The volume.</param>
    /// <param name="make">Makes a store that is not open yet.</param>
    internal StoreRegistration(
        VolumeStores stores, IMetadataStore metadata, SessionClock clock, VolumeNames names, Guid volume, Func<RegisteredStore, StoreUrl, MemberStore> make)
    {
        _stores = stores;
        _metadata = metadata;
        _clock = clock;
        _names = names;
        _volume = volume;
        _make = make;
    }

    /// <summary>Registers a store that is empty, or this volume's already: it gets the mark of the volume and this session's claim, and a number.</summary>
    /// <exception cref="VolumeException">It does not answer, belongs to something else, or is known already.</exception>
    /// <exception cref="IOException">The settings cannot be written.</exception>
    internal async Task<RegisteredStore> RegisterAsync(string name, StoreUrl url, string region, CancellationToken cancel)
    {
        await _one.WaitAsync(cancel);
        try
        {
            if (_stores.All.Count > SegmentCopies.HighestStore)
            {
                throw new VolumeException(VolumeFailure.Configuration, $"register store {name}: the volume has {_stores.All.Count} stores, which is the most", "use one of them");
            }

            if (_stores.Active.Any(known => known.Name == name || known.Url == url))
            {
                throw new VolumeException(VolumeFailure.Configuration, $"register store {name}: the volume has a store of this name, or of this URL", "choose another");
            }

            var registered = new RegisteredStore { Number = _stores.All.Count, Name = name, Url = url.ToString(), Region = region };
            MemberStore member = _make(registered, url);
            try
            {
                await PrepareAsync(member, cancel);
                if (_stores.IsSingle)
                {
                    await PlacementSettings.WriteAsync(_metadata, _clock, _stores.Home.Registered, cancel); // So that it is known where it is once it is not the home.
                }

                await PlacementSettings.WriteAsync(_metadata, _clock, registered, cancel);
            }
            catch
            {
                await member.DisposeAsync();
                throw;
            }

            _stores.Add(member);
            return registered;
        }
        finally
        {
            _one.Release();
        }
    }

    /// <summary>Gives a store the name and the region that a policy has for it.</summary>
    /// <exception cref="VolumeException">There is no such store, or another one has the name.</exception>
    /// <exception cref="IOException">The settings cannot be written.</exception>
    internal async Task NameAsync(int number, string name, string region, CancellationToken cancel)
    {
        await _one.WaitAsync(cancel);
        try
        {
            if (_stores.Find(number) is not { IsRemoved: false } member || _stores.Active.Any(other => other != member && other.Name == name))
            {
                throw new VolumeException(VolumeFailure.Configuration, $"name store {number} {name}: there is no such store, or another one has the name", "choose another");
            }

            if (member.Registered.Problem is { } problem)
            {
                throw new VolumeException(VolumeFailure.Configuration, $"name store {number} {name}: {problem}", "nothing is changed");
            }

            RegisteredStore named = member.Registered with { Name = name, Region = region };
            await PlacementSettings.WriteAsync(_metadata, _clock, named, cancel);
            member.Registered = named;
        }
        finally
        {
            _one.Release();
        }
    }

    /// <summary>
    /// Takes a store away that no segment is in and no placement names. When it answers, what it has of change stream and key ring is deleted, and what is left of segments whose rows do not name it; then, if there is
    /// nothing else in it, its claims and its mark.
    /// </summary>
    /// <param name="number">The store.</param>
    /// <param name="clear">Deletes what it has of change stream and key ring.</param>
    /// <param name="sweep">Deletes the rest.</param>
    /// <param name="cancel">Ends it.</param>
    /// <exception cref="VolumeException">A segment is in it, a placement names it, it is the volume's home, or there is no such store.</exception>
    /// <exception cref="IOException">The metadata cannot be read or written.</exception>
    internal async Task<StoreRemoval> RemoveAsync(
        int number, Func<MemberStore, CancellationToken, Task> clear, Func<MemberStore, CancellationToken, Task<StoreRemoval>> sweep, CancellationToken cancel)
    {
        await _one.WaitAsync(cancel);
        try
        {
            MemberStore member = FindActive(number);
            if (member.IsHome)
            {
                throw NotRemoved(member, "it is the volume's home, which has its keys and its change stream", "'hipaafs store migrate' makes another store the home first");
            }

            await RefuseUsedAsync(member, cancel);
            if (_stores.Mirrors.Contains(member))
            {
                await SetMirrorsAsync([.. _stores.Mirrors.Where(mirror => mirror != member).Select(static mirror => mirror.Number)], cancel);
            }

            await clear(member, cancel); // As long as it is one of the volume's stores: cut off here, it is done again.
            RegisteredStore before = member.Registered;
            member.Registered = before with { IsRemoved = true }; // From here on nothing that is under way is noted as being there.
            try
            {
                await PlacementSettings.WriteAsync(_metadata, _clock, member.Registered, cancel);
                await RefuseUsedAsync(member, cancel); // What was noted before that.
            }
            catch
            {
                member.Registered = before;
                await PlacementSettings.WriteAsync(_metadata, _clock, before, CancellationToken.None);
                throw;
            }

            return await sweep(member, cancel);
        }
        finally
        {
            _one.Release();
        }
    }

    /// <summary>Counts what would be lost with a store.</summary>
    /// <exception cref="VolumeException">There is no such store.</exception>
    internal async Task<StoreLoss> CountLossAsync(int number, Func<MemberStore, CancellationToken, Task<StoreLoss>> count, CancellationToken cancel)
    {
        MemberStore member = FindActive(number);
        bool answers = await member.HoldAsync(cancel) == StoreError.None;
        return await count(member, cancel) with { Answers = answers };
    }

    /// <summary>
    /// Takes a store away that is lost with all that is in it: no placement names it, and it does not answer. What other stores have is struck from what is known of it first, so that one that was cut off is done again.
    /// </summary>
    /// <exception cref="VolumeException">A placement names it, it answers, it is the volume's home, or there is no such store.</exception>
    /// <exception cref="IOException">The metadata cannot be read or written.</exception>
    internal async Task ForgetAsync(int number, Func<MemberStore, CancellationToken, Task> strike, CancellationToken cancel)
    {
        await _one.WaitAsync(cancel);
        try
        {
            MemberStore member = FindActive(number);
            string? why = member.IsHome ? "it is the volume's home, which has its keys and its change stream"
                : _stores.Placements.All.Any(placement => (placement.Wanted & member.Mask) != 0) ? "placements name it"
                : await member.HoldAsync(cancel) == StoreError.None ? "it answers"
                : null;
            if (why is not null)
            {
                throw new VolumeException(VolumeFailure.Refused, $"forget store {member.Name}: {why}", "drain it, or migrate it to another");
            }

            if (_stores.Mirrors.Contains(member))
            {
                await SetMirrorsAsync([.. _stores.Mirrors.Where(mirror => mirror != member).Select(static mirror => mirror.Number)], cancel);
            }

            await strike(member, cancel);
            RegisteredStore removed = member.Registered with { IsRemoved = true };
            await PlacementSettings.WriteAsync(_metadata, _clock, removed, cancel);
            member.Registered = removed;
            await strike(member, CancellationToken.None); // What was noted before that.
        }
        finally
        {
            _one.Release();
        }
    }

    /// <summary>Has one more store get change stream and key ring. Does nothing where it does already.</summary>
    /// <exception cref="VolumeException">There is no such store.</exception>
    /// <exception cref="IOException">The settings cannot be written.</exception>
    internal async Task AddMirrorAsync(int number, CancellationToken cancel)
    {
        await _one.WaitAsync(cancel);
        try
        {
            MemberStore member = FindActive(number);
            if (!member.IsHome && !_stores.Mirrors.Contains(member))
            {
                await SetMirrorsAsync([.. _stores.Mirrors.Select(static mirror => mirror.Number), number], cancel);
            }
        }
        finally
        {
            _one.Release();
        }
    }

    /// <summary>Makes a mirror the volume's home, and has the settings say so. Nothing is done to the volume's stores and placements meanwhile.</summary>
    /// <param name="number">The mirror.</param>
    /// <param name="move">Makes it the home, unless it is already.</param>
    /// <param name="cancel">Ends it.</param>
    /// <exception cref="VolumeException">There is no such store, or it is no mirror.</exception>
    /// <exception cref="IOException">The settings cannot be written.</exception>
    internal async Task MoveHomeAsync(int number, Func<MemberStore, CancellationToken, Task> move, CancellationToken cancel)
    {
        await _one.WaitAsync(cancel);
        try
        {
            MemberStore member = FindActive(number);
            if (!member.IsHome)
            {
                if (!_stores.Mirrors.Contains(member))
                {
                    throw new VolumeException(
                        VolumeFailure.Refused, $"make store {member.Name} the volume's home: it has no copy of change stream and key ring", "'hipaafs store migrate' copies them first");
                }

                await move(member, cancel);
            }

            await PlacementSettings.SettleHomeAsync(_metadata, _clock, _stores, CancellationToken.None);
        }
        finally
        {
            _one.Release();
        }
    }

    /// <summary>Notes that a store that was a mirror has nothing of change stream and key ring any more.</summary>
    /// <exception cref="IOException">The settings cannot be written.</exception>
    internal async Task ForgetFormerMirrorAsync(int number, CancellationToken cancel)
    {
        await _one.WaitAsync(cancel);
        try
        {
            await WriteMirrorsAsync(
                [.. _stores.Mirrors.Select(static mirror => mirror.Number)],
                [.. _stores.FormerMirrors.Select(static former => former.Number).Where(former => former != number)],
                cancel);
        }
        finally
        {
            _one.Release();
        }
    }

    /// <summary>Says which stores beside the home get change stream and key ring. What one lacks is copied; one that is none any more loses what it has.</summary>
    /// <exception cref="VolumeException">There is no such store.</exception>
    /// <exception cref="IOException">The settings cannot be written.</exception>
    internal async Task MirrorAsync(IReadOnlyList<int> numbers, CancellationToken cancel)
    {
        await _one.WaitAsync(cancel);
        try
        {
            await SetMirrorsAsync(numbers, cancel);
        }
        finally
        {
            _one.Release();
        }
    }

    /// <summary>Defines a placement: the next number, or anew one that is there. What its segments lack then is copied; copies that are not wanted any more are deleted once the others are there.</summary>
    /// <exception cref="VolumeException">It makes no sense.</exception>
    /// <exception cref="IOException">The settings cannot be written.</exception>
    internal async Task DefineAsync(Placement placement, CancellationToken cancel)
    {
        await _one.WaitAsync(cancel);
        try
        {
            string? problem = placement.Number == 0 ? "number 0 is the volume's home alone"
                : placement.Number > _stores.Placements.Count ? $"the next number is {_stores.Placements.Count}"
                : _stores.Placements.Find(placement.Number)?.HasTiersOf(placement) == false ? "it would have what is there in another tier"
                : placement.FindProblem(_stores.All, Math.Max(_stores.Placements.Count, (int)placement.Number + 1));
            if (problem is not null)
            {
                throw new VolumeException(VolumeFailure.Configuration, $"define placement {placement.Number}: {problem}", "correct it");
            }

            placement = placement.After(_stores.Placements.Find(placement.Number), _clock.Now.ToDateTimeOffset());
            await _stores.Definition.WaitAsync(cancel);
            try
            {
                await PlacementSettings.WriteAsync(_metadata, _clock, placement, _names, cancel);
                _stores.Placements.Set(placement);
            }
            finally
            {
                _stores.Definition.Release();
            }
        }
        finally
        {
            _one.Release();
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _one.Dispose();

    private async Task SetMirrorsAsync(IReadOnlyList<int> numbers, CancellationToken cancel)
    {
        int[] mirrors = [.. numbers.Select(number => FindActive(number).Number).Where(number => number != _stores.Home.Number).Distinct()];
        await WriteMirrorsAsync(mirrors, [.. _stores.Mirrors.Concat(_stores.FormerMirrors).Select(static member => member.Number).Except(mirrors)], cancel);
    }

    // The home is among them: it is a mirror once another store is the home.
    private async Task WriteMirrorsAsync(int[] mirrors, int[] former, CancellationToken cancel)
    {
        int[] all = [_stores.Home.Number, .. mirrors];
        await PlacementSettings.WriteMetadataStoresAsync(_metadata, _clock, all, former, cancel);
        _stores.SetMirrors(all, former);
    }

    private MemberStore FindActive(int number) => _stores.Find(number) is { IsRemoved: false } member
        ? member
        : throw new VolumeException(VolumeFailure.NotFound, $"find store {number}: the volume has none of this number", "'hipaafs store status' lists them");

    private async Task RefuseUsedAsync(MemberStore member, CancellationToken cancel)
    {
        MetadataResult<CopyTotals> totals = await _metadata.SumCopiesAsync(cancel);
        StoreContents contents = totals.Succeeded
            ? StoreContents.Of(member, _stores.Placements, totals.Value)
            : throw new IOException($"count what stores have: {totals.Error}");
        CopySum there = contents.Has + contents.Condemned;
        if (contents.Placements.Count > 0)
        {
            throw NotRemoved(member, $"placements name it ({string.Join(", ", contents.Placements)})", "drain it first");
        }

        if (there.Segments > 0)
        {
            throw NotRemoved(member, $"{there.Segments} segments of {there.ObjectBytes} bytes are in it", "wait until what other stores have is deleted from it");
        }
    }

    private static VolumeException NotRemoved(MemberStore member, string why, string action) =>
        new(VolumeFailure.Refused, $"remove store {member.Name}: {why}", action);

    private async Task PrepareAsync(MemberStore member, CancellationToken cancel)
    {
        if (!await member.TryOpenAsync(cancel))
        {
            throw Refused(member, member.Problem!);
        }

        await MarkAsync(member, member.Store!, cancel);
        await ProveApartAsync(member, member.Store!, cancel);
        StoreError held = await member.HoldAsync(cancel);
        if (held != StoreError.None)
        {
            throw Refused(member, member.Problem ?? held.ToString());
        }
    }

    // One place under two names (a link, an alias of a host) would pass for two copies, of which the one deletes the other as not wanted any more.
    private async Task ProveApartAsync(MemberStore member, MeteringObjectStore store, CancellationToken cancel)
    {
        var probe = new ObjectKey("probe/" + RandomNumberGenerator.GetHexString(32, lowercase: true));
        StoreResult<ObjectProperties> put = await store.PutAsync(probe, new byte[1], PutCondition.IfAbsent, cancel);
        if (!put.Succeeded)
        {
            throw Refused(member, put.Failure!);
        }

        try
        {
            foreach (MemberStore known in _stores.Active)
            {
                // One that is away cannot be asked.
                StoreResult<ObjectProperties> seen = known.Store is { } other ? await other.GetPropertiesAsync(probe, cancel) : StoreError.Unavailable;
                if (seen.Succeeded)
                {
                    throw Refused(member, $"it is the same place as store {known.Name}");
                }

                if (seen.Error != StoreError.NotFound)
                {
                    throw VolumeStore.Failed($"register store {member.Name} ({member.Url}): ask store {known.Name} whether it is another place", seen.Failure!);
                }
            }
        }
        finally
        {
            await store.DeleteAsync(probe, EntityTag.Any, CancellationToken.None);
        }
    }

    // The mark is all that tells this volume's store from a disk that is not mounted, so an empty one gets it once and never again.
    private async Task MarkAsync(MemberStore member, MeteringObjectStore store, CancellationToken cancel)
    {
        StoreResult<ObjectPage> page = await store.ListAsync(string.Empty, null, 1, cancel);
        if (!page.Succeeded)
        {
            throw Refused(member, page.Failure!);
        }

        if (page.Value.Objects.Count > 0)
        {
            if (await VolumeStore.IdentifyAsync(store, member.Url!, _volume, cancel) is { } failure)
            {
                throw Refused(member, failure);
            }

            return;
        }

        StoreResult<StoreCapabilities> probe = await StoreProbe.RunAsync(store, cancel);
        if (!probe.Succeeded)
        {
            throw Refused(member, probe.Failure!);
        }

        var identity = new VolumeIdentity(VolumeIdentity.CurrentFormat, _volume);
        StoreError put = await VolumeStore.PutAsync(store, StoreLayout.Volume, identity.ToJson(), PutCondition.IfAbsent, cancel);
        if (put != StoreError.None)
        {
            throw VolumeStore.Failed($"register store {member.Name} ({member.Url}): write its mark", StoreFailure.Of(put));
        }
    }

    private static VolumeException Refused(MemberStore member, StoreFailure failure) =>
        VolumeStore.Failed($"register store {member.Name} ({member.Url})", failure, "it must be empty or this volume's");

    private static VolumeException Refused(MemberStore member, string why) => new(
        VolumeFailure.Store, $"register store {member.Name} ({member.Url}): {why}", "check its URL and permissions; it must be empty or this volume's");
}
