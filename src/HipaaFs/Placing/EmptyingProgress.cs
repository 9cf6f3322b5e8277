using System.Globalization;
using HipaaFs.Cli.Output;
using HipaaFs.Volumes;

namespace HipaaFs.Cli.Placing;

/// <summary>Says how far the emptying of a store is: what is copied, how long what was copied is kept in it still, what is deleted.</summary>
/// <remarks>Copies are kept for a grace after the change that names the others is published, so that backup points of that time can be restored. For that time nothing else moves.</remarks>
internal sealed class EmptyingProgress
{
    private readonly TimeProvider _time;
    private readonly long _total;
    private DateTimeOffset? _copied;
    private long _surplus;

    /// <param name="change">How it is at the beginning.</param>
    /// <param name="time">The clock.</param>
    public EmptyingProgress(StoreChange change, TimeProvider time)
    {
        _time = time;
        _total = change.Store.Surplus.Bytes;
        _surplus = _total;
    }

    /// <summary>What there is to show now.</summary>
    public List<ProgressUpdate> Describe(StoreChange change)
    {
        if (change.ToCopy.Segments > 0 || change.FilesToMove is null or > 0)
        {
            _copied = null;
            _surplus = change.Store.Surplus.Bytes;
            return [new ProgressUpdate("copy", Math.Max(0, _total - change.ToCopy.Bytes), _total, "bytes")];
        }

        DateTimeOffset now = _time.GetUtcNow();
        var updates = new List<ProgressUpdate>();
        if (_copied is null)
        {
            _copied = now;
            updates.Add(new ProgressUpdate("copy", _total, _total, "bytes"));
        }

        if (change.Store.Surplus.Bytes < _surplus || change.Store.Surplus.Segments == 0)
        {
            updates.Add(new ProgressUpdate("delete", Math.Max(0, _total - change.Store.Surplus.Bytes), _total, "bytes"));
            return updates;
        }

        DateTimeOffset until = _copied.Value + Volume.CopyGrace;
        string stage = string.Create(CultureInfo.InvariantCulture, $"everything is copied; deletion waits until {until.UtcDateTime:HH:mm} UTC or so");
        updates.Add(new ProgressUpdate(stage, (long)Math.Min((now - _copied.Value).TotalSeconds, Volume.CopyGrace.TotalSeconds), (long)Volume.CopyGrace.TotalSeconds, "seconds"));
        return updates;
    }
}
