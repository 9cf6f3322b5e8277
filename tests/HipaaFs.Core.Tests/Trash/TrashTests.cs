using HipaaFs.Metadata;
using HipaaFs.Recovery;
using HipaaFs.Snapshots;
using HipaaFs.Testing;
using HipaaFs.Testing.Storage;
using HipaaFs.Trash;

namespace HipaaFs.Core.Tests.Trash;

/// <summary>What is deleted or overwritten can be had back for as long as the volume says.</summary>
public sealed class TrashTests
{
    private static readonly TimeSpan Minute = TimeSpan.FromMinutes(1);

    [Fact]
    public async Task Keep_SomethingChanged_TakesASnapshotAndElseNone()
    {
        var time = new ManualTimeProvider();
        await using TestVolume test = await TestVolume.CreateAsync(new TestVolumeOptions { Time = time, TrashDays = 2 });
        await test.FileSystem.PutAsync("a", [1]);
        var keeper = test.Volume.Parts.Writer!.Trash;
        Assert.Equal(FsError.None, await keeper.KeepAsync(default));
        Assert.Equal(FsError.None, await keeper.KeepAsync(default));
        Assert.Single((await test.Volume.Snapshots.ListAsync(default)).Value);

        await test.FileSystem.PutAsync("b", [2]);
        await test.FileSystem.SyncAsync(default).Ok();
        Assert.Equal(FsError.None, await keeper.KeepAsync(default));
        Assert.Equal(2, (await test.Volume.Snapshots.ListAsync(default)).Value.Count);
        await test.AssertSoundAsync();
    }

    // A restore that forgot it would delete the trash with its first mount, on the very day somebody restores for its sake.
    [Fact]
    public async Task Restore_OfAVolumeThatKeepsTrash_KnowsForHowLong()
    {
        var time = new ManualTimeProvider();
        await using TestVolume test = await TestVolume.CreateAsync(new TestVolumeOptions { Time = time, TrashDays = 7 });
        Assert.Equal(FsError.None, await test.Volume.Parts.Writer!.Trash.KeepAsync(default));
        await test.FileSystem.PutAsync("a", [1]);
        await test.DrainAsync();

        (TestVolume restored, RestoreReport report) = await test.RestoreAsync(open: false);
        await using (restored)
        {
            Assert.Equal(7, report.TrashDays);
        }
    }

    [Fact]
    public async Task Loop_TimeGoesBy_TakesAndDeletes()
    {
        var time = new ManualTimeProvider();
        await using TestVolume test = await TestVolume.CreateAsync(new TestVolumeOptions { Time = time, TrashDays = 1 });
        await test.FileSystem.PutAsync("a", [1]);
        await AdvanceUntilAsync(time, async () => (await test.Volume.Snapshots.ListAsync(default)).Value.Count == 1, "a snapshot is taken without being asked for");
        await test.FileSystem.UnlinkAsync(InodeId.Root, "a"u8.ToArray(), default).Ok();
        LostVersion lost = Assert.Single(await LostAsync(test));
        Assert.Equal(("/a", DifferenceKind.Removed, 1L), (lost.Path, lost.Kind, lost.Size));

        await AdvanceUntilAsync(time, async () => !(await LostAsync(test)).Contains(lost), "its time is over", TimeSpan.FromHours(1));
        Assert.Contains(test.Log.Lines, static line => line.Text == "Snapshot 1 is taken, by the trash");
        Assert.Contains(test.Log.Lines, static line => line.Text == "Snapshot 1 is deleted: its time in the trash is over");
        await test.AssertSoundAsync();
    }

    [Fact]
    public async Task FindLost_RemovedOverwrittenAndRenamed_ListsWhatIsLost()
    {
        await using TestVolume test = await TestVolume.CreateAsync();
        await test.FileSystem.PutAsync("gone", FileSystemCalls.RandomBytes(1000, 1));
        await test.FileSystem.PutAsync("written", FileSystemCalls.RandomBytes(2000, 2));
        await test.FileSystem.PutAsync("moved", [3]);
        (await test.Volume.Snapshots.CreateAsync("first", default)).Ok();
        await test.FileSystem.UnlinkAsync(InodeId.Root, "gone"u8.ToArray(), default).Ok();
        (await test.Volume.Snapshots.CreateAsync("second", default)).Ok();
        HandleId handle = await test.FileSystem.OpenAsync("written");
        await test.FileSystem.WriteAsync(handle, 100, [4]);
        await test.FileSystem.CloseAsync(handle);
        await test.FileSystem.RenameAsync(InodeId.Root, "moved"u8.ToArray(), InodeId.Root, "there"u8.ToArray(), RenameMode.Replace, default).Ok();
        await test.FileSystem.SyncAsync(default).Ok();

        List<LostVersion> lost = await LostAsync(test);
        Assert.Equal(
            [("/written", DifferenceKind.Changed, "second", 2000L), ("/gone", DifferenceKind.Removed, "first", 1000L)],
            lost.Select(static version => (version.Path, version.Kind, version.Snapshot.Name, version.Size)));
    }

    [Fact]
    public async Task CopyRange_OutOfASnapshot_SharesDataAndHoles()
    {
        await using TestVolume test = await TestVolume.CreateAsync();
        byte[] content = new byte[3_000_000];
        HandleId handle = (await test.FileSystem.CreateAsync("source")).Handle;
        for (int i = 0; i < 1200; i++)
        {
            byte[] piece = FileSystemCalls.RandomBytes(600, i);
            piece.CopyTo(content, i * 2400);
            await test.FileSystem.WriteAsync(handle, i * 2400, piece);
            if (i % 100 == 99)
            {
                await test.FileSystem.FsyncAsync("source");
            }
        }

        (await test.FileSystem.SetAttributesAsync(await IdOfAsync(test, "source"), new AttributeChange { Size = content.Length }, default, default)).Ok();
        await test.FileSystem.CloseAsync(handle);
        (await test.Volume.Snapshots.CreateAsync("kept", default)).Ok();
        await test.FileSystem.UnlinkAsync(InodeId.Root, "source"u8.ToArray(), default).Ok();
        InodeId directory = (await test.FileSystem.LookupAsync(InodeId.Root, ".snapshots"u8.ToArray(), default)).Ok().Id;
        InodeId shown = (await test.FileSystem.LookupAsync(directory, "kept"u8.ToArray(), default)).Ok().Id;
        InodeId source = (await test.FileSystem.LookupAsync(shown, "source"u8.ToArray(), default)).Ok().Id;
        HandleId from = (await test.FileSystem.OpenAsync(source, OpenFlags.Read, FileSystemCalls.Someone, default)).Ok().Handle;
        HandleId to = (await test.FileSystem.CreateAsync("target")).Handle;
        await test.FileSystem.WriteAsync(to, 0, FileSystemCalls.RandomBytes(50_000, 7));
        long staged = test.Volume.GetStatus().StagedBytes;

        for (long at = 0; at < content.Length;)
        {
            long copied = (await test.FileSystem.CopyRangeAsync(from, at, to, at, content.Length - at, default)).Ok();
            Assert.True(copied > 0);
            at += copied;
        }

        Assert.Equal(0, (await test.FileSystem.CopyRangeAsync(from, content.Length, to, content.Length, 1, default)).Ok());
        await test.FileSystem.CloseAsync(from);
        await test.FileSystem.CloseAsync(to);
        FileSystemCalls.AssertSame(content, await test.FileSystem.GetAsync("target"));
        Assert.True(test.Volume.GetStatus().StagedBytes < staged + 200_000, "the data was written again");
        await test.DrainAsync();
        Assert.Equal(FsError.None, await test.Volume.Snapshots.DeleteAsync("kept", default));
        await test.ReopenAsync();
        FileSystemCalls.AssertSame(content, await test.FileSystem.GetAsync("target"));
        await test.AssertSoundAsync();
    }

    private static async Task<InodeId> IdOfAsync(TestVolume test, string name) => (await test.FileSystem.LookupAsync(name)).Id;

    private static async Task<List<LostVersion>> LostAsync(TestVolume test)
    {
        var lost = new List<LostVersion>();
        await foreach (LostVersion version in test.Volume.Snapshots.FindLostAsync(default))
        {
            lost.Add(version);
        }

        return lost;
    }

    private static Task AdvanceUntilAsync(ManualTimeProvider time, Func<Task<bool>> isSo, string what, TimeSpan? step = null) => Eventually.TrueAsync(
        async () =>
        {
            if (await isSo())
            {
                return true;
            }

            time.Advance(step ?? Minute);
            return false;
        },
        what);
}
