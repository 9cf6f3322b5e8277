using HipaaFs.Checking;
using HipaaFs.Crypto;
using HipaaFs.Metadata;
using HipaaFs.Recovery;
using HipaaFs.Staging;
using HipaaFs.Storage;
using HipaaFs.Testing;
using HipaaFs.Testing.Storage;

namespace HipaaFs.Core.Tests.Staging;

/// <summary>Unfinished segments of which not everything can be read.</summary>
public sealed class RepackTests
{
    private const int Damaged = 582;
    private const int Hopeless = 553;
    private const int BadFrame = 70;
    private const int Size = 3 << 20;

    [Fact]
    public async Task Publish_SegmentMostlyOverwritten_UploadsWhatIsNeeded()
    {
        const int block = 4096;
        await using TestVolume test = await TestVolume.CreateAsync(TestVolumeOptions.Still);
        byte[] content = FileSystemCalls.RandomBytes(64 * block, 1);
        InodeId inode = await test.FileSystem.PutAsync("a", content);
        HandleId handle = await test.FileSystem.OpenAsync("a");
        for (int i = 0; i < 400; i++)
        {
            byte[] piece = FileSystemCalls.RandomBytes(block, i + 2);
            int at = i * 7 % 64 * block;
            piece.CopyTo(content, at);
            await test.FileSystem.WriteAsync(handle, at, piece);
            await test.FileSystem.FsyncAsync(handle, false, default).Ok();
        }

        await test.FileSystem.CloseAsync(handle);
        InodeAttributes before = await test.FileSystem.LookupAsync("a");
        await test.DrainAsync();

        long stored = Directory.GetFiles(Path.Combine(test.StoreDirectory, "seg"), "*", SearchOption.AllDirectories).Sum(static path => new FileInfo(path).Length);
        Assert.InRange(stored, content.Length, content.Length * 5 / 4);
        Assert.Equal(before, await test.FileSystem.LookupAsync("a"));
        Assert.Equal(inode, before.Id);
        FileSystemCalls.AssertSame(content, await test.FileSystem.GetAsync("a"));
        await test.AssertSoundAsync();
        (TestVolume restored, _) = await test.RestoreAsync();
        await using (restored)
        {
            FileSystemCalls.AssertSame(content, await restored.FileSystem.GetAsync("a"));
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Finish_SegmentMostlyOverwritten_IsLeftUnlessSomebodyNeedsAllOfThem(bool needed)
    {
        var clock = new ManualTimeProvider();
        await using TestVolume test = await TestVolume.CreateAsync(new TestVolumeOptions { Time = clock });
        Writeback writeback = test.Volume.Parts.Writer!.Writeback;
        HandleId handle = (await test.FileSystem.CreateAsync("a")).Handle;
        for (int i = 0; i < 400; i++)
        {
            await test.FileSystem.WriteAsync(handle, 0, new byte[4096]);
            await test.FileSystem.FsyncAsync(handle, false, default).Ok();
        }

        Assert.True(SegmentId.TryParse(Path.GetFileNameWithoutExtension(Assert.Single(Directory.GetFiles(test.StagingDirectory, "*.seg"))), out SegmentId open));
        if (needed)
        {
            writeback.BeginWhole();
        }

        clock.Advance(TimeSpan.FromSeconds(16)); // Less than until the next publication.
        await Eventually.TrueAsync(
            () => needed ? !test.Volume.Parts.Staging.TryGet(open, out _) : test.Volume.Parts.Staging.Stranded.Count == 1,
            needed ? "the segment is uploaded" : "the segment is left to be repacked");

        Assert.Equal(needed, Directory.GetFiles(Path.Combine(test.StoreDirectory), open + "*", SearchOption.AllDirectories).Length == 1);
        await test.FileSystem.CloseAsync(handle);
    }

    [Theory]
    [InlineData(10_000, 400)] // One to a frame, as writeback lays them out.
    [InlineData(5_000, 400)]
    [InlineData(400_000, 20)]
    public async Task Finish_NothingOverwritten_UploadsAsItIs(int length, int files)
    {
        await using TestVolume test = await TestVolume.CreateAsync(TestVolumeOptions.Still);
        for (int i = 0; i < files; i++)
        {
            await test.FileSystem.PutAsync($"f{i}", FileSystemCalls.RandomBytes(length, i));
        }

        await test.FileSystem.SyncAsync(default).Ok();
        Assert.Equal(FsError.None, await test.Volume.Parts.Writer!.Writeback.FinishSegmentsAsync(leavesSparse: true));
        Assert.Empty(test.Volume.Parts.Staging.Stranded);
    }

    [Fact]
    public async Task Repack_AFrameDamaged_LeavesAndNamesItAndGoesOn()
    {
        await using TestVolume test = await TestVolume.CreateAsync(TestVolumeOptions.Still);
        byte[] content = FileSystemCalls.RandomBytes(Size, 1);
        InodeId inode = await test.FileSystem.PutAsync("a", content);
        await test.FileSystem.PutAsync("b", content[..50_000]);
        await test.FileSystem.SyncAsync(default).Ok();
        string unfinished = Path.GetFileNameWithoutExtension(Assert.Single(Directory.EnumerateFiles(test.StagingDirectory, "*.seg")));
        await using TestVolume crashed = await test.CrashAsync(static copy => Spoil(copy));
        await crashed.DrainAsync();

        DamagedRun damage = Assert.Single(crashed.Volume.GetStatus().Damage);
        Assert.Equal(new DamagedRun(inode, damage.Segment, BadFrame, 1, FsError.NotAuthentic), damage);
        Assert.Equal(unfinished, damage.Segment.ToString());
        string line = Assert.Single(crashed.Log.Lines, static line => line.Id.Id == Damaged).Text;
        Assert.Contains($"inode {inode} ", line, StringComparison.Ordinal);
        Assert.Contains($"frames {BadFrame} to {BadFrame} ", line, StringComparison.Ordinal);
        Assert.NotEqual(default, crashed.Volume.Parts.Writer!.Publisher.PublishedSequence);
        Assert.True(File.Exists(Path.Combine(crashed.StagingDirectory, unfinished + ".seg")), "the only copy of what is damaged stays");
        await AssertReadableAsync(crashed, content);

        // The store alone brings everything else back, and says what it lacks.
        (TestVolume restored, RestoreReport report) = await crashed.RestoreAsync();
        await using (restored)
        {
            Assert.Equal(new IncompleteFile(inode, SegmentFormat.FrameSize), Assert.Single(report.IncompleteFiles));
            await AssertReadableAsync(restored, content);
        }
    }

    [Fact]
    public async Task Repack_DamagedFileRemoved_LetsTheSegmentGo()
    {
        await using TestVolume test = await TestVolume.CreateAsync(TestVolumeOptions.Still);
        byte[] content = FileSystemCalls.RandomBytes(Size, 1);
        await test.FileSystem.PutAsync("a", content);
        await test.FileSystem.PutAsync("b", content[..50_000]);
        await test.FileSystem.SyncAsync(default).Ok();
        await using TestVolume crashed = await test.CrashAsync(static copy => Spoil(copy));
        await crashed.DrainAsync();
        await crashed.ReopenAsync();
        await crashed.DrainAsync();
        Assert.Single(crashed.Volume.GetStatus().Damage);
        await crashed.FileSystem.UnlinkAsync(InodeId.Root, "a"u8, default).Ok();
        await crashed.DrainAsync();

        Assert.Empty(crashed.Volume.GetStatus().Damage);
        Assert.Equal(0, crashed.Volume.GetStatus().StagedSegments);
        Assert.True((await crashed.Volume.Snapshots.CreateAsync(null, default)).IsOk);
        Assert.Equal(content[..50_000], await crashed.FileSystem.GetAsync("b"));
        await crashed.AssertSoundAsync();
    }

    [Fact]
    public async Task Snapshot_AFrameDamaged_IsTakenAndShowsTheRest()
    {
        await using TestVolume test = await TestVolume.CreateAsync(TestVolumeOptions.Still);
        byte[] content = FileSystemCalls.RandomBytes(Size, 1);
        await test.FileSystem.PutAsync("a", content);
        await test.FileSystem.PutAsync("b", content[..50_000]);
        await test.FileSystem.SyncAsync(default).Ok();
        await using TestVolume crashed = await test.CrashAsync(static copy => Spoil(copy));

        (await crashed.Volume.Snapshots.CreateAsync("kept", default)).Ok();
        await crashed.FileSystem.UnlinkAsync(InodeId.Root, "a"u8, default).Ok();
        await crashed.DrainAsync();
        await crashed.ReopenAsync();
        await crashed.FileSystem.PutAsync("later", [1]);
        await crashed.DrainAsync();
        Assert.Single(crashed.Volume.GetStatus().Damage);
        await AssertReadableAsync(crashed, content, ".snapshots/kept/");
        (TestVolume restored, RestoreReport report) = await crashed.RestoreAsync();
        await using (restored)
        {
            Assert.Equal(SegmentFormat.FrameSize, Assert.Single(report.IncompleteFiles).MissingBytes);
            await AssertReadableAsync(restored, content, ".snapshots/kept/");
            Assert.Equal([1], await restored.FileSystem.GetAsync("later"));
        }

        Assert.Equal(FsError.None, await crashed.Volume.Snapshots.DeleteAsync("kept", default));
        Assert.True((await crashed.Volume.Parts.Metadata.PurgeSnapshotsAsync()).Succeeded);
        await crashed.DrainAsync();
        Assert.Empty(crashed.Volume.GetStatus().Damage);
        Assert.Equal(0, crashed.Volume.GetStatus().StagedSegments);
        await crashed.AssertSoundAsync();
    }

    [Fact]
    public async Task Repair_SegmentThatCanNeverBeUploaded_LetsEverythingElseGoOn()
    {
        await using TestVolume test = await TestVolume.CreateAsync(TestVolumeOptions.Still);
        byte[] content = FileSystemCalls.RandomBytes(Size, 1);
        test.Store.Add(new StoreFault(StoreFaultKind.Fail) { Verb = StoreVerb.PutFile });
        InodeId inode = await test.FileSystem.PutAsync("a", content);
        await test.FileSystem.PutAsync("b", content[..50_000]);
        await test.FileSystem.SyncAsync(default).Ok();
        (await test.Volume.Snapshots.CreateAsync("kept", default)).Ok();
        await test.FileSystem.UnlinkAsync(InodeId.Root, "b"u8, default).Ok(); // Only the snapshot shows it.
        await test.StopAsync();
        string unfinished = Path.GetFileNameWithoutExtension(Assert.Single(Directory.GetFiles(test.StagingDirectory, "*.seg")));
        Spoil(test);
        string place = Path.Combine(test.StoreDirectory, "seg", unfinished[..2], unfinished);
        Directory.CreateDirectory(Path.GetDirectoryName(place)!);
        await File.WriteAllTextAsync(place, "left of a try that was cut off");

        await test.OpenAsync();
        await Eventually.TrueAsync(() => test.Volume.GetStatus().FailedUploads is [{ IsHopeless: true }], "status says that no try will succeed");
        FailedUpload stuck = Assert.Single(test.Volume.GetStatus().FailedUploads);
        Assert.Equal((unfinished, StoreError.Corrupt), (stuck.Segment.ToString(), stuck.Error));
        Assert.Single(test.Log.Lines, static line => line.Id.Id == Hopeless);
        await test.StopAsync();

        Assert.Contains((await test.CheckAsync(repair: true)).Findings, static finding => finding.Kind == CheckKind.StagingDamaged);
        await test.OpenAsync();
        await test.DrainAsync();
        Assert.Empty(test.Volume.GetStatus().FailedUploads);
        Assert.Equal(inode, Assert.Single(test.Volume.GetStatus().Damage).Inode);
        await AssertReadableAsync(test, content, ".snapshots/kept/");
        (TestVolume restored, RestoreReport report) = await test.RestoreAsync();
        await using (restored)
        {
            Assert.Equal(SegmentFormat.FrameSize, Assert.Single(report.IncompleteFiles).MissingBytes);
            await AssertReadableAsync(restored, content, ".snapshots/kept/");
        }
    }

    [Fact]
    public async Task Repair_ADamagedFrameThatNoFileNeeds_LosesNothing()
    {
        await using TestVolume test = await TestVolume.CreateAsync(TestVolumeOptions.Still);
        byte[] content = FileSystemCalls.RandomBytes(Size, 1);
        test.Store.Add(new StoreFault(StoreFaultKind.Fail) { Verb = StoreVerb.PutFile });
        await test.FileSystem.PutAsync("a", content);
        await test.FileSystem.PutAsync("b", content[..50_000]);
        await test.FileSystem.SyncAsync(default).Ok();
        Assert.Equal(FsError.None, await test.Volume.Parts.Writer!.Writeback.FinishSegmentsAsync());
        await test.FileSystem.UnlinkAsync(InodeId.Root, "a"u8, default).Ok();
        await test.StopAsync();
        Spoil(test);

        CheckFinding found = Assert.Single((await test.CheckAsync(repair: true)).Findings);
        Assert.Equal((CheckKind.StagingDamaged, true), (found.Kind, found.Repaired));
        await test.OpenAsync();
        await test.DrainAsync();
        Assert.Empty(test.Volume.GetStatus().Damage);
        Assert.Equal(content[..50_000], await test.FileSystem.GetAsync("b"));
        await test.AssertSoundAsync();
    }

    [Fact]
    public async Task Repack_FileThatCannotBeOpened_IsNamedAndTheRestGoesOn()
    {
        await using TestVolume test = await TestVolume.CreateAsync(TestVolumeOptions.Still);
        byte[] content = FileSystemCalls.RandomBytes(Size, 1);
        InodeId inode = await test.FileSystem.PutAsync("a", content);
        await test.FileSystem.SyncAsync(default).Ok();
        string? aside = null;
        await using TestVolume crashed = await test.CrashAsync(copy =>
        {
            string path = Assert.Single(Directory.GetFiles(copy.StagingDirectory, "*.seg"));
            aside = path + "-aside";
            File.Move(path, aside);
            File.CreateSymbolicLink(path, path); // ELOOP, as a disk that does not give it.
        });
        await crashed.FileSystem.PutAsync("later", [1]);
        await crashed.DrainAsync();
        Assert.Equal(inode, Assert.Single(crashed.Volume.GetStatus().Damage).Inode);
        Assert.NotEqual(default, crashed.Volume.Parts.Writer!.Publisher.PublishedSequence);
        Assert.Contains((await CheckClosedAsync(crashed)).Findings, static finding => finding.Kind == CheckKind.StagingDamaged);

        // It is tried again, and whole again when the disk gives it.
        string segment = aside![..^"-aside".Length];
        File.Delete(segment);
        File.Move(aside, segment);
        await crashed.OpenAsync();
        await crashed.DrainAsync();
        FileSystemCalls.AssertSame(content, await crashed.FileSystem.GetAsync("a"));
        await crashed.AssertSoundAsync();
    }

    private static async Task<CheckReport> CheckClosedAsync(TestVolume test)
    {
        await test.StopAsync();
        return await test.CheckAsync();
    }

    // One bit of a frame in the middle of file a, which is the first in its segment.
    private static void Spoil(TestVolume copy)
    {
        using FileStream staged = new(Assert.Single(Directory.GetFiles(copy.StagingDirectory, "*.seg")), FileMode.Open, FileAccess.ReadWrite);
        staged.Position = SegmentFormat.SealedFrameOffset(BadFrame) + 5;
        int old = staged.ReadByte();
        staged.Position--;
        staged.WriteByte((byte)(old ^ 1));
    }

    // Everything but the bad frame, whose bytes are refused.
    private static async Task AssertReadableAsync(TestVolume test, byte[] content, string below = "")
    {
        const int begin = BadFrame * SegmentFormat.FrameSize;
        const int end = begin + SegmentFormat.FrameSize;
        HandleId handle = await test.FileSystem.OpenAsync(below + "a", OpenFlags.Read);
        FileSystemCalls.AssertSame(content[..begin], await test.FileSystem.ReadAsync(handle, 0, begin));
        FileSystemCalls.AssertSame(content[end..], await test.FileSystem.ReadAsync(handle, end, Size - end));
        Assert.False((await test.FileSystem.ReadAsync(handle, begin, new byte[1], default)).IsOk, "a bad frame was read");
        await test.FileSystem.CloseAsync(handle);
        Assert.Equal(content[..50_000], await test.FileSystem.GetAsync(below + "b"));
    }
}
