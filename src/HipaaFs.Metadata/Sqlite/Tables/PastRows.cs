using System.Diagnostics;
using HipaaFs.Metadata.Changes;

namespace HipaaFs.Metadata.Sqlite.Tables;

/// <summary>The tables of past rows, as far as they are deleted from.</summary>
/// <remarks>Not thread-safe.</remarks>
internal sealed class PastRows : IDisposable
{
    private static readonly (string Table, string Key)[] Tables =
    [
        ("inode_past", "id, born"),
        ("dirent_past", "parent, tag, born"),
        ("xattr_past", "inode, tag, born"),
        ("symlink_past", "inode, born"),
        ("extent_past", "inode, offset, born"),
    ];

    private readonly (Statement NextDeath, Statement Delete)[] _tables;
    private readonly Statement _changes;
    private readonly Statement _removeInode;
    private readonly Statement _removeEntry;
    private readonly Statement _removeXattr;
    private readonly Statement _removeSymlink;
    private readonly Statement _removeExtent;

    public PastRows(SqliteFile file)
    {
        _tables = Array.ConvertAll(Tables, table => (
            file.Prepare($"SELECT min(died) FROM {table.Table} WHERE died > ? AND died <= ?"),
            file.Prepare($"""
                DELETE FROM {table.Table} WHERE ({table.Key}) IN
                    (SELECT {table.Key} FROM {table.Table} WHERE died = ? AND born > ? LIMIT ?)
                """)));
        _changes = file.Prepare("SELECT changes()");
        _removeInode = file.Prepare("DELETE FROM inode_past WHERE born = ? AND id = ?");
        _removeEntry = file.Prepare("DELETE FROM dirent_past WHERE born = ? AND parent = ? AND tag = ?");
        _removeXattr = file.Prepare("DELETE FROM xattr_past WHERE born = ? AND inode = ? AND tag = ?");
        _removeSymlink = file.Prepare("DELETE FROM symlink_past WHERE born = ? AND inode = ?");
        _removeExtent = file.Prepare("DELETE FROM extent_past WHERE born = ? AND inode = ? AND offset = ?");
    }

    /// <summary>Deletes rows with <paramref name="before"/> &lt; born and <paramref name="gone"/> &lt; died &lt;= <paramref name="after"/>. Answers how many.</summary>
    public int Delete(ulong before, ulong gone, ulong after, int limit)
    {
        int deleted = 0;
        foreach ((Statement nextDeath, Statement delete) in _tables)
        {
            ulong died = gone;
            while (deleted < limit && TryFindDeath(nextDeath, died, after, out died))
            {
                // The next death is looked for only when this one has no rows left.
                delete.Bind(1, died).Bind(2, before).Bind(3, limit - deleted).Run();
                deleted += CountChanges();
            }
        }

        return deleted;
    }

    /// <summary>Deletes the row of this key and birth, if there is one.</summary>
    public void Remove(RowChange past)
    {
        Statement remove = past switch
        {
            InodeChange row => _removeInode.Bind(2, row.Inode.Id.Value),
            EntryChange row => _removeEntry.Bind(2, row.Parent.Value).Bind(3, row.Name.Tag),
            XattrChange row => _removeXattr.Bind(2, row.Inode.Value).Bind(3, row.Xattr.Tag),
            SymlinkChange row => _removeSymlink.Bind(2, row.Inode.Value),
            ExtentChange row => _removeExtent.Bind(2, row.Inode.Value).Bind(3, row.Extent.FileOffset),
            _ => throw new UnreachableException(),
        };
        remove.Bind(1, ((IVersionedChange)past).Lifetime.Born).Run();
    }

    public void Dispose()
    {
        _removeInode.Dispose();
        _removeEntry.Dispose();
        _removeXattr.Dispose();
        _removeSymlink.Dispose();
        _removeExtent.Dispose();
        foreach ((Statement nextDeath, Statement delete) in _tables)
        {
            nextDeath.Dispose();
            delete.Dispose();
        }

        _changes.Dispose();
    }

    private static bool TryFindDeath(Statement next, ulong after, ulong last, out ulong died)
    {
        bool found = next.Bind(1, after).Bind(2, last).Step() && !next.IsNull(0);
        died = found ? next.UInt64(0) : 0;
        next.Reset();
        return found;
    }

    private int CountChanges()
    {
        _ = _changes.Step();
        int changes = (int)_changes.Int64(0);
        _changes.Reset();
        return changes;
    }
}
