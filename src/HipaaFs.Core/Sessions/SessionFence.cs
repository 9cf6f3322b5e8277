using System.Text.Json;
using HipaaFs.Metadata;
using HipaaFs.Storage;
using HipaaFs.Volumes;
using Microsoft.Extensions.Logging;

namespace HipaaFs.Sessions;

/// <summary>Makes sure that of all who ever opened a volume for writing only the newest changes its stores.</summary>
/// <remarks>
/// A session claims its number in the primary store by put-if-absent, and looks for a higher one, and for its own, before every publication, deletion and ring write and at least
/// once a minute; for its own also before an upload is believed. Who sees one stops for good: <see cref="Fenced"/>. A store that cannot be reached delays the claim, and with it every upload.
/// </remarks>
internal sealed partial class SessionFence : IDisposable
{
    private static readonly TimeSpan LookInterval = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan ClaimRetry = TimeSpan.FromSeconds(5);

    private readonly IObjectStore _store;
    private readonly SessionId _session;
    private readonly SessionHolder _holder;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly CancellationTokenSource _fenced = new();
    private readonly TaskCompletionSource _claimed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _claimError = (int)StoreError.Unavailable; // As long as nobody has asked the store.
    private StoreError _loggedError;
    private bool _isAnothersStore; // As was logged last.

    internal SessionFence(IObjectStore store, SessionId session, SessionHolder holder, TimeProvider time, ILogger logger)
    {
        _store = store;
        _session = session;
        _holder = holder;
        _time = time;
        _logger = logger;
    }

    /// <summary>What has to be found out before a late claim; null when the store answered before the session was opened.</summary>
    internal RollbackCheck? Check { get; init; }

    /// <summary>The session this one stands for.</summary>
    internal SessionId Session => _session;

    /// <summary>Cancelled when a newer session was seen.</summary>
    internal CancellationToken Fenced => _fenced.Token;

    /// <summary>The newer session and who has it, null as long as none was seen.</summary>
    internal string? FencedBy { get; private set; }

    /// <summary>Why the claim is not in the store yet, before which nothing is uploaded; <see cref="StoreError.None"/> once it is.</summary>
    internal StoreError ClaimError => (StoreError)Volatile.Read(ref _claimError);

    /// <summary>Whether the claim is in the store.</summary>
    internal bool IsClaimed => _claimed.Task.IsCompletedSuccessfully;

    /// <summary>The highest session number that a store has seen; 0 for none.</summary>
    internal static async ValueTask<StoreResult<ulong>> FindNewestAsync(IObjectStore store, CancellationToken cancel)
    {
        ulong newest = 0;
        ObjectKey? after = null;
        while (true)
        {
            StoreResult<ObjectPage> page = await store.ListAsync(StoreLayout.SessionPrefix, after, 1000, cancel);
            if (!page.Succeeded)
            {
                return page.Failure!;
            }

            foreach (ObjectProperties found in page.Value.Objects)
            {
                if (StoreLayout.TryNumber(found.Key, StoreLayout.SessionPrefix, out ulong number))
                {
                    newest = Math.Max(newest, number);
                }

                after = found.Key;
            }

            if (!page.Value.More)
            {
                return newest;
            }
        }
    }

    /// <summary>Says who claimed a session, as far as its claim can be read.</summary>
    internal static async ValueTask<string> DescribeHolderAsync(IObjectStore store, ObjectKey claim, CancellationToken cancel) =>
        Describe(await FindHolderAsync(store, claim, cancel));

    /// <summary>Who claimed a session; null as far as its claim cannot be read.</summary>
    internal static async ValueTask<SessionHolder?> FindHolderAsync(IObjectStore store, ObjectKey claim, CancellationToken cancel)
    {
        byte[] content = new byte[4096];
        StoreResult<int> read = await store.ReadAsync(claim, EntityTag.Any, 0, content, cancel);
        return read.Succeeded ? SessionHolder.TryParse(content.AsSpan(0, read.Value)) : null;
    }

    /// <summary>Says who that is, for people.</summary>
    internal static string Describe(SessionHolder? holder) => holder is null ? "an unknown host" : $"host {holder.Host}, process {holder.ProcessId}";

    /// <summary>Claims the session's number. <see cref="StoreError.AlreadyExists"/>: another has it, take a higher one.</summary>
    internal async ValueTask<StoreError> TryClaimAsync(CancellationToken cancel)
    {
        byte[] content = Claim;
        StoreResult<ObjectProperties> put = await _store.PutAsync(StoreLayout.Session(_session.Value), content, PutCondition.IfAbsent, cancel);
        StoreError error = put.Succeeded ? StoreError.None : put.Error;
        if (error == StoreError.AlreadyExists)
        {
            // An earlier try may have arrived although its answer did not.
            error = await IsOursAsync(content, cancel);
        }

        // Claims of long ago are deleted: that the number was free does not say that it is the newest.
        error = error == StoreError.None ? await HasNewerAsync(cancel) : error;
        Volatile.Write(ref _claimError, (int)error);
        if (error == StoreError.None)
        {
            _claimed.TrySetResult();
        }

        return error;
    }

    /// <summary>What the claim says.</summary>
    internal byte[] Claim => JsonSerializer.SerializeToUtf8Bytes(_holder, SessionHolderContext.Default.SessionHolder);

    private async ValueTask<StoreError> HasNewerAsync(CancellationToken cancel)
    {
        StoreResult<ObjectPage> page = await _store.ListAsync(StoreLayout.SessionPrefix, StoreLayout.Session(_session.Value), 1, cancel);
        return !page.Succeeded ? page.Error : page.Value.Objects.Count > 0 ? StoreError.AlreadyExists : StoreError.None;
    }

    private async ValueTask<StoreError> IsOursAsync(byte[] claim, CancellationToken cancel)
    {
        byte[] found = new byte[claim.Length + 1];
        StoreResult<int> read = await _store.ReadAsync(StoreLayout.Session(_session.Value), EntityTag.Any, 0, found, cancel);
        if (!read.Succeeded)
        {
            return read.Error;
        }

        return found.AsSpan(0, read.Value).SequenceEqual(claim) ? StoreError.None : StoreError.AlreadyExists;
    }

    /// <summary>
    /// Whether this session is the newest and the store is the one that it claimed: before everything that deletes, or takes something for stored. Another disk, share or
    /// volume may have come to be where the store was.
    /// </summary>
    internal async ValueTask<bool> HoldsStoreAsync(CancellationToken cancel) => await IsNewestAsync(cancel) && await HasClaimAsync(cancel);

    /// <summary>Whether the store is the one that this session claimed; false also when it does not answer. <see cref="ClaimError"/> says what it said instead.</summary>
    internal async ValueTask<bool> HasClaimAsync(CancellationToken cancel)
    {
        if (!IsClaimed)
        {
            return false;
        }

        StoreError error = await IsOursAsync(Claim, cancel);
        bool isAnothers = error is StoreError.NotFound or StoreError.AlreadyExists;
        if (isAnothers || error == StoreError.None)
        {
            Volatile.Write(ref _claimError, (int)error); // That it does not answer is told elsewhere, and takes nothing back.
        }

        if (isAnothers && Interlocked.Exchange(ref _isAnothersStore, true) == false)
        {
            LogAnothersStore(_logger, _session, error);
        }
        else if (error == StoreError.None)
        {
            Volatile.Write(ref _isAnothersStore, false);
        }

        return error == StoreError.None;
    }

    /// <summary>Waits until uploads may begin.</summary>
    internal Task WaitForClaimAsync(CancellationToken cancel) => _claimed.Task.WaitAsync(cancel);

    /// <summary>Looks for a newer session. True when this one is still the newest; false when it is not, or nobody can tell.</summary>
    internal ValueTask<bool> IsNewestAsync(CancellationToken cancel) => IsNewestInAsync(_store, cancel);

    /// <summary>The same in another store that has change stream and key ring: whoever restored the volume from there may not reach the home.</summary>
    internal async ValueTask<bool> IsNewestInAsync(IObjectStore store, CancellationToken cancel)
    {
        if (_fenced.IsCancellationRequested || !IsClaimed)
        {
            return false;
        }

        StoreResult<ObjectPage> page = await store.ListAsync(StoreLayout.SessionPrefix, StoreLayout.Session(_session.Value), 1, cancel);
        if (!page.Succeeded)
        {
            return false;
        }

        if (page.Value.Objects.Count == 0)
        {
            return true;
        }

        await FenceOffAsync(store, page.Value.Objects[0].Key, cancel);
        return false;
    }

    /// <summary>Gives way to who has claimed this session's number in another store that has change stream and key ring.</summary>
    internal async ValueTask GiveWayAsync(IObjectStore store, CancellationToken cancel)
    {
        if (!_fenced.IsCancellationRequested)
        {
            await FenceOffAsync(store, StoreLayout.Session(_session.Value), cancel);
        }
    }

    /// <summary>Claims late if need be, then looks once a minute, until stopped.</summary>
    internal async Task WatchAsync(CancellationToken stop)
    {
        try
        {
            while (!IsClaimed)
            {
                StoreError error = await ClaimOrLogAsync(stop);
                if (_fenced.IsCancellationRequested)
                {
                    return;
                }

                if (error != StoreError.None)
                {
                    LogOnce(error);
                    await Task.Delay(ClaimRetry, _time, stop);
                }
            }

            while (!_fenced.IsCancellationRequested)
            {
                await Task.Delay(LookInterval, _time, stop);
                await LookOrLogAsync(stop);
            }
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            // The volume is closing.
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _fenced.Dispose();

    // Without this loop nothing would be uploaded, or nobody would see that another has the volume: it goes on whatever happened.
    private async ValueTask<StoreError> ClaimOrLogAsync(CancellationToken stop)
    {
        try
        {
            return await CheckAndClaimAsync(stop);
        }
        catch (Exception exception) when (exception is not OperationCanceledException || !stop.IsCancellationRequested)
        {
            LogWatchFailed(_logger, exception);
            return NotClaimed(StoreError.Unavailable);
        }
    }

    private async ValueTask LookOrLogAsync(CancellationToken stop)
    {
        try
        {
            await HoldsStoreAsync(stop);
        }
        catch (Exception exception) when (exception is not OperationCanceledException || !stop.IsCancellationRequested)
        {
            LogWatchFailed(_logger, exception);
        }
    }

    private async ValueTask<StoreError> CheckAndClaimAsync(CancellationToken stop)
    {
        if (Check is not null)
        {
            StoreResult<RollbackFinding> found = await Check.RunAsync(_session.Value, stop);
            if (!found.Succeeded)
            {
                return NotClaimed(found.Error);
            }

            if (found.Value == RollbackFinding.OtherIsNewer)
            {
                StoreResult<ulong> newest = await FindNewestAsync(_store, stop);
                await FenceOffAsync(_store, StoreLayout.Session(newest.Succeeded ? newest.Value : 0), stop);
                return StoreError.AlreadyExists;
            }

            if (found.Value != RollbackFinding.None)
            {
                LogRollback(found.Value);
                return NotClaimed(StoreError.Corrupt);
            }
        }

        StoreError error = await TryClaimAsync(stop);
        if (error == StoreError.AlreadyExists)
        {
            StoreResult<ulong> newest = await FindNewestAsync(_store, stop);
            await FenceOffAsync(_store, StoreLayout.Session(newest.Succeeded ? Math.Max(newest.Value, _session.Value) : _session.Value), stop);
        }

        return error;
    }

    private StoreError NotClaimed(StoreError error)
    {
        Volatile.Write(ref _claimError, (int)error);
        return error;
    }

    private void LogRollback(RollbackFinding finding)
    {
        if (_loggedError != StoreError.Corrupt)
        {
            LogRolledBack(_logger, finding);
        }
    }

    // It is tried every few seconds for as long as the store is away.
    private void LogOnce(StoreError error)
    {
        if (_loggedError != error)
        {
            _loggedError = error;
            LogNotClaimed(_logger, _session, error);
        }
    }

    private async ValueTask FenceOffAsync(IObjectStore store, ObjectKey newer, CancellationToken cancel)
    {
        FencedBy = await DescribeHolderAsync(store, newer, cancel);
        LogFenced(_logger, _session, FencedBy);
        await _fenced.CancelAsync();
    }

    [LoggerMessage(545, LogLevel.Error, "Looking for a newer session failed; it is tried again")]
    private static partial void LogWatchFailed(ILogger logger, Exception exception);

    [LoggerMessage(547, LogLevel.Critical, "What is at the store's place now lacks the claim of session {Session} ({Error}): it is another store, or an older state of this one. Nothing is uploaded or deleted until the claim is there again. Bring the store back; or unmount with --now and mount again, which says what to do")]
    private static partial void LogAnothersStore(ILogger logger, SessionId session, StoreError error);

    [LoggerMessage(542, LogLevel.Critical, "Store and volume do not belong together any more ({Finding}); nothing is uploaded. Mount the volume again: it says what to do")]
    private static partial void LogRolledBack(ILogger logger, RollbackFinding finding);

    [LoggerMessage(541, LogLevel.Warning, "Session {Session} cannot be claimed in the store ({Error}); nothing is uploaded before it is, and it is tried again")]
    private static partial void LogNotClaimed(ILogger logger, SessionId session, StoreError error);

    [LoggerMessage(540, LogLevel.Critical, "Session {Session} is not the newest of its volume any more: {Holder} has opened it. This mount is read-only from now on and uploads nothing")]
    private static partial void LogFenced(ILogger logger, SessionId session, string holder);
}
