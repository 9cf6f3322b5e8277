using HipaaFs.Cli.Output;
using HipaaFs.Volumes;

namespace HipaaFs.Cli.Daemon;

/// <summary>Follows an upload of everything, and gives up on it where somebody waits for a store that takes nothing.</summary>
internal sealed class DrainWatch : IProgress<DrainProgress>
{
    // An upload that failed before is tried again with growing pauses: one old failure says nothing about the store of this moment.
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    private readonly TimeProvider _time;
    private readonly Action<ProgressUpdate> _report;
    private readonly Action<string>? _giveUp;
    private long _total;
    private long _left = long.MaxValue;
    private long _failingSince;

    /// <summary>Creates the watch of one upload, which reports from one task at a time.</summary>
    /// <param name="time">The clock.</param>
    /// <param name="report">Told how far it is.</param>
    /// <param name="giveUp">Told, with the reason, when uploads fail and nothing has moved for a while; null when the upload shall go on for ever.</param>
    public DrainWatch(TimeProvider time, Action<ProgressUpdate> report, Action<string>? giveUp)
    {
        _time = time;
        _report = report;
        _giveUp = giveUp;
    }

    /// <inheritdoc/>
    public void Report(DrainProgress value)
    {
        if (value.BytesLeft < _left || value.Error is null)
        {
            _failingSince = _time.GetTimestamp();
        }

        _left = value.BytesLeft;
        _total = Math.Max(_total, value.BytesLeft);
        if (_total > 0)
        {
            _report(new ProgressUpdate("upload", _total - value.BytesLeft, _total, "bytes"));
        }

        if (value.Error is not null && _time.GetElapsedTime(_failingSince) > Patience)
        {
            _giveUp?.Invoke(value.Error);
        }
    }
}
