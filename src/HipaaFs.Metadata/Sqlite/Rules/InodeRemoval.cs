using HipaaFs.Metadata.Sqlite.Tables;

namespace HipaaFs.Metadata.Sqlite.Rules;

/// <summary>Removes inodes with everything that belongs to them. One with very many extents loses them in slices, after it is gone.</summary>
internal sealed class InodeRemoval
{
    /// <summary>Extents that one operation or one slice deletes at most.</summary>
    public const int SliceExtents = 10_000;

    private readonly LiveTables _tables;
    private readonly List<ExtentRow> _scratch = [];

    public InodeRemoval(LiveTables tables) => _tables = tables;

    /// <summary>Ends an inode's life, or keeps it as an orphan of a session.</summary>
    public void RemoveOrKeep(in InodeRow row, bool keep, SessionId session)
    {
        if (keep)
        {
            _tables.Orphans.Put(new OrphanRow(row.Attributes.Id, session));
        }
        else
        {
            Remove(row);
        }
    }

    /// <summary>Ends an inode's life. Its number never comes back.</summary>
    public void Remove(in InodeRow row)
    {
        InodeAttributes inode = row.Attributes;
        if ((inode.Flags & InodeFlags.HasXattrs) != 0)
        {
            foreach (XattrRow xattr in _tables.Xattrs.List(inode.Id))
            {
                _tables.Xattrs.Delete(xattr);
            }
        }

        if (inode.Kind == InodeKind.SymbolicLink && _tables.Symlinks.TryGet(inode.Id, out SymlinkRow target))
        {
            _tables.Symlinks.Delete(target);
        }

        _tables.Inodes.Delete(row);
        if (inode.AllocatedBytes > 0 && !DeleteExtents(inode.Id, _tables.Context.Epoch))
        {
            _tables.Orphans.AddPurge(inode.Id);
        }
    }

    /// <summary>Deletes one slice of the extents of one inode that is gone.</summary>
    public void PurgeSlice()
    {
        if (_tables.Orphans.TryGetPurge(out InodeId inode, out ulong epoch) && DeleteExtents(inode, epoch))
        {
            _tables.Orphans.RemovePurge(inode);
        }
    }

    private bool DeleteExtents(InodeId inode, ulong epoch)
    {
        _scratch.Clear();
        _tables.Extents.ReadBeginning(inode, 0, long.MaxValue, SliceExtents, _scratch);
        foreach (ExtentRow extent in _scratch)
        {
            _tables.Extents.DeleteUnrecorded(extent, epoch);
        }

        return _scratch.Count < SliceExtents;
    }
}
