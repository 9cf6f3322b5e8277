using HipaaFs.Metadata;
using HipaaFs.Snapshots;
using HipaaFs.Staging;
using HipaaFs.Trash;
using HipaaFs.Volumes;

namespace HipaaFs.Core.Tests.Snapshots;

public sealed class SnapshotTests
{
    [Fact]
    public async Task Snapshot_AfterEveryKindOfChange_ShowsTheTreeOfThen()
    {
        await using TestVolume test = await TestVolume.CreateAsync();
        HipaaFileSystem files = test.FileSystem;
        await BuildAsync(files);
        List<string> before = await files.TreeAsync();
        byte[] acl = await files.GetXattrAsync((await files.LookupAsync("d/a")).Id, "user.note"u8.ToArray(), default).Ok();
        await TakeAsync(test, "first");
        await ChangeAsync(files);
        List<string> between = await files.TreeAsync();
        await TakeAsync(test, "second");
        await files.PutAsync("e", FileSystemCalls.RandomBytes(10, 9));

        Assert.NotEqual(before, between);
        Assert.Equal(before, await files.TreeAsync(".snapshots/first"));
        Assert.Equal(between, await files.TreeAsync(".snapshots/second"));
        InodeAttributes old = await files.LookupAsync(".snapshots/first/d/a");
        Assert.Equal(acl, await files.GetXattrAsync(old.Id, "user.note"u8.ToArray(), default).Ok());
        Assert.NotEqual(0, old.Id.View);
        Assert.Equal((await files.LookupAsync("d/a")).Id, old.Id.InStore);
        await test.ReopenAsync();
        Assert.Equal(before, await test.FileSystem.TreeAsync(".snapshots/first"));
        await test.AssertSoundAsync();
    }

    [Fact]
    public async Task Snapshot_SparseFile_HasItsHoles()
    {
        await using TestVolume test = await TestVolume.CreateAsync();
        HipaaFileSystem files = test.FileSystem;
        CreatedFile file = await files.CreateAsync("sparse");
        byte[] content = FileSystemCalls.RandomBytes(20_000, 1);
        await files.WriteAsync(file.Handle, 1 << 20, content);
        await TakeAsync(test, "s");
        await files.WriteAsync(file.Handle, 0, FileSystemCalls.RandomBytes(2 << 20, 2));
        await files.SyncAsync(default).Ok();

        HandleId handle = await files.OpenAsync(".snapshots/s/sparse", OpenFlags.Read);
        byte[] shown = await files.ReadAsync(handle, 0, 2 << 20);
        Assert.Equal(1 << 20, await files.SeekAsync(handle, 0, hole: false, default).Ok());
        FileSystemCalls.AssertSame([.. new byte[1 << 20], .. content], shown);
        await files.CloseAsync(handle);
        await files.CloseAsync(file.Handle);
    }

    [Fact]
    public async Task Snapshot_AnyChange_IsReadOnly()
    {
        await using TestVolume test = await TestVolume.CreateAsync();
        HipaaFileSystem files = test.FileSystem;
        await BuildAsync(files);
        await TakeAsync(test, "s");
        InodeId root = (await files.LookupAsync(".snapshots/s")).Id;
        InodeId file = (await files.LookupAsync(".snapshots/s/d/a")).Id;
        Caller caller = FileSystemCalls.Someone;

        foreach (InodeId parent in new[] { root, (await files.LookupAsync(".snapshots")).Id })
        {
            Assert.Equal(FsError.ReadOnly, (await files.MakeDirectoryAsync(parent, "x"u8, new CreationMode(0x1FF, 0, 0), caller, default)).Error);
            Assert.Equal(FsError.ReadOnly, await files.UnlinkAsync(parent, "d"u8, default));
            Assert.Equal(FsError.ReadOnly, await files.RemoveDirectoryAsync(parent, "s"u8, default));
            Assert.Equal(FsError.ReadOnly, await files.RenameAsync(parent, "d"u8, InodeId.Root, "x"u8, RenameMode.Replace, default));
            Assert.Equal(FsError.ReadOnly, await files.RenameAsync(InodeId.Root, "d"u8, parent, "x"u8, RenameMode.Replace, default));
            Assert.Equal(FsError.ReadOnly, (await files.SetAttributesAsync(parent, new AttributeChange { Mode = 0 }, caller, default)).Error);
        }

        Assert.Equal(FsError.ReadOnly, (await files.OpenAsync(file, OpenFlags.Write, caller, default)).Error);
        Assert.Equal(FsError.ReadOnly, (await files.OpenAsync(file, OpenFlags.Read | OpenFlags.Truncate, caller, default)).Error);
        Assert.Equal(FsError.ReadOnly, (await files.LinkAsync(file, InodeId.Root, "x"u8, default)).Error);
        Assert.Equal(FsError.ReadOnly, await files.SetXattrAsync(file, "user.x"u8.ToArray(), "1"u8.ToArray(), XattrMode.Any, false, default));
        Assert.Equal(FsError.ReadOnly, await files.RemoveXattrAsync(file, "user.note"u8.ToArray(), default));
        HandleId source = await files.OpenAsync(".snapshots/s/d/a", OpenFlags.Read);
        HandleId target = await files.OpenAsync("d/b");
        Assert.Equal(FsError.ReadOnly, (await files.CopyRangeAsync(target, 0, source, 0, 10, default)).Error);
        await files.CloseAsync(source);
        await files.CloseAsync(target);
        Assert.Equal(FsError.NotPermitted, await files.RenameAsync(InodeId.Root, "d"u8, InodeId.Root, ".snapshots"u8, RenameMode.Replace, default));
        Assert.Equal(FsError.NotPermitted, await files.RemoveDirectoryAsync(InodeId.Root, ".snapshots"u8, default));
    }

    [Theory]
    [InlineData(SnapshotDirectoryMode.Hidden, true, false)]
    [InlineData(SnapshotDirectoryMode.Visible, true, true)]
    [InlineData(SnapshotDirectoryMode.Off, false, false)]
    public async Task SnapshotDirectory_ByMode_IsFoundOrListed(SnapshotDirectoryMode mode, bool found, bool listed)
    {
        await using TestVolume test = await TestVolume.CreateAsync(new TestVolumeOptions { SnapshotDirectory = mode });
        HipaaFileSystem files = test.FileSystem;
        await files.PutAsync("a", [1]);
        await TakeAsync(test, "s");

        Assert.Equal(found, await files.ExistsAsync(".snapshots"));
        foreach (int atOnce in new[] { 1, 3, 64 })
        {
            List<string> names = (await files.ListAsync(InodeId.Root, atOnce)).ConvertAll(item => item.Name);
            Assert.Equal(listed ? ["a", ".snapshots"] : new List<string> { "a" }, names);
        }

        if (found)
        {
            InodeId directory = (await files.LookupAsync(".snapshots")).Id;
            await TakeAsync(test, "t");
            Assert.Equal(["s", "t"], (await files.ListAsync(directory, 3)).ConvertAll(item => item.Name));
            Assert.Empty((await files.ListXattrsAsync(directory, default)).Ok());
            Assert.Equal(FsError.NotFound, (await files.LookupAsync(directory, "u"u8, default)).Error);
        }
    }

    [Fact]
    public async Task Create_LabelTakenOrImpossible_IsRefused()
    {
        await using TestVolume test = await TestVolume.CreateAsync();
        VolumeSnapshots snapshots = test.Volume.Snapshots;
        await TakeAsync(test, "s");

        Assert.Equal(FsError.Exists, (await snapshots.CreateAsync("s", default)).Error);
        foreach (string label in new[] { "", ".", "..", "a/b", "a\n", new string('x', 256), "2026-11-22T10.00.00Z" })
        {
            Assert.Equal(FsError.InvalidArgument, (await snapshots.CreateAsync(label, default)).Error);
        }

        Snapshot unnamed = (await snapshots.CreateAsync(null, default)).Ok();
        Assert.False(unnamed.HasLabel);
        Assert.Equal(unnamed.Id, (await snapshots.FindAsync(unnamed.Name, default)).Ok().Id);
        Assert.Equal(FsError.NotFound, await snapshots.DeleteAsync("missing", default));
    }

    [Fact]
    public async Task Create_Label_IsNowhereInTheDatabase()
    {
        await using TestVolume test = await TestVolume.CreateAsync();
        await TakeAsync(test, "PatientMillerBefore");
        await test.StopAsync();

        byte[] database = await File.ReadAllBytesAsync(Path.Combine(test.VolumeDirectory, "metadata.db"), TestContext.Current.CancellationToken);
        Assert.Equal(-1, database.AsSpan().IndexOf("PatientMiller"u8));
    }

    [Fact]
    public async Task Delete_WhileAFileOfItIsOpen_GivesItsBytesOrAnError()
    {
        await using TestVolume test = await TestVolume.CreateAsync();
        HipaaFileSystem files = test.FileSystem;
        byte[] content = FileSystemCalls.RandomBytes(300_000, 1);
        await files.PutAsync("a", content);
        await TakeAsync(test, "s");
        HandleId open = await files.OpenAsync(".snapshots/s/a", OpenFlags.Read);
        await files.UnlinkAsync(InodeId.Root, "a"u8, default).Ok();
        await files.PutAsync("b", FileSystemCalls.RandomBytes(300_000, 2));

        Assert.Equal(FsError.None, await test.Volume.Snapshots.DeleteAsync("s", default));
        Assert.Equal(FsError.NotFound, (await files.LookupAsync((await files.LookupAsync(".snapshots")).Id, "s"u8, default)).Error);
        byte[] buffer = new byte[content.Length];
        FsResult<int> read = await files.ReadAsync(open, 0, buffer, default);
        Assert.True(read.IsOk ? buffer.AsSpan(0, read.Value).SequenceEqual(content.AsSpan(0, read.Value)) : read.Error == FsError.VersionChanged);
        await FreeAsync(test);
        FsResult<int> again = await files.ReadAsync(open, 0, buffer, default);
        Assert.True(!again.IsOk || buffer.AsSpan(0, again.Value).SequenceEqual(content.AsSpan(0, again.Value)));
        await files.ReleaseAsync(open).Ok();
    }

    [Fact]
    public async Task Collector_SegmentOfASnapshot_StaysUntilTheSnapshotGoes()
    {
        await using TestVolume test = await TestVolume.CreateAsync();
        HipaaFileSystem files = test.FileSystem;
        byte[] content = FileSystemCalls.RandomBytes(100_000, 1);
        await files.PutAsync("a", content);
        await TakeAsync(test, "s");
        await files.UnlinkAsync(InodeId.Root, "a"u8, default).Ok();
        await FreeAsync(test);
        Assert.Equal(1, Segments(test));
        FileSystemCalls.AssertSame(content, await files.GetAsync(".snapshots/s/a"));

        Assert.Equal(FsError.None, await test.Volume.Snapshots.DeleteAsync("s", default));
        await FreeAsync(test);

        Assert.Equal(0, Segments(test));
        await test.AssertSoundAsync();
    }

    [Fact]
    public async Task Crash_AfterASnapshotOfUnfinishedSegments_ShowsItAndPublishesOn()
    {
        await using TestVolume test = await TestVolume.CreateAsync(TestVolumeOptions.Still);
        HipaaFileSystem files = test.FileSystem;
        await files.PutAsync("a", FileSystemCalls.RandomBytes(50_000, 1));
        await files.SyncAsync(default).Ok();
        await TakeAsync(test, "s");
        await files.UnlinkAsync(InodeId.Root, "a"u8, default).Ok();
        await files.PutAsync("b", FileSystemCalls.RandomBytes(50_000, 2));
        await files.SyncAsync(default).Ok();

        await using TestVolume crashed = await test.CrashAsync();
        Assert.True(await crashed.Volume.Parts.Writer!.Repacker.RepackStrandedAsync(default));
        FileSystemCalls.AssertSame(FileSystemCalls.RandomBytes(50_000, 1), await crashed.FileSystem.GetAsync(".snapshots/s/a"));
        await crashed.DrainAsync();
        await crashed.AssertSoundAsync();
    }

    [Fact]
    public async Task Create_WhileAFinishFails_NeverShowsWhatIsUnfinished()
    {
        await using TestVolume test = await TestVolume.CreateAsync(TestVolumeOptions.Still);
        byte[] content = FileSystemCalls.RandomBytes(50_000, 1);
        await test.FileSystem.PutAsync("a", content);
        await test.FileSystem.SyncAsync(default).Ok();
        using var finishing = new SemaphoreSlim(0);
        using var asked = new SemaphoreSlim(0);
        int writes = 0;
        test.StagingFault = _ =>
        {
            if (Interlocked.Increment(ref writes) > 1)
            {
                return null;
            }

            finishing.Release();
            asked.Wait();
            return 0;
        };
        Task<FsError> finished = test.Volume.Parts.Writer!.Writeback.FinishSegmentsAsync();
        await finishing.WaitAsync();
        Task<FsResult<Snapshot>> taken = test.Volume.Snapshots.CreateAsync("s", default);
        asked.Release();

        Assert.NotEqual(FsError.None, await finished);
        Assert.Equal("s", (await taken).Ok().Name);
        Assert.Empty(test.Volume.Parts.Staging.Stranded);
        FileSystemCalls.AssertSame(content, await test.FileSystem.GetAsync(".snapshots/s/a"));
    }

    [Fact]
    public async Task Repack_OfWhatASnapshotSees_TakesOneAttempt()
    {
        await using TestVolume test = await TestVolume.CreateAsync(TestVolumeOptions.Still);
        byte[] content = FileSystemCalls.RandomBytes(50_000, 1);
        await test.FileSystem.PutAsync("a", content);
        await test.FileSystem.SyncAsync(default).Ok();
        await using TestVolume crashed = await test.CrashAsync();
        StagedSegment unfinished = Assert.Single(crashed.Volume.Parts.Staging.Stranded);
        string away = unfinished.Path + ".away";
        File.Move(unfinished.Path, away);
        Assert.True(await crashed.Volume.Parts.Writer!.Repacker.RepackStrandedAsync(default));
        await TakeAsync(crashed, "s");
        File.Move(away, unfinished.Path);
        await crashed.ReopenAsync();

        Assert.True(await crashed.Volume.Parts.Writer!.Repacker.RepackStrandedAsync(default));
        Assert.Empty(crashed.Volume.Parts.Staging.Stranded);
        FileSystemCalls.AssertSame(content, await crashed.FileSystem.GetAsync(".snapshots/s/a"));
        FileSystemCalls.AssertSame(content, await crashed.FileSystem.GetAsync("a"));
    }

    [Fact]
    public async Task Restore_VolumeWithSnapshots_ShowsThemAll()
    {
        await using TestVolume test = await TestVolume.CreateAsync();
        HipaaFileSystem files = test.FileSystem;
        await BuildAsync(files);
        await TakeAsync(test, "first");
        List<string> first = await files.TreeAsync();
        await test.DrainAsync();
        await ChangeAsync(files);
        await TakeAsync(test, "second");
        List<string> second = await files.TreeAsync();
        await TakeAsync(test, "gone");
        await files.UnlinkAsync(InodeId.Root, "moved"u8, default).Ok();
        Assert.Equal(FsError.None, await test.Volume.Snapshots.DeleteAsync("gone", default));
        await test.DrainAsync();

        (TestVolume restored, _) = await test.RestoreAsync();
        await using (restored)
        {
            Assert.Equal(["first", "second"], (await restored.Volume.Snapshots.ListAsync(default)).Ok().Select(snapshot => snapshot.Name));
            Assert.Equal(first, await restored.FileSystem.TreeAsync(".snapshots/first"));
            Assert.Equal(second, await restored.FileSystem.TreeAsync(".snapshots/second"));
            Assert.Equal(await files.TreeAsync(), await restored.FileSystem.TreeAsync());
        }
    }

    [Fact]
    public async Task Open_ToShowASnapshotOrATime_IsThatTreeReadOnly()
    {
        await using TestVolume test = await TestVolume.CreateAsync();
        await BuildAsync(test.FileSystem);
        List<string> before = await test.FileSystem.TreeAsync();
        DateTimeOffset taken = (await TakeAsync(test, "s")).Created;
        await ChangeAsync(test.FileSystem);
        await test.StopAsync();

        test.ShownSnapshot = "s";
        await test.OpenAsync(VolumeMode.ReadOnly);
        Assert.Equal(before, await test.FileSystem.TreeAsync());
        Assert.False(await test.FileSystem.ExistsAsync(".snapshots"));
        Assert.Equal(FsError.ReadOnly, await test.FileSystem.UnlinkAsync(InodeId.Root, "c"u8, default));
        await test.StopAsync();
        (test.ShownSnapshot, test.ShownTime) = (null, taken);
        await test.OpenAsync(VolumeMode.ReadOnly);
        Assert.Equal(before, await test.FileSystem.TreeAsync());
        await test.StopAsync();
        test.ShownTime = taken.AddTicks(-1);
        VolumeException missing = await Assert.ThrowsAsync<VolumeException>(() => test.OpenAsync(VolumeMode.ReadOnly));
        Assert.Equal(VolumeFailure.NotFound, missing.Failure);
        test.ShownTime = null;
    }

    [Fact]
    public async Task Compare_SnapshotAndLive_NamesPaths()
    {
        await using TestVolume test = await TestVolume.CreateAsync();
        await BuildAsync(test.FileSystem);
        Snapshot snapshot = await TakeAsync(test, "s");
        await ChangeAsync(test.FileSystem);
        var found = new List<PathDifference>();

        await foreach (PathDifference difference in test.Volume.Snapshots.CompareAsync(snapshot, null, default))
        {
            found.Add(difference);
        }

        Assert.Equal(
            [
                new(DifferenceKind.Changed, "/", null),
                new(DifferenceKind.Removed, "/c", null),
                new(DifferenceKind.Changed, "/d", null),
                new(DifferenceKind.Changed, "/d/a", null),
                new(DifferenceKind.Renamed, "/moved", "/d/b"),
                new(DifferenceKind.Created, "/new", null),
            ],
            found.OrderBy(difference => difference.Path, StringComparer.Ordinal));
    }

    [Fact]
    public async Task Compare_FarBelowTheRoot_NamesWholePaths()
    {
        const int Levels = 4200;
        await using TestVolume test = await TestVolume.CreateAsync();
        InodeId deepest = InodeId.Root;
        for (int i = 0; i < Levels; i++)
        {
            deepest = (await test.FileSystem.MakeDirectoryAsync("d", deepest)).Id;
        }

        await test.FileSystem.PutAsync("old", [1], deepest);
        Snapshot snapshot = await TakeAsync(test, "s");
        await test.FileSystem.UnlinkAsync(deepest, "old"u8, default).Ok();
        var found = new List<string>();
        await foreach (PathDifference difference in test.Volume.Snapshots.CompareAsync(snapshot, null, default))
        {
            found.Add(difference.Path);
        }

        await foreach (LostVersion lost in test.Volume.Snapshots.FindLostAsync(default))
        {
            found.Add(lost.Path);
        }

        string directory = string.Concat(Enumerable.Repeat("/d", Levels));
        Assert.Equal([directory, directory + "/old", directory + "/old"], found.Order(StringComparer.Ordinal));
    }

    private static async Task BuildAsync(HipaaFileSystem files)
    {
        InodeAttributes directory = await files.MakeDirectoryAsync("d");
        await files.PutAsync("a", FileSystemCalls.RandomBytes(100_000, 1), directory.Id);
        await files.PutAsync("b", FileSystemCalls.RandomBytes(20_000, 2), directory.Id);
        await files.PutAsync("c", FileSystemCalls.RandomBytes(30_000, 3));
        await files.MakeSymbolicLinkAsync(directory.Id, "l"u8, "a"u8, FileSystemCalls.Someone, default).Ok();
        InodeId file = (await files.LookupAsync("d/a")).Id;
        await files.SetXattrAsync(file, "user.note"u8.ToArray(), "then"u8.ToArray(), XattrMode.Any, false, default).Ok();
    }

    private static async Task ChangeAsync(HipaaFileSystem files)
    {
        InodeAttributes file = await files.LookupAsync("d/a");
        HandleId handle = await files.OpenAsync("d/a");
        await files.WriteAsync(handle, 50_000, FileSystemCalls.RandomBytes(80_000, 4));
        await files.CloseAsync(handle);
        await files.SyncAsync(default).Ok();
        await files.SetXattrAsync(file.Id, "user.note"u8.ToArray(), "now"u8.ToArray(), XattrMode.Any, false, default).Ok();
        await files.RenameAsync((await files.LookupAsync("d")).Id, "b"u8, InodeId.Root, "moved"u8, RenameMode.Replace, default).Ok();
        await files.UnlinkAsync(InodeId.Root, "c"u8, default).Ok();
        await files.PutAsync("new", FileSystemCalls.RandomBytes(5_000, 5));
        await files.SyncAsync(default).Ok();
    }

    private static async Task<Snapshot> TakeAsync(TestVolume test, string label) =>
        (await test.Volume.Snapshots.CreateAsync(label, default)).Ok();

    // Twice, with something to publish in between: condemned first, deleted when that is published.
    private static async Task FreeAsync(TestVolume test)
    {
        for (int round = 0; round < 2; round++)
        {
            Assert.True((await test.Volume.Parts.Metadata.PurgeSnapshotsAsync(default)).Succeeded);
            await test.FileSystem.MakeDirectoryAsync(Guid.NewGuid().ToString());
            await test.DrainAsync();
            await test.Volume.Parts.Writer!.Collector.CollectAsync(TimeSpan.Zero, default);
        }
    }

    private static int Segments(TestVolume test) =>
        Directory.EnumerateFiles(Path.Combine(test.StoreDirectory, "seg"), "*", SearchOption.AllDirectories).Count();
}
