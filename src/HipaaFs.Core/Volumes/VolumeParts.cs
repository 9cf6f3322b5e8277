using HipaaFs.Cache;
using HipaaFs.Crypto;
using HipaaFs.Dirty;
using HipaaFs.Handles;
using HipaaFs.Metadata;
using HipaaFs.Names;
using HipaaFs.Placements;
using HipaaFs.Platform;
using HipaaFs.Segments;
using HipaaFs.Sessions;
using HipaaFs.Snapshots;
using HipaaFs.Staging;
using HipaaFs.Storage;

namespace HipaaFs.Volumes;

/// <summary>Everything an open volume owns, in the order in which it was opened.</summary>
internal sealed record VolumeParts : IAsyncDisposable
{
    internal required VolumeOptions Options { get; init; }

    internal required TimeProvider Time { get; init; }

    internal required FileLock? Lock { get; init; }

    internal required KeyRing Ring { get; init; }

    /// <summary>The volume's home, whichever store that is.</summary>
    internal required HomeStore Store { get; init; }

    /// <summary>All stores, that which is the home one of them.</summary>
    internal required VolumeStores Stores { get; init; }

    internal required IMetadataStore Metadata { get; init; }

    internal required FrameCache Cache { get; init; }

    internal required CachePins Pins { get; init; }

    internal required StagingArea Staging { get; init; }

    internal required StagingOwner StagingOwner { get; init; }

    internal required MissingSegments Missing { get; init; }

    internal required SegmentViews Views { get; init; }

    internal required VolumeNames Names { get; init; }

    internal required PagePool Pool { get; init; }

    internal required FileTable Files { get; init; }

    internal required SessionClock Clock { get; init; }

    internal required HipaaFileSystem FileSystem { get; init; }

    internal required SnapshotCatalog Catalog { get; init; }

    internal required VolumeSnapshots Snapshots { get; init; }

    /// <summary>Null on a read-only mount.</summary>
    internal VolumeWriter? Writer { get; init; }

    /// <summary>Commits what is written and closes all of it, the lock last.</summary>
    public async ValueTask DisposeAsync()
    {
        if (Writer is not null)
        {
            await Writer.Writeback.DisposeAsync();
            await Writer.Uploader.DisposeAsync();
            Writer.Spending.Save();
            await Metadata.CloseSessionAsync(Clock.Session, Clock.Now, CancellationToken.None);
            await Metadata.MakeDurableAsync(Metadata.Applied, CancellationToken.None);
            Writer.Publisher.Dispose();
            Writer.Collector.Dispose();
            Writer.Compactor.Dispose();
            Writer.Repacker.Dispose();
            Writer.Fence.Dispose();
            Writer.Registration.Dispose();
            Writer.Assignment.Dispose();
            Writer.Mover.Dispose();
            Writer.Recaller.Dispose();
            Writer.Replicator.Dispose();
        }

        Views.Dispose();
        Pins.Dispose();
        Cache.Dispose();
        await Metadata.DisposeAsync();
        await Stores.DisposeAsync();
        await Store.DisposeAsync();
        Catalog.Dispose();
        Names.Dispose();
        Ring.Dispose();
        Missing.Dispose();
        StagingOwner.Dispose();
        Lock?.Dispose();
    }
}
