using System.Diagnostics.CodeAnalysis;
using HipaaFs.Metadata;

namespace HipaaFs.Snapshots;

/// <summary>Which snapshot each view number in an inode's upper bits stands for.</summary>
/// <remarks>
/// A number stays with its snapshot while the kernel knows an inode of it or a handle is open, deleted or not; only then another
/// snapshot may get it: an inode id never comes to mean a different file while somebody holds it. Thread-safe.
/// </remarks>
internal sealed class ViewTable
{
    /// <summary>The view of the directory that lists the snapshots.</summary>
    internal const ushort Directory = 0xFFFF;

    private const ushort Last = 0xFFFE;

    private readonly Lock _lock = new();
    private readonly Dictionary<ushort, View> _views = [];
    private readonly Dictionary<SnapshotId, ushort> _numbers = [];
    private readonly Func<SnapshotId, IMetadataView> _open;
    private ushort _next = 1;

    internal ViewTable(Func<SnapshotId, IMetadataView> open) => _open = open;

    /// <summary>The number of a snapshot's view; null when all numbers are held.</summary>
    internal ushort? NumberOf(SnapshotId snapshot)
    {
        lock (_lock)
        {
            if (_numbers.TryGetValue(snapshot, out ushort number))
            {
                return number;
            }

            for (int tried = 0; tried < Last; tried++)
            {
                number = _next;
                _next = number == Last ? (ushort)1 : (ushort)(number + 1);
                if (_views.TryGetValue(number, out View? held))
                {
                    if (held.Holds > 0)
                    {
                        continue;
                    }

                    _numbers.Remove(held.Snapshot);
                }

                _views[number] = new View(snapshot, _open(snapshot));
                _numbers[snapshot] = number;
                return number;
            }

            return null;
        }
    }

    /// <summary>What a number shows.</summary>
    internal bool TryGet(ushort number, [NotNullWhen(true)] out IMetadataView? view)
    {
        lock (_lock)
        {
            view = _views.TryGetValue(number, out View? found) ? found.Metadata : null;
            return view is not null;
        }
    }

    /// <summary>Keeps a number with its snapshot, or with a negative count lets go of it.</summary>
    internal void Hold(ushort number, long count)
    {
        if (number is 0 or Directory)
        {
            return;
        }

        lock (_lock)
        {
            if (_views.TryGetValue(number, out View? view))
            {
                view.Holds += count;
            }
        }
    }

    private sealed class View(SnapshotId snapshot, IMetadataView metadata)
    {
        internal SnapshotId Snapshot { get; } = snapshot;

        internal IMetadataView Metadata { get; } = metadata;

        // Guarded by the table's lock.
        internal long Holds { get; set; }
    }
}
