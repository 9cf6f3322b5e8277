using System.Globalization;
using HipaaFs.Metadata;
using HipaaFs.Names;
using HipaaFs.Sessions;
using HipaaFs.Storage;
using HipaaFs.Volumes;

namespace HipaaFs.Placements;

/// <summary>The stores and placements of a volume in its settings, which travel with the change stream: a restore knows them too.</summary>
/// <remarks>Numbers are given one after another and never taken back, so that reading ends with the first that is not there.</remarks>
internal static class PlacementSettings
{
    // The number of the home, u8. Absent: 0.
    private const string HomeKey = "home";

    // The numbers of the stores that get change stream and key ring, u8 each, the home among them. Absent: the home alone.
    private const string MetadataStoresKey = "metadata.stores";

    // The numbers of the stores that got them once and may still have something of them, u8 each. Absent: none.
    private const string FormerMetadataStoresKey = "metadata.former";

    private const string NeverSaid = "where it is was never said";

    /// <summary>
    /// Finds out which store an address is meant to be, the one that volume.yaml gives as the volume's home: the store that is registered there; else it is the address at which that store is now which was the home last.
    /// </summary>
    /// <exception cref="IOException">The settings cannot be read.</exception>
    /// <exception cref="VolumeException">It is where a store was that was taken away.</exception>
    internal static async Task<int> FindHomeAsync(IMetadataStore metadata, StoreUrl at, CancellationToken cancel)
    {
        int last = await ReadHomeAsync(metadata, cancel);
        IReadOnlyList<RegisteredStore> known = await ReadRegisteredAsync(metadata, cancel);
        int[] there = [.. known.Where(store => IsAt(store with { IsRemoved = false }, at)).Select(static store => store.Number)];
        int[] active = [.. there.Where(number => !known[number].IsRemoved)];
        if (there.Length > 0 && active.Length == 0)
        {
            string home = last < known.Count ? known[last].Url : "another place";
            throw new VolumeException(
                VolumeFailure.Refused, $"open the volume's home at {at}: that is where its store {known[there[0]].Name} was until it was taken away; the home is {home} now", "have volume.yaml name that");
        }

        return active.Length == 0 || active.Contains(last) ? last : active[0];
    }

    /// <summary>Whether an address is where the settings say that the home is; also when they say nothing.</summary>
    /// <exception cref="IOException">The settings cannot be read.</exception>
    internal static async Task<bool> IsHomeAtAsync(IMetadataStore metadata, StoreUrl at, CancellationToken cancel)
    {
        int home = await ReadHomeAsync(metadata, cancel);
        return (await ReadRegisteredAsync(metadata, cancel)).ElementAtOrDefault(home) is not { Problem: null } known || IsAt(known, at);
    }

    /// <summary>Reads all stores, the number of each is its place; one whose setting makes no sense is among them and says so.</summary>
    /// <param name="metadata">The settings.</param>
    /// <param name="home">Number of the home.</param>
    /// <param name="at">Where that is.</param>
    /// <param name="cancel">Ends it.</param>
    /// <exception cref="IOException">They cannot be read.</exception>
    internal static async Task<IReadOnlyList<RegisteredStore>> ReadStoresAsync(IMetadataStore metadata, int home, StoreUrl at, CancellationToken cancel)
    {
        IReadOnlyList<RegisteredStore> stores = await ReadRegisteredAsync(metadata, cancel);
        return home < stores.Count
            ? [.. stores.Select(store => store.Number == home ? store with { Url = at.ToString(), Problem = null } : store)]
            : throw new IOException($"read the setting {HomeKey}: there is no store {home}");
    }

    /// <summary>Has the settings say which store is the home, and where it is; durable on return. Does nothing where they say so, or the volume has one store, about which there is nothing to say.</summary>
    /// <exception cref="IOException">They cannot be read or written.</exception>
    internal static async Task SettleHomeAsync(IMetadataStore metadata, SessionClock clock, VolumeStores stores, CancellationToken cancel)
    {
        if (stores.IsSingle)
        {
            return;
        }

        // Where it is first: cut off in between, the address alone says who it is.
        MemberStore home = stores.Home;
        RegisteredStore known = (await ReadRegisteredAsync(metadata, cancel))[home.Number];
        if (known.Problem is null or NeverSaid && known.Url != home.Registered.Url) // What makes no sense a newer version may have written.
        {
            await WriteAsync(metadata, clock, home.Registered, cancel);
        }

        if (await ReadHomeAsync(metadata, cancel) != home.Number)
        {
            await WriteAsync(metadata, clock, HomeKey, [(byte)home.Number], cancel);
        }
    }

    /// <summary>Reads the numbers of the stores that get change stream and key ring; the home need not be among them, and gets them.</summary>
    /// <exception cref="IOException">They cannot be read.</exception>
    internal static Task<IReadOnlyList<int>> ReadMetadataStoresAsync(IMetadataStore metadata, CancellationToken cancel) => ReadNumbersAsync(metadata, MetadataStoresKey, cancel);

    /// <summary>Reads the numbers of the stores that got them once and may still have something of them.</summary>
    /// <exception cref="IOException">They cannot be read.</exception>
    internal static Task<IReadOnlyList<int>> ReadFormerMetadataStoresAsync(IMetadataStore metadata, CancellationToken cancel) =>
        ReadNumbersAsync(metadata, FormerMetadataStoresKey, cancel);

    /// <summary>Writes both; durable on return.</summary>
    /// <exception cref="IOException">They cannot be written.</exception>
    internal static async Task WriteMetadataStoresAsync(IMetadataStore metadata, SessionClock clock, IEnumerable<int> numbers, IEnumerable<int> former, CancellationToken cancel)
    {
        // Those that are to lose what they have first: cut off in between, they are still among the others, which counts.
        await WriteAsync(metadata, clock, FormerMetadataStoresKey, [.. former.Select(static number => (byte)number)], cancel);
        await WriteAsync(metadata, clock, MetadataStoresKey, [.. numbers.Select(static number => (byte)number)], cancel);
    }

    /// <summary>Reads the placements beside the volume's own, by number, the first of them 1; null is one whose setting makes no sense.</summary>
    /// <exception cref="IOException">They cannot be read.</exception>
    internal static async Task<IReadOnlyList<Placement?>> ReadPlacementsAsync(IMetadataStore metadata, VolumeNames names, CancellationToken cancel)
    {
        var placements = new List<Placement?>();
        for (uint number = 1; await ReadAsync(metadata, PlacementKey(number), cancel) is { } content; number++)
        {
            placements.Add(Placement.TryParse(content.Span, number, names));
        }

        return placements;
    }

    /// <summary>Writes a store; durable on return.</summary>
    /// <exception cref="IOException">It cannot be written.</exception>
    internal static Task WriteAsync(IMetadataStore metadata, SessionClock clock, RegisteredStore store, CancellationToken cancel) =>
        WriteAsync(metadata, clock, StoreKey(store.Number), store.ToJson(), cancel);

    /// <summary>Writes a placement; durable on return.</summary>
    /// <exception cref="IOException">It cannot be written.</exception>
    internal static Task WriteAsync(IMetadataStore metadata, SessionClock clock, Placement placement, VolumeNames names, CancellationToken cancel) =>
        WriteAsync(metadata, clock, PlacementKey(placement.Number), placement.ToJson(names), cancel);

    private static async Task<IReadOnlyList<int>> ReadNumbersAsync(IMetadataStore metadata, string key, CancellationToken cancel) =>
        await ReadAsync(metadata, key, cancel) is { } content ? [.. content.ToArray().Select(static number => (int)number)] : [];

    private static async Task<int> ReadHomeAsync(IMetadataStore metadata, CancellationToken cancel) => await ReadAsync(metadata, HomeKey, cancel) switch
    {
        null => 0,
        { Length: 1 } content when content.Span[0] <= SegmentCopies.HighestStore => content.Span[0],
        _ => throw new IOException($"read the setting {HomeKey}: it makes no sense"),
    };

    // Of number 0, which every volume has, nothing need be said.
    private static async Task<IReadOnlyList<RegisteredStore>> ReadRegisteredAsync(IMetadataStore metadata, CancellationToken cancel)
    {
        var stores = new List<RegisteredStore>();
        for (int number = 0; number <= SegmentCopies.HighestStore; number++)
        {
            ReadOnlyMemory<byte>? content = await ReadAsync(metadata, StoreKey(number), cancel);
            if (content is null && number > 0)
            {
                break;
            }

            stores.Add(content is { } known
                ? RegisteredStore.Parse(known.Span, number, StoreKey(number))
                : new RegisteredStore { Name = RegisteredStore.Unnamed, Url = string.Empty, Problem = NeverSaid });
        }

        return stores;
    }

    private static bool IsAt(RegisteredStore store, StoreUrl url) =>
        store is { IsRemoved: false, Problem: null } && StoreUrl.Parse(store.Url).IsSamePlace(url);

    private static string StoreKey(int number) => string.Create(CultureInfo.InvariantCulture, $"store.{number}");

    /// <summary>What the setting of a placement is called.</summary>
    internal static string PlacementKey(uint number) => string.Create(CultureInfo.InvariantCulture, $"placement.{number}");

    private static async ValueTask<ReadOnlyMemory<byte>?> ReadAsync(IMetadataStore metadata, string key, CancellationToken cancel)
    {
        MetadataResult<ReadOnlyMemory<byte>> read = await metadata.GetSettingAsync(key, cancel);
        if (read.Error == MetadataError.NotFound)
        {
            return null;
        }

        return read.Succeeded ? read.Value : throw new IOException($"read the setting {key}: {read.Error}");
    }

    private static async Task WriteAsync(IMetadataStore metadata, SessionClock clock, string key, byte[] content, CancellationToken cancel)
    {
        MetadataResult<Applied> written = await metadata.SetSettingAsync(clock.NextOperation(), key, content, cancel);
        MetadataResult<CommitSequence> durable = written.Succeeded ? await metadata.MakeDurableAsync(metadata.Applied, cancel) : written.Error;
        if (!durable.Succeeded)
        {
            throw new IOException($"write the setting {key}: {durable.Error}");
        }
    }
}
