using HipaaFs.Crypto;
using HipaaFs.Metadata;
using HipaaFs.Platform;
using HipaaFs.Scrubbing;
using HipaaFs.Sessions;
using HipaaFs.Storage;
using Microsoft.Extensions.Logging;

namespace HipaaFs.Volumes;

/// <summary>The key ring of a volume: the local file, and its generations in the store.</summary>
internal static partial class VolumeRing
{
    private const int MaxSize = 16 << 20;

    /// <summary>Reads and opens the local key ring.</summary>
    /// <exception cref="VolumeException">It is missing, damaged, of a newer format, or the key does not open it.</exception>
    internal static async Task<KeyRing> UnlockAsync(string directory, Guid volumeId, IKeyWrapper key, CancellationToken cancel)
    {
        KeyRingDocument document = Read(directory);
        if (document.VolumeId != volumeId)
        {
            throw new VolumeException(
                VolumeFailure.Integrity,
                $"open volume: the key ring belongs to volume {document.VolumeId}, volume.yaml says {volumeId}",
                "put the key ring and volume.yaml of one volume together; copies are in the store under keyring/");
        }

        return await UnlockAsync(document, key, cancel);
    }

    /// <summary>Opens a key ring.</summary>
    /// <exception cref="VolumeException">The key does not open it.</exception>
    internal static async Task<KeyRing> UnlockAsync(KeyRingDocument document, IKeyWrapper key, CancellationToken cancel)
    {
        KeyWrapResult<KeyRing> ring = await document.UnlockAsync(key, cancel: cancel);
        if (ring.Succeeded)
        {
            return ring.Value!;
        }

        bool isDamage = ring.Error == KeyError.RingNotAuthentic;
        throw new VolumeException(
            isDamage ? VolumeFailure.Integrity : VolumeFailure.Key,
            $"unlock the key ring of volume {document.VolumeId}: {KeyErrors.Describe(ring.Error)}",
            isDamage
                ? "replace the file 'keyring' by the newest object under keyring/ in the store"
                : "name the right key with --key, or the recovery key; 'hipaafs key list VOLUME' shows what the ring is wrapped with");
    }

    /// <summary>Reads the local key ring, still locked.</summary>
    /// <exception cref="VolumeException">It is missing, damaged or of a newer format.</exception>
    internal static KeyRingDocument Read(string directory)
    {
        string path = VolumeOptions.RingPath(directory);
        byte[] content;
        try
        {
            content = File.ReadAllBytes(path);
        }
        catch (FileNotFoundException exception)
        {
            throw new VolumeException(
                VolumeFailure.NotFound,
                $"open volume: '{path}' is missing",
                "name a volume made by 'hipaafs init', or restore it with 'hipaafs restore'",
                exception);
        }
        catch (DirectoryNotFoundException exception)
        {
            throw new VolumeException(VolumeFailure.NotFound, $"open volume: '{directory}' does not exist", "check the path", exception);
        }

        return Parse(content, path);
    }

    /// <summary>Takes a key ring apart, still locked.</summary>
    /// <exception cref="VolumeException">It is damaged or of a newer format.</exception>
    internal static KeyRingDocument Parse(byte[] content, string origin)
    {
        if (KeyRingDocument.TryParse(content, out KeyRingDocument? document, out KeyRingError error))
        {
            return document;
        }

        throw error == KeyRingError.NewerFormat
            ? new VolumeException(
                VolumeFailure.UnsupportedFormat, $"read key ring '{origin}': it was written by a newer version", "install that version of hipaafs")
            : new VolumeException(
                VolumeFailure.Integrity,
                $"read key ring '{origin}': it is damaged ({error})",
                "replace it by the newest object under keyring/ in the store");
    }

    /// <summary>
    /// Writes a new generation: to the store first, so that the local file is never newer than every copy, then to the file. Only the newest session may.
    /// </summary>
    /// <param name="ring">The ring.</param>
    /// <param name="directory">The volume's directory.</param>
    /// <param name="store">Its store.</param>
    /// <param name="session">The newest session that this copy of the volume knows; 0 when it was never opened.</param>
    /// <param name="cancel">Ends the wait.</param>
    /// <exception cref="VolumeException">A newer session has the volume, or the store refuses.</exception>
    internal static async Task SaveAsync(KeyRing ring, string directory, IObjectStore store, SessionId session, CancellationToken cancel)
    {
        await RefuseFencedAsync(store, session, cancel);
        byte[] content = ring.Encode();
        ObjectKey generation = StoreLayout.Ring(ring.Generation);
        StoreResult<ObjectProperties> put = await store.PutAsync(generation, content, PutCondition.IfAbsent, cancel);
        StoreError error = put.Succeeded ? await VolumeStore.CheckAsync(store, generation, content, cancel) : put.Error;
        if (put.Succeeded && error == StoreError.Corrupt)
        {
            await TakeBackAsync(ring, store, cancel); // Else it would take the number from the next try, and be what a restore finds.
        }

        if (error != StoreError.None)
        {
            throw new VolumeException(
                error == StoreError.AlreadyExists ? VolumeFailure.Refused : VolumeFailure.Store,
                $"write generation {ring.Generation} of the key ring to the store: {error}",
                error == StoreError.AlreadyExists
                    ? "the ring was changed elsewhere, or by a command that was ended: mount the volume once, which fetches it, and try again"
                    : "make the store reachable and try again; the ring of this volume was not changed");
        }

        DurableFile.Replace(VolumeOptions.RingPath(directory), content);
    }

    /// <summary>
    /// Compares the ring with the newest generation in the store. A newer one takes its place, in the local file too; an older one is refused, or, when the options
    /// accept that, replaced. A store that stops answering changes nothing.
    /// </summary>
    /// <exception cref="VolumeException">The store's is older, or the key does not open the newer.</exception>
    internal static async Task<KeyRing> ReconcileAsync(
        KeyRing ring, VolumeOptions options, IObjectStore store, IKeyWrapper key, VolumeMode mode, ILogger logger, CancellationToken cancel)
    {
        StoreResult<List<ObjectProperties>> listed = await ListAsync(store, cancel);
        if (!listed.Succeeded)
        {
            return ring;
        }

        for (int i = listed.Value.Count - 1; i >= 0 && NumberOf(listed.Value[i]) > ring.Generation; i--)
        {
            KeyRing? newer = await TryAdoptAsync(ring, listed.Value[i], options.Directory, store, key, mode, logger, cancel);
            if (newer is not null)
            {
                return newer;
            }
        }

        if (listed.Value.Any(found => NumberOf(found) == ring.Generation))
        {
            return ring;
        }

        if (mode == VolumeMode.ReadOnly)
        {
            return ring;
        }

        if (!options.AcceptOlderStore)
        {
            throw new VolumeException(
                VolumeFailure.Integrity,
                $"open volume '{options.Directory}' for writing: store {options.Store} lacks generation {ring.Generation} of its key ring: it was put back to an older state, or lost objects",
                "find out who changed the store. Bring the newer objects back; or mount with -o accept_older_store, which writes the ring again; or mount with -o ro");
        }

        StoreError put = await VolumeStore.PutAsync(store, StoreLayout.Ring(ring.Generation), ring.Encode(), PutCondition.IfAbsent, cancel);
        return put == StoreError.None
            ? ring
            : throw new VolumeException(
                VolumeFailure.Store, $"write generation {ring.Generation} of the key ring to store {options.Store} again: {put}", "make the store reachable and mount again");
    }

    /// <summary>
    /// Compares the newest generation in the store with the ring of this machine, whose latest generation takes its place there when it is damaged or gone. Null when
    /// there is nothing to find.
    /// </summary>
    /// <param name="ring">The ring as it was when the volume was opened.</param>
    /// <param name="directory">The volume's directory; its ring is the newer one when keys were changed since.</param>
    /// <param name="store">The store.</param>
    /// <param name="fence">Says whether this session may write.</param>
    /// <param name="logger">Told when the local file is damaged.</param>
    /// <param name="cancel">Ends the wait.</param>
    /// <exception cref="IOException">The local file cannot be read.</exception>
    internal static async Task<StoreResult<ScrubObjectFinding?>> ScrubAsync(
        KeyRing ring, string directory, IObjectStore store, SessionFence fence, ILogger logger, CancellationToken cancel)
    {
        // Before the listing: of keys that change meanwhile the store has the new generation first.
        (ulong generation, byte[] content) = ReadProven(ring, directory, logger);
        StoreResult<List<ObjectProperties>> listed = await ListAsync(store, cancel);
        if (!listed.Succeeded)
        {
            return listed.Error;
        }

        ulong stored = listed.Value.Count == 0 ? 0 : NumberOf(listed.Value[^1]);
        bool isMissing = listed.Value.Count == 0 || stored < generation;
        if (!isMissing)
        {
            StoreResult<byte[]?> found = await FetchAsync(store, listed.Value[^1], cancel);
            if (!found.Succeeded && found.Error is not (StoreError.Corrupt or StoreError.NotFound or StoreError.VersionChanged))
            {
                return found.Error;
            }

            if (found.Succeeded
                && KeyRingDocument.TryParse(found.Value ?? [], out KeyRingDocument? document, out _)
                && document.Generation == stored
                && ring.Proves(document))
            {
                return (ScrubObjectFinding?)null;
            }
        }

        // What a newer generation said is not known here: an older ring under its name or a newer one would bring removed keys back.
        bool isRepaired = stored <= generation
            && await fence.HoldsStoreAsync(cancel)
            && await VolumeStore.PutAsync(
                store, StoreLayout.Ring(generation), content, isMissing ? PutCondition.IfAbsent : PutCondition.None, cancel) == StoreError.None;
        return new ScrubObjectFinding(ScrubObjectKind.KeyRing, isMissing, isRepaired);
    }

    // The file, which key commands write while the volume is mounted; the ring in memory when the file is not what they wrote.
    private static (ulong Generation, byte[] Content) ReadProven(KeyRing ring, string directory, ILogger logger)
    {
        try
        {
            KeyRingDocument local = Read(directory);
            if (ring.Proves(local) && local.Generation >= ring.Generation) // An older one would bring removed keys back.
            {
                return (local.Generation, local.Bytes.ToArray());
            }
        }
        catch (VolumeException exception) when (exception.Failure is VolumeFailure.Integrity or VolumeFailure.NotFound)
        {
            // As one that is not authentic.
        }

        LogLocalRingDamaged(logger);
        return (ring.Generation, ring.Encode());
    }

    // The keys were changed through another copy of the volume, or by a command that was ended between the store and the file. Null when it is none of this volume's,
    // or not of the generation that its name says: an older ring under a newer name would bring removed keys back.
    private static async Task<KeyRing?> TryAdoptAsync(
        KeyRing ring, ObjectProperties newest, string directory, IObjectStore store, IKeyWrapper key, VolumeMode mode, ILogger logger, CancellationToken cancel)
    {
        StoreResult<byte[]?> content = await FetchAsync(store, newest, cancel);
        if (!content.Succeeded
            || content.Value is null
            || !KeyRingDocument.TryParse(content.Value, out KeyRingDocument? document, out _)
            || document.VolumeId != ring.VolumeId
            || document.Generation != NumberOf(newest))
        {
            LogForeignRing(logger);
            return null;
        }

        KeyWrapResult<KeyRing> opened = await document.UnlockAsync(key, cancel: cancel);
        if (!opened.Succeeded && opened.Error == KeyError.RingNotAuthentic)
        {
            LogForeignRing(logger);
            return null;
        }

        if (!opened.Succeeded)
        {
            throw new VolumeException(
                VolumeFailure.Key,
                $"open volume '{directory}': its keys were changed since, to generation {document.Generation} of the ring, which this key does not open: {KeyErrors.Describe(opened.Error)}",
                "use a key that was added then; 'hipaafs key list' on the copy of the volume where that was done shows them");
        }

        if (mode != VolumeMode.ReadOnly)
        {
            DurableFile.Replace(VolumeOptions.RingPath(directory), content.Value);
        }

        LogAdopted(logger, document.Generation);
        return opened.Value!;
    }

    /// <summary>Takes back what a failed <see cref="SaveAsync"/> of a new volume may have put. A whole ring of another volume stays.</summary>
    internal static async Task<StoreError> TakeBackAsync(KeyRing ring, IObjectStore store, CancellationToken cancel)
    {
        ObjectKey key = StoreLayout.Ring(ring.Generation);
        StoreResult<ObjectProperties> found = await store.GetPropertiesAsync(key, cancel);
        if (!found.Succeeded)
        {
            return found.Error == StoreError.NotFound ? StoreError.None : found.Error;
        }

        byte[] content = new byte[Math.Min(found.Value.Length, MaxSize)];
        StoreResult<int> read = await store.ReadAsync(key, found.Value.Tag, 0, content, cancel);
        if (!read.Succeeded)
        {
            return read.Error;
        }

        bool isAnothers = KeyRingDocument.TryParse(content, out KeyRingDocument? document, out KeyRingError error)
            ? document.VolumeId != ring.VolumeId
            : error == KeyRingError.NewerFormat;
        return isAnothers ? StoreError.None : (await store.DeleteAsync(key, found.Value.Tag, cancel)).Error;
    }

    private static async Task RefuseFencedAsync(IObjectStore store, SessionId session, CancellationToken cancel)
    {
        StoreResult<ulong> newest = await SessionFence.FindNewestAsync(store, cancel);
        if (!newest.Succeeded)
        {
            throw new VolumeException(
                VolumeFailure.Store, $"change the key ring: look for a newer session in the store: {newest.Error}", "make the store reachable and try again; nothing was changed");
        }

        if (newest.Value > session.Value)
        {
            string holder = await SessionFence.DescribeHolderAsync(store, StoreLayout.Session(newest.Value), cancel);
            throw new VolumeException(
                VolumeFailure.HeldByAnother,
                $"change the key ring: this copy of the volume is not the newest; session {newest.Value} of {holder} has opened it since",
                "change the keys there; if that copy is lost, 'hipaafs restore' makes its last published state again in another directory");
        }
    }

    /// <summary>Fetches the newest generation from a store that is what its name says. Null when it has none.</summary>
    internal static async Task<StoreResult<byte[]?>> FetchNewestAsync(IObjectStore store, CancellationToken cancel)
    {
        StoreResult<List<ObjectProperties>> listed = await ListAsync(store, cancel);
        if (!listed.Succeeded)
        {
            return listed.Failure!;
        }

        byte[]? damaged = null;
        for (int i = listed.Value.Count - 1; i >= 0; i--)
        {
            StoreResult<byte[]?> content = await FetchAsync(store, listed.Value[i], cancel);
            if (!content.Succeeded)
            {
                return content.Failure!;
            }

            bool isRing = KeyRingDocument.TryParse(content.Value ?? [], out KeyRingDocument? document, out KeyRingError error);
            if (error == KeyRingError.NewerFormat || (isRing && document!.Generation == NumberOf(listed.Value[i])))
            {
                return content.Value;
            }

            damaged ??= content.Value;
        }

        return damaged;
    }

    private static ulong NumberOf(ObjectProperties found) =>
        StoreLayout.TryNumber(found.Key, StoreLayout.RingPrefix, out ulong number) ? number : throw new ArgumentException("is no generation of a ring", nameof(found));

    private static async Task<StoreResult<List<ObjectProperties>>> ListAsync(IObjectStore store, CancellationToken cancel)
    {
        var generations = new List<ObjectProperties>();
        ObjectKey? after = null;
        bool more = true;
        while (more)
        {
            StoreResult<ObjectPage> page = await store.ListAsync(StoreLayout.RingPrefix, after, 1000, cancel);
            if (!page.Succeeded)
            {
                return page.Error;
            }

            foreach (ObjectProperties found in page.Value.Objects)
            {
                if (StoreLayout.TryNumber(found.Key, StoreLayout.RingPrefix, out _))
                {
                    generations.Add(found);
                }

                after = found.Key;
            }

            more = page.Value.More;
        }

        return generations;
    }

    // Null when it is too long to be one.
    internal static async Task<StoreResult<byte[]?>> FetchAsync(IObjectStore store, ObjectProperties newest, CancellationToken cancel)
    {
        if (newest.Length > MaxSize)
        {
            return (byte[]?)null;
        }

        byte[] content = new byte[newest.Length];
        StoreResult<int> read = await store.ReadAsync(newest.Key, newest.Tag, 0, content, cancel);
        return read.Succeeded ? content : read.Error;
    }

    [LoggerMessage(546, LogLevel.Error, "The key ring on this machine is not as it was written; the one that the volume was opened with is compared with the store's")]
    private static partial void LogLocalRingDamaged(ILogger logger);

    [LoggerMessage(543, LogLevel.Warning, "Generation {Generation} of the key ring was made elsewhere and is used from now on")]
    private static partial void LogAdopted(ILogger logger, ulong generation);

    [LoggerMessage(544, LogLevel.Warning, "The newest key ring in the store is not authentic; the local one is used")]
    private static partial void LogForeignRing(ILogger logger);
}
