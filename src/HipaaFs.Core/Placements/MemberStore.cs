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
    private const string Lost = "another store is at its place, or an older state of it: it lacks this session's claim";

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
    private string? _told; // What was logged last; empty: that it does not answer, in whatever words. Under _one.
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
            Refusal? refusal = await TryHoldAsync(_fence, cancel);
            Note(refusal?.Error ?? StoreError.None);
            Tell(refusal);
            return refusal?.Error ?? StoreError.None;
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
            Refusal? refusal = TryOpen();
            if (refusal is not null)
            {
                Tell(refusal);
            }

            return refusal is null;
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

    private Refusal? TryOpen()
    {
        if (_store is not null)
        {
            return null;
        }

        if (_url is null)
        {
            return new Refusal(StoreError.Unavailable, Registered.Problem ?? "its URL is not known");
        }

        try
        {
            Volatile.Write(ref _store, _open());
            return null;
        }
        catch (VolumeException exception)
        {
            return new Refusal(StoreError.Unavailable, exception.Message);
        }
    }

    private async ValueTask<Refusal?> TryHoldAsync(SessionFence fence, CancellationToken cancel)
    {
        if (TryOpen() is { } closed)
        {
            return closed;
        }

        ObjectKey key = StoreLayout.Session(fence.Session.Value);
        if (_isClaimed)
        {
            return await CompareAsync(key, fence.Claim, cancel);
        }

        try
        {
            if (await VolumeStore.IdentifyAsync(_store!, _url!, _volume, cancel) is { } failure)
            {
                return Refusal.Of(failure) with { Error = StoreError.Unavailable }; // As long as nothing is known of it, it is away, whatever it says.
            }
        }
        catch (VolumeException exception)
        {
            return new Refusal(StoreError.NotFound, exception.Message);
        }

        StoreResult<SessionId> lost = _claims is null ? default(SessionId) : await _claims.FindLostAsync(Number, _store!, cancel);
        if (!lost.Succeeded)
        {
            return Refusal.Of(lost.Failure!);
        }

        if (lost.Value != default && _claims is { AcceptsOlder: false })
        {
            return new Refusal(
                StoreError.NotFound,
                $"it lacks the claim of session {lost.Value}: it was put back to an older state, or lost objects. Bring them back; or mount with -o accept_older_store and run 'hipaafs scrub', which copies what it lacks");
        }

        if (lost.Value != default)
        {
            LogOlderAccepted(_logger, Number, Name, lost.Value);
        }

        StoreResult<ObjectProperties> put = await _store!.PutAsync(key, fence.Claim, PutCondition.IfAbsent, cancel);
        if (!put.Succeeded && put.Error != StoreError.AlreadyExists)
        {
            return Refusal.Of(put.Failure!);
        }

        Refusal? refusal = await CompareAsync(key, fence.Claim, cancel);
        _isClaimed = refusal is null;
        if (_isClaimed && _claims is not null)
        {
            await _claims.NoteAsync(Number, cancel);
        }

        return refusal;
    }

    private async ValueTask<Refusal?> CompareAsync(ObjectKey key, byte[] claim, CancellationToken cancel)
    {
        byte[] found = new byte[claim.Length + 1];
        StoreResult<int> read = await _store!.ReadAsync(key, EntityTag.Any, 0, found, cancel);
        return read.Error == StoreError.NotFound ? new Refusal(StoreError.NotFound, Lost)
            : !read.Succeeded ? Refusal.Of(read.Failure!)
            : found.AsSpan(0, read.Value).SequenceEqual(claim) ? null
            : new Refusal(StoreError.AlreadyExists, Lost);
    }

    // It is tried again and again for as long as it lasts; one that is away fails now of this and now of that.
    private void Tell(Refusal? refusal)
    {
        Volatile.Write(ref _problem, refusal?.Problem);
        string? told = refusal is { MayPass: true } ? string.Empty : refusal?.Problem;
        if (refusal is not null && _told != told)
        {
            LogProblem(_logger, Number, Name, refusal.Problem);
        }

        _told = told;
    }

    // Why it is not held, in words for people.
    private sealed record Refusal(StoreError Error, string Problem, bool MayPass = false)
    {
        internal static Refusal Of(StoreFailure failure)
        {
            StoreAdvice advice = StoreAdvice.For(failure);
            return new Refusal(failure.Error, advice.Text, advice.MayPass);
        }
    }

    [LoggerMessage(629, LogLevel.Warning, "Store {Number} ({Name}) lacks the claim of session {Session}: it was put back to an older state, or lost objects, which was accepted. Run 'hipaafs scrub': it finds and copies what the store lacks")]
    private static partial void LogOlderAccepted(ILogger logger, int number, string name, SessionId session);

    [LoggerMessage(620, LogLevel.Error, "Store {Number} ({Name}): {Problem}. It gets nothing until that has changed; what it lacks is copied to it then")]
    private static partial void LogProblem(ILogger logger, int number, string name, string problem);
}
