using HipaaFs.ChangeStream;
using HipaaFs.Crypto;
using HipaaFs.Metadata;
using HipaaFs.Metadata.Sqlite;
using HipaaFs.Platform;
using HipaaFs.Sessions;
using HipaaFs.Storage;
using HipaaFs.Volumes;
using Microsoft.Extensions.Logging;

namespace HipaaFs.Placements;

/// <summary>Makes a mirror the home of a volume that is not mounted and whose home does not come back.</summary>
/// <remarks>
/// The volume's own metadata is on this machine and loses nothing by it; what the mirror lacks of the change stream it gets as a new full one, which the next mount publishes. As long as that has not been, a restore from
/// the mirror gives back what the mirror has. Cut off at any point, it is done again.
/// </remarks>
public sealed class HomeReplacement
{
    private readonly VolumeOptions _options;
    private readonly ILoggerFactory _loggers;
    private readonly TimeProvider _time;

    private HomeReplacement(VolumeOptions options, ILoggerFactory loggers, TimeProvider time)
    {
        _options = options;
        _loggers = loggers;
        _time = time;
    }

    /// <summary>Compares the mirror with what this machine has published, and has it be the home.</summary>
    /// <param name="options">The volume, with the address of its present home.</param>
    /// <param name="name">The mirror.</param>
    /// <param name="point">Has the volume opened with an address from then on, durably; null only compares.</param>
    /// <param name="loggers">Log.</param>
    /// <param name="time">The clock.</param>
    /// <param name="cancel">Ends it.</param>
    /// <returns>What the mirror has.</returns>
    /// <exception cref="VolumeException">The volume is held by another; there is no such store, or it is no mirror, or does not answer; the present home answers.</exception>
    /// <exception cref="IOException">The metadata cannot be read or written.</exception>
    public static async Task<MirrorState> RunAsync(
        VolumeOptions options, string name, Action<StoreUrl>? point, ILoggerFactory loggers, TimeProvider time, CancellationToken cancel)
    {
        using FileLock held = VolumeDirectory.Lock(options.Directory, new SessionHolder(Environment.MachineName, Environment.ProcessId, 0, time.GetUtcNow()));
        return await new HomeReplacement(options, loggers, time).RunAsync(name, point, cancel);
    }

    private async Task<MirrorState> RunAsync(string name, Action<StoreUrl>? point, CancellationToken cancel)
    {
        await using SqliteMetadataStore metadata = VolumeDirectory.OpenMetadata(
            new SqliteMetadataOptions { Directory = _options.Directory, MustExist = true, ReadOnly = point is null }, _loggers, _time);
        int home = await PlacementSettings.FindHomeAsync(metadata, _options.Store, cancel);
        IReadOnlyList<RegisteredStore> known = await PlacementSettings.ReadStoresAsync(metadata, home, _options.Store, cancel);
        RegisteredStore mirror = Find(known, home, await PlacementSettings.ReadMetadataStoresAsync(metadata, cancel), name);
        if (await AnswersAsync(known[home], cancel))
        {
            throw Refused(name, $"the present one, {known[home].Name}, answers", $"mount the volume, and 'hipaafs store migrate MOUNTPOINT {known[home].Name} {name}' loses nothing");
        }

        StoreUrl url = StoreUrl.Parse(mirror.Url);
        await using MeteringObjectStore store = VolumeStore.Open(_options.Stores, url, create: false, _loggers, _time);
        if (await VolumeStore.IdentifyAsync(store, url, _options.VolumeId, cancel) is { } failure)
        {
            throw VolumeStore.Failed($"make store {name} the volume's home: read from {url}", failure);
        }

        if (point is not null)
        {
            await VolumeStore.ProveHomeAsync(store, name, cancel);
        }

        ObjectProperties newest = await FindNewestAsync(store, name, cancel);
        MetadataResult<ReadOnlyMemory<byte>> setting = await metadata.GetSettingAsync(PublishedPoint.Setting, cancel);
        PublishedPoint? published = setting.Succeeded ? PublishedPoint.TryDecode(setting.Value.Span) : null;
        bool isNewest = published is not null && StoreLayout.TryStream(newest.Key, out ulong session, out ulong number, out _) && (session, number) == (published.Session, published.Number);
        if (point is not null)
        {
            await PutRingAsync(store, name, cancel);
            await BeginAnewAsync(metadata, cancel); // Where it has the newest too: what is before that in the mirror nobody has read since it was copied there.
            point(url);
        }

        return new MirrorState(known[home].Name, newest.LastModified, isNewest);
    }

    private static RegisteredStore Find(IReadOnlyList<RegisteredStore> known, int home, IReadOnlyList<int> metadataStores, string name)
    {
        RegisteredStore found = known.FirstOrDefault(store => store.Name == name && !store.IsRemoved)
            ?? throw new VolumeException(
                VolumeFailure.NotFound, $"find the store {name}: the volume has none of that name; it has {Names(known)}", "name one of these");
        string? why = found.Number == home ? "it is"
            : found.Problem is { } problem ? problem
            : metadataStores.Contains(found.Number) ? null
            : "it has no copy of change stream and key ring";
        return why is null ? found : throw Refused(
            name, why, metadataStores.Any(number => number != home)
                ? $"those that have one are {Names(known.Where(store => store.Number != home && metadataStores.Contains(store.Number)))}"
                : "no store has one: 'metadata: stores:' of a policy names those that shall");
    }

    private async Task<bool> AnswersAsync(RegisteredStore home, CancellationToken cancel)
    {
        try
        {
            await using MeteringObjectStore store = VolumeStore.Open(_options.Stores, _options.Store, create: false, _loggers, _time);
            return await VolumeStore.IdentifyAsync(store, _options.Store, _options.VolumeId, cancel) is null;
        }
        catch (VolumeException exception) when (exception.Failure == VolumeFailure.Store)
        {
            return false; // Gone, empty, or another's place by now.
        }
    }

    private static async Task<ObjectProperties> FindNewestAsync(MeteringObjectStore store, string name, CancellationToken cancel)
    {
        StoreResult<List<ObjectProperties>> listed = await StreamMirror.ListAsync(store, StoreLayout.StreamPrefix, cancel);
        return !listed.Succeeded ? throw VolumeStore.Failed($"make store {name} the volume's home: list its change stream", listed.Failure!)
            : listed.Value.Count == 0 ? throw Refused(name, "it has no change stream yet", "choose another mirror")
            : listed.Value[^1];
    }

    // Keys that were changed since the last mount the mirrors do not have yet.
    private async Task PutRingAsync(MeteringObjectStore store, string name, CancellationToken cancel)
    {
        KeyRingDocument local = VolumeRing.Read(_options.Directory);
        ObjectKey key = StoreLayout.Ring(local.Generation);
        StoreError put = await VolumeStore.PutAsync(store, key, local.Bytes, PutCondition.IfAbsent, cancel);
        if (put == StoreError.Corrupt && await IsDamagedAsync(store, key, cancel))
        {
            put = await VolumeStore.PutAsync(store, key, local.Bytes, PutCondition.None, cancel);
        }

        if (put == StoreError.Corrupt)
        {
            throw Refused(name, "it has other keys than this machine: they were changed with another copy of the volume", "restore the volume from it into another directory, which takes those keys");
        }

        if (put != StoreError.None)
        {
            throw VolumeStore.Failed($"make store {name} the volume's home: write the key ring", StoreFailure.Of(put));
        }
    }

    // What somebody wrote says so by its checksum.
    private static async Task<bool> IsDamagedAsync(MeteringObjectStore store, ObjectKey key, CancellationToken cancel)
    {
        StoreResult<ObjectProperties> found = await store.GetPropertiesAsync(key, cancel);
        StoreResult<byte[]?> read = found.Succeeded ? await VolumeRing.FetchAsync(store, found.Value, cancel) : found.Error;
        return read.Succeeded ? !KeyRingDocument.TryParse(read.Value ?? [], out _, out KeyRingError error) && error != KeyRingError.NewerFormat : read.Error == StoreError.Corrupt;
    }

    // The next publication begins with all rows, and nothing is looked for that only the former home had.
    private static async Task BeginAnewAsync(SqliteMetadataStore metadata, CancellationToken cancel)
    {
        MetadataResult<Applied> removed = await metadata.SetSettingAsync(OperationId.None, PublishedPoint.Setting, null, cancel);
        MetadataResult<CommitSequence> durable = removed.Succeeded ? await metadata.MakeDurableAsync(metadata.Applied, cancel) : removed.Error;
        if (!durable.Succeeded)
        {
            throw new IOException($"write the setting {PublishedPoint.Setting}: {durable.Error}");
        }
    }

    private static string Names(IEnumerable<RegisteredStore> stores) => string.Join(", ", stores.Where(static store => !store.IsRemoved).Select(static store => store.Name));

    private static VolumeException Refused(string name, string why, string action) => new(VolumeFailure.Refused, $"make store {name} the volume's home: {why}", action);
}
