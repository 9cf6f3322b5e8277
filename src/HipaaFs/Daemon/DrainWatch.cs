using HipaaFs.Cli.Output;
using HipaaFs.Volumes;

namespace HipaaFs.Cli.Daemon;

/// <summary>Follows an upload of everything, and gives up on it where somebody waits for a store that takes nothing.</summary>
internal sealed class DrainWatch : IProgress<DrainProgress>
{
    // An upload that failed before is tried again with growing pauses: one old failure says nothing about the store of this moment.
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    // What neither ends nor fails may be a slow line with 64 MiB on its way, three times over; it may also be a server that answers nothing.
    private static readonly TimeSpan QuietPatience = TimeSpan.FromMinutes(10);

    private readonly TimeProvider _time;
    private readonly Action<ProgressUpdate> _report;
    private readonly Action<string>? _giveUp;
    private long _total;
    private long _left = long.MaxValue;
    private long _failingSince;
    private long _stillSince;

    /// <summary>Creates the watch of one upload, which reports from one task at a time.</summary>
    /// <param name="time">The clock.</param>
    /// <param name="report">Told how far it is.</param>
    /// <param name="giveUp">Told, with the reason, when nothing has moved for a while: soon where uploads fail, late where they do not end; null when the upload shall go on for ever.</param>
    public DrainWatch(TimeProvider time, Action<ProgressUpdate> report, Action<string>? giveUp)
    {
        _time = time;
        _report = report;
        _giveUp = giveUp;
    }

    /// <inheritdoc/>
    public void Report(DrainProgress value)
    {
        long now = _time.GetTimestamp();
        bool moves = value.BytesLeft < _left;
        _stillSince = moves || value.BytesLeft == 0 ? now : _stillSince; // A publication of all rows may take long, and each of its requests has a deadline.
        _failingSince = moves || value.Error is null ? now : _failingSince;
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
        else if (_time.GetElapsedTime(_stillSince) > QuietPatience)
        {
            _giveUp?.Invoke("nothing has moved for a long time");
        }
    }
}
