using HipaaFs.Metadata;
using HipaaFs.Sessions;
using Microsoft.Extensions.Logging;

namespace HipaaFs.Archives;

/// <summary>Keeps in settings, for the next session, the recalls of a table and those that are about to be asked for.</summary>
/// <remarks>Thread-safe. What is not kept because the metadata refuses it is tried again by the next <see cref="SaveAsync"/>; nobody who needs data waits for that.</remarks>
internal sealed partial class RecallNotes : IDisposable
{
    private readonly RecallTable _table;
    private readonly IMetadataStore _metadata;
    private readonly SessionClock _clock;
    private readonly ILogger _logger;
    private readonly Lock _lock = new();
    private readonly List<Recall[]> _intended = []; // Guarded by _lock.
    private readonly HashSet<int> _changed = []; // Settings that are not as the table and what is intended. Guarded by _lock.
    private readonly SemaphoreSlim _saving = new(1, 1);

    internal RecallNotes(RecallTable table, IMetadataStore metadata, SessionClock clock, ILogger logger)
    {
        _table = table;
        _metadata = metadata;
        _clock = clock;
        _logger = logger;
    }

    /// <summary>Notes that a recall was set in the table or removed from it.</summary>
    internal void Change(params ReadOnlySpan<Recall> recalls)
    {
        lock (_lock)
        {
            foreach (Recall recall in recalls)
            {
                _changed.Add(RecallSettings.IndexOf(recall.Segment));
            }
        }
    }

    /// <summary>Writes what has changed, and with it recalls that are not in the table yet, these durably unless the metadata refuses. They are kept until <see cref="EndIntent"/>, also when this is cut off.</summary>
    internal async Task IntendAsync(Recall[] recalls, CancellationToken cancel)
    {
        lock (_lock)
        {
            _intended.Add(recalls);
        }

        Change(recalls);
        await SaveAsync(cancel);
        if (recalls.Length > 0)
        {
            await _metadata.MakeDurableAsync(_metadata.Applied, cancel);
        }
    }

    /// <summary>Takes them back: those that were asked for are in the table.</summary>
    internal void EndIntent(Recall[] recalls)
    {
        lock (_lock)
        {
            _intended.Remove(recalls);
        }

        Change(recalls);
    }

    /// <summary>Writes what has changed. Durable with the next commit.</summary>
    internal async Task SaveAsync(CancellationToken cancel)
    {
        // One after the other: the last to write has seen what all others have.
        await _saving.WaitAsync(cancel);
        HashSet<int> changed;
        lock (_lock)
        {
            changed = [.. _changed];
            _changed.Clear();
        }

        try
        {
            ILookup<int, Recall> recalls = (changed.Count == 0 ? [] : ListKept()).ToLookup(static recall => RecallSettings.IndexOf(recall.Segment));
            foreach (int index in changed.ToArray())
            {
                if (!await RecallSettings.WriteAsync(_metadata, _clock, index, [.. recalls[index]], cancel))
                {
                    LogNotSaved(_logger);
                    break;
                }

                changed.Remove(index);
            }
        }
        finally
        {
            lock (_lock)
            {
                _changed.UnionWith(changed); // Those that are left are written with the next round.
            }

            _saving.Release();
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _saving.Dispose();

    // What is intended first, and then the table, into which it goes before the intent ends: nothing falls between the two.
    private IEnumerable<Recall> ListKept()
    {
        Recall[] intended;
        lock (_lock)
        {
            intended = [.. _intended.SelectMany(static some => some)];
        }

        return _table.All.Concat(intended).DistinctBy(static recall => recall.Segment);
    }

    [LoggerMessage(656, LogLevel.Warning, "Recalls under way could not be written to the metadata; it is tried again at the next interval")]
    private static partial void LogNotSaved(ILogger logger);
}
