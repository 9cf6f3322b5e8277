using HipaaFs.Metadata;
using HipaaFs.Metadata.Changes;
using HipaaFs.Names;

namespace HipaaFs.Checking;

/// <summary>Checks that names lead to inodes and from the root to all directories, that inodes have as many names as they say, and that those without one are orphans of a session.</summary>
/// <remarks>Used once.</remarks>
internal sealed class NameCheck
{
    private readonly VolumeRows _rows;
    private readonly VolumeNames? _names;
    private readonly CheckFindings _findings;
    private readonly Dictionary<InodeId, uint> _links = [];
    private readonly Dictionary<InodeId, uint> _directories = [];
    private readonly HashSet<InodeId> _orphans = [];
    private readonly DirectoryCycles _cycles = new();

    private NameCheck(VolumeRows rows, VolumeNames? names, CheckFindings findings)
    {
        _rows = rows;
        _names = names;
        _findings = findings;
    }

    /// <summary>Checks all rows. Without names they are not opened, and nothing can be given one.</summary>
    internal static void Run(VolumeRows rows, VolumeNames? names, Timestamp now, CheckFindings findings) =>
        new NameCheck(rows, names, findings).Run(now);

    private void Run(Timestamp now)
    {
        foreach (EntryChange entry in _rows.Entries)
        {
            CheckEntry(entry);
        }

        foreach (OrphanRow orphan in _rows.Orphans.Values)
        {
            CheckOrphan(orphan);
        }

        var unnamed = new List<InodeChange>();
        foreach (InodeChange inode in _rows.Inodes.Values)
        {
            if (inode.Inode.Id != InodeId.Root && !_links.ContainsKey(inode.Inode.Id) && !_orphans.Contains(inode.Inode.Id))
            {
                unnamed.Add(inode);
            }
            else
            {
                CheckLinks(inode);
            }
        }

        NameAll(unnamed, _cycles.Find(_rows), now);
    }

    private void CheckEntry(EntryChange entry)
    {
        bool sound = _rows.Inodes.TryGetValue(entry.Inode, out InodeChange? named)
            & _rows.Inodes.TryGetValue(entry.Parent, out InodeChange? parent)
            && parent!.Inode.IsDirectory;
        if (!sound)
        {
            _findings.Add(CheckKind.DanglingEntry, $"entry of inode {entry.Inode} in {entry.Parent}", entry with { Kind = ChangeKind.Tombstone });
            return;
        }

        _links[entry.Inode] = _links.GetValueOrDefault(entry.Inode) + 1;
        if (named!.Inode.IsDirectory)
        {
            _directories[entry.Parent] = _directories.GetValueOrDefault(entry.Parent) + 1;
            _cycles.Add(entry);
        }

        if (_names is not null && _names.TryOpen(parent!.Inode.Domain, entry.Parent, entry.Name) is null)
        {
            _findings.Add(CheckKind.NameNotAuthentic, $"name of inode {entry.Inode} in {entry.Parent}");
        }
    }

    // An orphan of a session that ended, in order or not, while a program had the file open is no damage: the next mount releases it.
    private void CheckOrphan(OrphanRow orphan)
    {
        var row = new OrphanChange(ChangeKind.Tombstone, orphan);
        if (!_rows.Inodes.TryGetValue(orphan.Inode, out _))
        {
            _findings.Add(CheckKind.StrayOrphan, $"inode {orphan.Inode}, which does not exist", row);
        }
        else if (orphan.Inode == InodeId.Root || _links.ContainsKey(orphan.Inode))
        {
            _findings.Add(CheckKind.StrayOrphan, $"inode {orphan.Inode}, which has a name", row);
        }
        else if (!_rows.Sessions.TryGetValue(orphan.Session, out _))
        {
            _findings.Add(CheckKind.StrayOrphan, $"inode {orphan.Inode}, of session {orphan.Session.Value}, which never was", row);
        }
        else
        {
            _orphans.Add(orphan.Inode);
        }
    }

    private void CheckLinks(InodeChange row)
    {
        InodeAttributes inode = row.Inode;
        bool isOrphan = _orphans.Contains(inode.Id);
        uint expected = isOrphan && inode.IsDirectory ? inode.LinkCount : ExpectedLinks(inode);
        if (_rows.Made.Contains(inode.Id))
        {
            _findings.Repair(row, inode => inode with { LinkCount = expected });
        }
        else if (inode.LinkCount != expected)
        {
            _findings.Add(
                CheckKind.WrongLinkCount,
                $"inode {inode.Id}: {inode.LinkCount} instead of {expected}",
                row,
                inode => inode with { LinkCount = expected });
        }
    }

    private uint ExpectedLinks(in InodeAttributes inode) =>
        inode.IsDirectory ? 2 + _directories.GetValueOrDefault(inode.Id) : _links.GetValueOrDefault(inode.Id);

    // Last, so that lost+found and what is put there are counted on top of counts that are right.
    private void NameAll(List<InodeChange> unnamed, List<InodeChange> cycles, Timestamp now)
    {
        bool isWanted = unnamed.Count + cycles.Count > 0 && _findings.MayRepair;
        LostAndFound? place = isWanted && _names is not null ? LostAndFound.TryOpen(_rows, _names, now, _findings) : null;
        foreach (InodeChange inode in unnamed)
        {
            Name(CheckKind.UnnamedInode, inode, place);
        }

        foreach (InodeChange directory in cycles)
        {
            Name(CheckKind.DirectoryCycle, directory, place);
        }

        foreach (InodeChange directory in place is null ? [] : cycles)
        {
            TakeOut(directory);
        }
    }

    private void Name(CheckKind kind, InodeChange inode, LostAndFound? place)
    {
        string subject = $"inode {inode.Inode.Id}";
        if (_findings.MayRepair && place is null)
        {
            _findings.Add(kind, subject);
            return;
        }

        place?.Add(inode, inode.Inode.IsDirectory ? ExpectedLinks(inode.Inode) : 1);
        _findings.AddSettled(kind, subject);
    }

    private void TakeOut(InodeChange directory)
    {
        foreach (EntryChange entry in _cycles.NamesOf(directory.Inode.Id))
        {
            _findings.Repair(entry with { Kind = ChangeKind.Tombstone });
            _findings.Repair(_rows.Inodes[entry.Parent], static parent => parent with { LinkCount = parent.LinkCount - 1 });
        }
    }
}
