using System.Diagnostics;
using System.Runtime.InteropServices;
using HipaaFs.Metadata;
using HipaaFs.Metadata.Changes;

namespace HipaaFs.Checking;

/// <summary>Checks that the rows of one key lived one after another, none in an epoch that has not begun, and that snapshots show those of the past.</summary>
/// <remarks>Used once. Only what changes nothing of what a snapshot shows is put right.</remarks>
internal sealed class HistoryCheck
{
    private readonly VolumeRows _rows;
    private readonly PendingDeletions _pending;
    private readonly CheckFindings _findings;
    private readonly Dictionary<Key, List<RowChange>> _past = [];
    private readonly Dictionary<Key, ulong> _live = [];

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
    internal static void Run(VolumeRows rows, PendingDeletions pending, CheckFindings findings) => new HistoryCheck(rows, pending, findings).Run();

    private void Run()
    {
        foreach (RowChange row in _rows.Past)
        {
            if (row is not ExtentChange extent || !_pending.Inodes.Contains(extent.Inode))
            {
                ref List<RowChange>? list = ref CollectionsMarshal.GetValueRefOrAddDefault(_past, KeyOf(row), out _);
                (list ??= []).Add(row);
            }
        }

        CheckLive();
        foreach ((Key key, List<RowChange> past) in _past)
        {
            past.Sort(static (left, right) => LifetimeOf(left).Born.CompareTo(LifetimeOf(right).Born));
            CheckPast(past, _live.TryGetValue(key, out ulong born) ? born : ulong.MaxValue);
        }
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

    // Also notes when the row was born, if its key has a past.
    private bool IsAhead(RowChange row)
    {
        ulong born = LifetimeOf(row).Born;
        Key key = KeyOf(row);
        if (_past.ContainsKey(key))
        {
            _live[key] = Math.Min(born, _rows.Epoch);
        }

        return born > _rows.Epoch;
    }

    private void CheckPast(List<RowChange> past, ulong live)
    {
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
        ExtentChange c => new Key(5, c.Inode, (UInt128)(ulong)c.Extent.FileOffset),
        _ => throw new UnreachableException(),
    };

    private static string Subject(RowChange row) => row switch
    {
        InodeChange c => $"inode {c.Inode.Id}",
        EntryChange c => $"entry of inode {c.Inode} in {c.Parent}",
        XattrChange c => $"extended attribute of inode {c.Inode}",
        SymlinkChange c => $"target of inode {c.Inode}",
        ExtentChange c => $"inode {c.Inode} at {c.Extent.FileOffset}, {c.Extent.Length} bytes",
        _ => throw new UnreachableException(),
    };

    // A table, whose row it is, and which of its rows.
    private readonly record struct Key(byte Table, InodeId Owner, UInt128 Part);
}
