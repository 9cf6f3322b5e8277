using HipaaFs.ChangeStream;
using HipaaFs.Crypto;
using HipaaFs.Metadata;
using HipaaFs.Metadata.Changes;
using HipaaFs.Metadata.Sqlite;
using HipaaFs.Names;
using HipaaFs.Placements;
using HipaaFs.Platform;
using HipaaFs.Sessions;
using HipaaFs.Storage;
using HipaaFs.Trash;
using HipaaFs.Volumes;
using Microsoft.Extensions.Logging;

namespace HipaaFs.Recovery;

/// <summary>Makes a volume again from its store and a key: the ring from there, the metadata from the change stream, the data stays where it is.</summary>
/// <remarks>
/// Steps: (1) whose store it is, and its newest key ring; (2) the newest full stream and the chain of what follows, up to the last backup point;
/// (3) a new database from the rows, object by object; (4) which segments the store really has, those among them whose upload was not yet noted;
/// (5) the settings, and only now the directory counts as a volume. A restore that was killed before is done again in the same directory.
/// </remarks>
public sealed class VolumeRestore
{
    private readonly StoreUrl _url;
    private readonly string _directory;
    private readonly RestoreOptions _options;
    private readonly ILoggerFactory _loggers;
    private readonly TimeProvider _time;
    private readonly IProgress<RestoreProgress> _progress;

    private VolumeRestore(
        StoreUrl url, string directory, RestoreOptions options, ILoggerFactory loggers, TimeProvider time, IProgress<RestoreProgress> progress)
    {
        _url = url;
        _directory = directory;
        _options = options;
        _loggers = loggers;
        _time = time;
        _progress = progress;
    }

    /// <summary>Restores a volume into an empty or new directory, or one in which a restore was cut off.</summary>
    /// <exception cref="VolumeException">It cannot be restored; nothing is left behind.</exception>
    public static async Task<RestoreReport> RunAsync(
        StoreUrl store,
        IKeyWrapper key,
        string directory,
        RestoreOptions options,
        ILoggerFactory loggers,
        TimeProvider time,
        IProgress<RestoreProgress> progress,
        CancellationToken cancel)
    {
        using RestoreDirectory target = RestoreDirectory.Take(directory, new SessionHolder(Environment.MachineName, Environment.ProcessId, 0, time.GetUtcNow()));
        try
        {
            RestoreReport report = await new VolumeRestore(store, directory, options, loggers, time, progress).RunAsync(key, cancel);
            options.WriteSettings?.Invoke(report); // Step 5
            target.Complete();
            return report;
        }
        catch
        {
            target.Abandon();
            throw;
        }
    }

    private async Task<RestoreReport> RunAsync(IKeyWrapper key, CancellationToken cancel)
    {
        await using MeteringObjectStore store = VolumeStore.Open(_options.Stores, _url, create: false, _loggers, _time);
        VolumeIdentity identity = await ReadIdentityAsync(store, cancel); // Step 1
        byte[] ringContent = await ReadRingAsync(store, cancel);
        KeyRingDocument document = VolumeRing.Parse(ringContent, $"{_url}: newest object under {StoreLayout.RingPrefix}");
        using KeyRing ring = await VolumeRing.UnlockAsync(document, key, cancel);
        if (ring.VolumeId != identity.Id)
        {
            throw new VolumeException(
                VolumeFailure.Integrity, $"restore from {_url}: its key ring belongs to volume {ring.VolumeId}, its volume.json says {identity.Id}", "check who wrote to the store");
        }

        var reader = new StreamObjectReader(ring, store);
        BackupChain chain = await FindChainAsync(store, reader, cancel); // Step 2
        RefuseOld(chain);
        DurableFile.Replace(VolumeOptions.RingPath(_directory), ringContent);
        await using SqliteMetadataStore metadata = VolumeDirectory.OpenMetadata(
            new SqliteMetadataOptions { Directory = _directory, BallastPath = VolumeDirectory.BallastPath(_directory) }, _loggers, _time);
        await LoadAsync(metadata, chain, reader, cancel); // Step 3
        int home = await PlacementSettings.FindHomeAsync(metadata, _url, cancel); // Step 4
        await using RestingStores stores = await OpenStoresAsync(store, home, metadata, identity.Id, cancel);
        if (!_options.AcceptsOlderMirror)
        {
            await RefuseOlderAsync(metadata, stores, home, ring, chain, cancel);
        }

        var segments = new SegmentSettlement(metadata, stores, home, _progress);
        await segments.RunAsync(cancel);
        RestoreFailures.ThrowIfFailed(await RollbackCheck.NoteRestoredAsync(metadata, segments.Missing, cancel));
        MetadataResult<CommitSequence> durable = await metadata.MakeDurableAsync(metadata.Applied, cancel);
        RestoreFailures.ThrowIfFailed(durable.Error);
        MetadataResult<int> trashDays = await TrashClock.ReadDaysAsync(metadata, cancel);
        RestoreFailures.ThrowIfFailed(trashDays.Error);
        VolumeUsage usage = metadata.Usage;
        return new RestoreReport(
            identity.Id, chain.Sequence.Value, chain.PublishedAt, Convert.ToHexStringLower(chain.Hash), usage.Inodes, usage.FileBytes, segments.Missing)
        {
            TrashDays = trashDays.Value,
            Policy = await ReadPolicyAsync(metadata, ring, cancel),
            IncompleteFiles = segments.Files,
            UnfollowedObjects = chain.Unfollowed,
            UnknownSegments = segments.Unknown,
            UncheckedSegments = segments.Unchecked,
            UnreadStores = stores.UnreadNames,
        };
    }

    // What is back is worth more than what may be said of it: who mounts it is told what is wrong with its policy.
    private static async Task<byte[]?> ReadPolicyAsync(SqliteMetadataStore metadata, KeyRing ring, CancellationToken cancel)
    {
        using var names = new VolumeNames(ring);
        try
        {
            return await PolicySetting.ReadAsync(metadata, names, cancel);
        }
        catch (IOException)
        {
            return null;
        }
    }

    // What only others have is found in them. One that cannot be read now keeps its copies in the rows: a mount that reaches it reads them.
    private async Task<RestingStores> OpenStoresAsync(MeteringObjectStore store, int home, SqliteMetadataStore metadata, Guid volume, CancellationToken cancel)
    {
        IReadOnlyList<RegisteredStore> known = await PlacementSettings.ReadStoresAsync(metadata, home, _url, cancel);
        var stores = new RestingStores();
        stores.Add(known[home], store);
        foreach (RegisteredStore registered in known.Where(other => other.Number != home && !other.IsRemoved))
        {
            await stores.OpenAsync(registered, volume, _options.Stores, _loggers, _time, cancel);
        }

        return stores;
    }

    private async Task<VolumeIdentity> ReadIdentityAsync(MeteringObjectStore store, CancellationToken cancel)
    {
        byte[] content = new byte[4096];
        StoreResult<int> read = await store.ReadAsync(StoreLayout.Volume, EntityTag.Any, 0, content, cancel);
        if (read.Succeeded)
        {
            return VolumeStore.Parse(content.AsSpan(0, read.Value), _url);
        }

        throw read.Error == StoreError.NotFound
            ? new VolumeException(VolumeFailure.NotFound, $"restore from {_url}: it holds no volume", "check the store's URL")
            : VolumeStore.Failed($"restore from {_url}", read.Failure!);
    }

    private async Task<byte[]> ReadRingAsync(MeteringObjectStore store, CancellationToken cancel)
    {
        StoreResult<byte[]?> ring = await VolumeRing.FetchNewestAsync(store, cancel);
        if (!ring.Succeeded)
        {
            throw VolumeStore.Failed($"restore from {_url}: read its key ring", ring.Failure!);
        }

        return ring.Value ?? throw new VolumeException(
            VolumeFailure.Integrity, $"restore from {_url}: no key ring could be read from it", "put a copy of the ring back under keyring/");
    }

    private async Task<BackupChain> FindChainAsync(MeteringObjectStore store, StreamObjectReader reader, CancellationToken cancel)
    {
        List<ObjectProperties> objects = await ListAsync(store, cancel);
        for (int i = objects.Count - 1; i >= 0; i--)
        {
            if (StoreLayout.TryStream(objects[i].Key, out _, out _, out bool full) && full)
            {
                BackupChain? chain = await BackupChain.FollowAsync(reader, objects, i, _progress, cancel);
                if (chain is not null)
                {
                    return chain;
                }
            }
        }

        throw new VolumeException(
            VolumeFailure.NotFound,
            $"restore from {_url}: it holds no complete backup point",
            "the volume was never mounted long enough to publish one, or its change stream is damaged; the data segments can still be read with the recovery key");
    }

    private async Task<List<ObjectProperties>> ListAsync(MeteringObjectStore store, CancellationToken cancel)
    {
        var objects = new List<ObjectProperties>();
        bool more = true;
        while (more)
        {
            ObjectKey? after = objects.Count == 0 ? null : objects[^1].Key;
            StoreResult<ObjectPage> page = await store.ListAsync(StoreLayout.StreamPrefix, after, 1000, cancel);
            if (!page.Succeeded)
            {
                throw VolumeStore.Failed($"restore from {_url}: list its change stream", page.Failure!);
            }

            objects.AddRange(page.Value.Objects);
            more = page.Value.More;
        }

        return objects;
    }

    private void RefuseOld(BackupChain chain)
    {
        if (_options.AtLeastGeneration is { } least && chain.Sequence.Value < least)
        {
            throw new VolumeException(
                VolumeFailure.Refused,
                $"restore from {_url}: its newest backup point has generation {chain.Sequence}, {least} was asked for at least",
                "the store shows an old state; look for a newer copy, or restore without --at-least");
        }
    }

    // The home may be behind a mirror that was the home since, and a mirror is behind the home as long as it was away. What is not authentic proves nothing, whatever its name says.
    private async Task RefuseOlderAsync(SqliteMetadataStore metadata, RestingStores stores, int home, KeyRing ring, BackupChain chain, CancellationToken cancel)
    {
        IReadOnlyList<RegisteredStore> known = await PlacementSettings.ReadStoresAsync(metadata, home, _url, cancel);
        foreach (int number in await PlacementSettings.ReadMetadataStoresAsync(metadata, cancel))
        {
            if (number == home || (stores.Read & SegmentCopies.In(number)) == 0)
            {
                continue;
            }

            CommitSequence? newer = await FindNewerAsync(stores[number], ring, chain, cancel);
            if (newer is { } sequence)
            {
                throw new VolumeException(
                    VolumeFailure.Refused,
                    $"restore from {_url}: its newest backup point, of {chain.PublishedAt:yyyy-MM-dd HH:mm:ss} UTC, has generation {chain.Sequence}, and store {known[number].Name} has got as far as {sequence}",
                    $"restore from that one: --store '{known[number].Url}'; or take the older state with --older-mirror");
            }
        }
    }

    // How far the change stream of a store goes that goes past the chain; null when it does not, or cannot be read.
    private static async Task<CommitSequence?> FindNewerAsync(IObjectStore store, KeyRing ring, BackupChain chain, CancellationToken cancel)
    {
        StoreResult<List<ObjectProperties>> listed = await StreamMirror.ListAsync(store, StoreLayout.StreamPrefix, cancel);
        var reader = new StreamObjectReader(ring, store);
        foreach (ObjectProperties found in (listed.Succeeded ? listed.Value : []).AsEnumerable().Reverse().TakeWhile(found => found.Key != chain.Objects[^1].Properties.Key))
        {
            StoreResult<StreamObject> opened = await reader.ReadAsync(found, cancel);
            if (opened.Succeeded)
            {
                return opened.Value.Preamble.Sequence > chain.Sequence ? opened.Value.Preamble.Sequence : null;
            }
        }

        return null;
    }

    // A transaction a batch, and one object in memory at a time.
    private async Task LoadAsync(SqliteMetadataStore metadata, BackupChain chain, StreamObjectReader reader, CancellationToken cancel)
    {
        for (int i = 0; i < chain.Objects.Count; i++)
        {
            StreamObject opened = await chain.ReadAsync(reader, i, cancel);
            foreach (ReadOnlyMemory<byte> batch in opened.Batches)
            {
                cancel.ThrowIfCancellationRequested();
                MetadataResult<Applied> loaded = await metadata.LoadAsync(new ChangeBatch(default, default, batch), cancel);
                RestoreFailures.ThrowIfFailed(loaded.Error);
            }

            _progress.Report(new RestoreProgress("metadata", i + 1, chain.Objects.Count));
        }

        // Generations go on from here, so that a later one is never taken for an older.
        MetadataResult<Applied> reached = await metadata.LoadAsync(ChangeCodec.Encode(chain.Sequence, chain.Sequence, []), cancel);
        RestoreFailures.ThrowIfFailed(reached.Error);
    }
}
