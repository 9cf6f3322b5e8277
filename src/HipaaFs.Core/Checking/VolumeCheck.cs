using HipaaFs.ChangeStream;
using HipaaFs.Crypto;
using HipaaFs.Metadata;
using HipaaFs.Placements;
using HipaaFs.Metadata.Changes;
using HipaaFs.Metadata.Sqlite;
using HipaaFs.Names;
using HipaaFs.Platform;
using HipaaFs.Sessions;
using HipaaFs.Staging;
using HipaaFs.Storage;
using HipaaFs.Volumes;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace HipaaFs.Checking;

/// <summary>Checks a volume that is not mounted: that names, inodes, extents, segments, staging and store fit together.</summary>
public sealed class VolumeCheck
{
    private readonly CheckFindings _findings;
    private readonly VolumeOptions _options;
    private readonly IProgress<CheckProgress> _progress;

    private VolumeCheck(VolumeOptions options, bool repair, IProgress<CheckProgress> progress)
    {
        _options = options;
        _findings = new CheckFindings(repair);
        _progress = progress;
    }

    /// <summary>Checks a volume and, if asked to, repairs what can be repaired. With a key everything sealed in the metadata and in staging is opened too.</summary>
    /// <exception cref="VolumeException">It is held by another, or cannot be opened at all.</exception>
    public static async Task<CheckReport> RunAsync(
        VolumeOptions options, IKeyWrapper? key, bool repair, IProgress<CheckProgress> progress, CancellationToken cancel)
    {
        using KeyRing? ring = key is null ? null : await VolumeRing.UnlockAsync(options.Directory, options.VolumeId, key, cancel);
        var holder = new SessionHolder(Environment.MachineName, Environment.ProcessId, 0, TimeProvider.System.GetUtcNow());
        using FileLock held = VolumeDirectory.Lock(options.Directory, holder);
        using StagingOwner staging = StagingOwner.Acquire(options.Staging.Directory, options.Directory, options.VolumeId);
        return await new VolumeCheck(options, repair, progress).RunAsync(ring, cancel);
    }

    private async Task<CheckReport> RunAsync(KeyRing? ring, CancellationToken cancel)
    {
        ILoggerFactory loggers = NullLoggerFactory.Instance;
        await using SqliteMetadataStore metadata = VolumeDirectory.OpenMetadata(
            new SqliteMetadataOptions { Directory = _options.Directory, ReadOnly = !_findings.MayRepair, MustExist = true }, loggers, TimeProvider.System);
        MetadataResult<bool> file = await metadata.VerifyFileAsync(cancel);
        if (!file.Succeeded || !file.Value)
        {
            _findings.Add(CheckKind.DatabaseDamaged, "metadata.db");
            return new CheckReport(0, 0, _findings.All);
        }

        VolumeRows rows = await VolumeRows.ReadAsync(metadata, _progress, cancel);
        using VolumeNames? names = ring is null ? null : new VolumeNames(ring);
        var now = Timestamp.FromDateTimeOffset(TimeProvider.System.GetUtcNow());
        CheckCounter(rows);
        MissingInodes.Run(rows, names, now, _findings);
        NameCheck.Run(rows, names, now, _findings);
        AttributeCheck.Run(rows, names, _findings);
        await HistoryCheck.RunAsync(rows, metadata.PendingDeletions, _findings, cancel);
        ExtentCheck.Run(rows, _findings);
        await using var stores = new RestingStores();
        await OpenStoresAsync(stores, metadata, loggers, cancel);
        var segments = new SegmentCheck(rows, _findings, _progress, stores);
        await segments.RunAsync(new StagingArea(_options.Staging), ring, cancel);
        await RepairAsync(metadata, rows.Epoch, segments.GivenUp - segments.BroughtBack, cancel);
        return new CheckReport(rows.Inodes.Count, rows.Segments.Count, _findings.All)
        {
            UncheckedSegments = segments.Unchecked,
            UnreadStores = stores.UnreadNames,
        };
    }

    private async Task OpenStoresAsync(RestingStores stores, SqliteMetadataStore metadata, ILoggerFactory loggers, CancellationToken cancel)
    {
        int home = await PlacementSettings.FindHomeAsync(metadata, _options.Store, cancel);
        IReadOnlyList<RegisteredStore> known = await PlacementSettings.ReadStoresAsync(metadata, home, _options.Store, cancel);
        VolumeException? first = null;
        foreach (RegisteredStore store in known.Where(static store => !store.IsRemoved).OrderBy(store => store.Number != home)) // What is wrong with the home is said first.
        {
            VolumeException? problem = await stores.OpenAsync(store, _options.VolumeId, _options.Stores, loggers, TimeProvider.System, cancel);
            first ??= problem;
        }

        if (stores.Read == 0)
        {
            throw first!;
        }
    }

    // An inode number that is given twice mixes two files up.
    private void CheckCounter(VolumeRows rows)
    {
        ulong highest = rows.HighestInode();
        if (rows.NextInode <= highest)
        {
            _findings.Add(
                CheckKind.CounterBehind,
                $"next inode {rows.NextInode}, and there is inode {highest}",
                new CounterChange(ChangeKind.Upsert, VolumeCounter.NextInode, highest + 1));
        }
    }

    private async Task RepairAsync(SqliteMetadataStore metadata, ulong epoch, long moreMissing, CancellationToken cancel)
    {
        List<RowChange> repairs = _findings.TakeRepairs(epoch);
        if (repairs.Count == 0)
        {
            return;
        }

        // What is given up is missing from now on, as if the restore had found it so: nobody deleted it since. What is back is missing no more: it must not make up for
        // another that is deleted.
        if (moreMissing != 0 && await RollbackCheck.NoteMissingAsync(metadata, moreMissing, cancel) is { } note)
        {
            repairs.Add(note);
        }

        // Repairs are not changes of the stream: the next publication begins a new one, with all rows. It is the same transaction that says so.
        repairs.Add(new SettingChange(ChangeKind.Tombstone, PublishedPoint.Setting, default));
        ChangeBatch batch = ChangeCodec.Encode(metadata.Applied, metadata.Applied, repairs);
        cancel.ThrowIfCancellationRequested();

        // Who interrupts it now would be told that nothing was done.
        MetadataResult<Applied> loaded = await metadata.LoadAsync(batch, CancellationToken.None);
        MetadataResult<CommitSequence> durable = await metadata.MakeDurableAsync(metadata.Applied, CancellationToken.None);
        if (!loaded.Succeeded || !durable.Succeeded)
        {
            throw new VolumeException(
                VolumeFailure.Io, $"write the repairs: {(loaded.Succeeded ? durable.Error : loaded.Error)}", "make room on the disk of the volume and try again");
        }
    }
}
