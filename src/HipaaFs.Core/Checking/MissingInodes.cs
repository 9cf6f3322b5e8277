using HipaaFs.Crypto;
using HipaaFs.Metadata;
using HipaaFs.Metadata.Changes;
using HipaaFs.Names;

namespace HipaaFs.Checking;

/// <summary>Finds inodes that are gone while what belongs to them is still there, and makes them again: a directory that has names, a file that has extents.</summary>
/// <remarks>What they were besides that is not known: they are their owner's alone, whose is the root. Other checks see them as if they had been there.</remarks>
internal static class MissingInodes
{
    private const uint DirectoryMode = ModeBits.Directory | 0x1C0;
    private const uint FileMode = ModeBits.File | 0x180;

    /// <summary>Finds them.</summary>
    internal static void Run(VolumeRows rows, VolumeNames? names, Timestamp now, CheckFindings findings)
    {
        if (!rows.Inodes.ContainsKey(InodeId.Root))
        {
            findings.Add(CheckKind.RootMissing, "inode 1", Make(rows, InodeId.Root, DirectoryMode, 0, now), static inode => inode);
        }

        InodeAttributes root = rows.Inodes[InodeId.Root].Inode;
        foreach (EntryChange entry in rows.Entries)
        {
            // A name that opens was sealed for that directory: it is not the entry that is wrong.
            if (!rows.Inodes.ContainsKey(entry.Parent) && names?.TryOpen(root.Domain, entry.Parent, entry.Name) is not null)
            {
                Add(rows, findings, Make(rows, entry.Parent, DirectoryMode, 0, now));
            }
        }

        foreach ((InodeId inode, List<BornExtent> extents) in rows.Extents)
        {
            if (!rows.Inodes.ContainsKey(inode))
            {
                Add(rows, findings, Make(rows, inode, FileMode, extents.Max(static extent => extent.Extent.End), now));
            }
        }
    }

    private static void Add(VolumeRows rows, CheckFindings findings, InodeChange made)
    {
        string what = made.Inode.IsDirectory ? "a directory" : "a file";
        findings.Add(CheckKind.InodeMissing, $"inode {made.Inode.Id}, {what}", made, static inode => inode);
    }

    private static InodeChange Make(VolumeRows rows, InodeId id, uint mode, long size, Timestamp now)
    {
        InodeAttributes like = rows.Inodes.TryGetValue(InodeId.Root, out InodeChange? root) ? root.Inode : new InodeAttributes { Domain = DomainId.Root };
        var made = new InodeChange(
            ChangeKind.Upsert,
            new InodeAttributes
            {
                Id = id,
                Mode = mode,
                Uid = like.Uid,
                Gid = like.Gid,
                Domain = like.Domain,
                Placement = like.Placement,
                Size = size,
                AccessTime = now,
                ModifyTime = now,
                ChangeTime = now,
                BirthTime = now,
            },
            new Lifetime(rows.Epoch));
        rows.Inodes[id] = made;
        rows.Made.Add(id);
        return made;
    }
}
