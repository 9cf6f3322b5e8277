using System.Threading.Tasks.Sources;

namespace HipaaFs.Storage.Tests;

/// <summary>A store whose reads wait for an answer and allocate nothing, one at a time.</summary>
internal sealed class PromptStore : IObjectStore, IValueTaskSource<StoreResult<int>>
{
    private ManualResetValueTaskSourceCore<StoreResult<int>> _read;

    public StoreCapabilities Capabilities { get; } = new();

    /// <summary>Answers the read that waits.</summary>
    public void Answer() => _read.SetResult(1000);

    public ValueTask<StoreResult<int>> ReadAsync(ObjectKey key, EntityTag version, long offset, Memory<byte> destination, CancellationToken cancel)
    {
        _read.Reset();
        return new ValueTask<StoreResult<int>>(this, _read.Version);
    }

    public StoreResult<int> GetResult(short token) => _read.GetResult(token);

    public ValueTaskSourceStatus GetStatus(short token) => _read.GetStatus(token);

    public void OnCompleted(Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags) =>
        _read.OnCompleted(continuation, state, token, flags);

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
}
