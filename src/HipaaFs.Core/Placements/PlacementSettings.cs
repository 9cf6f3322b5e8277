using System.Globalization;
using HipaaFs.Metadata;
using HipaaFs.Names;
using HipaaFs.Sessions;

namespace HipaaFs.Placements;

/// <summary>The stores and placements of a volume in its settings, which travel with the change stream: a restore knows them too.</summary>
/// <remarks>Numbers are given one after another and never taken back, so that reading ends with the first that is not there.</remarks>
internal static class PlacementSettings
{
    /// <summary>Reads the stores beside the volume's own that were not removed, by number; one whose setting makes no sense is among them and says so.</summary>
    /// <exception cref="IOException">They cannot be read.</exception>
    internal static async Task<IReadOnlyList<RegisteredStore>> ReadStoresAsync(IMetadataStore metadata, CancellationToken cancel) =>
        [.. (await ReadAllStoresAsync(metadata, cancel)).Where(static store => !store.IsRemoved)];

    /// <summary>Reads all stores beside the volume's own, by number.</summary>
    /// <exception cref="IOException">They cannot be read.</exception>
    internal static async Task<IReadOnlyList<RegisteredStore>> ReadAllStoresAsync(IMetadataStore metadata, CancellationToken cancel)
    {
        var stores = new List<RegisteredStore>();
        for (int number = 1; number <= SegmentCopies.HighestStore; number++)
        {
            if (await ReadAsync(metadata, StoreKey(number), cancel) is not { } content)
            {
                break;
            }

            stores.Add(RegisteredStore.Parse(content.Span, number, StoreKey(number)));
        }

        return stores;
    }

    /// <summary>Reads what a policy says of the volume's own store, which volume.yaml names; null when none has said anything that makes sense.</summary>
    /// <exception cref="IOException">It cannot be read.</exception>
    internal static async Task<RegisteredStore?> ReadOwnStoreAsync(IMetadataStore metadata, CancellationToken cancel) =>
        await ReadAsync(metadata, StoreKey(0), cancel) is { } content ? RegisteredStore.TryParse(content.Span) : null;

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
