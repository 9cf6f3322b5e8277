namespace HipaaFs.Storage;

/// <summary>One place for objects: named, immutable while they are named so, read in ranges.</summary>
/// <remarks>
/// <para><b>Failures.</b> What a store may be expected to do comes back as a <see cref="StoreError"/>. Exceptions are bugs
/// (<see cref="ArgumentException"/>, <see cref="ObjectDisposedException"/>) and cancellation. No SDK's or file system's exception leaves an adapter.</para>
/// <para><b>Retries.</b> An adapter tries once, and switches off the retries of its SDK; <see cref="RetryingObjectStore"/> alone
/// repeats, and only Throttled, Unavailable and TimedOut. After the last two a change may have been done. A caller above the stack does not repeat at once.</para>
/// <para><b>Atomicity.</b> A put is seen whole or not at all, by readers in any process, also after a crash of either side. A put
/// that returned success is durable. A put that failed left the former object, or none, or (Unavailable, TimedOut, cancelled) the new one.</para>
/// <para><b>Consistency.</b> Read after write: once a put or delete returned, every later read, look-up and listing, by anyone, shows it.</para>
/// <para><b>Cancellation</b> ends the wait with <see cref="OperationCanceledException"/>; of a change it leaves unknown whether it was done, of a read it
/// leaves the destination's content undefined but untouched after the return.</para>
/// <para><b>Threads.</b> All members may be called at the same time from any thread. A call may do its work on the caller's thread before it returns
/// (a local disk does): who must not block calls from a thread that may. Memory passed in is borrowed until the returned task completes.</para>
/// </remarks>
public interface IObjectStore : IAsyncDisposable
{
    /// <summary>What this store can do. Constant while it is open.</summary>
    StoreCapabilities Capabilities { get; }

    /// <summary>Reads a range of an object into memory.</summary>
    /// <remarks>
    /// Fills <paramref name="destination"/>; returns fewer bytes only where the object ends, and 0 at or past its end. A body cut short in
    /// transit is never a short read: it is <see cref="StoreError.Corrupt"/> or <see cref="StoreError.Unavailable"/>.
    /// NotFound: no object. VersionChanged: not the version asked for. Archived: restore it first.
    /// </remarks>
    /// <param name="key">The object.</param>
    /// <param name="version">The version to read, <see cref="EntityTag.Any"/> for whichever is there.</param>
    /// <param name="offset">The first byte wanted; not negative.</param>
    /// <param name="destination">Filled by the store.</param>
    /// <param name="cancel">Ends the wait.</param>
    ValueTask<StoreResult<int>> ReadAsync(ObjectKey key, EntityTag version, long offset, Memory<byte> destination, CancellationToken cancel);

    /// <summary>Stores a small object from memory; it is hot. Returns its properties as the store has them.</summary>
    ValueTask<StoreResult<ObjectProperties>> PutAsync(ObjectKey key, ReadOnlyMemory<byte> content, PutCondition condition, CancellationToken cancel);

    /// <summary>Stores a file as an object, in parts where the store wants parts; what a failed or cancelled put leaves of parts the store removes itself.</summary>
    /// <remarks>
    /// InvalidRequest: the file is not there or not of the length given. Corrupt: what arrived differs from the checksums given. The answer says in
    /// <see cref="ObjectProperties.Sha256"/> what was taken; a caller who gets none reads the object back. Where a lock is asked for, success means that the object is under it;
    /// after a failure it may be there without, and the repeat puts it right. Retained: the object there is locked, and the store keeps no versions beneath it.
    /// </remarks>
    ValueTask<StoreResult<ObjectProperties>> PutFileAsync(ObjectKey key, UploadSource source, PutOptions options, CancellationToken cancel);

    /// <summary>Looks up an object's properties. NotFound when there is none.</summary>
    ValueTask<StoreResult<ObjectProperties>> GetPropertiesAsync(ObjectKey key, CancellationToken cancel);

    /// <summary>Lists objects whose key starts with a prefix, in key order (ordinal, which is byte order).</summary>
    /// <remarks>An object that is there during the whole listing appears exactly once; one put or deleted meanwhile may or may not. Parts and temporaries never appear.</remarks>
    /// <param name="prefix">What the keys start with; empty for all; any number of characters, not only whole segments.</param>
    /// <param name="after">Lists only greater keys; null from the start. Need not exist nor start with the prefix.</param>
    /// <param name="limit">The most objects to return; positive. A store may return fewer, see <see cref="ObjectPage.More"/>.</param>
    /// <param name="cancel">Ends the wait.</param>
    ValueTask<StoreResult<ObjectPage>> ListAsync(string prefix, ObjectKey? after, int limit, CancellationToken cancel);

    /// <summary>Deletes an object, all versions a versioned store would bring back excepted. Returns whether there was one; an absent object is no error.</summary>
    /// <remarks>VersionChanged: another version is there, nothing was deleted. Retained: the object is locked, and stays where it is found. Atomic as <see cref="StoreCapabilities.AtomicConditionalDelete"/> says.</remarks>
    ValueTask<StoreResult<bool>> DeleteAsync(ObjectKey key, EntityTag version, CancellationToken cancel);

    /// <summary>Moves an object to another storage class; its content stays, its tag may change. Unsupported where there are no tiers.</summary>
    /// <remarks>Archived: a store that moves by copying (S3) must restore the object first. Retained: the same store could not delete the locked original.</remarks>
    ValueTask<StoreResult<ObjectProperties>> SetTierAsync(ObjectKey key, StorageTier tier, CancellationToken cancel);

    /// <summary>Asks for a readable copy of an archived object and returns how far that is. Unsupported where there are no tiers.</summary>
    /// <remarks>
    /// Repeating it is harmless: a copy that is there stays at least as long as before, and longer where more days are asked for; a restore under way goes on, or is hastened
    /// where the store can and a greater speed is asked for; Archived: it goes on, and the store does not hasten it. InvalidRequest: the object's class is not restored at this speed. Throttled: the store has no capacity for it now.
    /// </remarks>
    ValueTask<StoreResult<RestoreState>> RestoreAsync(ObjectKey key, RestoreRequest request, CancellationToken cancel);

    /// <summary>Sets until when an object is neither replaced nor deleted; null ends its retention. A legal hold stays as it is.</summary>
    /// <remarks>
    /// Repeating it is harmless. Success means that the store took it, and the answer is how the object looked afterwards, which S3 compares. Retained: the object would be less protected than now, and the store allows that to nobody
    /// (compliance) or not to this identity (governance). Unsupported: there are no locks here, see <see cref="StoreCapabilities.Locks"/>, or a server that cannot end a retention (Ceph 16) was asked to. AccessDenied: also where the identity may
    /// set a retention and not see it.
    /// </remarks>
    ValueTask<StoreResult<ObjectProperties>> SetRetentionAsync(ObjectKey key, ObjectRetention? retention, CancellationToken cancel);

    /// <summary>Puts an object under a legal hold, or releases it. A retention stays as it is.</summary>
    /// <remarks>Repeating it is harmless. Success, Unsupported and AccessDenied as with <see cref="SetRetentionAsync"/>.</remarks>
    ValueTask<StoreResult<ObjectProperties>> SetLegalHoldAsync(ObjectKey key, bool isHeld, CancellationToken cancel);
}
