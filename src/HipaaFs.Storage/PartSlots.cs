namespace HipaaFs.Storage;

/// <summary>How many parts of objects are sent to a store at a time, and whose. Whoever began first has the next slot that is free.</summary>
/// <remarks>
/// Uploads that share a link evenly would end together as well as begin together, and the link would have nothing to do while they are completed and the next ones are begun. In
/// turn, one ends while the parts of the next are on their way. Thread-safe.
/// </remarks>
internal sealed class PartSlots
{
    private readonly Lock _lock = new();
    private readonly PriorityQueue<TaskCompletionSource, long> _waiting = new(); // Guarded by the lock, as are the numbers.
    private int _free;
    private long _turns;

    /// <param name="slots">Parts at a time, at least 1.</param>
    internal PartSlots(int slots) => _free = slots;

    /// <summary>Gives an upload its place behind those that have one.</summary>
    internal long Begin()
    {
        lock (_lock)
        {
            return ++_turns;
        }
    }

    /// <summary>Waits for a slot, which must be left.</summary>
    internal async ValueTask EnterAsync(long turn, CancellationToken cancel)
    {
        var slot = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        lock (_lock)
        {
            if (_free > 0)
            {
                _free--;
                return;
            }

            _waiting.Enqueue(slot, turn);
        }

        await using CancellationTokenRegistration giveUp = cancel.UnsafeRegister(static slot => ((TaskCompletionSource)slot!).TrySetCanceled(), slot);
        await slot.Task;
    }

    /// <summary>Hands a slot on.</summary>
    internal void Leave()
    {
        lock (_lock)
        {
            while (_waiting.TryDequeue(out TaskCompletionSource? slot, out _))
            {
                if (slot.TrySetResult())
                {
                    return; // Not to one who has given up.
                }
            }

            _free++;
        }
    }
}
