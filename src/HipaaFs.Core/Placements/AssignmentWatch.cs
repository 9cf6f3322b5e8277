using HipaaFs.Metadata;

namespace HipaaFs.Placements;

/// <summary>Lets an assignment of placements know of what is made and moved while it goes through a tree.</summary>
/// <remarks>
/// An assignment begins when every operation has ended that does not note what it does, and ends when every one has that does. What begins after that finds all rows set. Thread-safe.
/// </remarks>
internal sealed class AssignmentWatch
{
    private readonly Lock _lock = new();
    private readonly HashSet<InodeId> _noted = []; // Guarded by _lock, as everything below.
    private bool _isRunning;
    private int _unnoting;
    private int _noting;
    private TaskCompletionSource? _ended;

    /// <summary>Begins an operation. Whether what it has made or moved must be noted at its end.</summary>
    internal bool Enter()
    {
        lock (_lock)
        {
            _ = _isRunning ? _noting++ : _unnoting++;
            return _isRunning;
        }
    }

    /// <summary>Ends an operation.</summary>
    /// <param name="notes">What <see cref="Enter"/> answered.</param>
    /// <param name="inode">What is to be looked at; null: nothing.</param>
    /// <param name="other">What else is.</param>
    internal void Exit(bool notes, InodeId? inode, InodeId? other = null)
    {
        TaskCompletionSource? ended = null;
        lock (_lock)
        {
            foreach (InodeId? noted in notes ? (ReadOnlySpan<InodeId?>)[inode, other] : [])
            {
                if (noted is { } id)
                {
                    _noted.Add(id);
                }
            }

            int left = notes ? --_noting : --_unnoting;
            if (left == 0 && notes != _isRunning)
            {
                ended = _ended;
            }
        }

        ended?.TrySetResult();
    }

    /// <summary>From now on operations note what they do; completes when those have ended that do not. One caller at a time.</summary>
    internal Task BeginAsync(CancellationToken cancel)
    {
        lock (_lock)
        {
            _isRunning = true;
            _noted.Clear();
            return WaitAsync(_unnoting, cancel);
        }
    }

    /// <summary>Ends that; completes when the operations have ended that note what they do.</summary>
    internal Task EndAsync(CancellationToken cancel)
    {
        lock (_lock)
        {
            _isRunning = false;
            return WaitAsync(_noting, cancel);
        }
    }

    /// <summary>What was noted since it was last asked.</summary>
    internal IReadOnlyList<InodeId> Take()
    {
        lock (_lock)
        {
            InodeId[] noted = [.. _noted];
            _noted.Clear();
            return noted;
        }
    }

    private Task WaitAsync(int operations, CancellationToken cancel)
    {
        if (operations == 0)
        {
            return Task.CompletedTask;
        }

        _ended = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        return _ended.Task.WaitAsync(cancel);
    }
}
