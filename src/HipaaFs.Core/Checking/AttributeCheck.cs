using HipaaFs.Acl;
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
        var flags = new Dictionary<InodeId, InodeFlags>();
        foreach (XattrChange xattr in rows.Xattrs)
        {
            InodeFlags told = CheckXattr(rows, xattr, names, findings);
            flags[xattr.Inode] = flags.GetValueOrDefault(xattr.Inode) | told;
        }

        foreach ((InodeId inode, InodeFlags told) in flags)
        {
            CheckFlags(rows, inode, told, findings);
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

    // Without its flag an attribute is not seen, an access list not obeyed.
    private static void CheckFlags(VolumeRows rows, InodeId inode, InodeFlags told, CheckFindings findings)
    {
        if (!rows.Inodes.TryGetValue(inode, out InodeChange? row) || (row.Inode.Flags & told) == told)
        {
            return;
        }

        if (rows.Made.Contains(inode))
        {
            findings.Repair(row, found => found with { Flags = found.Flags | told });
        }
        else
        {
            findings.Add(CheckKind.WrongFlags, $"inode {inode}: {row.Inode.Flags} without {told & ~row.Inode.Flags}", row, found => found with { Flags = found.Flags | told });
        }
    }

    // Answers what its inode must say of it.
    private static InodeFlags CheckXattr(VolumeRows rows, XattrChange xattr, VolumeNames? names, CheckFindings findings)
    {
        if (!rows.Inodes.TryGetValue(xattr.Inode, out InodeChange? owner))
        {
            findings.Add(CheckKind.StrayAttribute, $"extended attribute of inode {xattr.Inode}", xattr with { Kind = ChangeKind.Tombstone });
            return InodeFlags.None;
        }

        if (names is null)
        {
            return InodeFlags.HasXattrs;
        }

        byte[]? name = names.TryOpenXattrName(owner.Inode.Domain, xattr.Inode, xattr.Xattr);
        if (name is null || names.XattrTag(owner.Inode.Domain, xattr.Inode, name) != xattr.Xattr.Tag)
        {
            findings.Add(CheckKind.XattrNotAuthentic, $"name of an extended attribute of inode {xattr.Inode}");
            return InodeFlags.HasXattrs;
        }

        if (names.TryOpenXattrValue(owner.Inode.Domain, xattr.Inode, name, xattr.Xattr) is null)
        {
            findings.Add(CheckKind.XattrNotAuthentic, $"value of an extended attribute of inode {xattr.Inode}");
        }

        if (name.AsSpan().SequenceEqual(PosixAcl.AccessName))
        {
            return InodeFlags.HasXattrs | InodeFlags.HasAccessAcl;
        }

        return name.AsSpan().SequenceEqual(PosixAcl.DefaultName) ? InodeFlags.HasXattrs | InodeFlags.HasDefaultAcl : InodeFlags.HasXattrs;
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
