namespace HipaaFs.Metadata.Tests;

/// <summary>Turns the schema of today into older ones, to be brought up to date again.</summary>
internal static class OlderSchemas
{
    public const string ToVersion4 = """
        INSERT INTO counter SELECT 3, coalesce(sum(inodes), 0) FROM usage UNION ALL SELECT 4, coalesce(sum(bytes), 0) FROM usage UNION ALL SELECT 5, coalesce(sum(allocated), 0) FROM usage;
        DROP TABLE usage; PRAGMA user_version = 4;
        """;

    public const string ToVersion3 = $"""
        {ToVersion4}
        DROP TRIGGER segment_inserted; DROP TRIGGER segment_deleted; DROP TRIGGER segment_updated;
        DROP TABLE segment_sum; DROP INDEX segment_copies; ALTER TABLE segment DROP COLUMN copies; PRAGMA user_version = 3;
        """;

    public const string ToVersion2 = $"""
        {ToVersion3}
        ALTER TABLE segment DROP COLUMN condemned; PRAGMA user_version = 2;
        """;

    public const string ToVersion1 = $"""
        {ToVersion2}
        DROP TABLE snapshot_gone; DROP INDEX inode_born; DROP INDEX inode_past_born; DROP INDEX inode_past_died;
        DROP INDEX dirent_past_child; DROP INDEX dirent_past_died; DROP INDEX xattr_past_died;
        DROP INDEX symlink_past_died; DROP INDEX extent_past_died; PRAGMA user_version = 1;
        """;
}
