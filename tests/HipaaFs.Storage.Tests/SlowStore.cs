namespace HipaaFs.Storage.Tests;

/// <summary>A store of one object whose reads are answered when a test says so.</summary>
internal sealed class SlowStore : IObjectStore
{
    private readonly Lock _lock = new();
    private List<Pending> _reads = []; // Guarded by _lock.

    /// <summary>Whether a read that is cancelled goes on all the same until it is answered.</summary>
    public bool HoldCancelled { get; set; }

    public StoreCapabilities Capabilities { get; } = new();

    /// <summary>How many reads are not answered yet.</summary>
    public int UnderWay
    {
        get
        {
            lock (_lock)
            {
                return _reads.Count(static read => !read.Result.Task.IsCompleted);
            }
        }
    }

    /// <summary>Counts reads from 0 again.</summary>
    public void Restart()
    {
        lock (_lock)
        {
            _reads = [];
        }
    }

    public void Answer(int number)
    {
        Pending read = Find(number);
        int length = Math.Min(1000, read.Destination.Length);
        for (int i = 0; i < length; i++)
        {
            read.Destination.Span[i] = (byte)i;
        }

        read.Result.TrySetResult(length);
    }

    public void Fail(int number) => Find(number).Result.TrySetResult(StoreError.Unavailable);

    public bool WasCancelled(int number) => Find(number).Cancelled.Task.IsCompleted;

    public Task CancelledAsync(int number) => Find(number).Cancelled.Task;

    public ValueTask<StoreResult<int>> ReadAsync(ObjectKey key, EntityTag version, long offset, Memory<byte> destination, CancellationToken cancel)
    {
        var read = new Pending(destination, new TaskCompletionSource<StoreResult<int>>(), new TaskCompletionSource());
        lock (_lock)
        {
            _reads.Add(read);
        }

        cancel.Register(() =>
        {
            read.Cancelled.TrySetResult();
            _ = HoldCancelled || read.Result.TrySetCanceled(cancel);
        });
        return new ValueTask<StoreResult<int>>(read.Result.Task);
    }

    public ValueTask<StoreResult<ObjectProperties>> PutAsync(ObjectKey key, ReadOnlyMemory<byte> content, PutCondition condition, CancellationToken cancel) =>
        throw new NotSupportedException();

    public ValueTask<StoreResult<ObjectProperties>> PutFileAsync(ObjectKey key, UploadSource source, PutOptions options, CancellationToken cancel) =>
        throw new NotSupportedException();

    public ValueTask<StoreResult<ObjectProperties>> GetPropertiesAsync(ObjectKey key, CancellationToken cancel) => throw new NotSupportedException();

    public ValueTask<StoreResult<ObjectPage>> ListAsync(string prefix, ObjectKey? after, int limit, CancellationToken cancel) => throw new NotSupportedException();

    public ValueTask<StoreResult<bool>> DeleteAsync(ObjectKey key, EntityTag version, CancellationToken cancel) => throw new NotSupportedException();

    public ValueTask<StoreResult<ObjectProperties>> SetTierAsync(ObjectKey key, StorageTier tier, CancellationToken cancel) => throw new NotSupportedException();

    public ValueTask<StoreResult<RestoreState>> RestoreAsync(ObjectKey key, RestoreRequest request, CancellationToken cancel) => throw new NotSupportedException();

    public ValueTask<StoreResult<ObjectProperties>> SetRetentionAsync(ObjectKey key, ObjectRetention? retention, CancellationToken cancel) => throw new NotSupportedException();

    public ValueTask<StoreResult<ObjectProperties>> SetLegalHoldAsync(ObjectKey key, bool isHeld, CancellationToken cancel) => throw new NotSupportedException();

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    private Pending Find(int number)
    {
        lock (_lock)
        {
            return _reads[number];
        }
    }

    private sealed record Pending(Memory<byte> Destination, TaskCompletionSource<StoreResult<int>> Result, TaskCompletionSource Cancelled);
}
