using System.Diagnostics;
using HipaaFs.Metadata;
using HipaaFs.Metadata.Changes;

namespace HipaaFs.Checking;

/// <summary>Checks that the rows of one key lived one after another, none in an epoch that has not begun, and that snapshots show those of the past.</summary>
/// <remarks>Used once. Of the past only the rows of one key are in memory at a time. Only what changes nothing of what a snapshot shows is put right.</remarks>
internal sealed class HistoryCheck
{
    private readonly VolumeRows _rows;
    private readonly PendingDeletions _pending;
    private readonly CheckFindings _findings;

    private HistoryCheck(VolumeRows rows, PendingDeletions pending, CheckFindings findings)
    {
        _rows = rows;
        _pending = pending;
        _findings = findings;
    }

    /// <summary>Checks all rows.</summary>
    /// <param name="rows">The rows.</param>
    /// <param name="pending">What is deleted while rows of it are still there: those are as they should be.</param>
    /// <param name="findings">Where findings go.</param>
    /// <param name="cancel">Ends it.</param>
    internal static Task RunAsync(VolumeRows rows, PendingDeletions pending, CheckFindings findings, CancellationToken cancel) =>
        new HistoryCheck(rows, pending, findings).RunAsync(cancel);

    private async Task RunAsync(CancellationToken cancel)
    {
        CheckLive();
        var past = new List<RowChange>(); // Of one key.
        await foreach (RowChange row in _rows.Past.WithCancellation(cancel))
        {
            if (row is ExtentChange extent && _pending.Inodes.Contains(extent.Inode))
            {
                continue;
            }

            if (past.Count > 0 && KeyOf(past[0]) != KeyOf(row))
            {
                CheckPast(past, BirthOfLive(past[0]));
                past.Clear();
            }

            past.Add(row);
        }

        if (past.Count > 0)
        {
            CheckPast(past, BirthOfLive(past[0]));
        }
    }

    // When the live row of the same key was born, or will have been when that is put right; the highest number without one.
    private ulong BirthOfLive(RowChange past)
    {
        ulong? born = past switch
        {
            InodeChange c => _rows.Inodes.TryGetValue(c.Inode.Id, out InodeChange? live) ? live.Lifetime.Born : null,
            SymlinkChange c => _rows.Targets.TryGetValue(c.Inode, out SymlinkChange? live) ? live.Lifetime.Born : null,
            EntryChange => BirthIn(_rows.Entries, KeyOf(past), static row => KeyOf(row), static row => row.Lifetime.Born),
            XattrChange => BirthIn(_rows.Xattrs, KeyOf(past), static row => KeyOf(row), static row => row.Lifetime.Born),
            ExtentChange c when _rows.Extents.TryGetValue(c.Inode, out List<BornExtent>? live) =>
                BirthIn(live, KeyOf(past), row => KeyOf(c.Inode, row.Extent), static row => row.Born),
            _ => null,
        };
        return born is { } known ? Math.Min(known, _rows.Epoch) : ulong.MaxValue;
    }

    // The live rows of a table are in the order of their keys, as they were read.
    private static ulong? BirthIn<T>(List<T> rows, Key key, Func<T, Key> keyOf, Func<T, ulong> bornOf)
    {
        int low = 0;
        int high = rows.Count;
        while (low < high)
        {
            int middle = low + ((high - low) / 2);
            if (keyOf(rows[middle]).CompareTo(key) < 0)
            {
                low = middle + 1;
            }
            else
            {
                high = middle;
            }
        }

        return low < rows.Count && keyOf(rows[low]) == key ? bornOf(rows[low]) : null;
    }

    private void CheckLive()
    {
        foreach (InodeChange row in _rows.Inodes.Values)
        {
            if (IsAhead(row))
            {
                _findings.Add(CheckKind.HistoryAhead, Subject(row), row, static inode => inode);
            }
        }

        CheckLive(_rows.Entries);
        CheckLive(_rows.Xattrs);
        CheckLive(_rows.Targets.Values);
        foreach ((InodeId inode, List<BornExtent> extents) in _rows.Extents)
        {
            CheckLive(extents.Select(extent => new ExtentChange(ChangeKind.Upsert, inode, extent.Extent, new Lifetime(extent.Born))));
        }
    }

    private void CheckLive(IEnumerable<RowChange> rows)
    {
        foreach (RowChange row in rows)
        {
            if (IsAhead(row))
            {
                _findings.Add(CheckKind.HistoryAhead, Subject(row), row);
            }
        }
    }

    private bool IsAhead(RowChange row) => LifetimeOf(row).Born > _rows.Epoch;

    private void CheckPast(List<RowChange> past, ulong live)
    {
        past.Sort(static (left, right) => LifetimeOf(left).Born.CompareTo(LifetimeOf(right).Born));
        for (int i = 0; i < past.Count; i++)
        {
            (ulong born, ulong died) = LifetimeOf(past[i]);
            ulong next = i + 1 < past.Count ? LifetimeOf(past[i + 1]).Born : live;
            string subject = $"{Subject(past[i])}, from {born} to {died}";
            if (died <= born || !(IsShown(_rows.Snapshots, born, died) || IsBeingDeleted(born, died)))
            {
                _findings.Add(CheckKind.HistoryUnshown, subject, Ending(past[i], born));
            }
            else if (died > _rows.Epoch)
            {
                // It cannot have died then: it died when the next was born, or since the newest snapshot.
                _findings.Add(CheckKind.HistoryAhead, subject, Ending(past[i], Math.Min(next, _rows.Epoch)));
            }
            else if (died > next && !IsShown(_rows.Snapshots, next, died))
            {
                _findings.Add(CheckKind.HistoryOverlaps, subject, Ending(past[i], next));
            }
            else if (died > next)
            {
                _findings.Add(CheckKind.HistoryOverlaps, subject); // A snapshot shows both, and nothing tells which is right.
            }
        }
    }

    private bool IsBeingDeleted(ulong born, ulong died)
    {
        foreach (SnapshotId gone in _pending.Snapshots)
        {
            if (gone.Value >= born && gone.Value < died)
            {
                return true;
            }
        }

        return false;
    }

    private static bool IsShown(List<ulong> snapshots, ulong born, ulong died)
    {
        int index = snapshots.BinarySearch(born);
        index = index < 0 ? ~index : index;
        return index < snapshots.Count && snapshots[index] < died;
    }

    private static Lifetime LifetimeOf(RowChange row) => ((IVersionedChange)row).Lifetime;

    private static RowChange Ending(RowChange row, ulong died) => row switch
    {
        InodeChange c => c with { Lifetime = c.Lifetime with { Died = died } },
        EntryChange c => c with { Lifetime = c.Lifetime with { Died = died } },
        XattrChange c => c with { Lifetime = c.Lifetime with { Died = died } },
        SymlinkChange c => c with { Lifetime = c.Lifetime with { Died = died } },
        ExtentChange c => c with { Lifetime = c.Lifetime with { Died = died } },
        _ => throw new UnreachableException(),
    };

    private static Key KeyOf(RowChange row) => row switch
    {
        InodeChange c => new Key(1, c.Inode.Id, 0),
        EntryChange c => new Key(2, c.Parent, c.Name.Tag.Value),
        XattrChange c => new Key(3, c.Inode, c.Xattr.Tag.Value),
        SymlinkChange c => new Key(4, c.Inode, 0),
        ExtentChange c => KeyOf(c.Inode, c.Extent),
        _ => throw new UnreachableException(),
    };

    private static Key KeyOf(InodeId inode, in Extent extent) => new(5, inode, (ulong)extent.FileOffset ^ (1UL << 63));

    private static string Subject(RowChange row) => row switch
    {
        InodeChange c => $"inode {c.Inode.Id}",
        EntryChange c => $"entry of inode {c.Inode} in {c.Parent}",
        XattrChange c => $"extended attribute of inode {c.Inode}",
        SymlinkChange c => $"target of inode {c.Inode}",
        ExtentChange c => $"inode {c.Inode} at {c.Extent.FileOffset}, {c.Extent.Length} bytes",
        _ => throw new UnreachableException(),
    };

    // A table, whose row it is, and which of its rows. In the order of the database, where numbers have a sign.
    private readonly record struct Key(byte Table, InodeId Owner, UInt128 Part) : IComparable<Key>
    {
        public int CompareTo(Key other)
        {
            int owners = ((long)Owner.Value).CompareTo((long)other.Owner.Value);
            return owners != 0 ? owners : Part.CompareTo(other.Part);
        }
    }
}
