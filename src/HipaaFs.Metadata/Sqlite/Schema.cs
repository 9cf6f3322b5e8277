using static SQLitePCL.raw;

namespace HipaaFs.Metadata.Sqlite;

/// <summary>The tables of the database and the steps that bring an older one up to date.</summary>
/// <remarks>
/// Live rows carry the epoch they were born in; the twins named _past hold rows that only snapshots show, and the epoch they
/// died in. Unsigned numbers are stored as the signed ones of the same bits, identifiers as 16 bytes, most significant first.
/// </remarks>
internal static class Schema
{
    /// <summary>The version this program writes (PRAGMA user_version).</summary>
    public const int Version = 5;

    /// <summary>Marks a file as ours (PRAGMA application_id): "HIPA".</summary>
    public const int ApplicationId = 0x48495041;

    private const string InodeColumns = """
        version INTEGER NOT NULL, mode INTEGER NOT NULL, uid INTEGER NOT NULL, gid INTEGER NOT NULL,
        links INTEGER NOT NULL, device INTEGER NOT NULL, domain INTEGER NOT NULL, placement INTEGER NOT NULL,
        flags INTEGER NOT NULL, size INTEGER NOT NULL, allocated INTEGER NOT NULL, accessed INTEGER NOT NULL,
        modified INTEGER NOT NULL, changed INTEGER NOT NULL, created INTEGER NOT NULL
        """;

    private const string ToVersion1 = $"""
        CREATE TABLE inode (id INTEGER PRIMARY KEY, born INTEGER NOT NULL, {InodeColumns});
        CREATE TABLE inode_past (id INTEGER NOT NULL, born INTEGER NOT NULL, died INTEGER NOT NULL, {InodeColumns},
            PRIMARY KEY (id, born)) WITHOUT ROWID;

        CREATE TABLE dirent (parent INTEGER NOT NULL, tag BLOB NOT NULL, born INTEGER NOT NULL,
            child INTEGER NOT NULL, name BLOB NOT NULL, PRIMARY KEY (parent, tag)) WITHOUT ROWID;
        CREATE INDEX dirent_child ON dirent (child);
        CREATE TABLE dirent_past (parent INTEGER NOT NULL, tag BLOB NOT NULL, born INTEGER NOT NULL, died INTEGER NOT NULL,
            child INTEGER NOT NULL, name BLOB NOT NULL, PRIMARY KEY (parent, tag, born)) WITHOUT ROWID;

        CREATE TABLE xattr (inode INTEGER NOT NULL, tag BLOB NOT NULL, born INTEGER NOT NULL,
            name BLOB NOT NULL, value BLOB NOT NULL, PRIMARY KEY (inode, tag)) WITHOUT ROWID;
        CREATE TABLE xattr_past (inode INTEGER NOT NULL, tag BLOB NOT NULL, born INTEGER NOT NULL, died INTEGER NOT NULL,
            name BLOB NOT NULL, value BLOB NOT NULL, PRIMARY KEY (inode, tag, born)) WITHOUT ROWID;

        CREATE TABLE symlink (inode INTEGER PRIMARY KEY, born INTEGER NOT NULL, target BLOB NOT NULL);
        CREATE TABLE symlink_past (inode INTEGER NOT NULL, born INTEGER NOT NULL, died INTEGER NOT NULL,
            target BLOB NOT NULL, PRIMARY KEY (inode, born)) WITHOUT ROWID;

        CREATE TABLE extent (inode INTEGER NOT NULL, offset INTEGER NOT NULL, born INTEGER NOT NULL,
            length INTEGER NOT NULL, segment BLOB NOT NULL, plain INTEGER NOT NULL, PRIMARY KEY (inode, offset)) WITHOUT ROWID;
        CREATE INDEX extent_segment ON extent (segment, plain);
        CREATE TABLE extent_past (inode INTEGER NOT NULL, offset INTEGER NOT NULL, born INTEGER NOT NULL, died INTEGER NOT NULL,
            length INTEGER NOT NULL, segment BLOB NOT NULL, plain INTEGER NOT NULL,
            PRIMARY KEY (inode, offset, born)) WITHOUT ROWID;
        CREATE INDEX extent_past_segment ON extent_past (segment, plain);

        CREATE TABLE segment (id BLOB PRIMARY KEY, epoch BLOB NOT NULL, domain INTEGER NOT NULL, class INTEGER NOT NULL,
            state INTEGER NOT NULL, plain_length INTEGER NOT NULL, object_length INTEGER NOT NULL,
            created INTEGER NOT NULL, changed INTEGER NOT NULL, placement INTEGER NOT NULL) WITHOUT ROWID;
        CREATE INDEX segment_state ON segment (state, id);

        CREATE TABLE orphan (inode INTEGER PRIMARY KEY, session INTEGER NOT NULL);
        -- Inodes that are gone while their extents still are being deleted; epoch is that of the deletion.
        CREATE TABLE purge (inode INTEGER PRIMARY KEY, epoch INTEGER NOT NULL);

        CREATE TABLE session (id INTEGER PRIMARY KEY, host TEXT NOT NULL, process INTEGER NOT NULL,
            opened INTEGER NOT NULL, closed INTEGER);
        CREATE TABLE snapshot (id INTEGER PRIMARY KEY, created INTEGER NOT NULL, label BLOB NOT NULL);
        CREATE TABLE setting (key TEXT PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID;
        CREATE TABLE counter (id INTEGER PRIMARY KEY, value INTEGER NOT NULL);
        CREATE TABLE change (last INTEGER PRIMARY KEY, first INTEGER NOT NULL, batch BLOB NOT NULL);
        """;

    // Comparing asks for rows by birth and death, purging by death. Before the first snapshot every row is born in epoch 1, and the index of births is empty.
    private const string ToVersion2 = """
        -- Snapshots that are deleted while rows only they showed are still being deleted.
        CREATE TABLE snapshot_gone (id INTEGER PRIMARY KEY);
        CREATE INDEX inode_born ON inode (born) WHERE born > 1;
        CREATE INDEX inode_past_born ON inode_past (born);
        CREATE INDEX inode_past_died ON inode_past (died, born);
        CREATE INDEX dirent_past_child ON dirent_past (child);
        CREATE INDEX dirent_past_died ON dirent_past (died, born);
        CREATE INDEX xattr_past_died ON xattr_past (died, born);
        CREATE INDEX symlink_past_died ON symlink_past (died, born);
        CREATE INDEX extent_past_died ON extent_past (died, born);
        """;

    // What was condemned before was so at the newest commit at the latest: counter 2 has it.
    private const string ToVersion3 = """
        ALTER TABLE segment ADD COLUMN condemned INTEGER NOT NULL DEFAULT 0;
        UPDATE segment SET condemned = (SELECT value FROM counter WHERE id = 2) WHERE state = 3;
        """;

    // What stores hold is counted by triggers: the counts can be no other than those of the rows, whatever writes them.
    private const string ToVersion4 = """
        ALTER TABLE segment ADD COLUMN copies INTEGER NOT NULL DEFAULT 1;
        UPDATE segment SET copies = 0 WHERE state = 1;
        CREATE INDEX segment_copies ON segment (state, placement, copies, changed, id);

        -- Segments that are live or condemned; bytes are those of one copy of each.
        CREATE TABLE segment_sum (state INTEGER NOT NULL, placement INTEGER NOT NULL, copies INTEGER NOT NULL,
            segments INTEGER NOT NULL, bytes INTEGER NOT NULL, PRIMARY KEY (state, placement, copies)) WITHOUT ROWID;
        INSERT INTO segment_sum
            SELECT state, placement, copies, count(*), sum(object_length) FROM segment WHERE state > 1 GROUP BY state, placement, copies;
        CREATE TRIGGER segment_inserted AFTER INSERT ON segment WHEN new.state > 1 BEGIN
            INSERT INTO segment_sum VALUES (new.state, new.placement, new.copies, 1, new.object_length)
                ON CONFLICT DO UPDATE SET segments = segments + 1, bytes = bytes + excluded.bytes;
        END;
        CREATE TRIGGER segment_deleted AFTER DELETE ON segment WHEN old.state > 1 BEGIN
            UPDATE segment_sum SET segments = segments - 1, bytes = bytes - old.object_length
                WHERE state = old.state AND placement = old.placement AND copies = old.copies;
            DELETE FROM segment_sum WHERE state = old.state AND placement = old.placement AND copies = old.copies AND segments = 0;
        END;
        CREATE TRIGGER segment_updated AFTER UPDATE ON segment BEGIN
            UPDATE segment_sum SET segments = segments - 1, bytes = bytes - old.object_length
                WHERE state = old.state AND placement = old.placement AND copies = old.copies;
            INSERT INTO segment_sum SELECT new.state, new.placement, new.copies, 1, new.object_length WHERE new.state > 1
                ON CONFLICT DO UPDATE SET segments = segments + 1, bytes = bytes + excluded.bytes;
            DELETE FROM segment_sum WHERE state = old.state AND placement = old.placement AND copies = old.copies AND segments = 0;
        END;
        """;

    // One row for each user under each placement; together they are what the volume holds.
    private const string ToVersion5 = """
        CREATE TABLE usage (placement INTEGER NOT NULL, uid INTEGER NOT NULL, inodes INTEGER NOT NULL,
            bytes INTEGER NOT NULL, allocated INTEGER NOT NULL, PRIMARY KEY (placement, uid)) WITHOUT ROWID;
        INSERT INTO usage
            SELECT placement, uid, count(*), sum(CASE WHEN mode & 0xF000 = 0x8000 THEN size ELSE 0 END), sum(allocated)
            FROM inode GROUP BY placement, uid;
        DELETE FROM counter WHERE id IN (3, 4, 5);
        """;

    // Step n leads from version n to n + 1.
    private static readonly string[] Steps = [ToVersion1, ToVersion2, ToVersion3, ToVersion4, ToVersion5];

    /// <summary>Brings the database to <see cref="Version"/> in one transaction. Answers the version it had.</summary>
    public static int Migrate(SqliteFile file)
    {
        int version = (int)file.QueryInt64("PRAGMA user_version");
        if (version >= Version)
        {
            return version;
        }

        file.Execute("BEGIN IMMEDIATE");
        try
        {
            for (int step = version; step < Version; step++)
            {
                file.Execute(Steps[step]);
            }

            file.Execute($"PRAGMA application_id = {ApplicationId}; PRAGMA user_version = {Version}");
            file.Execute("COMMIT");
        }
        catch
        {
            file.TryRollback();
            throw;
        }

        return version;
    }

    /// <summary>Whether the file is empty or one of ours.</summary>
    public static void Recognise(SqliteFile file)
    {
        if (file.QueryInt64("PRAGMA user_version") != 0 && file.QueryInt64("PRAGMA application_id") != ApplicationId)
        {
            throw new SqliteFailureException(SQLITE_NOTADB, "the database is of another program");
        }
    }
}
