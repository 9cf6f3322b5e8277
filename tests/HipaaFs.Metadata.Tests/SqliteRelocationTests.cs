using HipaaFs.Crypto;
using HipaaFs.Metadata.Sqlite;
using Xunit;

namespace HipaaFs.Metadata.Tests;

/// <summary>Data that moves to another segment while the SQLite engine is busy with something else.</summary>
public sealed class SqliteRelocationTests : IDisposable
{
    // More than are deleted with their inode.
    private const int Extents = 25_000;

    private readonly SqliteDirectories _directories = new();
    private readonly ManualTimeProvider _time = new();

    public void Dispose() => _directories.Dispose();

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
