using System.IO.Enumeration;

namespace HipaaFs.FaultFs.Disk;

/// <summary>Lets writes to the files of a pattern through only as far as somebody allows: a disk as slow as a test wants it, without a clock.</summary>
/// <remarks>Not thread-safe: the caller holds the disk's gate. Who waits goes on elsewhere, without it.</remarks>
public sealed class WritePace
{
    private readonly Queue<(TaskCompletionSource Turn, int Bytes)> _waiting = new();
    private string? _pattern;
    private long _allowed;

    /// <summary>Begins to hold writes to the files of a pattern back.</summary>
    public void Begin(string pattern) => _pattern = pattern;

    /// <summary>Lets so many more bytes through.</summary>
    public void Allow(long bytes)
    {
        _allowed += bytes;
        while (_waiting.TryPeek(out (TaskCompletionSource Turn, int Bytes) first) && _allowed > 0)
        {
            _waiting.Dequeue();
            _allowed -= first.Bytes;
            first.Turn.SetResult();
        }
    }

    /// <summary>Lets everything through from here on.</summary>
    public void End()
    {
        _pattern = null;
        while (_waiting.TryDequeue(out (TaskCompletionSource Turn, int Bytes) first))
        {
            first.Turn.SetResult();
        }
    }

    /// <summary>Completes when a write may be done.</summary>
    public Task EnterAsync(string path, int bytes)
    {
        if (_pattern is null || !FileSystemName.MatchesSimpleExpression(_pattern, path, ignoreCase: false))
        {
            return Task.CompletedTask;
        }

        // What is left of an allowance lets one write through whole, and the next ones pay for it.
        if (_waiting.Count == 0 && _allowed > 0)
        {
            _allowed -= bytes;
            return Task.CompletedTask;
        }

        var turn = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        _waiting.Enqueue((turn, bytes));
        return turn.Task;
    }
}
