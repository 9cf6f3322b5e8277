using HipaaFs.Crypto;
using HipaaFs.Metadata;
using HipaaFs.Recovery;
using HipaaFs.Staging;

namespace HipaaFs.Core.Tests.Staging;

/// <summary>Unfinished segments of which not everything can be read.</summary>
public sealed class RepackTests
{
    private const int Damaged = 582;
    private const int BadFrame = 70;
    private const int Size = 3 << 20;

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
        Assert.NotNull(crashed.Volume.Parts.Writer!.Publisher.LastPublished);
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
        Assert.Equal(FsError.Io, (await crashed.Volume.Snapshots.CreateAsync(null, default)).Error);

        await crashed.FileSystem.UnlinkAsync(InodeId.Root, "a"u8, default).Ok();
        await crashed.DrainAsync();

        Assert.Empty(crashed.Volume.GetStatus().Damage);
        Assert.Equal(0, crashed.Volume.GetStatus().StagedSegments);
        Assert.True((await crashed.Volume.Snapshots.CreateAsync(null, default)).IsOk);
        Assert.Equal(content[..50_000], await crashed.FileSystem.GetAsync("b"));
        await crashed.AssertSoundAsync();
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
    private static async Task AssertReadableAsync(TestVolume test, byte[] content)
    {
        const int begin = BadFrame * SegmentFormat.FrameSize;
        const int end = begin + SegmentFormat.FrameSize;
        HandleId handle = await test.FileSystem.OpenAsync("a", OpenFlags.Read);
        FileSystemCalls.AssertSame(content[..begin], await test.FileSystem.ReadAsync(handle, 0, begin));
        FileSystemCalls.AssertSame(content[end..], await test.FileSystem.ReadAsync(handle, end, Size - end));
        Assert.False((await test.FileSystem.ReadAsync(handle, begin, new byte[1], default)).IsOk, "a bad frame was read");
        await test.FileSystem.CloseAsync(handle);
        Assert.Equal(content[..50_000], await test.FileSystem.GetAsync("b"));
    }
}
