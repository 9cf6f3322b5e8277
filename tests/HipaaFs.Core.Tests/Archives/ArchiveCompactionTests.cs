using HipaaFs.Compaction;
using HipaaFs.Crypto;
using HipaaFs.Metadata;
using HipaaFs.Placements;
using HipaaFs.Storage;
using HipaaFs.Volumes;

namespace HipaaFs.Core.Tests.Archives;

/// <summary>What goes to an archive lies there by directory, in few and large objects.</summary>
public sealed class ArchiveCompactionTests
{
    [Fact]
    public async Task Move_FilesOfDirectoriesThatShareSegments_AreApartInTheArchive()
    {
        await using ArchivedVolume volume = await ArchivedVolume.CreateAsync();
        HipaaFileSystem files = volume.Test.FileSystem;
        InodeId top = (await files.MakeDirectoryAsync("top")).Id;
        InodeId[] studies = [(await files.MakeDirectoryAsync("one", top)).Id, (await files.MakeDirectoryAsync("two", top)).Id];
        for (int slice = 0; slice < 100; slice++)
        {
            await files.PutAsync($"s{slice}", FileSystemCalls.RandomBytes(9_000, slice), studies[slice % 2]);
        }

        await volume.Test.DrainAsync();

        await MoveAsync(volume, top);

        var directoriesOf = new Dictionary<SegmentId, HashSet<InodeId>>();
        foreach (SegmentUsage usage in await ArchivedAsync(volume))
        {
            directoriesOf[usage.Row.Id] = await DirectoriesAsync(volume, usage.Row.Id);
        }

        Assert.Equal([1, 1], directoriesOf.Values.Select(static directories => directories.Count));
        Assert.Equal(studies.Order(), directoriesOf.Values.SelectMany(static directories => directories).Order());
        await volume.Test.AssertSoundAsync();
    }

    [Fact]
    public async Task Move_LargeFiles_ShareAnObjectLargerThanOthers()
    {
        const int Length = 40 << 20;
        await using ArchivedVolume volume = await ArchivedVolume.CreateAsync();
        HipaaFileSystem files = volume.Test.FileSystem;
        InodeId top = (await files.MakeDirectoryAsync("top")).Id;
        for (int file = 0; file < 3; file++)
        {
            await files.PutAsync($"f{file}", FileSystemCalls.RandomBytes(Length, file), top);
        }

        await volume.Test.DrainAsync();
        await MoveAsync(volume, top);

        SegmentUsage only = Assert.Single(await ArchivedAsync(volume));
        Assert.Equal(3L * Length, only.ReferredBytes);
        Assert.True(only.Row.ObjectLength > 3L * Length);
    }

    [Fact]
    public async Task Compact_ArchivedSegmentThatIsBack_IsLeftAlone()
    {
        await using ArchivedVolume volume = await ArchivedVolume.CreateAsync();
        await volume.Test.FileSystem.PutAsync("dead", FileSystemCalls.RandomBytes(4 << 20, 1), volume.Placed.Directory);
        byte[] kept = FileSystemCalls.RandomBytes(1 << 20, 2);
        SegmentRow row = await volume.Placed.UploadAsync("kept", kept);
        await volume.Test.FileSystem.UnlinkAsync(volume.Placed.Directory, "dead"u8.ToArray(), default).Ok();
        await volume.Test.FileSystem.SyncAsync(default).Ok();
        InodeId inode = (await volume.Test.FileSystem.LookupAsync("placed/kept")).Id;
        await volume.Placed.ReopenEmptyAsync();
        await volume.Test.Volume.RecallAsync([inode], new RestoreRequest(RestoreSpeed.Bulk, 3), asks: true, default);
        Assert.Equal(1, volume.Shelf.Finish(volume.Time.GetUtcNow()));
        volume.Time.Advance(TimeSpan.FromMinutes(2));
        VolumeWriter writer = volume.Test.Volume.Parts.Writer!;
        await writer.Recaller.RoundAsync(default);

        CompactionReport report = (await writer.Compactor.CompactAsync(CompactionOptions.Now, default))!;
        Assert.Equal((0, 0L), (report.Segments, report.CopiedBytes));
        Assert.Equal(row.Id, Assert.Single((await volume.Test.Volume.Parts.Metadata.GetExtentsAsync(inode, 0, kept.Length, 2)).Value.Extents).Segment);
    }

    private static async Task MoveAsync(ArchivedVolume volume, InodeId top)
    {
        PlacementMover mover = await volume.Placed.HoldMoverAsync();
        await volume.Placed.AssignAsync(top, 1);
        Assert.True(await mover.MoveAsync(0, default));
    }

    private static async Task<List<SegmentUsage>> ArchivedAsync(ArchivedVolume volume) =>
        [.. (await volume.Test.Volume.Parts.Metadata.ListSegmentUsagesAsync(null, 100)).Value.Where(static usage => usage.Row.Placement == 1 && usage.ReferredBytes > 0)];

    private static async Task<HashSet<InodeId>> DirectoriesAsync(ArchivedVolume volume, SegmentId segment)
    {
        IMetadataStore metadata = volume.Test.Volume.Parts.Metadata;
        var directories = new HashSet<InodeId>();
        foreach (SegmentUse use in (await metadata.GetSegmentUsesAsync(segment)).Value)
        {
            directories.Add((await metadata.FindEntryAsync(use.Inode)).Value.Parent);
        }

        return directories;
    }
}
