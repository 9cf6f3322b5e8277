namespace HipaaFs.Staging;

/// <content>What must happen between two passes.</content>
internal sealed partial class Writeback
{
    private readonly List<(Func<Task<FsError>> Action, TaskCompletionSource<FsError> Done)> _quiet = [];

    /// <summary>Finishes every open segment and then runs something, before the next pass applies a row: no row then refers to an unfinished segment of this loop.</summary>
    internal Task<FsError> RunWithFinishedSegmentsAsync(Func<Task<FsError>> action)
    {
        var done = new TaskCompletionSource<FsError>(TaskCreationOptions.RunContinuationsAsynchronously);
        lock (_lock)
        {
            _quiet.Add((action, done));
        }

        Wake();
        return done.Task;
    }

    // One after the other out of the list: what one of them throws ends this round of the loop, and the next goes on with those behind it.
    private async Task RunQuietAsync()
    {
        while (TakeQuiet() is { } next)
        {
            try
            {
                FsError finished = await FinishAllAsync();
                next.Done.SetResult(finished == FsError.None ? await next.Action() : finished);
            }
            catch (OperationCanceledException cancelled)
            {
                next.Done.SetCanceled(cancelled.CancellationToken); // Who asked went away, which is nothing to the loop.
            }
            finally
            {
                next.Done.TrySetResult(FsError.Io);
            }
        }
    }

    private (Func<Task<FsError>> Action, TaskCompletionSource<FsError> Done)? TakeQuiet()
    {
        lock (_lock)
        {
            if (_quiet.Count == 0)
            {
                return null;
            }

            (Func<Task<FsError>> Action, TaskCompletionSource<FsError> Done) first = _quiet[0];
            _quiet.RemoveAt(0);
            return first;
        }
    }

    // The loop has ended: whoever still waits is told.
    private void RefuseQuiet()
    {
        lock (_lock)
        {
            foreach ((_, TaskCompletionSource<FsError> done) in _quiet)
            {
                done.SetResult(FsError.Io);
            }

            _quiet.Clear();
        }
    }

    private async Task<FsError> FinishAllAsync()
    {
        FsError first = FsError.None;
        while (_plan.TryTakeRipe(all: true, out OpenSegment? open))
        {
            FsError error = await FinishAsync(open);
            first = first == FsError.None ? error : first;
        }

        return first;
    }
}
