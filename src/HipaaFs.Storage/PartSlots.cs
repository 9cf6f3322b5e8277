namespace HipaaFs.Storage;

/// <summary>How many parts of objects are sent to a store at a time, and whose. Whoever began first has the next slot that is free, but for a quarter of them, which is left to who waits behind him.</summary>
/// <remarks>
/// Uploads that share a link evenly would end together as well as begin together, and the link would have nothing to do while they are completed and the next ones are begun. In
/// turn, one ends while the parts of the next are on their way; and one whose connections are dead does not keep all others waiting. Thread-safe.
/// </remarks>
internal sealed class PartSlots
{
    private readonly Lock _lock = new();
    private readonly PriorityQueue<(TaskCompletionSource Slot, long Turn), long> _waiting = new(); // Guarded by _lock.
    private readonly Dictionary<long, int> _held = []; // Slots by turn. Guarded by _lock.
    private readonly int _mostWhileOthersWait;
    private int _free; // Guarded by _lock.
    private long _turns; // Guarded by _lock.

    /// <param name="slots">Parts at a time, at least 1.</param>
    internal PartSlots(int slots)
    {
        _free = slots;
        _mostWhileOthersWait = Math.Max(1, slots - (slots / 4));
    }

    /// <summary>Gives an upload its place behind those that have one.</summary>
    internal long Begin()
    {
        lock (_lock)
        {
            return ++_turns;
        }
    }

    /// <summary>Waits for a slot, which must be left: <see cref="LeaveAfterAsync"/>.</summary>
    internal async ValueTask EnterAsync(long turn, CancellationToken cancel)
    {
        var slot = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        lock (_lock)
        {
            if (_free > 0)
            {
                _free--;
                Take(turn);
                return;
            }

            _waiting.Enqueue((slot, turn), turn);
        }

        await using CancellationTokenRegistration giveUp = cancel.UnsafeRegister(static slot => ((TaskCompletionSource)slot!).TrySetCanceled(), slot);
        await slot.Task;
    }

    /// <summary>Leaves a slot when a part has been sent, or was not.</summary>
    internal async Task<T> LeaveAfterAsync<T>(long turn, Task<T> part)
    {
        try
        {
            return await part;
        }
        finally
        {
            Leave(turn);
        }
    }

    /// <summary>Hands a slot on that was entered with this turn.</summary>
    internal void Leave(long turn)
    {
        lock (_lock)
        {
            Return(turn);
            if (!TryHandOn())
            {
                _free++;
            }
        }
    }

    // An upload waits for one slot at a time, so that few are passed over.
    private bool TryHandOn()
    {
        (TaskCompletionSource Slot, long Turn)? passedOver = null;
        bool isHandedOn = false;
        while (!isHandedOn && _waiting.TryDequeue(out (TaskCompletionSource Slot, long Turn) next, out _))
        {
            if (passedOver is null && _held.GetValueOrDefault(next.Turn) >= _mostWhileOthersWait)
            {
                passedOver = next;
                continue;
            }

            isHandedOn = TryGive(next);
        }

        if (passedOver is { } first)
        {
            if (!isHandedOn)
            {
                return TryGive(first);
            }

            _waiting.Enqueue(first, first.Turn);
        }

        return isHandedOn;
    }

    // Not to one who has given up.
    private bool TryGive((TaskCompletionSource Slot, long Turn) next)
    {
        bool isGiven = next.Slot.TrySetResult();
        if (isGiven)
        {
            Take(next.Turn); // He leaves it under the lock.
        }

        return isGiven;
    }

    private void Take(long turn) => _held[turn] = _held.GetValueOrDefault(turn) + 1;

    private void Return(long turn)
    {
        if (--_held[turn] == 0)
        {
            _held.Remove(turn);
        }
    }
}
