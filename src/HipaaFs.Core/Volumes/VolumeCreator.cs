using HipaaFs.Crypto;
using HipaaFs.Metadata;
using HipaaFs.Metadata.Sqlite;
using HipaaFs.Platform;
using HipaaFs.Storage;
using Microsoft.Extensions.Logging;

namespace HipaaFs.Volumes;

/// <summary>Makes volumes: a key ring, an empty root directory, and the store's mark of whose it is. Leaves nothing behind when it fails.</summary>
internal static class VolumeCreator
{
    // With less than this left a failed commit is laid to the disk being full.
    private const long LeastFreeBytes = 8 << 20;

    private const uint RootMode = ModeBits.Directory | 0x1ED;

    /// <summary>Makes a volume. The caller writes volume.yaml, last.</summary>
    /// <exception cref="VolumeException">It cannot be made.</exception>
    internal static async Task CreateAsync(VolumeCreation creation, ILoggerFactory loggers, TimeProvider time, CancellationToken cancel)
    {
        bool existed = PrepareDirectory(creation.Directory);
        try
        {
            using KeyRing ring = KeyRing.Create(creation.VolumeId, time);
            await WrapAsync(ring, creation.Key, "primary", cancel);
            if (creation.RecoveryKey is not null)
            {
                await WrapAsync(ring, creation.RecoveryKey, "recovery", cancel);
            }

            await CreateRootAsync(creation, loggers, time, cancel);
            await using IObjectStore store = creation.OpenStore?.Invoke() ?? VolumeStore.Open(creation.Stores, creation.Store, create: true, loggers, time);
            EntityTag claim = await ClaimStoreAsync(store, creation, cancel);
            await SaveRingAsync(ring, creation, store, claim, cancel);
        }
        catch
        {
            CleanUp(creation.Directory, existed);
            throw;
        }
    }

    /// <summary>Makes the directory of a new volume. Says whether it existed.</summary>
    private static bool PrepareDirectory(string directory)
    {
        bool existed = Directory.Exists(directory);
        if (existed && Directory.EnumerateFileSystemEntries(directory).Any())
        {
            throw new VolumeException(
                VolumeFailure.NotEmpty, $"create volume: '{directory}' is not empty", "name a directory that is empty or does not exist yet");
        }

        MakeDirectory(directory);
        return existed;
    }

    /// <summary>Sees to it that the directory of a volume is there, where one may be.</summary>
    /// <exception cref="VolumeException">It cannot be made there.</exception>
    internal static void MakeDirectory(string directory)
    {
        try
        {
            DurableFile.EnsureDirectory(directory);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new VolumeException(VolumeFailure.Io, $"create volume: '{directory}' cannot be made: {exception.Message}", "choose another place", exception);
        }

        VolumeDirectory.RefuseNetwork(directory);
    }

    private static async Task<EntityTag> ClaimStoreAsync(IObjectStore store, VolumeCreation creation, CancellationToken cancel)
    {
        StoreResult<StoreCapabilities> probe = await StoreProbe.RunAsync(store, cancel);
        if (!probe.Succeeded)
        {
            throw VolumeStore.Failed($"create volume: the store {creation.Store} does not work", probe.Failure!);
        }

        if (!probe.Value.PutIfAbsent)
        {
            throw new VolumeException(
                VolumeFailure.Store,
                $"create volume: the store {creation.Store} does not honour conditional writes, so that two machines could overwrite each other",
                "use a store, or an unversioned bucket, that does");
        }

        var identity = new VolumeIdentity(VolumeIdentity.CurrentFormat, creation.VolumeId);
        StoreResult<ObjectProperties> put = await store.PutAsync(StoreLayout.Volume, identity.ToJson(), PutCondition.IfAbsent, cancel);
        if (put.Succeeded)
        {
            return put.Value.Tag;
        }

        if (put.Error != StoreError.AlreadyExists)
        {
            throw VolumeStore.Failed($"create volume: write to the store {creation.Store}", put.Failure!);
        }

        StoreResult<byte[]?> ring = await VolumeRing.FetchNewestAsync(store, cancel);
        bool isAbandoned = ring.Succeeded && ring.Value is null;
        throw new VolumeException(
            VolumeFailure.NotEmpty,
            $"create volume: the store {creation.Store} holds {(isAbandoned ? "the mark of a volume that was never finished: a volume.json without a key ring" : "another volume")}",
            isAbandoned
                ? "unless another machine is making it right now, delete volume.json there and try again"
                : "choose another place or prefix, or restore that volume with 'hipaafs restore'");
    }

    // The store is claimed; when its ring cannot be written it is given back: the ring first, of which it is not always known whether it arrived, then the claim.
    private static async Task SaveRingAsync(KeyRing ring, VolumeCreation creation, IObjectStore store, EntityTag claim, CancellationToken cancel)
    {
        try
        {
            await VolumeRing.SaveAsync(ring, creation.Directory, store, default, cancel);
        }
        catch (Exception exception)
        {
            StoreError taken = await VolumeRing.TakeBackAsync(ring, store, CancellationToken.None);
            StoreResult<bool> given = taken == StoreError.None ? await store.DeleteAsync(StoreLayout.Volume, claim, CancellationToken.None) : taken;
            if (given.Succeeded)
            {
                throw;
            }

            throw new VolumeException(
                VolumeFailure.Store,
                $"create volume: {exception.Message}; then the store {creation.Store} could not be cleared again: {given.Error}",
                $"make it reachable, delete volume.json and {StoreLayout.Ring(ring.Generation)} there, and try again",
                exception);
        }
    }

    private static async Task WrapAsync(KeyRing ring, IKeyWrapper key, string label, CancellationToken cancel)
    {
        KeyWrapResult<KeyRingWrap> wrapped = await ring.AddWrapAsync(key, label, cancel);
        if (!wrapped.Succeeded)
        {
            throw new VolumeException(
                VolumeFailure.Key, $"create volume: wrap its keys with the {label} key: {KeyErrors.Describe(wrapped.Error)}", "check that key");
        }
    }

    private static async Task CreateRootAsync(VolumeCreation creation, ILoggerFactory loggers, TimeProvider time, CancellationToken cancel)
    {
        await using SqliteMetadataStore metadata = VolumeDirectory.OpenMetadata(
            new SqliteMetadataOptions { Directory = creation.Directory, BallastPath = VolumeDirectory.BallastPath(creation.Directory) }, loggers, time);
        Timestamp now = Timestamp.FromDateTimeOffset(time.GetUtcNow());
        var root = new CreateRequest
        {
            Now = now,
            Parent = null,
            NewInode = InodeId.Root,
            Mode = RootMode,
            Uid = creation.UserId,
            Gid = creation.GroupId,
        };
        MetadataResult<Applied<DirectoryEntry>> made = await metadata.CreateAsync(root, cancel);
        MetadataResult<CommitSequence> durable = await metadata.MakeDurableAsync(metadata.Applied, cancel);
        if (!made.Succeeded || !durable.Succeeded)
        {
            MetadataError error = made.Succeeded ? durable.Error : made.Error;
            throw error == MetadataError.NoSpace || FreeSpace.Of(creation.Directory).Available < LeastFreeBytes
                ? new VolumeException(
                    VolumeFailure.NoSpace,
                    $"create volume: no space is left for its metadata on the disk of '{creation.Directory}'",
                    "make room on that disk, or choose another place")
                : new VolumeException(VolumeFailure.Io, $"create volume: write its metadata: {error}", "check the disk of the volume");
        }
    }

    /// <summary>Removes what was put into the directory.</summary>
    private static void CleanUp(string directory, bool existed)
    {
        if (!existed)
        {
            Directory.Delete(directory, recursive: true);
            return;
        }

        foreach (string path in Directory.EnumerateFiles(directory))
        {
            File.Delete(path);
        }

        foreach (string path in Directory.EnumerateDirectories(directory))
        {
            Directory.Delete(path, recursive: true);
        }
    }
}
