namespace HipaaFs.Storage.Local;

/// <summary>Runs what waits for a disk on threads of its own, and lets go of those that a deadline or a cancellation finds still waiting.</summary>
/// <remarks>
/// <para>A server that is away can hold a call for ever (a hard NFS mount), and no signal ends it. Its thread is left behind and ends when the server is back; whoever called
/// goes on. So a call may touch nothing that was lent to it after its token is cancelled: it owns what it reads and writes.</para>
/// <para>Threads left behind are few: with <see cref="MostLeft"/> of them every further call fails at once, until one comes back.</para>
/// <para>Thread-safe.</para>
/// </remarks>
internal sealed class LocalThreads
{
    /// <summary>Most threads that may be left behind.</summary>
    internal const int MostLeft = 16;

    private int _left;

    /// <summary>How many threads are left behind at present.</summary>
    internal int Left => Volatile.Read(ref _left);

    /// <summary>Runs a call. <see cref="StoreError.Unavailable"/> when too many before it never came back.</summary>
    /// <exception cref="OperationCanceledException">Cancelled; the call may still be under way, and do what it was asked.</exception>
    internal async Task<StoreResult<T>> RunAsync<T>(Func<StoreResult<T>> call, CancellationToken cancel)
    {
        if (Left >= MostLeft)
        {
            return new StoreFailure(StoreError.Unavailable, "the disk does not answer");
        }

        // A disk that syncs would hold a thread of the pool for long; the callers, bounded by LimitingObjectStore, get one each.
        Task<StoreResult<T>> running = Task.Factory.StartNew(
            call, cancel, TaskCreationOptions.LongRunning | TaskCreationOptions.DenyChildAttach, TaskScheduler.Default);
        try
        {
            return await running.WaitAsync(cancel);
        }
        catch (OperationCanceledException) when (!running.IsCompleted)
        {
            Leave(running);
            throw;
        }
    }

    private void Leave(Task running)
    {
        Interlocked.Increment(ref _left);
        running.ContinueWith(
            static (ended, threads) =>
            {
                _ = ended.Exception; // Nobody waits for it any more.
                Interlocked.Decrement(ref ((LocalThreads)threads!)._left);
            },
            this,
            CancellationToken.None,
            TaskContinuationOptions.ExecuteSynchronously,
            TaskScheduler.Default);
    }
}
