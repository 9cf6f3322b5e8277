using System.Security.Cryptography;
using HipaaFs.Crypto;
using HipaaFs.Metadata.Changes;
using HipaaFs.Metadata.Sqlite;
using Microsoft.Data.Sqlite;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;

namespace HipaaFs.Metadata.Tests;

/// <summary>The database file: what it survives, what it refuses, what is in it.</summary>
public sealed class SqliteFileTests : IDisposable
{
    private readonly SqliteDirectories _directories = new();

    public void Dispose() => _directories.Dispose();

    [Fact]
    public async Task Open_AfterACrash_ShowsACommitPoint()
    {
        string directory = _directories.Create();
        await using SqliteMetadataStore store = _directories.Open(directory);
        var volume = new SqliteVolume(store);
        await volume.CreateRootAsync();
        for (int i = 0; i < 100; i++)
        {
            await volume.CreateAsync(i);
        }

        await volume.SyncAsync();
        CommitSequence durable = store.Durable;
        await volume.CreateAsync(100);
        string crashed = Crash(directory);

        await using SqliteMetadataStore again = _directories.Open(crashed);
        var reopened = new SqliteVolume(again);
        Assert.Equal(durable, again.Durable);
        Assert.Equal(durable, again.Applied);
        Assert.True(await reopened.ExistsAsync(0) && await reopened.ExistsAsync(99));
        Assert.False(await reopened.ExistsAsync(100));
        Assert.Equal(101, again.Usage.Inodes);
        Assert.True(SqliteVolume.Ok(await again.VerifyFileAsync()));
        CommitSequence next = await reopened.CreateAsync(100);
        Assert.True(next > durable);
    }

    [Fact]
    public async Task SetCopies_AfterACrash_AreThoseOfTheLastDurableCommit()
    {
        string directory = _directories.Create();
        await using SqliteMetadataStore store = _directories.Open(directory);
        var volume = new SqliteVolume(store);
        SegmentId segment = await volume.AddSegmentAsync();
        SqliteVolume.Ok(await store.SetCopiesAsync(default, segment, 0b10, 0));
        await volume.SyncAsync();
        SqliteVolume.Ok(await store.SetCopiesAsync(default, segment, 0b100, 0b11));

        await using SqliteMetadataStore again = _directories.Open(Crash(directory));
        Assert.Equal(0b11u, SqliteVolume.Ok(await again.GetSegmentAsync(segment)).Copies);
        Assert.Equal(0b11u, Assert.Single(SqliteVolume.Ok(await again.SumCopiesAsync()).Groups).Copies);
    }

    [Fact]
    public async Task Timer_CommitsAndSyncsUnasked()
    {
        string directory = _directories.Create();
        var time = new ManualTimeProvider();
        await using SqliteMetadataStore store = _directories.Open(directory, time);
        var volume = new SqliteVolume(store);
        await volume.CreateRootAsync();
        CommitSequence sequence = await volume.CreateAsync(1);
        Assert.True(store.Durable < sequence);

        time.Fire();

        Assert.True(store.Durable >= sequence);
        await using SqliteMetadataStore again = _directories.Open(Crash(directory));
        Assert.True(await new SqliteVolume(again).ExistsAsync(1));
    }

    [Fact]
    public async Task ReserveInodes_AfterACrash_NeverGivesANumberAgain()
    {
        string directory = _directories.Create();
        await using SqliteMetadataStore store = _directories.Open(directory);
        InodeRange first = SqliteVolume.Ok(await store.ReserveInodesAsync(new SessionId(1), 1000));
        InodeRange second = SqliteVolume.Ok(await store.ReserveInodesAsync(new SessionId(1), 1000));

        await using SqliteMetadataStore again = _directories.Open(Crash(directory));
        InodeRange after = SqliteVolume.Ok(await again.ReserveInodesAsync(new SessionId(2), 10));

        Assert.True(second.First.Value >= first.First.Value + 1000);
        Assert.True(after.First.Value >= second.First.Value + 1000);
    }

    [Fact]
    public async Task Open_NewerSchema_IsRefused()
    {
        string directory = await CreateAsync();
        Execute(directory, "PRAGMA user_version = 99");

        SqliteOpenResult result = TryOpen(directory);

        Assert.Equal(SqliteOpenError.NewerSchema, result.Error);
        Assert.Null(result.Store);
    }

    [Fact]
    public async Task Open_SchemaOfToday_IsVersionFour()
    {
        string directory = await CreateAsync();

        Assert.Equal(5L, Query(directory, "PRAGMA user_version"));
        await using SqliteMetadataStore again = _directories.Open(directory);
    }

    [Fact]
    public async Task Open_NotADatabase_IsDamaged()
    {
        string directory = await CreateAsync();
        await File.WriteAllBytesAsync(Path.Combine(directory, SqliteMetadataOptions.FileName), RandomNumberGenerator.GetBytes(20_000));

        Assert.Equal(SqliteOpenError.Damaged, TryOpen(directory).Error);
    }

    [Fact]
    public void Open_DatabaseOfAnotherProgram_IsDamaged()
    {
        string directory = _directories.Create();
        Execute(directory, "CREATE TABLE foreign_rows (id INTEGER); PRAGMA user_version = 1");

        Assert.Equal(SqliteOpenError.Damaged, TryOpen(directory).Error);
    }

    [Fact]
    public void Open_WithoutDirectory_IsUnreadable()
    {
        Assert.Equal(SqliteOpenError.Unreadable, TryOpen(Path.Combine(_directories.Create(), "none")).Error);
        Assert.Equal(SqliteOpenError.Unreadable, SqliteMetadataStore.Open(
            new SqliteMetadataOptions { Directory = _directories.Create(), ReadOnly = true }, TimeProvider.System, NullLogger.Instance).Error);
    }

    [Fact]
    public async Task Open_WhileAnotherWrites_IsLocked()
    {
        string directory = await CreateAsync();
        using SqliteConnection other = Connect(directory);
        using SqliteCommand command = other.CreateCommand();
        command.CommandText = "BEGIN IMMEDIATE";
        command.ExecuteNonQuery();

        Assert.Equal(SqliteOpenError.Locked, TryOpen(directory).Error);
    }

    [Fact]
    public async Task VerifyFile_PagesOverwritten_SaysSo()
    {
        string directory = _directories.Create();
        await using (SqliteMetadataStore store = _directories.Open(directory))
        {
            var volume = new SqliteVolume(store);
            await volume.CreateRootAsync();
            for (int i = 0; i < 3000; i++)
            {
                await volume.CreateAsync(i);
            }

            await volume.SyncAsync();
            Assert.True(SqliteVolume.Ok(await store.VerifyFileAsync()));
        }

        string path = Path.Combine(directory, SqliteMetadataOptions.FileName);
        byte[] bytes = await File.ReadAllBytesAsync(path);
        bytes.AsSpan(bytes.Length / 2, 8192).Fill(0xAA);
        await File.WriteAllBytesAsync(path, bytes);

        SqliteOpenResult result = TryOpen(directory);
        if (result.Store is { } damaged)
        {
            Assert.False(SqliteVolume.Ok(await damaged.VerifyFileAsync()));
            await damaged.DisposeAsync();
        }
        else
        {
            Assert.Equal(SqliteOpenError.Damaged, result.Error);
        }
    }

    [Fact]
    public async Task Open_ToRead_ShowsEverythingAndRefusesChanges()
    {
        string directory = await CreateAsync();
        await using SqliteMetadataStore store = SqliteDirectories.Open(new SqliteMetadataOptions { Directory = directory, ReadOnly = true });
        var volume = new SqliteVolume(store);

        Assert.True(await volume.ExistsAsync(1));
        Assert.Equal(MetadataError.ReadOnly, (await volume.TryCreateAsync(2)).Error);
        Assert.Equal(store.Durable, SqliteVolume.Ok(await store.MakeDurableAsync(store.Durable)));
        int batches = 0;
        await foreach (ChangeBatch _ in store.DumpAsync())
        {
            batches++;
        }

        Assert.Equal(1, batches);
    }

    [Fact]
    public async Task Create_Files_AreReadableByTheirOwnerOnly()
    {
        string directory = _directories.Create();
        await using SqliteMetadataStore store = _directories.Open(directory);

        Assert.Equal(3, Directory.GetFiles(directory).Length);
        foreach (string path in Directory.GetFiles(directory))
        {
            if (!OperatingSystem.IsWindows())
            {
                Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(path));
            }
        }
    }

    [Fact]
    public async Task Open_SchemaOfVersionOne_IsBroughtUpToDate()
    {
        string directory = await CreateAsync();
        Execute(directory, OlderSchemas.ToVersion1);
        Assert.Equal(
            SqliteOpenError.Unreadable,
            SqliteMetadataStore.Open(new SqliteMetadataOptions { Directory = directory, ReadOnly = true }, TimeProvider.System, NullLogger.Instance).Error);

        await using SqliteMetadataStore store = _directories.Open(directory);
        var volume = new SqliteVolume(store);
        SnapshotId snapshot = SqliteVolume.Ok(await store.CreateSnapshotAsync(default, default, default)).Value.Id;
        await volume.CreateAsync(500);

        Assert.True(await volume.ExistsAsync(1));
        Assert.True((await store.OpenSnapshot(snapshot).LookupAsync(InodeId.Root, SqliteVolume.Tag(1))).Succeeded);
        Assert.False((await store.OpenSnapshot(snapshot).LookupAsync(InodeId.Root, SqliteVolume.Tag(500))).Succeeded);
        Assert.Equal(5L, Query(directory, "PRAGMA user_version"));
    }

    [Fact]
    public async Task Open_SchemaOfVersionFour_HasCountedWhatEachUserHolds()
    {
        string directory = _directories.Create();
        IReadOnlyList<OwnerUsage> expected;
        await using (SqliteMetadataStore old = _directories.Open(directory))
        {
            var volume = new SqliteVolume(old);
            await volume.CreateRootAsync();
            for (int number = 1; number <= 3; number++)
            {
                await volume.CreateAsync(number);
                await volume.WriteAsync(number, new Extent(100, number * 1000, await volume.AddSegmentAsync(), 0));
            }

            SqliteVolume.Ok(await old.SetAttributesAsync(new SetAttributesRequest
            {
                Inode = new InodeId(1003),
                Mask = AttributeMask.Uid | AttributeMask.Placement,
                Uid = 7,
                Placement = 2,
            }));
            expected = old.ListUsage();
        }

        Execute(directory, OlderSchemas.ToVersion4);

        await using SqliteMetadataStore store = _directories.Open(directory);
        Assert.Equal([new(0, 0, new VolumeUsage(3, 3200, 3000)), new(2, 7, new VolumeUsage(1, 3100, 3000))], expected);
        Assert.Equal(expected, store.ListUsage());
        Assert.Equal(new VolumeUsage(4, 6300, 6000), store.Usage);
    }

    [Fact]
    public async Task Open_SchemaOfVersionTwo_HasCondemnedEverythingByItsNewestCommit()
    {
        string directory = _directories.Create();
        SegmentId condemned;
        SegmentId live;
        CommitSequence newest;
        await using (SqliteMetadataStore old = _directories.Open(directory))
        {
            var volume = new SqliteVolume(old);
            await volume.CreateRootAsync();
            condemned = await volume.AddSegmentAsync();
            live = await volume.AddSegmentAsync();
            SqliteVolume.Ok(await old.CondemnSegmentAsync(default, condemned, default));
            await volume.CreateAsync(1);
            newest = old.Applied;
        }

        Execute(directory, OlderSchemas.ToVersion2);

        await using SqliteMetadataStore store = _directories.Open(directory);
        Assert.Equal(newest, SqliteVolume.Ok(await store.GetSegmentAsync(condemned)).Condemned);
        Assert.Equal(default, SqliteVolume.Ok(await store.GetSegmentAsync(live)).Condemned);
    }

    [Fact]
    public async Task DeleteSnapshot_CrashBetweenSlices_IsFinishedAfterwards()
    {
        const int files = 12_000; // More than two slices.
        string directory = _directories.Create();
        var time = new ManualTimeProvider();
        await using SqliteMetadataStore store = SqliteDirectories.Open(new SqliteMetadataOptions { Directory = directory }, time);
        var volume = new SqliteVolume(store);
        await volume.CreateRootAsync();
        for (int i = 0; i < files; i++)
        {
            await volume.CreateAsync(i);
        }

        SnapshotId kept = SqliteVolume.Ok(await store.CreateSnapshotAsync(default, default, default)).Value.Id;
        SnapshotId gone = SqliteVolume.Ok(await store.CreateSnapshotAsync(default, default, default)).Value.Id;
        for (int i = 0; i < files; i++)
        {
            SqliteVolume.Ok(await store.UnlinkAsync(new UnlinkRequest { Parent = InodeId.Root, Name = SqliteVolume.Tag(i) }));
        }

        SqliteVolume.Ok(await store.DeleteSnapshotAsync(default, gone));
        SqliteVolume.Ok(await store.DeleteSnapshotAsync(default, kept));
        await volume.SyncAsync();
        long all = (long)Query(directory, "SELECT (SELECT count(*) FROM inode_past) + (SELECT count(*) FROM dirent_past)")!;
        time.Fire();
        string copy = Crash(directory);
        long left = (long)Query(copy, "SELECT (SELECT count(*) FROM inode_past) + (SELECT count(*) FROM dirent_past)")!;
        Assert.InRange(left, 1, all - 1);

        await using SqliteMetadataStore again = SqliteDirectories.Open(new SqliteMetadataOptions { Directory = copy }, new ManualTimeProvider());
        Assert.Equal(MetadataError.SnapshotGone, (await again.OpenSnapshot(kept).GetInodeAsync(InodeId.Root)).Error);
        SqliteVolume.Ok(await again.PurgeSnapshotsAsync());
        Assert.Equal(0L, Query(copy, "SELECT count(*) FROM inode_past"));
        Assert.Equal(0L, Query(copy, "SELECT count(*) FROM dirent_past"));
        Assert.Equal(0L, Query(copy, "SELECT count(*) FROM snapshot_gone"));
    }

    [Theory]
    [InlineData("SELECT id FROM inode_past WHERE died = 5 AND (born, id) > (1, 1) ORDER BY born, id LIMIT 3", "inode_past_died")]
    [InlineData("SELECT id FROM inode WHERE born = 5 AND born > 1 AND id > 3 ORDER BY id LIMIT 3", "inode_born")]
    [InlineData("SELECT id FROM inode_past WHERE born = 5 AND id > 3 ORDER BY id LIMIT 3", "inode_past_born")]
    [InlineData("SELECT min(died) FROM extent_past WHERE died > 3 AND died <= 9", "extent_past_died")]
    [InlineData("SELECT tag FROM dirent WHERE parent = 1 AND tag > x'00' AND born <= 3 UNION ALL SELECT tag FROM dirent_past WHERE parent = 1 AND tag > x'00' AND born <= 3 AND died > 3 ORDER BY tag LIMIT 5", "MERGE")]
    public async Task Queries_OfHistory_FollowAnIndexWithoutSorting(string sql, string expected)
    {
        string directory = await CreateAsync();
        using SqliteConnection connection = Connect(directory);
        using SqliteCommand command = connection.CreateCommand();
        command.CommandText = "EXPLAIN QUERY PLAN " + sql;
        var plan = new List<string>();
        using SqliteDataReader reader = command.ExecuteReader();
        while (reader.Read())
        {
            plan.Add(reader.GetString(3));
        }

        string text = string.Join('\n', plan);
        Assert.Contains(expected, text, StringComparison.Ordinal);
        Assert.DoesNotContain("TEMP B-TREE", text, StringComparison.Ordinal);
        Assert.DoesNotContain("SCAN inode", text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Snapshot_LaterChanges_KeepTheOldRowsAsTwins()
    {
        string directory = _directories.Create();
        await using (SqliteMetadataStore store = _directories.Open(directory))
        {
            var volume = new SqliteVolume(store);
            await volume.CreateRootAsync();
            SegmentId segment = await volume.AddSegmentAsync();
            await volume.CreateAsync(1);
            await volume.WriteAsync(1, new Extent(0, 100, segment, 0));
            SqliteVolume.Ok(await store.CreateSnapshotAsync(default, default, default));
            await volume.WriteAsync(1, new Extent(50, 10, segment, 500));
            await volume.WriteAsync(1, new Extent(55, 10, segment, 600));
            SqliteVolume.Ok(await store.UnlinkAsync(new UnlinkRequest { Parent = InodeId.Root, Name = SqliteVolume.Tag(1) }));
            await volume.CreateAsync(2);
            SqliteVolume.Ok(await store.UnlinkAsync(new UnlinkRequest { Parent = InodeId.Root, Name = SqliteVolume.Tag(2) }));
            SqliteVolume.Ok(await store.CreateSnapshotAsync(default, default, default));
        }

        // View 1: rows born <= 1 < died. What was born and died between two snapshots leaves nothing.
        Assert.Equal(1L, Query(directory, "SELECT count(*) FROM dirent_past WHERE born = 1 AND died = 2"));
        Assert.Equal(1L, Query(directory, "SELECT count(*) FROM dirent_past"));
        Assert.Equal(2L, Query(directory, "SELECT count(*) FROM inode_past"));
        Assert.Equal(100L, Query(directory, "SELECT size FROM inode_past WHERE id = 1001 AND born <= 1 AND died > 1"));
        Assert.Equal(1L, Query(directory, "SELECT count(*) FROM extent_past"));
        Assert.Equal(100L, Query(directory, "SELECT length FROM extent_past WHERE inode = 1001 AND offset = 0 AND born = 1 AND died = 2"));
        Assert.Equal(2L, Query(directory, "SELECT born FROM inode WHERE id = 1"));
    }

    [Fact]
    public async Task Unlink_FileOfVeryManyExtents_LosesThemInSlices()
    {
        string directory = _directories.Create();
        var time = new ManualTimeProvider();
        await using (SqliteMetadataStore store = _directories.Open(directory, time))
        {
            var volume = new SqliteVolume(store);
            await volume.CreateRootAsync();
            SegmentId segment = await volume.AddSegmentAsync();
            await volume.CreateAsync(1);
            var extents = new Extent[25_000];
            for (int i = 0; i < extents.Length; i++)
            {
                extents[i] = new Extent(i * 2L, 1, segment, i * 3L);
            }

            await volume.WriteAsync(1, extents);
            VolumeUsage full = store.Usage;
            SqliteVolume.Ok(await store.UnlinkAsync(new UnlinkRequest { Parent = InodeId.Root, Name = SqliteVolume.Tag(1) }));

            Assert.Equal(25_000, full.AllocatedBytes);
            Assert.Equal(new VolumeUsage(1, 0, 0), store.Usage);
            Assert.Empty(SqliteVolume.Ok(await store.GetSegmentUsesAsync(segment)));
            Assert.Equal(MetadataError.Conflict, (await store.CondemnSegmentAsync(default, segment, default)).Error);
            Assert.Empty(SqliteVolume.Ok(await store.ListOrphansAsync(null)));
            time.Fire();
            Assert.Equal(MetadataError.Conflict, (await store.CondemnSegmentAsync(default, segment, default)).Error);
        }

        // It goes on where it was after the store is opened again.
        await using (SqliteMetadataStore store = _directories.Open(directory, time))
        {
            Assert.True((long)Query(directory, "SELECT count(*) FROM extent")! > 0);
            time.Fire();
            time.Fire();
        }

        Assert.Equal(0L, Query(directory, "SELECT count(*) FROM extent"));
        Assert.Equal(0L, Query(directory, "SELECT count(*) FROM purge"));
    }

    [Fact]
    public async Task Checkpoint_WhileWritten_KeepsTheLogSmall()
    {
        string directory = _directories.Create();
        var time = new ManualTimeProvider();
        var options = new SqliteMetadataOptions { Directory = directory, CheckpointBytes = 1 << 20 };
        await using SqliteMetadataStore store = SqliteDirectories.Open(options, time);
        var volume = new SqliteVolume(store);
        await volume.CreateRootAsync();
        long largest = 0;
        for (int i = 0; i < 20_000; i++)
        {
            await volume.CreateAsync(i);
            if (i % 200 == 0)
            {
                time.Fire();
                largest = Math.Max(largest, new FileInfo(Path.Combine(directory, "metadata.db-wal")).Length);
            }
        }

        Assert.InRange(largest, 1, 8 << 20);
        await volume.SyncAsync();
        await using SqliteMetadataStore again = _directories.Open(Crash(directory));
        Assert.Equal(20_001, again.Usage.Inodes);
        Assert.True(SqliteVolume.Ok(await again.VerifyFileAsync()));
    }

    [Fact]
    public async Task Dump_WhileWritten_ShowsOneCommit()
    {
        await using SqliteMetadataStore store = _directories.Open();
        var volume = new SqliteVolume(store);
        await volume.CreateRootAsync();
        for (int i = 0; i < 20_000; i++)
        {
            await volume.CreateAsync(i);
        }

        int created = 20_000;
        var seen = new HashSet<CommitSequence>();
        int inodes = 0;
        await foreach (ChangeBatch batch in store.DumpAsync())
        {
            seen.Add(batch.Last);
            Assert.True(ChangeCodec.TryDecode(batch.Encoded, out IReadOnlyList<RowChange>? changes));
            inodes += changes.Count(static change => change is InodeChange);
            await volume.CreateAsync(created++);
            await volume.SyncAsync();
        }

        Assert.True(created > 20_002);
        Assert.Single(seen);
        Assert.Equal(20_001, inodes);
    }

    private static SqliteOpenResult TryOpen(string directory) => SqliteMetadataStore.Open(
        new SqliteMetadataOptions { Directory = directory }, new ManualTimeProvider(), NullLogger.Instance);

    private static SqliteConnection Connect(string directory)
    {
        var connection = new SqliteConnection($"Data Source={Path.Combine(directory, SqliteMetadataOptions.FileName)};Pooling=False");
        connection.Open();
        return connection;
    }

    private static void Execute(string directory, string sql)
    {
        using SqliteConnection connection = Connect(directory);
        using SqliteCommand command = connection.CreateCommand();
        command.CommandText = sql;
        command.ExecuteNonQuery();
    }

    private static object? Query(string directory, string sql)
    {
        using SqliteConnection connection = Connect(directory);
        using SqliteCommand command = connection.CreateCommand();
        command.CommandText = sql;
        return command.ExecuteScalar();
    }

    private async Task<string> CreateAsync()
    {
        string directory = _directories.Create();
        await using SqliteMetadataStore store = _directories.Open(directory);
        var volume = new SqliteVolume(store);
        await volume.CreateRootAsync();
        await volume.CreateAsync(1);
        return directory;
    }

    // What a killed process leaves: the files as they are, while the store still has them open. Read without opening them
    // in this process, where closing a descriptor would drop the database's locks.
    private string Crash(string directory)
    {
        string copy = _directories.Create();
        foreach (string suffix in new[] { "", "-wal" })
        {
            string name = SqliteMetadataOptions.FileName + suffix;
            using var copying = System.Diagnostics.Process.Start("cp", [Path.Combine(directory, name), Path.Combine(copy, name)]);
            copying.WaitForExit();
            Assert.Equal(0, copying.ExitCode);
        }

        return copy;
    }
}
