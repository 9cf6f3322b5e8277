using System.Security.Cryptography;

namespace HipaaFs.Storage;

/// <summary>Tries out on a real store what a volume will rely on, before anything is entrusted to it.</summary>
public static class StoreProbe
{
    /// <summary>Writes a random object under <c>probe/</c>, writes it again if absent, reads, lists and deletes it; releases a legal hold that is not on it, which shows whether there are locks.</summary>
    /// <returns>
    /// The store's capabilities, <see cref="StoreCapabilities.PutIfAbsent"/> and <see cref="StoreCapabilities.Locks"/> as they really are, for these credentials; or the failure of the first
    /// step that failed. Corrupt: the store does not show what was just written to it, or still shows what was deleted.
    /// </returns>
    public static async ValueTask<StoreResult<StoreCapabilities>> RunAsync(IObjectStore store, CancellationToken cancel)
    {
        var key = new ObjectKey("probe/" + RandomNumberGenerator.GetHexString(32, lowercase: true));
        byte[] content = RandomNumberGenerator.GetBytes(64);
        StoreResult<ObjectProperties> put = await store.PutAsync(key, content, PutCondition.IfAbsent, cancel);
        bool conditional = put.Error != StoreError.Unsupported;
        if (!conditional)
        {
            put = await store.PutAsync(key, content, PutCondition.None, cancel);
        }

        if (!put.Succeeded)
        {
            return put.Failure!;
        }

        StoreFailure? failure = await CheckReadableAsync(store, key, content, cancel);
        if (failure is null && conditional)
        {
            // Other bytes than the first time, so that the second put cannot be taken for a repeat of the first.
            StoreResult<ObjectProperties> second = await store.PutAsync(key, RandomNumberGenerator.GetBytes(64), PutCondition.IfAbsent, cancel);
            conditional = second.Error == StoreError.AlreadyExists;
            failure = conditional || second.Succeeded ? null : second.Failure;
        }

        bool locks = false;
        if (failure is null && store.Capabilities.Locks)
        {
            StoreResult<ObjectProperties> released = await store.SetLegalHoldAsync(key, isHeld: false, cancel);
            locks = released.Succeeded;
            failure = locks || released.Error is StoreError.Unsupported or StoreError.AccessDenied ? null : released.Failure;
        }

        StoreResult<bool> deleted = await store.DeleteAsync(key, EntityTag.Any, cancel);
        failure ??= deleted.Failure ?? await CheckAbsentAsync(store, key, cancel);
        return failure is null ? store.Capabilities with { PutIfAbsent = conditional, Locks = locks } : failure;
    }

    private static async ValueTask<StoreFailure?> CheckReadableAsync(IObjectStore store, ObjectKey key, byte[] content, CancellationToken cancel)
    {
        byte[] back = new byte[content.Length + 1];
        StoreResult<int> read = await store.ReadAsync(key, EntityTag.Any, 0, back, cancel);
        if (!read.Succeeded)
        {
            return read.Error == StoreError.NotFound ? new StoreFailure(StoreError.Corrupt, "written object not found") : read.Failure;
        }

        if (!back.AsSpan(0, read.Value).SequenceEqual(content))
        {
            return new StoreFailure(StoreError.Corrupt, "read other bytes than were written");
        }

        StoreResult<ObjectPage> page = await store.ListAsync(key.Value, null, 1, cancel);
        if (!page.Succeeded)
        {
            return page.Failure;
        }

        return page.Value.Objects.Count == 1 ? null : new StoreFailure(StoreError.Corrupt, "written object not listed");
    }

    private static async ValueTask<StoreFailure?> CheckAbsentAsync(IObjectStore store, ObjectKey key, CancellationToken cancel)
    {
        StoreResult<ObjectProperties> gone = await store.GetPropertiesAsync(key, cancel);
        if (gone.Error == StoreError.NotFound)
        {
            return null;
        }

        return gone.Failure ?? new StoreFailure(StoreError.Corrupt, "deleted object still there");
    }
}
