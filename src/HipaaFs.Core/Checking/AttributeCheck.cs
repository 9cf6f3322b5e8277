using HipaaFs.Metadata;
using HipaaFs.Metadata.Changes;
using HipaaFs.Names;

namespace HipaaFs.Checking;

/// <summary>Checks that extended attributes and the targets of symbolic links belong to an inode and open with the volume's keys.</summary>
internal static class AttributeCheck
{
    /// <summary>Checks all rows; without names only whose they are.</summary>
    internal static void Run(VolumeRows rows, VolumeNames? names, CheckFindings findings)
    {
        foreach (XattrChange xattr in rows.Xattrs)
        {
            if (rows.Made.Contains(xattr.Inode))
            {
                findings.Repair(rows.Inodes[xattr.Inode], static inode => inode with { Flags = inode.Flags | InodeFlags.HasXattrs });
            }

            CheckXattr(rows, xattr, names, findings);
        }

        foreach (SymlinkChange target in rows.Targets.Values)
        {
            CheckTarget(rows, target, names, findings);
        }

        foreach (InodeChange inode in rows.Inodes.Values)
        {
            if (inode.Inode.Kind == InodeKind.SymbolicLink && !rows.Targets.ContainsKey(inode.Inode.Id))
            {
                findings.Add(CheckKind.TargetMissing, $"inode {inode.Inode.Id}");
            }
        }
    }

    private static void CheckXattr(VolumeRows rows, XattrChange xattr, VolumeNames? names, CheckFindings findings)
    {
        if (!rows.Inodes.TryGetValue(xattr.Inode, out InodeChange? owner))
        {
            findings.Add(CheckKind.StrayAttribute, $"extended attribute of inode {xattr.Inode}", xattr with { Kind = ChangeKind.Tombstone });
            return;
        }

        if (names is null)
        {
            return;
        }

        byte[]? name = names.TryOpenXattrName(owner.Inode.Domain, xattr.Inode, xattr.Xattr);
        if (name is null || names.XattrTag(owner.Inode.Domain, xattr.Inode, name) != xattr.Xattr.Tag)
        {
            findings.Add(CheckKind.XattrNotAuthentic, $"name of an extended attribute of inode {xattr.Inode}");
        }
        else if (names.TryOpenXattrValue(owner.Inode.Domain, xattr.Inode, name, xattr.Xattr) is null)
        {
            findings.Add(CheckKind.XattrNotAuthentic, $"value of an extended attribute of inode {xattr.Inode}");
        }
    }

    private static void CheckTarget(VolumeRows rows, SymlinkChange target, VolumeNames? names, CheckFindings findings)
    {
        if (!rows.Inodes.TryGetValue(target.Inode, out InodeChange? owner) || owner.Inode.Kind != InodeKind.SymbolicLink)
        {
            findings.Add(CheckKind.StrayAttribute, $"target of inode {target.Inode}", target with { Kind = ChangeKind.Tombstone });
        }
        else if (names is not null && names.TryOpenTarget(owner.Inode.Domain, target.Inode, target.Target.Span) is null)
        {
            findings.Add(CheckKind.TargetNotAuthentic, $"inode {target.Inode}");
        }
    }
}
