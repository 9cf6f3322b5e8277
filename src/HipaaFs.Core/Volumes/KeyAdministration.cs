using HipaaFs.Crypto;
using HipaaFs.Metadata;
using HipaaFs.Metadata.Sqlite;
using HipaaFs.Placements;
using HipaaFs.Platform;
using HipaaFs.Recovery;
using HipaaFs.Sessions;
using HipaaFs.Storage;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace HipaaFs.Volumes;

/// <summary>Changes which keys open a volume. No data is touched: only wraps in the key ring, of which a new generation goes to the store and to the volume.</summary>
public static class KeyAdministration
{
    /// <summary>The wraps of a volume's key ring; needs no key.</summary>
    /// <exception cref="VolumeException">The ring is missing, damaged or of a newer format.</exception>
    public static IReadOnlyList<KeyRingWrap> ListWraps(string directory) => VolumeRing.Read(directory).Wraps;

    /// <summary>Lets one more key open the volume.</summary>
    /// <exception cref="VolumeException">A key does not work, the store refuses, or the volume's restore has not ended.</exception>
    public static Task<KeyRingWrap> AddWrapAsync(
        VolumeOptions options, IKeyWrapper existing, IKeyWrapper added, string label, CancellationToken cancel) =>
        ChangeAsync(
            options,
            existing,
            async ring =>
            {
                KeyWrapResult<KeyRingWrap> wrapped = await ring.AddWrapAsync(added, label, cancel);
                return wrapped.Succeeded
                    ? wrapped.Value!
                    : throw new VolumeException(VolumeFailure.Key, $"wrap the key ring with the new key: {KeyErrors.Describe(wrapped.Error)}", "check the new key");
            },
            cancel);

    /// <summary>Takes a wrap out of the ring. The last one stays.</summary>
    /// <exception cref="VolumeException">There is no such wrap, it is the last, the key does not work, the store refuses, or the volume's restore has not ended.</exception>
    public static Task<KeyRingWrap> RemoveWrapAsync(VolumeOptions options, IKeyWrapper existing, WrapId wrap, CancellationToken cancel) =>
        ChangeAsync(
            options,
            existing,
            ring =>
            {
                KeyRingWrap? found = ring.Wraps.FirstOrDefault(candidate => candidate.Id == wrap);
                WrapRemoval removal = found is null ? WrapRemoval.NotFound : ring.RemoveWrap(wrap);
                return removal switch
                {
                    WrapRemoval.Removed => Task.FromResult(found!),
                    WrapRemoval.LastWrap => throw new VolumeException(
                        VolumeFailure.Refused, $"remove wrap {wrap}: it is the only one; without it nobody could open the volume", "add another key first"),
                    _ => throw new VolumeException(VolumeFailure.NotFound, $"remove wrap {wrap}: the key ring has no such wrap", "'hipaafs key list VOLUME' shows the ids"),
                };
            },
            cancel);

    private static async Task<KeyRingWrap> ChangeAsync(
        VolumeOptions options, IKeyWrapper existing, Func<KeyRing, Task<KeyRingWrap>> change, CancellationToken cancel)
    {
        using KeyRing ring = await VolumeRing.UnlockAsync(options.Directory, options.VolumeId, existing, cancel);
        KeyRingWrap changed = await change(ring);
        ILoggerFactory loggers = NullLoggerFactory.Instance;
        await using MeteringObjectStore store = VolumeStore.Open(options.Stores, options.Store, create: false, loggers, TimeProvider.System);
        if (await VolumeStore.IdentifyAsync(store, options.Store, options.VolumeId, cancel) is { } failure)
        {
            throw VolumeStore.Failed($"change the key ring: read from the store {options.Store}", failure, "nothing was changed");
        }

        using FileLock? alone = TryLock(options.Directory);
        SessionId session = await FindSessionAsync(options, isMounted: alone is null, loggers, cancel);
        await VolumeRing.SaveAsync(ring, options.Directory, store, session, cancel);
        return changed;
    }

    // Nobody mounts the volume while its keys change; where it is mounted already, that mount goes on. A restore that runs is no mount, and one that was cut off no volume.
    private static FileLock? TryLock(string directory)
    {
        var holder = new SessionHolder(Environment.MachineName, Environment.ProcessId, 0, TimeProvider.System.GetUtcNow());
        FileLock? taken = FileLock.TryAcquire(VolumeOptions.LockPath(directory));
        if (RestoreDirectory.IsUnfinished(directory))
        {
            taken?.Dispose();
            return VolumeDirectory.Lock(directory, holder); // Says why it is refused, unless the restore has just ended.
        }

        taken?.Describe(holder.ToJson());
        return taken;
    }

    // A mount's session is in its lock at once, and in the metadata with the next commit.
    private static async Task<SessionId> FindSessionAsync(VolumeOptions options, bool isMounted, ILoggerFactory loggers, CancellationToken cancel)
    {
        string directory = options.Directory;
        await using SqliteMetadataStore metadata = VolumeDirectory.OpenMetadata(
            new SqliteMetadataOptions { Directory = directory, ReadOnly = true, MustExist = true }, loggers, TimeProvider.System);
        MetadataResult<IReadOnlyList<SessionRow>> sessions = await metadata.ListSessionsAsync(cancel);
        if (!sessions.Succeeded)
        {
            throw new VolumeException(
                VolumeFailure.Io, $"change the key ring: read the sessions of volume '{directory}': {sessions.Error}", "check the disk of the volume; nothing was changed");
        }

        // A mount may have made another store the home since volume.yaml was read, and who asked for a passphrase in between has waited long.
        if (isMounted && !await PlacementSettings.IsHomeAtAsync(metadata, options.Store, cancel))
        {
            throw new VolumeException(
                VolumeFailure.Refused, $"change the key ring: {options.Store} is not the home of the mounted volume any more", "run the command again, which finds the new one; nothing was changed");
        }

        SessionHolder? holder = isMounted ? SessionHolder.TryParse(FileLock.ReadHolder(VolumeOptions.LockPath(directory))) : null;
        ulong newest = holder?.Session ?? 0;
        foreach (SessionRow session in sessions.Value)
        {
            newest = Math.Max(newest, session.Id.Value);
        }

        return new SessionId(newest);
    }
}
