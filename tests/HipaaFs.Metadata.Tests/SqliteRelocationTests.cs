using HipaaFs.Crypto;
using HipaaFs.Metadata.Sqlite;
using SQLitePCL;
using Xunit;

namespace HipaaFs.Metadata.Tests;

/// <summary>Data that moves to another segment while the SQLite engine is busy with something else.</summary>
public sealed class SqliteRelocationTests : IDisposable
{
    // More than are deleted with their inode.
    private const int Extents = 25_000;

    private readonly SqliteDirectories _directories = new();
    private readonly SqliteFaults _faults = new();
    private readonly ManualTimeProvider _time = new();

    public void Dispose() => _directories.Dispose();

    [Fact]
    public async Task Relocate_ExtentsOfAnInodeThatIsStillBeingDeleted_AreWhereSnapshotsFindThem()
    {
        await using SqliteMetadataStore store = _directories.Open(_directories.Create(), _time);
        await using SqliteMetadataStore reader = _directories.Open(_directories.Create(), _time);
        (SegmentId old, SnapshotId snapshot) = await DeleteAsync(store);
        SegmentId copy = await new SqliteVolume(store).AddSegmentAsync();
        Assert.Equal(Extents, SqliteVolume.Ok(await store.GetSegmentPastUsesAsync(old)).Count);

        var request = new RelocateRequest { Runs = new[] { new Relocation(old, 0, 3 * Extents, copy, 7) } };
        RelocationOutcome moved = SqliteVolume.Ok(await store.RelocateAsync(request)).Value;

        Assert.Equal((0, Extents), (moved.LiveRows, moved.PastRows));
        SqliteVolume.Ok(await store.CondemnSegmentAsync(default, old, default));
        SqliteVolume.Ok(await store.MakeDurableAsync(store.Applied));
        await foreach (ChangeBatch batch in store.ChangesSinceAsync(default))
        {
            SqliteVolume.Ok(await reader.LoadAsync(batch));
        }

        foreach (SqliteMetadataStore each in new[] { store, reader })
        {
            await AssertShownAsync(each, snapshot, copy, 7);
        }

        _time.Fire(); // What is left to delete of the inode goes.
        _time.Fire();
        _time.Fire();
        foreach (SqliteMetadataStore each in new[] { store, reader })
        {
            await AssertShownAsync(each, snapshot, copy, 7);
            Assert.Empty(SqliteVolume.Ok(await each.GetSegmentPastUsesAsync(old)));
        }
    }

    [Fact]
    public async Task Dump_WhileAnInodeIsStillBeingDeleted_HasWhatSnapshotsShowOfIt()
    {
        await using SqliteMetadataStore store = _directories.Open(_directories.Create(), _time);
        await using SqliteMetadataStore reader = _directories.Open(_directories.Create(), _time);
        (SegmentId segment, SnapshotId snapshot) = await DeleteAsync(store);

        await foreach (ChangeBatch batch in store.DumpAsync())
        {
            SqliteVolume.Ok(await reader.LoadAsync(batch));
        }

        await AssertShownAsync(store, snapshot, segment, 0);
        await AssertShownAsync(reader, snapshot, segment, 0);
    }

    [Theory]
    [InlineData(raw.SQLITE_FULL)]
    [InlineData(raw.SQLITE_IOERR)]
    public async Task Relocate_WhoseCommitFailsOnce_IsDoneAgain(int code)
    {
        await using SqliteMetadataStore store = _directories.Open(_directories.Create(), _time, _faults);
        var volume = new SqliteVolume(store);
        await volume.CreateRootAsync();
        SegmentId old = await volume.AddSegmentAsync();
        SegmentId copy = await volume.AddSegmentAsync();
        await volume.CreateAsync(1);
        await volume.WriteAsync(1, new Extent(0, 100, old, 0));
        SnapshotId snapshot = SqliteVolume.Ok(await store.CreateSnapshotAsync(default, default, default)).Value.Id;
        await volume.WriteAsync(1, new Extent(0, 50, old, 100));
        int commits = 0;
        _faults.BeforeCommit = () => ++commits == 2 ? code : 0; // The first ends the batch before it, the second is its own.

        var request = new RelocateRequest { Runs = new[] { new Relocation(old, 0, 200, copy, 0) } };
        RelocationOutcome moved = SqliteVolume.Ok(await store.RelocateAsync(request)).Value;

        Assert.Equal((2, 1, 3), (moved.LiveRows, moved.PastRows, commits));
        Assert.False(store.Failure.IsCancellationRequested);
        Assert.Equal([new Extent(0, 100, copy, 0)], await ShownAsync(store, snapshot));
        SqliteVolume.Ok(await store.CondemnSegmentAsync(default, old, default));
    }

    [Fact]
    public async Task Relocate_OpenedForReading_IsRefused()
    {
        string directory = _directories.Create();
        await using (SqliteMetadataStore store = _directories.Open(directory, _time))
        {
            await new SqliteVolume(store).CreateRootAsync();
        }

        await using SqliteMetadataStore reading = SqliteDirectories.Open(new SqliteMetadataOptions { Directory = directory, ReadOnly = true }, _time);

        Assert.Equal(MetadataError.ReadOnly, (await reading.RelocateAsync(new RelocateRequest())).Error);
    }

    // A file of very many extents that a snapshot shows is deleted, and most of them are still to be.
    private static async Task<(SegmentId Segment, SnapshotId Snapshot)> DeleteAsync(SqliteMetadataStore store)
    {
        var volume = new SqliteVolume(store);
        await volume.CreateRootAsync();
        SegmentId segment = await volume.AddSegmentAsync();
        await volume.CreateAsync(1);
        await volume.WriteAsync(1, [.. Enumerable.Range(0, Extents).Select(i => new Extent(i * 2L, 1, segment, i * 3L))]);
        SnapshotId snapshot = SqliteVolume.Ok(await store.CreateSnapshotAsync(default, default, default)).Value.Id;
        SqliteVolume.Ok(await store.UnlinkAsync(new UnlinkRequest { Parent = InodeId.Root, Name = SqliteVolume.Tag(1) }));
        return (segment, snapshot);
    }

    private static async Task AssertShownAsync(SqliteMetadataStore store, SnapshotId snapshot, SegmentId segment, long offset)
    {
        IReadOnlyList<Extent> shown = await ShownAsync(store, snapshot);
        Assert.Equal(Extents, shown.Count);
        for (int i = 0; i < shown.Count; i++)
        {
            Assert.Equal(new Extent(i * 2L, 1, segment, offset + (i * 3L)), shown[i]);
        }
    }

    private static async Task<IReadOnlyList<Extent>> ShownAsync(SqliteMetadataStore store, SnapshotId snapshot) =>
        SqliteVolume.Ok(await store.OpenSnapshot(snapshot).GetExtentsAsync(new InodeId(1001), 0, long.MaxValue, int.MaxValue)).Extents;
}
