using System.Buffers;
using System.Collections.Concurrent;
using System.Security.Cryptography;
using HipaaFs.Collection;
using HipaaFs.Placements;
using HipaaFs.Platform;
using HipaaFs.Sessions;
using HipaaFs.Staging;
using HipaaFs.Storage;
using HipaaFs.Volumes;
using Microsoft.Extensions.Logging;
using Microsoft.Win32.SafeHandles;

namespace HipaaFs.ChangeStream;

/// <summary>Keeps key ring and change stream of the volume's home in further stores too, object by object as they are, so that the loss of the home loses neither.</summary>
/// <remarks>
/// One round over a mirror: (1) what it lacks of the ring, then of the stream, is copied in the order of the names, so that what is there can always be followed; (2) of the stream it loses what is before the first object
/// that the home has: that is only once it has everything that the home has. What is a mirror no more loses all of both. Nobody waits for it: a mirror that is away is behind, and says since when. Memory: names and lengths of the objects, and one piece of one object.
/// </remarks>
internal sealed partial class StreamMirror
{
    private const int Page = 1000;
    private const int ChunkLength = 4 << 20;

    private readonly VolumeStores _stores;
    private readonly ChangePublisher _publisher;
    private readonly SessionFence _fence;
    private readonly string _directory;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly ConcurrentDictionary<int, DateTimeOffset> _points = new(); // By store.
    private readonly ConcurrentDictionary<int, StoreError> _told = new(); // What was logged last, by store.

    /// <param name="stores">The stores; says which are mirrors.</param>
    /// <param name="publisher">Says what the home has.</param>
    /// <param name="fence">Says whether this session may write.</param>
    /// <param name="directory">Where an object waits that is on its way, staging.</param>
    /// <param name="time">The clock.</param>
    /// <param name="logger">Told when a mirror falls behind.</param>
    internal StreamMirror(VolumeStores stores, ChangePublisher publisher, SessionFence fence, string directory, TimeProvider time, ILogger logger)
    {
        _stores = stores;
        _publisher = publisher;
        _fence = fence;
        _directory = directory;
        _time = time;
        _logger = logger;
    }

    /// <summary>Told of a store that was a mirror and has nothing of ring and stream any more.</summary>
    internal required Func<int, CancellationToken, Task> Cleared { get; init; }

    /// <summary>What was done before this can be restored from a mirror; null as long as this session has not seen it whole.</summary>
    internal DateTimeOffset? PointOf(int store) => _points.TryGetValue(store, out DateTimeOffset point) ? point : null;

    /// <summary>Copies at intervals until stopped.</summary>
    internal async Task RunAsync(CancellationToken stop)
    {
        try
        {
            await _fence.WaitForClaimAsync(stop);
            while (true)
            {
                await MirrorAsync(stop);
                await Task.Delay(_publisher.Interval, _time, stop);
            }
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            // The volume is closing, or a newer session has it.
        }
    }

    /// <summary>One round over all mirrors. True when each has everything that the home had at the beginning.</summary>
    internal async Task<bool> MirrorAsync(CancellationToken cancel)
    {
        var cleared = new List<int>();
        bool isDone = true;
        await _stores.Mirroring.WaitAsync(cancel);
        try
        {
            foreach (MemberStore mirror in _stores.Mirrors)
            {
                isDone &= await FillAsync(mirror, cancel) == StoreError.None;
            }

            foreach (MemberStore former in _stores.FormerMirrors)
            {
                if (await TryAsync(former, ClearAsync, cancel) == StoreError.None)
                {
                    cleared.Add(former.Number);
                }
            }
        }
        finally
        {
            _stores.Mirroring.Release();
        }

        foreach (int number in cleared)
        {
            _points.TryRemove(number, out _);
            await ForgetOrLogAsync(number, cancel);
        }

        return isDone;
    }

    /// <summary>Copies to one mirror what it lacks. The caller holds <see cref="VolumeStores.Mirroring"/>.</summary>
    /// <returns>None: it has everything that the home had at the beginning, and both are this session's.</returns>
    internal async Task<StoreError> FillAsync(MemberStore mirror, CancellationToken cancel)
    {
        DateTimeOffset point = _publisher.RecoveryPoint;
        StoreError error = await TryAsync(mirror, CopyAsync, cancel);
        if (error == StoreError.None)
        {
            _points[mirror.Number] = point;
        }

        Tell(mirror.Number, error);
        return error;
    }

    /// <summary>Deletes from a store that is no mirror any more what it has of ring and stream. None when nothing is left of them.</summary>
    internal async Task<StoreError> ClearAsync(MemberStore former, CancellationToken cancel)
    {
        await _stores.Mirroring.WaitAsync(cancel);
        try
        {
            return await TryAsync(former, ClearAsync, cancel);
        }
        finally
        {
            _stores.Mirroring.Release();
        }
    }

    /// <summary>Copies objects of a mirror again that are not as they were written. What the home does not have is deleted. Nothing is done to a store that is no mirror any more.</summary>
    internal async Task<StoreError> PutBackAsync(MemberStore mirror, IReadOnlyCollection<ObjectKey> bad, CancellationToken cancel)
    {
        await _stores.Mirroring.WaitAsync(cancel);
        try
        {
            if (!_stores.Mirrors.Contains(mirror))
            {
                return StoreError.None; // The home by now, or of no more concern: what is there is not a copy of the home's.
            }

            // Else its length would say that it is there.
            StoreError deleted = await TryAsync(mirror, (store, prefix, ends) => DeleteAsync(store, bad.Where(key => key.Value.StartsWith(prefix, StringComparison.Ordinal)), ends), cancel);
            return deleted == StoreError.None ? await FillAsync(mirror, cancel) : deleted;
        }
        finally
        {
            _stores.Mirroring.Release();
        }
    }

    // It is cleared again then, which costs two listings.
    private async Task ForgetOrLogAsync(int number, CancellationToken cancel)
    {
        try
        {
            await Cleared(number, cancel);
        }
        catch (IOException exception)
        {
            LogNotNoted(_logger, number, exception.HResult);
        }
    }

    private async Task<StoreError> TryAsync(MemberStore mirror, Func<MemberStore, string, CancellationToken, Task<StoreError>> work, CancellationToken cancel)
    {
        try
        {
            foreach (string prefix in (string[])[StoreLayout.RingPrefix, StoreLayout.StreamPrefix])
            {
                if (!await MayWriteAsync(mirror, cancel))
                {
                    return StoreError.Unavailable;
                }

                StoreError error = await work(mirror, prefix, cancel);
                mirror.Note(error);
                if (error != StoreError.None)
                {
                    return error;
                }
            }

            return await MayWriteAsync(mirror, cancel) ? StoreError.None : StoreError.Unavailable; // Else it may have gone to another store.
        }
        catch (IOException exception)
        {
            return DiskErrors.Classify(exception) == FsError.NoSpace ? StoreError.NoSpace : StoreError.Unavailable; // Of this machine's disk.
        }
        catch (Exception exception) when (exception is not OperationCanceledException || !cancel.IsCancellationRequested)
        {
            LogFailed(_logger, exception, mirror.Number); // Without the loop the mirrors would stand still for ever, so it goes on whatever happened.
            return StoreError.Unavailable;
        }
    }

    private async ValueTask<bool> MayWriteAsync(MemberStore mirror, CancellationToken cancel)
    {
        if (!await _fence.HoldsStoreAsync(cancel))
        {
            return false;
        }

        StoreError held = await mirror.HoldAsync(cancel);
        if (held == StoreError.AlreadyExists && !mirror.WasHeld)
        {
            await _fence.GiveWayAsync(mirror.Store!, cancel); // The volume was restored from there while this session did not reach it. One that was held has another store at its place now.
        }

        return held == StoreError.None && await _fence.IsNewestInAsync(mirror.Store!, cancel);
    }

    private async Task<StoreError> CopyAsync(MemberStore mirror, string prefix, CancellationToken cancel)
    {
        MeteringObjectStore home = _stores.Home.Store!;
        StoreResult<List<ObjectProperties>> wanted = await ListAsync(home, prefix, cancel);
        StoreResult<List<ObjectProperties>> there = wanted.Succeeded ? await ListAsync(mirror.Store!, prefix, cancel) : wanted.Error;
        if (!there.Succeeded)
        {
            return there.Error;
        }

        Dictionary<ObjectKey, long> lengths = there.Value.ToDictionary(static found => found.Key, static found => found.Length);
        foreach (ObjectProperties found in wanted.Value)
        {
            bool isThere = lengths.TryGetValue(found.Key, out long length);
            StoreError error = isThere && length == found.Length ? StoreError.None
                : await CopyAsync(home, mirror.Store!, found, isThere ? PutCondition.None : PutCondition.IfAbsent, cancel);
            if (error is not (StoreError.None or StoreError.NotFound)) // What retention has deleted meanwhile nobody needs.
            {
                return error;
            }
        }

        // What comes behind may be all that is left of it, should the home have been put back. The ring loses nothing.
        return prefix == StoreLayout.StreamPrefix && wanted.Value.Count > 0
            ? await DeleteAsync(mirror, there.Value.Select(static found => found.Key).TakeWhile(key => string.CompareOrdinal(key.Value, wanted.Value[0].Key.Value) < 0), cancel)
            : StoreError.None;
    }

    private async Task<StoreError> ClearAsync(MemberStore former, string prefix, CancellationToken cancel)
    {
        StoreResult<List<ObjectProperties>> there = await ListAsync(former.Store!, prefix, cancel);
        return there.Succeeded ? await DeleteAsync(former, there.Value.Select(static found => found.Key), cancel) : there.Error;
    }

    private async Task<StoreError> DeleteAsync(MemberStore mirror, IEnumerable<ObjectKey> keys, CancellationToken cancel)
    {
        int untilLook = 0;
        foreach (ObjectKey key in keys)
        {
            bool mayWrite = untilLook > 0 || await MayWriteAsync(mirror, cancel);
            untilLook = untilLook > 0 ? untilLook - 1 : SegmentCollector.MostBetweenLooks;
            StoreResult<bool> deleted = mayWrite ? await mirror.Store!.DeleteAsync(key, EntityTag.Any, cancel) : StoreError.Unavailable;
            if (!deleted.Succeeded)
            {
                return deleted.Error;
            }
        }

        return StoreError.None;
    }

    /// <summary>What has a name of the ring or the stream, in order.</summary>
    internal static async ValueTask<StoreResult<List<ObjectProperties>>> ListAsync(IObjectStore store, string prefix, CancellationToken cancel)
    {
        var objects = new List<ObjectProperties>();
        ObjectKey? after = null;
        while (true)
        {
            StoreResult<ObjectPage> page = await store.ListAsync(prefix, after, Page, cancel);
            if (!page.Succeeded)
            {
                return page.Error;
            }

            foreach (ObjectProperties found in page.Value.Objects)
            {
                after = found.Key;
                if (StoreLayout.TryStream(found.Key, out _, out _, out _) || StoreLayout.TryNumber(found.Key, StoreLayout.RingPrefix, out _))
                {
                    objects.Add(found);
                }
            }

            if (!page.Value.More)
            {
                return objects;
            }
        }
    }

    private async Task<StoreError> CopyAsync(MeteringObjectStore home, MeteringObjectStore mirror, ObjectProperties found, PutCondition condition, CancellationToken cancel)
    {
        string path = Path.Combine(_directory, "stream-" + Path.GetRandomFileName());
        try
        {
            StoreResult<byte[]> digest = await DownloadAsync(home, found, path, cancel);
            if (!digest.Succeeded)
            {
                return digest.Error;
            }

            var source = new UploadSource(path, found.Length) { Sha256 = digest.Value };
            StoreResult<ObjectProperties> put = await mirror.PutFileAsync(found.Key, source, new PutOptions { Condition = condition }, cancel);
            var verification = new UploadVerification(mirror);
            return put.Succeeded ? await verification.CheckAnswerAsync(put.Value, found.Length, () => digest.Value, cancel)
                : put.Error == StoreError.AlreadyExists ? await verification.CheckObjectAsync(found.Key, found.Length, () => digest.Value, cancel) // Its answer was lost.
                : put.Error;
        }
        finally
        {
            StreamObjectWriter.Remove(path);
        }
    }

    private static async Task<StoreResult<byte[]>> DownloadAsync(MeteringObjectStore home, ObjectProperties found, string path, CancellationToken cancel)
    {
        byte[] buffer = ArrayPool<byte>.Shared.Rent(ChunkLength);
        try
        {
            using SafeFileHandle file = DurableFile.CreatePrivate(path);
            using IncrementalHash hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
            for (long offset = 0; offset < found.Length; offset += ChunkLength)
            {
                Memory<byte> chunk = buffer.AsMemory(0, (int)Math.Min(ChunkLength, found.Length - offset));
                StoreResult<int> read = await home.ReadAsync(found.Key, found.Tag, offset, chunk, cancel);
                if (!read.Succeeded || read.Value < chunk.Length)
                {
                    return read.Succeeded ? StoreError.Corrupt : read.Error;
                }

                hash.AppendData(chunk.Span);
                RandomAccess.Write(file, chunk.Span, offset);
            }

            DurableFile.SyncData(file);
            return hash.GetHashAndReset();
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    // It is tried again and again for as long as it lasts.
    private void Tell(int store, StoreError error)
    {
        if (error == StoreError.None)
        {
            _told.TryRemove(store, out _);
        }
        else if (!_told.TryGetValue(store, out StoreError told) || told != error)
        {
            _told[store] = error;
            LogBehind(_logger, store, error);
        }
    }

    [LoggerMessage(665, LogLevel.Warning, "That store {Store} has nothing of key ring and change stream any more could not be noted (error {Error}); it is looked for again")]
    private static partial void LogNotNoted(ILogger logger, int store, int error);

    [LoggerMessage(664, LogLevel.Critical, "Copying key ring and change stream to store {Store} failed unexpectedly; it is tried again")]
    private static partial void LogFailed(ILogger logger, Exception exception, int store);

    [LoggerMessage(662, LogLevel.Warning, "Key ring and change stream cannot be copied to store {Store} ({Error}); a restore from there gives an older state until they can, and it is tried again")]
    private static partial void LogBehind(ILogger logger, int store, StoreError error);
}
