using System.Text;
using HipaaFs.Crypto;
using HipaaFs.Metadata;
using HipaaFs.Metadata.Changes;
using HipaaFs.Names;

namespace HipaaFs.Checking;

/// <summary>The directory in the root where inodes without a name get one, as lost+found of other filesystems: it is made when it is not there.</summary>
/// <remarks>Used once, when the link counts of everything else are known to be put right.</remarks>
internal sealed class LostAndFound
{
    private const string Name = "lost+found";
    private const uint OwnerOnly = 0x1C0;

    private readonly VolumeNames _names;
    private readonly CheckFindings _findings;
    private readonly InodeChange _directory;
    private readonly HashSet<NameTag> _taken = [];

    private LostAndFound(VolumeRows rows, VolumeNames names, CheckFindings findings, InodeChange directory)
    {
        _names = names;
        _findings = findings;
        _directory = directory;
        foreach (EntryChange entry in rows.Entries)
        {
            if (entry.Parent == directory.Inode.Id)
            {
                _taken.Add(entry.Name.Tag);
            }
        }
    }

    /// <summary>Finds the directory or makes it. Null without a root to have it in.</summary>
    internal static LostAndFound? TryOpen(VolumeRows rows, VolumeNames names, Timestamp now, CheckFindings findings)
    {
        if (!rows.Inodes.TryGetValue(InodeId.Root, out InodeChange? root) || !root.Inode.IsDirectory)
        {
            return null;
        }

        var entries = new Dictionary<NameTag, InodeId>();
        foreach (EntryChange entry in rows.Entries)
        {
            if (entry.Parent == InodeId.Root)
            {
                entries[entry.Name.Tag] = entry.Inode;
            }
        }

        for (int number = 0; ; number++)
        {
            EntryName name = names.Seal(root.Inode.Domain, InodeId.Root, Numbered(Name, number));
            if (!entries.TryGetValue(name.Tag, out InodeId there))
            {
                return new LostAndFound(rows, names, findings, Make(rows, root, name, now, findings));
            }

            if (rows.Inodes.TryGetValue(there, out InodeChange? directory) && directory.Inode.IsDirectory)
            {
                return new LostAndFound(rows, names, findings, directory);
            }
        }
    }

    /// <summary>Gives an inode the name <c>inode-N</c>, or the next that is free.</summary>
    /// <param name="inode">The inode.</param>
    /// <param name="links">Its link count with that name.</param>
    internal void Add(InodeChange inode, uint links)
    {
        EntryName name;
        int number = 0;
        do
        {
            name = _names.Seal(_directory.Inode.Domain, _directory.Inode.Id, Numbered($"inode-{inode.Inode.Id}", number++));
        }
        while (!_taken.Add(name.Tag));

        _findings.Repair(new EntryChange(ChangeKind.Upsert, _directory.Inode.Id, name, inode.Inode.Id, default));
        _findings.Repair(inode, found => found with { LinkCount = links });
        if (inode.Inode.IsDirectory)
        {
            _findings.Repair(_directory, AddLink);
        }
    }

    private static InodeChange Make(VolumeRows rows, InodeChange root, EntryName name, Timestamp now, CheckFindings findings)
    {
        var made = new InodeChange(
            ChangeKind.Upsert,
            new InodeAttributes
            {
                Id = rows.TakeInode(),
                Mode = ModeBits.Directory | OwnerOnly,
                Uid = root.Inode.Uid,
                Gid = root.Inode.Gid,
                LinkCount = 2,
                Domain = root.Inode.Domain,
                Placement = root.Inode.Placement,
                AccessTime = now,
                ModifyTime = now,
                ChangeTime = now,
                BirthTime = now,
            },
            default);
        findings.Repair(made, static inode => inode);
        findings.Repair(new EntryChange(ChangeKind.Upsert, InodeId.Root, name, made.Inode.Id, default));
        findings.Repair(root, AddLink);
        findings.Repair(new CounterChange(ChangeKind.Upsert, VolumeCounter.NextInode, rows.NextInode));
        return made;
    }

    private static InodeAttributes AddLink(InodeAttributes directory) => directory with { LinkCount = directory.LinkCount + 1 };

    private static byte[] Numbered(string name, int number) => Encoding.UTF8.GetBytes(number == 0 ? name : $"{name}.{number}");
}
