using HipaaFs.Metadata;
using HipaaFs.Metadata.Changes;

namespace HipaaFs.Checking;

/// <summary>What a check has found so far, and the rows that put it right.</summary>
internal sealed class CheckFindings
{
    private readonly List<CheckFinding> _found = [];
    private readonly List<RowChange> _rows = [];
    private readonly Dictionary<InodeId, InodeChange> _inodes = [];
    private readonly bool _repair;

    internal CheckFindings(bool repair) => _repair = repair;

    /// <summary>Whether what can be repaired shall be.</summary>
    internal bool MayRepair => _repair;

    /// <summary>The findings, in the order in which they were made.</summary>
    internal IReadOnlyList<CheckFinding> All => _found;

    /// <summary>Notes something that cannot be put right here.</summary>
    internal void Add(CheckKind kind, string subject) => _found.Add(new CheckFinding(kind, subject, Repaired: false));

    /// <summary>Notes something that rows put right.</summary>
    internal void Add(CheckKind kind, string subject, params ReadOnlySpan<RowChange> repairs)
    {
        foreach (RowChange repair in repairs)
        {
            Repair(repair);
        }

        _found.Add(new CheckFinding(kind, subject, _repair));
    }

    /// <summary>Notes something that a change of an inode puts right.</summary>
    internal void Add(CheckKind kind, string subject, InodeChange row, Func<InodeAttributes, InodeAttributes> repair)
    {
        Repair(row, repair);
        _found.Add(new CheckFinding(kind, subject, _repair));
    }

    /// <summary>Notes something that was put right already, if repairs are wanted.</summary>
    internal void AddSettled(CheckKind kind, string subject) => _found.Add(new CheckFinding(kind, subject, _repair));

    /// <summary>Has a row written, if repairs are wanted.</summary>
    internal void Repair(RowChange row)
    {
        if (_repair)
        {
            _rows.Add(row);
        }
    }

    /// <summary>Has an inode's row changed, if repairs are wanted. What is wrong with one inode is put right in one row.</summary>
    /// <param name="row">The row as it was found.</param>
    /// <param name="repair">Answers the row put right.</param>
    internal void Repair(InodeChange row, Func<InodeAttributes, InodeAttributes> repair)
    {
        if (_repair)
        {
            InodeChange last = _inodes.GetValueOrDefault(row.Inode.Id, row with { Inode = row.Inode with { Version = row.Inode.Version + 1 } });
            _inodes[row.Inode.Id] = last with { Inode = repair(last.Inode) };
        }
    }

    /// <summary>The rows to be written; none unless repairs are wanted. They are born now: snapshots show what they showed.</summary>
    internal List<RowChange> TakeRepairs(ulong epoch)
    {
        List<RowChange> repairs = [.. _rows.Select(row => BornIn(row, epoch)), .. _inodes.Values.Select(row => BornIn(row, epoch))];
        _rows.Clear();
        _inodes.Clear();
        return repairs;
    }

    private static RowChange BornIn(RowChange row, ulong epoch) => row switch
    {
        { Kind: not ChangeKind.Upsert } => row,
        InodeChange inode => inode with { Lifetime = new Lifetime(epoch) },
        EntryChange entry => entry with { Lifetime = new Lifetime(epoch) },
        XattrChange xattr => xattr with { Lifetime = new Lifetime(epoch) },
        SymlinkChange target => target with { Lifetime = new Lifetime(epoch) },
        ExtentChange extent => extent with { Lifetime = new Lifetime(epoch) },
        _ => row,
    };
}
