using HipaaFs.Crypto;
using HipaaFs.Metadata;
using HipaaFs.Recovery;
using HipaaFs.Storage;
using HipaaFs.Testing.Storage;

namespace HipaaFs.Core.Tests.Recovery;

/// <summary>What a restore says of a store that has lost something.</summary>
public sealed class RestoreLossTests
{
    private const int FileLength = 50_000;

    [Fact]
    public async Task Restore_ObjectOfALiveSegmentGone_NamesTheFile()
    {
        await using TestVolume test = await TestVolume.CreateAsync(TestVolumeOptions.Still);
        InodeId lost = await test.FileSystem.PutAsync("lost", FileSystemCalls.RandomBytes(FileLength, 1));
        await test.DrainAsync();
        string object1 = Assert.Single(Segments(test));
        byte[] kept = FileSystemCalls.RandomBytes(1000, 2);
        await test.FileSystem.PutAsync("kept", kept);
        await test.DrainAsync();
        await test.FileSystem.PutAsync("later", [1]);
        await test.DrainAsync(); // So that the rows of the first two say that they are in the store.
        File.Delete(object1);

        (TestVolume restored, RestoreReport report) = await test.RestoreAsync();
        await using (restored)
        {
            Assert.Equal((1L, 0L, 0L, false), (report.MissingSegments, report.UnfollowedObjects, report.UnknownSegments, report.IsComplete));
            Assert.Equal([new IncompleteFile(lost, FileLength)], report.IncompleteFiles);
            Assert.Equal(kept, await restored.FileSystem.GetAsync("kept"));
        }
    }

    [Fact]
    public async Task Restore_ObjectOfASegmentCutShort_CountsWhatIsBehindTheCut()
    {
        await using TestVolume test = await TestVolume.CreateAsync(TestVolumeOptions.Still);
        InodeId cut = await test.FileSystem.PutAsync("cut", FileSystemCalls.RandomBytes(FileLength, 1));
        await test.DrainAsync();
        string stored = Assert.Single(Segments(test));
        await test.FileSystem.PutAsync("later", [1]);
        await test.DrainAsync();
        File.WriteAllBytes(stored, File.ReadAllBytes(stored)[..(int)SegmentFormat.SealedFrameOffset(2)]);

        (TestVolume restored, RestoreReport report) = await test.RestoreAsync();
        await using (restored)
        {
            Assert.Equal((1L, false), (report.MissingSegments, report.IsComplete));
            Assert.Equal([new IncompleteFile(cut, FileLength - (2 * SegmentFormat.FrameSize))], report.IncompleteFiles);
        }
    }

    [Fact]
    public async Task Restore_SegmentsUploadedAfterThePoint_AreCountedAndNoLoss()
    {
        await using TestVolume test = await TestVolume.CreateAsync(TestVolumeOptions.Still);
        await test.FileSystem.PutAsync("a", [1]);
        await test.DrainAsync();
        string unknown = SegmentId.NewRandom().ToString();
        string directory = Path.Combine(test.StoreDirectory, "seg", unknown[..2]);
        Directory.CreateDirectory(directory);
        File.WriteAllBytes(Path.Combine(directory, unknown), new byte[500]);

        (TestVolume restored, RestoreReport report) = await test.RestoreAsync();
        await using (restored)
        {
            Assert.Equal((0L, 1L, true), (report.MissingSegments, report.UnknownSegments, report.IsComplete));
            Assert.Empty(report.IncompleteFiles);
        }
    }

    [Fact]
    public async Task Restore_StreamDamagedBehindThePoint_CountsWhatItCannotFollow()
    {
        await using TestVolume test = await TestVolume.CreateAsync(TestVolumeOptions.Still);
        foreach (string name in (string[])["a", "b", "c"])
        {
            await test.FileSystem.PutAsync(name, [1]);
            await test.DrainAsync();
        }

        string second = Stream(test)[1];
        byte[] content = File.ReadAllBytes(second);
        content[100] ^= 1;
        File.WriteAllBytes(second, content);

        (TestVolume restored, RestoreReport report) = await test.RestoreAsync();
        await using (restored)
        {
            Assert.Equal((2L, false), (report.UnfollowedObjects, report.IsComplete));
            Assert.True(await restored.FileSystem.ExistsAsync("a"));
            Assert.False(await restored.FileSystem.ExistsAsync("b"));
        }
    }

    [Fact]
    public async Task Publish_AnswerLost_ContinuesWhereARestoreFindsIt()
    {
        await using TestVolume test = await TestVolume.CreateAsync(TestVolumeOptions.Still);
        await test.FileSystem.PutAsync("a", [1]);
        await test.DrainAsync();
        await test.FileSystem.PutAsync("b", [2]);
        test.Store.Add(new StoreFault(StoreFaultKind.FailAfterwards) { Verb = StoreVerb.PutFile, KeyPrefix = "stream/", Count = 1 });
        Assert.NotNull(await test.Volume.DrainAsync(new Progress<HipaaFs.Volumes.DrainProgress>(), default));
        Assert.Equal(1, test.Store.Struck);
        await test.FileSystem.PutAsync("c", [3]);
        await test.DrainAsync();
        await test.FileSystem.PutAsync("d", [4]);
        await test.DrainAsync();

        (TestVolume restored, RestoreReport report) = await test.RestoreAsync();
        await using (restored)
        {
            Assert.True(report.IsComplete);
            Assert.Equal(await test.FileSystem.TreeAsync(), await restored.FileSystem.TreeAsync());
        }
    }

    [Fact]
    public async Task Publish_ObjectSpoiltOnItsWay_IsNotTakenForPublished()
    {
        await using TestVolume test = await TestVolume.CreateAsync(TestVolumeOptions.Still);
        await test.FileSystem.PutAsync("a", [1]);
        test.Store.Add(new StoreFault(StoreFaultKind.Flip) { Verb = StoreVerb.PutFile, KeyPrefix = "stream/", Count = 1 });
        Assert.NotNull(await test.Volume.DrainAsync(new Progress<HipaaFs.Volumes.DrainProgress>(), default));
        await test.DrainAsync();

        (TestVolume restored, RestoreReport report) = await test.RestoreAsync();
        await using (restored)
        {
            Assert.True(report.IsComplete);
            Assert.Equal(await test.FileSystem.TreeAsync(), await restored.FileSystem.TreeAsync());
        }
    }

    [Fact]
    public async Task Publish_LastObjectGoneFromTheStore_BeginsANewChain()
    {
        await using TestVolume test = await TestVolume.CreateAsync(TestVolumeOptions.Still);
        foreach (string name in (string[])["a", "b"])
        {
            await test.FileSystem.PutAsync(name, [1]);
            await test.DrainAsync();
        }

        await test.StopAsync();
        File.Delete(Stream(test)[^1]);
        test.AcceptsOlderStore = true;
        await test.OpenAsync();
        await test.FileSystem.PutAsync("c", [3]);
        await test.DrainAsync();

        Assert.EndsWith("-full", Stream(test)[^1], StringComparison.Ordinal);
        (TestVolume restored, RestoreReport report) = await test.RestoreAsync();
        await using (restored)
        {
            Assert.True(report.IsComplete);
            Assert.Equal(await test.FileSystem.TreeAsync(), await restored.FileSystem.TreeAsync());
        }
    }

    private static string[] Segments(TestVolume test) =>
        Directory.GetFiles(Path.Combine(test.StoreDirectory, "seg"), "*", SearchOption.AllDirectories);

    private static string[] Stream(TestVolume test) =>
        [.. Directory.GetFiles(Path.Combine(test.StoreDirectory, "stream")).Order(StringComparer.Ordinal)];
}
