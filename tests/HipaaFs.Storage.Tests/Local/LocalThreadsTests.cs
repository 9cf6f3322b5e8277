using HipaaFs.Storage.Local;
using HipaaFs.Testing;
using Xunit;

namespace HipaaFs.Storage.Tests.Local;

/// <summary>A disk that does not answer, and calls that no cancellation reaches.</summary>
public sealed class LocalThreadsTests : IDisposable
{
    private readonly ManualResetEventSlim _answers = new();
    private readonly LocalThreads _threads = new();

    public void Dispose()
    {
        _answers.Set();
        _answers.Dispose();
    }

    [Fact]
    public async Task Run_DiskDoesNotAnswer_EndsWhenCancelled()
    {
        using var deadline = new CancellationTokenSource();
        Task<StoreResult<int>> call = HangAsync(deadline.Token);
        await deadline.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => call);
        Assert.Equal(1, _threads.Left);
        _answers.Set();
        await Eventually.TrueAsync(() => _threads.Left == 0, "the thread ends when the disk answers");
    }

    [Fact]
    public async Task Run_ManyNeverCameBack_FailsAtOnceUntilTheyDo()
    {
        using var deadline = new CancellationTokenSource();
        Task<StoreResult<int>>[] calls = [.. Enumerable.Range(0, LocalThreads.MostLeft).Select(_ => HangAsync(deadline.Token))];
        await deadline.CancelAsync();
        foreach (Task<StoreResult<int>> call in calls)
        {
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => call);
        }

        Assert.Equal(StoreError.Unavailable, (await _threads.RunAsync<int>(static () => 1, default)).Error);

        _answers.Set();
        await Eventually.TrueAsync(() => _threads.Left == 0, "the threads end when the disk answers");
        Assert.Equal(1, (await _threads.RunAsync<int>(static () => 1, default)).Value);
    }

    [Fact]
    public async Task Run_FailsAfterItWasLeft_IsNobodysException()
    {
        using var deadline = new CancellationTokenSource();
        Task<StoreResult<int>> call = StartAsync(() => throw new IOException(), deadline.Token);
        await deadline.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => call);

        _answers.Set();
        await Eventually.TrueAsync(() => _threads.Left == 0, "the thread ends");
    }

    private Task<StoreResult<int>> HangAsync(CancellationToken cancel) => StartAsync(static () => 1, cancel);

    // Returns when the call is on its thread: before that a cancellation would merely keep it from beginning.
    private Task<StoreResult<int>> StartAsync(Func<StoreResult<int>> then, CancellationToken cancel)
    {
        using var begun = new ManualResetEventSlim();
        Task<StoreResult<int>> call = _threads.RunAsync(
            () =>
            {
                begun.Set();
                _answers.Wait(CancellationToken.None);
                return then();
            },
            cancel);
        begun.Wait(CancellationToken.None);
        return call;
    }
}
