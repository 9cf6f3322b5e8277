using HipaaFs.Metadata;
using HipaaFs.Placements;
using HipaaFs.Scrubbing;
using HipaaFs.Storage;
using HipaaFs.Testing;
using HipaaFs.Volumes;

namespace HipaaFs.Core.Tests.Placements;

/// <summary>A further store that was put back to an older state while the volume was not mounted.</summary>
public sealed class StoreRollbackTests
{
    private static readonly byte[] Content = FileSystemCalls.RandomBytes(200_000, 1);

    [Fact]
    public async Task Open_ReplicaWasPutBack_GetsNothingUntilTheNewerStateIsBack()
    {
        await using PlacedVolume volume = await PlacedVolume.CreateAsync(new Placement { Sync = [1] });
        TestVolume test = volume.Test;
        SegmentRow lost = await PutBackAsync(volume);
        await test.OpenAsync();
        Assert.False(await volume.Replicator.ReplicateAsync(default));
        StoreStatus status = test.Volume.GetStatus().Stores[1];
        Assert.Contains("older state", status.Problem, StringComparison.Ordinal);
        Assert.Contains("accept_older_store", status.Problem, StringComparison.Ordinal);
        Assert.False(File.Exists(Claim(test)));
        Assert.Equal(Content, await volume.ReadAsync("b")); // Its other copy.
        SegmentRow late = await volume.WriteAsync("c", Content);
        await Eventually.TrueAsync(() => test.Volume.GetStatus().FailedSegments == 1, "it gets nothing");
        ScrubReport report = (await test.Volume.ScrubAsync(new ScrubOptions(), new Progress<ScrubProgress>(), default))!;
        Assert.Empty(report.Findings);
        Assert.NotEqual(StoreError.None, report.Stopped);
        Assert.Equal(3ul, await volume.CopiesAsync(lost));

        Directory.Delete(test.MemberDirectory(1), recursive: true);
        Directory.Move(test.MemberDirectory(1) + ".newer", test.MemberDirectory(1));
        await test.DrainAsync();
        Assert.Equal([0, 1], volume.Having(late));
        Assert.True(await volume.Replicator.ReplicateAsync(default));
        Assert.Null(test.Volume.GetStatus().Stores[1].Problem);
        await test.AssertSoundAsync();
    }

    [Fact]
    public async Task Open_ReplicaWasPutBackAndThatIsAccepted_GetsItsCopiesAgainByScrub()
    {
        await using PlacedVolume volume = await PlacedVolume.CreateAsync(new Placement { Sync = [1] });
        TestVolume test = volume.Test;
        SegmentRow lost = await PutBackAsync(volume);
        test.AcceptsOlderStore = true;
        await test.OpenAsync();
        Assert.True(await volume.Replicator.ReplicateAsync(default));
        ScrubReport report = (await test.Volume.ScrubAsync(new ScrubOptions(), new Progress<ScrubProgress>(), default))!;
        Assert.Equal((1, true, true), (Assert.Single(report.Findings).Store, report.Findings[0].IsMissing, report.Findings[0].IsRepaired));
        Assert.Equal([0, 1], volume.Having(lost));

        test.AcceptsOlderStore = false;
        await test.ReopenAsync();
        Assert.True(await volume.Replicator.ReplicateAsync(default));
        Assert.Null(test.Volume.GetStatus().Stores[1].Problem);
        await test.AssertSoundAsync();
    }

    [Fact]
    public async Task Open_CopyOfTheVolumeThatIsOlderThanTheStore_HoldsIt()
    {
        await using PlacedVolume volume = await PlacedVolume.CreateAsync(new Placement { Sync = [1] });
        await volume.UploadAsync("a", Content);
        await volume.Test.DrainAsync();
        TestVolume older = volume.Test.CopyFiles();
        await volume.Test.StopAsync();
        await using (older)
        {
            for (int session = 0; session < 3; session++)
            {
                await volume.Test.OpenAsync();
                Assert.True(await volume.Replicator.ReplicateAsync(default));
                await volume.Test.StopAsync();
            }

            for (int number = 0; number <= 1; number++)
            {
                Directory.Delete(older.MemberDirectory(number), recursive: true);
                TestVolume.CopyTree(volume.Test.MemberDirectory(number), older.MemberDirectory(number));
            }

            older.TakesOver = true;
            await older.OpenAsync();
            Assert.True(await older.Volume.Parts.Writer!.Replicator.ReplicateAsync(default));
            Assert.Null(older.Volume.GetStatus().Stores[1].Problem);
        }
    }

    private static string Claim(TestVolume test) => Path.Combine(test.MemberDirectory(1), "session", $"{test.Volume.Session:x16}");

    // Closed, with the store as it was before the last session. What was written in that, and the store has not any more.
    private static async Task<SegmentRow> PutBackAsync(PlacedVolume volume)
    {
        TestVolume test = volume.Test;
        await volume.UploadAsync("a", Content);
        await test.StopAsync();
        string directory = test.MemberDirectory(1);
        TestVolume.CopyTree(directory, directory + ".older");
        await test.OpenAsync();
        SegmentRow lost = await volume.UploadAsync("b", Content);
        await test.DrainAsync();
        await test.StopAsync();
        Directory.Delete(test.CacheDirectory, recursive: true);
        Directory.Move(directory, directory + ".newer");
        Directory.Move(directory + ".older", directory);
        return lost;
    }
}
