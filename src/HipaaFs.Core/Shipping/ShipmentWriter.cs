using HipaaFs.Archives;
using HipaaFs.Crypto;
using HipaaFs.Metadata;
using HipaaFs.Placements;
using HipaaFs.Platform;
using HipaaFs.Storage;
using HipaaFs.Volumes;

namespace HipaaFs.Shipping;

/// <summary>Writes the objects that a store has yet to get onto a disk, as they are: sealed, under the paths that their keys say.</summary>
/// <remarks>
/// The keys prove every byte of an object before it is listed in the disk's manifest. What is listed is noted on this machine as well, so that the next disk gets the rest. Nothing is changed in rows or stores. One
/// segment after the other: disks are filled one at a time.
/// </remarks>
internal sealed class ShipmentWriter
{
    private const long SpareRoom = 64L << 20; // For the manifest, and what the file system needs itself.

    private readonly IMetadataStore _metadata;
    private readonly RecallTable _recalls;
    private readonly VolumeStores _stores;
    private readonly KeyRing _ring;

    internal ShipmentWriter(IMetadataStore metadata, VolumeStores stores, RecallTable recalls, KeyRing ring)
    {
        _metadata = metadata;
        _stores = stores;
        _recalls = recalls;
        _ring = ring;
    }

    /// <summary>Writes as much as fits.</summary>
    /// <param name="route">What goes where.</param>
    /// <param name="disk">The manifest of the disk; null only counts.</param>
    /// <param name="directory">The directory of the disk.</param>
    /// <param name="noted">What is on disks already.</param>
    /// <param name="progress">Told how far it is.</param>
    /// <param name="cancel">Ends it; what is listed stays listed.</param>
    /// <exception cref="IOException">The metadata cannot be read, or the disk does not take it.</exception>
    internal async Task<ShipmentReport> RunAsync(
        ShipmentRoute route, ShipmentManifest? disk, string directory, ShipmentManifest noted, IProgress<ShipmentProgress> progress, CancellationToken cancel)
    {
        ShipmentReport left = await CountAsync(route, noted, cancel);
        if (disk is null)
        {
            return left;
        }

        long total = Math.Min(left.LeftBytes, Math.Max(0, FreeSpace.Of(directory).Available - SpareRoom));
        ShipmentReport report = left;
        long unreadable = 0;
        await foreach (SegmentRow row in route.ListAsync(_metadata, cancel))
        {
            string key = StoreLayout.Segment(row.Id).Value;
            if (noted.Has(key) || FreeSpace.Of(directory).Available - SpareRoom < row.ObjectLength)
            {
                continue; // Smaller ones may fit still.
            }

            StoreResult<ReadOnlyMemory<byte>> digest = await WriteAsync(route.From, row, Path.Combine(directory, key), cancel);
            if (!digest.Succeeded && digest.Error is not (StoreError.Corrupt or StoreError.NotFound or StoreError.Archived))
            {
                return report with { Unreadable = unreadable, Stopped = digest.Error };
            }

            if (!digest.Succeeded)
            {
                unreadable++;
                continue;
            }

            var shipped = new ShippedObject(key, row.ObjectLength, Convert.ToHexStringLower(digest.Value.Span));
            disk.Add(shipped);
            noted.Add(shipped);
            report = new ShipmentReport(report.Segments + 1, report.Bytes + row.ObjectLength, report.LeftSegments - 1, report.LeftBytes - row.ObjectLength);
            progress.Report(new ShipmentProgress(report.Bytes, Math.Max(total, report.Bytes)));
        }

        return report with { Unreadable = unreadable };
    }

    private async Task<ShipmentReport> CountAsync(ShipmentRoute route, ShipmentManifest noted, CancellationToken cancel)
    {
        var report = new ShipmentReport(0, 0, 0, 0);
        await foreach (SegmentRow row in route.ListAsync(_metadata, cancel))
        {
            if (!noted.Has(StoreLayout.Segment(row.Id).Value))
            {
                report = report with { LeftSegments = report.LeftSegments + 1, LeftBytes = report.LeftBytes + row.ObjectLength };
            }
        }

        return report;
    }

    private async Task<StoreResult<ReadOnlyMemory<byte>>> WriteAsync(MemberStore from, SegmentRow row, string path, CancellationToken cancel)
    {
        if (from.Store is not { } store)
        {
            return StoreError.Unavailable;
        }

        if (_stores.TierOf(row.Placement, from) == StorageTier.Archive && !_recalls.IsBack(row.Id))
        {
            return StoreError.Archived;
        }

        string unproven = path + ".part";
        string place = Path.GetDirectoryName(path)!;
        DurableFile.EnsureDirectory(place);
        File.Delete(unproven);
        StoreResult<ReadOnlyMemory<byte>> digest;
        try
        {
            digest = await SegmentDownload.RunAsync(store, row, unproven, _ring, cancel);
            from.Note(digest.Error);
            if (digest.Succeeded)
            {
                DurableFile.Rename(unproven, path);
                DurableFile.SyncDirectory(place);
            }
        }
        finally
        {
            File.Delete(unproven);
        }

        return digest;
    }
}
