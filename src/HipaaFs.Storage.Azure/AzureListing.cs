using Azure;
using Azure.Storage.Blobs;
using Azure.Storage.Blobs.Models;

namespace HipaaFs.Storage.Azure;

/// <summary>Lists objects after a given one, which the protocol itself cannot: it goes on only where an earlier page stopped.</summary>
/// <remarks>
/// So the places where pages stopped are remembered, as many as there may be listings at a time. Who asks for another place gets it by reading over what comes before.
/// Thread-safe.
/// </remarks>
internal sealed class AzureListing
{
    private const int LongestPage = 5000;
    private const int Remembered = 64;

    private readonly BlobContainerClient _container;
    private readonly string _prefix;
    private readonly bool _foreignKeys;
    private readonly Lock _lock = new();
    private readonly Dictionary<(string Prefix, ObjectKey Last), string> _markers = []; // This and the next guarded by _lock.
    private readonly Queue<(string Prefix, ObjectKey Last)> _order = new();

    internal AzureListing(BlobContainerClient container, string prefix, bool foreignKeys)
    {
        _foreignKeys = foreignKeys;
        _container = container;
        _prefix = prefix;
    }

    /// <summary>See <see cref="IObjectStore.ListAsync"/>.</summary>
    internal async ValueTask<StoreResult<ObjectPage>> ListAsync(string prefix, ObjectKey? after, int limit, CancellationToken cancel)
    {
        string? marker = Find(prefix, after);
        ObjectKey? readOver = marker is null ? after : null;
        int length = Math.Min(limit, LongestPage);
        var unusable = new List<string>();
        while (true)
        {
            (List<ObjectProperties> objects, string? next) = await ReadablePageAsync(prefix, marker, length, unusable, cancel);
            if (readOver is { } key)
            {
                objects.RemoveAll(found => found.Key <= key);
            }

            if (objects.Count > limit)
            {
                return new ObjectPage(objects[..limit], More: true) { Unusable = unusable };
            }

            if (objects.Count > 0 || next is null)
            {
                bool more = next is not null && objects.Count > 0;
                if (more)
                {
                    Remember((prefix, objects[^1].Key), next!);
                }

                return new ObjectPage(objects, more) { Unusable = unusable };
            }

            marker = next;
            length = LongestPage; // What is only read over is read over quickly.
        }
    }

    // The SDK has no word for a listing that was damaged on its way: what its reading of one happens to throw leaves it.
    private async ValueTask<(List<ObjectProperties> Objects, string? Next)> ReadablePageAsync(
        string prefix, string? marker, int length, List<string> unusable, CancellationToken cancel)
    {
        try
        {
            return await PageAsync(prefix, marker, length, unusable, cancel);
        }
        catch (Exception exception) when (exception is ArgumentException or NullReferenceException or InvalidOperationException)
        {
            throw new FormatException("a listing that cannot be read", exception);
        }
    }

    private async ValueTask<(List<ObjectProperties> Objects, string? Next)> PageAsync(
        string prefix, string? marker, int length, List<string> unusable, CancellationToken cancel)
    {
        var objects = new List<ObjectProperties>();
        AsyncPageable<BlobItem> listing = _container.GetBlobsAsync(BlobTraits.None, BlobStates.None, _prefix + prefix, cancel);
        await foreach (Page<BlobItem> page in listing.AsPages(marker, length))
        {
            foreach (BlobItem item in page.Values)
            {
                string name = WithoutPrefix(item.Name);
                if (ObjectKey.TryParse(name, _foreignKeys, out ObjectKey key))
                {
                    objects.Add(PropertiesOf(key, item.Properties));
                }
                else if (_foreignKeys)
                {
                    unusable.Add(name);
                }
            }

            return (objects, string.IsNullOrEmpty(page.ContinuationToken) ? null : page.ContinuationToken);
        }

        return (objects, null);
    }

    // A name that was not asked for is a sign of damage: to leave it out would hide an object.
    private string WithoutPrefix(string? name) =>
        name?.StartsWith(_prefix, StringComparison.Ordinal) == true ? name[_prefix.Length..] : throw new FormatException("a listing of another prefix");

    private static ObjectProperties PropertiesOf(ObjectKey key, BlobItemProperties found)
    {
        return new ObjectProperties(
            key,
            found.ContentLength ?? 0,
            AzureTags.Of(found.ETag ?? default),
            found.LastModified ?? DateTimeOffset.UnixEpoch,
            AzureTiers.TierOf(found.AccessTier?.ToString()),
            found.ArchiveStatus is null ? RestoreState.None : RestoreState.InProgress)
        {
            Md5 = AzureTags.Md5Of(found.ContentHash),
        };
    }

    private string? Find(string prefix, ObjectKey? after)
    {
        if (after is not { } key)
        {
            return null;
        }

        lock (_lock)
        {
            return _markers.Remove((prefix, key), out string? marker) ? marker : null; // Once: it knows nothing of what is put later.
        }
    }

    private void Remember((string Prefix, ObjectKey Last) place, string marker)
    {
        lock (_lock)
        {
            _markers[place] = marker;
            _order.Enqueue(place);
            if (_order.Count > Remembered)
            {
                _markers.Remove(_order.Dequeue());
            }
        }
    }
}
