using HipaaFs.Testing;
using HipaaFs.Testing.Storage;
using HipaaFs.Volumes;

namespace HipaaFs.Core.Tests.Staging;

/// <summary>A staging directory that more than one volume, or copy of one, is given: what lies there may exist nowhere else.</summary>
public sealed class StagingOwnerTests
{
    private static readonly byte[] Content = FileSystemCalls.RandomBytes(300_000, 1);

    private static readonly StoreFault Away = new(StoreFaultKind.Fail);

    [Fact]
    public async Task Open_WithAnotherVolumesStaging_IsRefusedAndTakesNothing()
    {
        using var shared = new ScratchDirectory();
        var options = TestVolumeOptions.Still with { StagingDirectory = shared["staging"] };
        await using TestVolume first = await TestVolume.CreateAsync(options);
        await StageAsync(first);
        string[] staged = Directory.GetFiles(shared["staging"], "*.seg");
        Assert.NotEmpty(staged);

        VolumeException refused = await Assert.ThrowsAsync<VolumeException>(() => TestVolume.CreateAsync(options));

        Assert.Equal(VolumeFailure.Refused, refused.Failure);
        Assert.Equal(staged, Directory.GetFiles(shared["staging"], "*.seg"));
        await first.OpenAsync();
        Assert.Equal(Content, await first.FileSystem.GetAsync("a"));
    }

    [Fact]
    public async Task Open_WhileAnotherHasTheStaging_IsRefused()
    {
        using var shared = new ScratchDirectory();
        var options = TestVolumeOptions.Still with { StagingDirectory = shared["staging"] };
        await using TestVolume first = await TestVolume.CreateAsync(options);

        VolumeException refused = await Assert.ThrowsAsync<VolumeException>(() => TestVolume.CreateAsync(options));

        Assert.Equal(VolumeFailure.HeldByAnother, refused.Failure);
    }

    [Fact]
    public async Task Open_ARestoredCopyWithTheOriginalsStaging_IsRefusedAndCheckToo()
    {
        using var shared = new ScratchDirectory();
        await using TestVolume first = await TestVolume.CreateAsync(TestVolumeOptions.Still with { StagingDirectory = shared["staging"] });
        await first.FileSystem.PutAsync("b", [1]);
        await first.DrainAsync();
        await StageAsync(first);
        (TestVolume second, _) = await first.RestoreAsync(open: false);
        await using TestVolume restored = second;
        restored.OtherStagingDirectory = shared["staging"];

        Assert.Equal(VolumeFailure.Refused, (await Assert.ThrowsAsync<VolumeException>(() => restored.OpenAsync())).Failure);
        Assert.Equal(VolumeFailure.Refused, (await Assert.ThrowsAsync<VolumeException>(() => restored.CheckAsync(repair: true))).Failure);
        await first.OpenAsync();
        Assert.Equal(Content, await first.FileSystem.GetAsync("a"));
    }

    [Fact]
    public async Task Open_MetadataPutBackToAnOlderState_DeletesNothingThatIsNewerBeforeTheStoreWasAsked()
    {
        await using TestVolume test = await TestVolume.CreateAsync(TestVolumeOptions.Still);
        await test.FileSystem.PutAsync("b", [1]);
        await test.DrainAsync();
        await test.StopAsync();
        byte[] older = await File.ReadAllBytesAsync(Path.Combine(test.VolumeDirectory, "metadata.db"));
        await test.OpenAsync(arrange: static store => store.Add(Away));
        await StageAsync(test);
        string[] staged = Directory.GetFiles(test.StagingDirectory, "*.seg");
        File.Delete(Path.Combine(test.VolumeDirectory, "metadata.db-wal"));
        await File.WriteAllBytesAsync(Path.Combine(test.VolumeDirectory, "metadata.db"), older);

        await test.OpenAsync(arrange: static store => store.Add(Away));
        await test.StopAsync();

        Assert.NotEmpty(staged);
        Assert.Equal(staged, Directory.GetFiles(test.StagingDirectory, "*.seg").Intersect(staged));
    }

    [Fact]
    public async Task Open_WithAnotherStagingThanTheOneThatHasTheData_PublishesNothingAndSaysSo()
    {
        using var other = new ScratchDirectory();
        await using TestVolume test = await TestVolume.CreateAsync(TestVolumeOptions.Still);
        await test.FileSystem.PutAsync("b", [1]);
        await test.DrainAsync();
        await StageAsync(test);
        test.OtherStagingDirectory = other["staging"];

        await test.OpenAsync();
        await test.FileSystem.PutAsync("c", [2]);
        string? problem = await test.Volume.DrainAsync(new Progress<DrainProgress>(), CancellationToken.None);

        Assert.Contains("neither in staging nor in the store", problem, StringComparison.Ordinal);
        Assert.Equal(1, test.Volume.GetStatus().MissingSegments);
        Assert.True(await test.Volume.HasUnpublishedChangesAsync(CancellationToken.None));
        await test.StopAsync();
        test.OtherStagingDirectory = null;
        await test.OpenAsync();
        Assert.Equal(Content, await test.FileSystem.GetAsync("a"));
        await test.StopAsync();
    }

    [Fact]
    public async Task Open_AfterARepairOfWhatIsLost_PublishesAgain()
    {
        await using TestVolume test = await TestVolume.CreateAsync(TestVolumeOptions.Still);
        await test.FileSystem.PutAsync("b", [1]);
        await test.DrainAsync();
        await StageAsync(test);
        foreach (string lost in Directory.GetFiles(test.StagingDirectory, "*.seg"))
        {
            File.Delete(lost);
        }

        Assert.NotEmpty((await test.CheckAsync(repair: true)).Findings);

        await test.OpenAsync();
        await test.FileSystem.PutAsync("c", [2]);
        await test.DrainAsync();
        Assert.Equal(0, test.Volume.GetStatus().MissingSegments);
        Assert.Equal([2], await test.FileSystem.GetAsync("c"));
        Assert.Equal([1], await test.FileSystem.GetAsync("b"));
    }

    [Fact]
    public async Task Open_WithTheRightStagingAfterARepairWithTheWrongOne_LosesNothing()
    {
        using var other = new ScratchDirectory();
        await using TestVolume test = await TestVolume.CreateAsync(TestVolumeOptions.Still);
        await test.FileSystem.PutAsync("b", [1]);
        await test.DrainAsync();
        await StageAsync(test);
        string[] staged = Directory.GetFiles(test.StagingDirectory, "*.seg");
        test.OtherStagingDirectory = other["staging"];
        Assert.NotEmpty((await test.CheckAsync(repair: true)).Findings);

        test.OtherStagingDirectory = null;
        await test.OpenAsync();
        await Eventually.TrueAsync(
            () => Directory.GetFiles(test.StoreDirectory, Path.GetFileNameWithoutExtension(staged[0]) + "*", SearchOption.AllDirectories).Length > 0,
            "what came back is uploaded");
        await test.DrainAsync();
        Assert.Equal(Content, await test.FileSystem.GetAsync("a"));
    }

    // Leaves a file in staging that the store does not have, and closes the volume.
    private static async Task StageAsync(TestVolume test)
    {
        test.Store.Add(Away);
        await test.FileSystem.PutAsync("a", Content);
        await test.FileSystem.FsyncAsync("a");
        await test.StopAsync();
    }
}
