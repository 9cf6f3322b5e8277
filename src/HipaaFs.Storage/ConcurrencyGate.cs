namespace HipaaFs.Storage;

/// <summary>Lets a number of holders in at a time, the others wait in the order in which they came. A newcomer never overtakes.</summary>
/// <remarks>The queue is as long as there are callers; each of them waits for its place, so its bound is theirs.</remarks>
internal sealed class ConcurrencyGate
{
    private readonly Lock _lock = new();
    private readonly LinkedList<TaskCompletionSource> _waiting = new(); // Guarded by _lock.
    private int _free; // Guarded by _lock.

    public ConcurrencyGate(int places)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(places);
        _free = places;
    }

    /// <summary>Waits for a place, which the caller gives back by <see cref="Leave"/>.</summary>
    public ValueTask EnterAsync(CancellationToken cancel)
    {
        cancel.ThrowIfCancellationRequested();
        LinkedListNode<TaskCompletionSource> place;
        lock (_lock)
        {
            if (_free > 0)
            {
                _free--;
                return ValueTask.CompletedTask;
            }

            place = _waiting.AddLast(new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously));
        }

        return new ValueTask(WaitAsync(place, cancel));
    }

    /// <summary>Gives a place to the one who waits longest, or back.</summary>
    public void Leave()
    {
        TaskCompletionSource next;
        lock (_lock)
        {
            if (_waiting.First is not { } first)
            {
                _free++;
                return;
            }

            _waiting.RemoveFirst();
            next = first.Value;
        }

        next.SetResult();
    }

    // Whoever removes the node from the list, under the lock, completes it: a place is never given to one who has left.
    private async Task WaitAsync(LinkedListNode<TaskCompletionSource> place, CancellationToken cancel)
    {
        using CancellationTokenRegistration registration = cancel.UnsafeRegister(
            static (state, token) => ((Action<CancellationToken>)state!)(token),
            (Action<CancellationToken>)(token => Abandon(place, token)));
        await place.Value.Task;
    }

    private void Abandon(LinkedListNode<TaskCompletionSource> place, CancellationToken cancel)
    {
        lock (_lock)
        {
            if (place.List is null)
            {
                return;
            }

            _waiting.Remove(place);
        }

        place.Value.SetCanceled(cancel);
    }
}
