using HipaaFs.Crypto;
using HipaaFs.Metadata;
using HipaaFs.Placements;
using HipaaFs.Scrubbing;
using HipaaFs.Segments;
using HipaaFs.Sessions;
using HipaaFs.Staging;
using HipaaFs.Storage;
using HipaaFs.Volumes;
using Microsoft.Extensions.Logging;

namespace HipaaFs.Shipping;

/// <summary>Takes what came on disks into a store and into the rows.</summary>
/// <remarks>
/// Steps: (1) each object that the store has yet to get is put into it from the disk, or looked for in it when somebody else has put it there; either way every byte is proven, as of an upload; (2) the placements name
/// the store; (3) the rows say that it has them. Rows that said so before (2) would have copies that no placement wants, which are deleted. Cut off at any step, it is run again and finds in the store what is there.
/// </remarks>
internal sealed class ShipmentArrival
{
    private readonly IMetadataStore _metadata;
    private readonly VolumeStores _stores;
    private readonly SegmentReplication _replication;
    private readonly SessionFence _fence;
    private readonly KeyRing _ring;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;

    internal ShipmentArrival(
        IMetadataStore metadata, VolumeStores stores, SegmentReplication replication, SessionFence fence, KeyRing ring, TimeProvider time, ILogger logger)
    {
        _metadata = metadata;
        _stores = stores;
        _replication = replication;
        _fence = fence;
        _ring = ring;
        _time = time;
        _logger = logger;
    }

    /// <summary>Does it.</summary>
    /// <param name="route">What goes where.</param>
    /// <param name="disk">The manifest of a disk; null looks for what is in the store already.</param>
    /// <param name="directory">The directory of the disk.</param>
    /// <param name="place">Has the placements name the store; called when it has something.</param>
    /// <param name="progress">Told how far it is.</param>
    /// <param name="cancel">Ends it.</param>
    /// <exception cref="IOException">The metadata cannot be read or written.</exception>
    internal async Task<ShipmentReport> RunAsync(
        ShipmentRoute route, ShipmentManifest? disk, string directory, Func<CancellationToken, Task> place, IProgress<ShipmentProgress> progress, CancellationToken cancel)
    {
        var arrived = new List<SegmentRow>();
        var refused = new List<string>();
        StoreError stopped = await HoldAsync(route.To, cancel);
        if (stopped == StoreError.None)
        {
            stopped = disk is null
                ? await FindAsync(route, arrived, refused, progress, cancel)
                : await PutAsync(route, disk, directory, arrived, refused, progress, cancel);
        }

        long segments = 0;
        long bytes = 0;
        if (arrived.Count > 0)
        {
            await place(cancel);
            StoreError held = await HoldAsync(route.To, cancel); // Whether it all went into this volume's store, the claim says.
            stopped = held == StoreError.None ? stopped : held;
            foreach (SegmentRow row in held == StoreError.None ? arrived : [])
            {
                if (await _replication.NoteAsync(row, route.To, cancel) == StoreError.None)
                {
                    segments++;
                    bytes += row.ObjectLength;
                }
            }

            await _metadata.MakeDurableAsync(_metadata.Applied, cancel);
        }

        (long leftSegments, long leftBytes) = await CountAsync(route, cancel);
        return new ShipmentReport(segments, bytes, leftSegments, leftBytes)
        {
            RefusedObjects = refused.Count,
            Refused = [.. refused.Take(ShipmentReport.MostNamed)],
            Stopped = stopped,
        };
    }

    private async Task<StoreError> PutAsync(
        ShipmentRoute route, ShipmentManifest disk, string directory, List<SegmentRow> arrived, List<string> refused, IProgress<ShipmentProgress> progress, CancellationToken cancel)
    {
        long total = disk.Objects.Sum(static shipped => shipped.Length);
        long done = 0;
        foreach (ShippedObject shipped in disk.Objects)
        {
            if (!SegmentId.TryParse(shipped.Key.AsSpan(shipped.Key.LastIndexOf('/') + 1), out SegmentId segment) || StoreLayout.Segment(segment).Value != shipped.Key)
            {
                refused.Add(shipped.Key);
                continue;
            }

            MetadataResult<SegmentRow> row = await _metadata.GetSegmentAsync(segment, cancel);
            if (row.Succeeded && route.Has(row.Value)) // Else nobody needs it any more, or it has come by another way.
            {
                StoreError put = await PutAsync(route, row.Value, Path.Combine(directory, shipped.Key), cancel);
                if (put is StoreError.Corrupt or StoreError.NotFound or StoreError.InvalidRequest)
                {
                    refused.Add(shipped.Key);
                }
                else if (put != StoreError.None)
                {
                    return put;
                }
                else
                {
                    arrived.Add(row.Value);
                }
            }

            done += shipped.Length;
            progress.Report(new ShipmentProgress(done, total));
        }

        return StoreError.None;
    }

    private async Task<StoreError> PutAsync(ShipmentRoute route, SegmentRow row, string path, CancellationToken cancel)
    {
        ReadOnlyMemory<byte> digest = Digest(row, path);
        if (digest.IsEmpty)
        {
            return StoreError.Corrupt;
        }

        var upload = new SegmentUpload(route.To.Store!, _stores.TierOf(row.Placement, route.To), _ring, _logger);
        StoreError put = await upload.TryAsync(new StagedSegment(row, path, _time.GetUtcNow()) { Sha256 = digest }, mayLink: false, cancel);
        route.To.Note(put);
        return put;
    }

    // Empty when it is not what was sealed, or cannot be read.
    private ReadOnlyMemory<byte> Digest(SegmentRow row, string path)
    {
        try
        {
            if (!SegmentFile.TryOpen(row, path, _ring, out SegmentFile? file))
            {
                return default;
            }

            using (file)
            {
                return file.HashAuthentic();
            }
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return default; // A disk that travelled may be damaged in places.
        }
    }

    private async Task<StoreError> FindAsync(ShipmentRoute route, List<SegmentRow> arrived, List<string> refused, IProgress<ShipmentProgress> progress, CancellationToken cancel)
    {
        (_, long total) = await CountAsync(route, cancel);
        var audit = new StoredSegmentAudit(route.To.Store!, _ring, new ScrubPace(0, _time));
        long done = 0;
        await foreach (SegmentRow row in route.ListAsync(_metadata, cancel))
        {
            StoreResult<SegmentDamage?> damage = await audit.RunAsync(row, cancel);
            route.To.Note(damage.Error);
            if (!damage.Succeeded)
            {
                return damage.Error;
            }

            ObjectKey key = StoreLayout.Segment(row.Id);
            if (damage.Value is { Length: > 0 })
            {
                refused.Add(key.Value);
            }
            else if (damage.Value is null && await MoveDownAsync(route.To, row, key, cancel))
            {
                arrived.Add(row);
            }

            done += row.ObjectLength;
            progress.Report(new ShipmentProgress(done, Math.Max(total, done)));
        }

        return StoreError.None;
    }

    // Who put it there did not know which tier it belongs into.
    private async Task<bool> MoveDownAsync(MemberStore to, SegmentRow row, ObjectKey key, CancellationToken cancel)
    {
        StorageTier tier = _stores.TierOf(row.Placement, to);
        if (tier == StorageTier.Hot)
        {
            return true;
        }

        StoreResult<ObjectProperties> found = await to.Store!.GetPropertiesAsync(key, cancel);
        return found.Succeeded && (found.Value.Tier == tier || (await to.Store!.SetTierAsync(key, tier, cancel)).Succeeded);
    }

    private async Task<(long Segments, long Bytes)> CountAsync(ShipmentRoute route, CancellationToken cancel)
    {
        long segments = 0;
        long bytes = 0;
        await foreach (SegmentRow row in route.ListAsync(_metadata, cancel))
        {
            segments++;
            bytes += row.ObjectLength;
        }

        return (segments, bytes);
    }

    private async Task<StoreError> HoldAsync(MemberStore to, CancellationToken cancel) =>
        await _fence.HoldsStoreAsync(cancel) ? await to.HoldAsync(cancel) : StoreError.Unavailable;
}
