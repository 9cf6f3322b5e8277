using HipaaFs.Metadata;
using HipaaFs.Placements;
using HipaaFs.Storage;
using HipaaFs.Volumes;

namespace HipaaFs.Core.Tests.Archives;

/// <summary>Replicas of what is in an archive.</summary>
public sealed class ArchiveReplicationTests
{
    [Fact]
    public async Task Replicate_OnlyCopyIsArchived_WaitsWithoutAskingAnybodyUntilItIsBack()
    {
        await using ArchivedVolume volume = await ArchivedVolume.CreateAsync(ArchivedVolume.InArchive with { Async = [2] });
        volume.Test.DeadMembers.Add(2);
        await volume.Test.ReopenAsync();
        SegmentRow row = await volume.Placed.UploadAsync("a", FileSystemCalls.RandomBytes(300_000, 1));
        volume.Test.DeadMembers.Remove(2);
        await volume.Placed.ReopenEmptyAsync();

        Replicator replicator = volume.Placed.Replicator;
        Assert.True(await replicator.ReplicateAsync(default));
        Assert.Equal((1L, 1L), (replicator.LagOf(2)!.Segments, await volume.Test.Volume.CountOutOfReachAsync(2, default)));
        Assert.Equal(2ul, await volume.Placed.CopiesAsync(row));
        Assert.Equal(0, volume.Placed.Store(2).CallsOf(StoreVerb.PutFile));

        InodeId inode = (await volume.Test.FileSystem.LookupAsync("placed/a")).Id;
        await volume.Test.Volume.RecallAsync([inode], new RestoreRequest(RestoreSpeed.Bulk, 3), asks: true, default);
        Assert.Equal(1, volume.Shelf.Finish(volume.Time.GetUtcNow()));
        volume.Time.Advance(TimeSpan.FromMinutes(2));
        await volume.Test.Volume.Parts.Writer!.Recaller.RoundAsync(default);
        Assert.Equal(0, await volume.Test.Volume.CountOutOfReachAsync(2, default));
        Assert.True(await replicator.ReplicateAsync(default));
        Assert.Equal(6ul, await volume.Placed.CopiesAsync(row));
    }
}
