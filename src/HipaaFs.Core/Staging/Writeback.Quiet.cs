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

    private async Task RunQuietAsync()
    {
        List<(Func<Task<FsError>> Action, TaskCompletionSource<FsError> Done)> actions;
        lock (_lock)
        {
            actions = [.. _quiet];
            _quiet.Clear();
        }

        foreach ((Func<Task<FsError>> action, TaskCompletionSource<FsError> done) in actions)
        {
            FsError error = FsError.Io;
            try
            {
                error = await FinishAllAsync();
                error = error == FsError.None ? await action() : error;
            }
            finally
            {
                done.SetResult(error);
            }
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
