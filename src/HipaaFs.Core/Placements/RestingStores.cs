using HipaaFs.Crypto;
using HipaaFs.Metadata;
using HipaaFs.Segments;
using HipaaFs.Storage;
using HipaaFs.Volumes;
using Microsoft.Extensions.Logging;

namespace HipaaFs.Placements;

/// <summary>The stores of a volume that is not mounted, and what each of them has of its segments.</summary>
/// <remarks>Of one that cannot be read nothing is known: what could be there is neither found nor lost. Not thread-safe.</remarks>
internal sealed class RestingStores : IAsyncDisposable
{
    private readonly List<RegisteredStore> _known = [];
    private readonly SortedDictionary<int, IObjectStore> _stores = []; // All that were opened.
    private readonly List<MeteringObjectStore> _owned = [];
    private readonly Dictionary<int, Dictionary<SegmentId, long>> _lengths = []; // By store, of those that were listed.
    private ulong _read;

    /// <summary>Mask of the volume's stores.</summary>
    internal ulong Known => _known.Aggregate(0UL, static (mask, store) => mask | SegmentCopies.In(store.Number));

    /// <summary>Mask of those that can be read.</summary>
    internal ulong Read => _read;

    /// <summary>Mask of those that cannot.</summary>
    internal ulong Unread => Known & ~_read;

    /// <summary>Names of those that cannot.</summary>
    internal IReadOnlyList<string> UnreadNames => [.. _known.Where(store => (Unread & SegmentCopies.In(store.Number)) != 0).Select(static store => store.Name)];

    /// <summary>A store that can be read.</summary>
    internal IObjectStore this[int number] => _stores[number];

    /// <summary>Adds one that is open and known to be the volume's. It stays its opener's.</summary>
    internal void Add(RegisteredStore registered, IObjectStore store)
    {
        _known.Add(registered);
        _stores.Add(registered.Number, store);
        _read |= SegmentCopies.In(registered.Number);
    }

    /// <summary>Opens one and adds it, readable or not.</summary>
    /// <returns>Why it cannot be read; null when it can.</returns>
    internal async Task<VolumeException?> OpenAsync(
        RegisteredStore registered, Guid volume, ObjectStores stores, ILoggerFactory loggers, TimeProvider time, CancellationToken cancel)
    {
        _known.Add(registered);
        if (registered.Problem is not null)
        {
            return Failed(registered, registered.Problem);
        }

        try
        {
            StoreUrl url = StoreUrl.Parse(registered.Url);
            MeteringObjectStore store = VolumeStore.Open(stores, url, create: false, loggers, time);
            _owned.Add(store);
            _stores.Add(registered.Number, store);
            if (await VolumeStore.IdentifyAsync(store, url, volume, cancel) is { } failure)
            {
                return Failed(registered, failure);
            }
        }
        catch (VolumeException exception)
        {
            return exception; // Gone, or another's.
        }
        _read |= SegmentCopies.In(registered.Number);
        return null;
    }

    /// <summary>Lists the segments of all stores. One that fails meanwhile counts as one that cannot be read.</summary>
    /// <exception cref="VolumeException">None can be read.</exception>
    internal async Task ListAsync(Action<long> progress, CancellationToken cancel)
    {
        foreach ((int number, IObjectStore store) in _stores)
        {
            if ((_read & SegmentCopies.In(number)) == 0)
            {
                continue;
            }

            StoreResult<Dictionary<SegmentId, long>> stored = await StoredSegments.ListAsync(store, progress, cancel);
            if (stored.Succeeded)
            {
                _lengths[number] = stored.Value;
            }
            else
            {
                Doubt(number, stored.Failure!);
            }
        }
    }

    /// <summary>Takes a store for one that cannot be read, from now on.</summary>
    /// <exception cref="VolumeException">No other is left.</exception>
    internal void Doubt(int number, StoreFailure failure)
    {
        _read &= ~SegmentCopies.In(number);
        if (_read == 0)
        {
            throw Failed(_known.First(store => store.Number == number), failure);
        }
    }

    /// <summary>How many segments a store has; 0 when it was not listed.</summary>
    internal long CountIn(int number) => _lengths.TryGetValue(number, out Dictionary<SegmentId, long>? lengths) ? lengths.Count : 0;

    /// <summary>Whether a store that was listed has something of a segment.</summary>
    internal bool HasIn(int number, SegmentId segment) => _lengths.TryGetValue(number, out Dictionary<SegmentId, long>? lengths) && lengths.ContainsKey(segment);

    /// <summary>The stores that have something of a segment and can be read, with the length of it, the longest first.</summary>
    internal IReadOnlyList<(int Number, long Length)> FindIn(SegmentId segment)
    {
        var found = new List<(int Number, long Length)>();
        foreach ((int number, Dictionary<SegmentId, long> lengths) in _lengths)
        {
            if ((_read & SegmentCopies.In(number)) != 0 && lengths.TryGetValue(segment, out long length))
            {
                found.Add((number, length));
            }
        }

        return [.. found.OrderByDescending(static copy => copy.Length).ThenBy(static copy => copy.Number)];
    }

    /// <summary>The one of them that has most of it; store 0 with nothing when none has anything.</summary>
    internal (int Number, long Length) FindLongestIn(SegmentId segment) => FindIn(segment) is { Count: > 0 } found ? found[0] : default;

    /// <summary>Mask of the stores in which a segment is as long as its row says.</summary>
    internal ulong FindWhole(SegmentRow row) => FindIn(row.Id)
        .Where(copy => copy.Length == row.ObjectLength)
        .Aggregate(0UL, static (mask, copy) => mask | SegmentCopies.In(copy.Number));

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        foreach (MeteringObjectStore store in _owned)
        {
            await store.DisposeAsync();
        }
    }

    private static VolumeException Failed(RegisteredStore store, StoreFailure failure) => VolumeStore.Failed(Looking(store), failure);

    private static VolumeException Failed(RegisteredStore store, string why) =>
        new(VolumeFailure.Store, $"{Looking(store)}: {why}", "make the store reachable and try again");

    private static string Looking(RegisteredStore store) => $"look for segments in store {store.Name} ({store.Url})";
}
