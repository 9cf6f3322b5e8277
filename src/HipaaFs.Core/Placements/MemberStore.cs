using HipaaFs.Metadata;
using HipaaFs.Sessions;
using HipaaFs.Storage;
using HipaaFs.Volumes;
using Microsoft.Extensions.Logging;

namespace HipaaFs.Placements;

/// <summary>One of a volume's stores: open or not yet, answering or away, held by this session or not.</summary>
/// <remarks>
/// <para>Anything may be read from it, since every frame is proven by the keys. What is put or deleted in it is believed only while it has this session's claim: another disk,
/// share or volume may have come to be at its place, or an older state of it: it must have the claim of the session that claimed it last (<see cref="StoreClaims"/>). Its claim
/// fences nobody off, but for the one in the volume's home (<see cref="IsHome"/>).</para>
/// <para>A store that did not answer is away for a while: who has another copy does not ask it. Thread-safe.</para>
/// </remarks>
internal sealed partial class MemberStore : IAsyncDisposable
{
    private static readonly TimeSpan FirstAbsence = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan LongestAbsence = TimeSpan.FromMinutes(2);

    private readonly HomeStore _home;
    private readonly Func<MeteringObjectStore> _open;
    private readonly StoreUrl? _url;
    private readonly Guid _volume;
    private readonly SessionFence? _fence;
    private readonly StoreClaims? _claims;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly Lock _lock = new();
    private readonly SemaphoreSlim _one = new(1, 1);
    private MeteringObjectStore? _store; // Written under _one.
    private bool _isClaimed; // Written under _one.
    private string? _told; // What was logged last. Under _one.
    private string? _problem;
    private RegisteredStore _registered;
    private long _awayUntil; // 0 while it answers. Written under _lock.
    private long _awaySince; // Ticks of UTC; 0 while it answers. Written under _lock.
    private TimeSpan _absence; // Under _lock.

    /// <param name="registered">Its number and name.</param>
    /// <param name="url">Where it is, for messages; null when its setting does not say so.</param>
    /// <param name="volume">Whose it must be.</param>
    /// <param name="home">The volume's home, which it may be or become.</param>
    /// <param name="open">Opens it.</param>
    /// <param name="fence">Whose claim it gets; null on a read-only mount.</param>
    /// <param name="claims">Says who claimed it last, and is told, as long as it is not the volume's home; null on a read-only mount.</param>
    /// <param name="time">The clock.</param>
    /// <param name="logger">Told when it is not what it should be.</param>
    internal MemberStore(
        RegisteredStore registered,
        StoreUrl? url,
        Guid volume,
        HomeStore home,
        Func<MeteringObjectStore> open,
        SessionFence? fence,
        StoreClaims? claims,
        TimeProvider time,
        ILogger logger)
    {
        _registered = registered;
        _url = url;
        _volume = volume;
        _home = home;
        _open = open;
        _fence = fence;
        _claims = claims;
        _time = time;
        _logger = logger;
    }

    /// <summary>What the settings say of it.</summary>
    internal RegisteredStore Registered
    {
        get => Volatile.Read(ref _registered);
        set => Volatile.Write(ref _registered, value);
    }

    /// <summary>Whether it was taken away.</summary>
    internal bool IsRemoved => Registered.IsRemoved;

    /// <summary>Whether it is the volume's home now: change stream, key ring and the claims that fence are in it.</summary>
    internal bool IsHome => Store is { } store && store == _home.Store;

    /// <summary>Its number.</summary>
    internal int Number => Registered.Number;

    /// <summary>Its name.</summary>
    internal string Name => Registered.Name;

    /// <summary>Its URL; null when its setting says none that can be used.</summary>
    internal StoreUrl? Url => _url;

    /// <summary>Its bit in masks of stores.</summary>
    internal ulong Mask => SegmentCopies.In(Number);

    /// <summary>The store; null while it cannot be opened.</summary>
    internal MeteringObjectStore? Store => Volatile.Read(ref _store);

    /// <summary>Whether it did not answer a while ago.</summary>
    internal bool IsAway => Volatile.Read(ref _awayUntil) is var until and not 0 && _time.GetTimestamp() < until;

    /// <summary>Since when it has not answered; null while it does.</summary>
    internal DateTimeOffset? AwaySince => Volatile.Read(ref _awaySince) is var since and not 0 ? new DateTimeOffset(since, TimeSpan.Zero) : null;

    /// <summary>Why nothing can be put into it, in words for people; null when nothing is known against it.</summary>
    internal string? Problem => Volatile.Read(ref _problem);

    /// <summary>Whether this session's claim has been in it.</summary>
    internal bool WasHeld => Volatile.Read(ref _isClaimed);

    /// <summary>Takes over a store that is open already.</summary>
    internal MemberStore Opened(MeteringObjectStore store)
    {
        Volatile.Write(ref _store, store);
        return this;
    }

    /// <summary>Notes what came of a request: a store that does not answer is left alone for a while, longer each time.</summary>
    internal void Note(StoreError outcome)
    {
        bool isAway = outcome is StoreError.Unavailable or StoreError.TimedOut;
        if (!isAway && Volatile.Read(ref _awayUntil) == 0)
        {
            return;
        }

        lock (_lock)
        {
            _absence = !isAway ? TimeSpan.Zero
                : _absence == TimeSpan.Zero ? FirstAbsence
                : _absence * 2 < LongestAbsence ? _absence * 2 : LongestAbsence;
            Volatile.Write(ref _awaySince, !isAway ? 0 : _awaySince != 0 ? _awaySince : _time.GetUtcNow().UtcTicks);
            Volatile.Write(ref _awayUntil, isAway ? _time.GetTimestamp() + (long)(_absence.TotalSeconds * _time.TimestampFrequency) : 0);
        }
    }

    /// <summary>
    /// Whether this is the store that the session claimed, which it does with the first call that can: before something put into it is believed, or deleted from it. None:
    /// it is. Any other answer says why not; NotFound and AlreadyExists: another store is at its place.
    /// </summary>
    internal async ValueTask<StoreError> HoldAsync(CancellationToken cancel)
    {
        if (_fence is null)
        {
            return StoreError.AccessDenied;
        }

        if (IsHome)
        {
            bool isHeld = await _fence.HasClaimAsync(cancel);
            if (isHeld)
            {
                Note(StoreError.None);
            }

            return isHeld ? StoreError.None : StoreError.Unavailable;
        }

        await _one.WaitAsync(cancel);
        try
        {
            StoreError error = await TryHoldAsync(_fence, cancel);
            Note(error);
            Tell(error);
            return error;
        }
        finally
        {
            _one.Release();
        }
    }

    /// <summary>Whether something may be put into it. The volume's home is asked only when it was another store the last time: it is asked after each upload, before that counts.</summary>
    internal async ValueTask<bool> MayTakeAsync(CancellationToken cancel) =>
        (IsHome && _fence?.ClaimError == StoreError.None) || await HoldAsync(cancel) == StoreError.None;

    /// <summary>Opens it if it is not open, without asking anything of it. False when it cannot be opened now.</summary>
    internal async ValueTask<bool> TryOpenAsync(CancellationToken cancel)
    {
        await _one.WaitAsync(cancel);
        try
        {
            return TryOpen();
        }
        finally
        {
            _one.Release();
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (_store is not null)
        {
            await _store.DisposeAsync();
        }

        _one.Dispose();
    }

    private bool TryOpen()
    {
        if (_store is not null)
        {
            return true;
        }

        if (_url is null)
        {
            Tell(Registered.Problem ?? "its URL is not known");
            return false;
        }

        try
        {
            Volatile.Write(ref _store, _open());
            return true;
        }
        catch (VolumeException exception)
        {
            Tell(exception.Message);
            return false;
        }
    }

    private async ValueTask<StoreError> TryHoldAsync(SessionFence fence, CancellationToken cancel)
    {
        if (!TryOpen())
        {
            return StoreError.Unavailable;
        }

        ObjectKey key = StoreLayout.Session(fence.Session.Value);
        if (_isClaimed)
        {
            return await CompareAsync(key, fence.Claim, cancel);
        }

        try
        {
            if (!await VolumeStore.IdentifyAsync(_store!, _url!, _volume, cancel))
            {
                return StoreError.Unavailable;
            }
        }
        catch (VolumeException exception)
        {
            Tell(exception.Message);
            return StoreError.NotFound;
        }

        StoreResult<SessionId> lost = _claims is null ? default(SessionId) : await _claims.FindLostAsync(Number, _store!, cancel);
        if (!lost.Succeeded)
        {
            return lost.Error;
        }

        if (lost.Value != default && _claims is { AcceptsOlder: false })
        {
            Tell($"it lacks the claim of session {lost.Value}: it was put back to an older state, or lost objects. Bring them back; or mount with -o accept_older_store and run 'hipaafs scrub', which copies what it lacks");
            return StoreError.NotFound;
        }

        if (lost.Value != default)
        {
            LogOlderAccepted(_logger, Number, Name, lost.Value);
        }

        StoreResult<ObjectProperties> put = await _store!.PutAsync(key, fence.Claim, PutCondition.IfAbsent, cancel);
        StoreError error = put.Succeeded || put.Error == StoreError.AlreadyExists ? await CompareAsync(key, fence.Claim, cancel) : put.Error;
        _isClaimed = error == StoreError.None;
        if (_isClaimed && _claims is not null)
        {
            await _claims.NoteAsync(Number, cancel);
        }

        return error;
    }

    private async ValueTask<StoreError> CompareAsync(ObjectKey key, byte[] claim, CancellationToken cancel)
    {
        byte[] found = new byte[claim.Length + 1];
        StoreResult<int> read = await _store!.ReadAsync(key, EntityTag.Any, 0, found, cancel);
        return !read.Succeeded ? read.Error
            : found.AsSpan(0, read.Value).SequenceEqual(claim) ? StoreError.None
            : StoreError.AlreadyExists;
    }

    private void Tell(StoreError error)
    {
        if (error == StoreError.None)
        {
            Volatile.Write(ref _problem, null);
            _told = null;
        }
        else if (error is StoreError.NotFound or StoreError.AlreadyExists && _isClaimed)
        {
            Tell("another store is at its place, or an older state of it: it lacks this session's claim");
        }
        else if (_told is null || Problem is null)
        {
            Tell($"it does not answer: {error}");
        }
    }

    // It is tried again and again for as long as it lasts.
    private void Tell(string problem)
    {
        Volatile.Write(ref _problem, problem);
        if (_told != problem)
        {
            _told = problem;
            LogProblem(_logger, Number, Name, problem);
        }
    }

    [LoggerMessage(629, LogLevel.Warning, "Store {Number} ({Name}) lacks the claim of session {Session}: it was put back to an older state, or lost objects, which was accepted. Run 'hipaafs scrub': it finds and copies what the store lacks")]
    private static partial void LogOlderAccepted(ILogger logger, int number, string name, SessionId session);

    [LoggerMessage(620, LogLevel.Error, "Store {Number} ({Name}): {Problem}. It gets nothing until that has changed; what it lacks is copied to it then")]
    private static partial void LogProblem(ILogger logger, int number, string name, string problem);
}
