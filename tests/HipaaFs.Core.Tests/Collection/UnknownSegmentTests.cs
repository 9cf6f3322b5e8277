using HipaaFs.Collection;
using HipaaFs.Core.Tests.Recovery;
using HipaaFs.Crypto;
using HipaaFs.Recovery;
using HipaaFs.Storage;
using HipaaFs.Testing;
using HipaaFs.Testing.Storage;
using HipaaFs.Volumes;

namespace HipaaFs.Core.Tests.Collection;

/// <summary>What a lost machine uploaded last is deleted when somebody asks for it, and nothing else is.</summary>
public sealed class UnknownSegmentTests
{
    private static readonly TimeSpan Old = SegmentCollector.Grace + TimeSpan.FromHours(1);

    [Fact]
    public async Task Sweep_AfterARestore_DeletesWhatTheLostMachineUploadedLast()
    {
        await using TestVolume lost = await PublishedVolume.CreateAsync(TestVolumeOptions.Still);
        string unknown = LeaveSegment(lost, Old);
        await lost.StopAsync();
        (TestVolume restored, RestoreReport report) = await lost.RestoreAsync(sharesStore: true);
        await using TestVolume test = restored;
        Assert.Equal(1, report.UnknownSegments);
        long length = new FileInfo(unknown).Length;

        Assert.Equal(new UnknownReport(1, length, 0, 0, 0, true), await test.Volume.SweepUnknownAsync(false, null, default));
        Assert.True(File.Exists(unknown));
        Assert.Equal(new UnknownReport(1, length, 0, 1, length, true), await test.Volume.SweepUnknownAsync(true, null, default));
        Assert.False(File.Exists(unknown));
        Assert.Equal(new UnknownReport(0, 0, 0, 0, 0, true), await test.Volume.SweepUnknownAsync(true, null, default));
        Assert.Equal([1], await test.FileSystem.GetAsync("a"));
        await test.AssertSoundAsync();
    }

    [Fact]
    public async Task Sweep_WrittenShortlyBeforeTheClaim_IsLeftAlone()
    {
        await using TestVolume test = await PublishedVolume.CreateAsync(TestVolumeOptions.Still);
        string young = LeaveSegment(test, SegmentCollector.Grace - TimeSpan.FromMinutes(1));

        Assert.Equal(new UnknownReport(0, 0, 1, 0, 0, true), await test.Volume.SweepUnknownAsync(true, null, default));
        Assert.True(File.Exists(young));
    }

    [Fact]
    public async Task Sweep_OwnUploadInFlight_IsLeftAlone()
    {
        await using TestVolume test = await TestVolume.CreateAsync();
        await test.DrainAsync();
        byte[] content = FileSystemCalls.RandomBytes(100_000, 1);
        test.Store.Add(new StoreFault(StoreFaultKind.FailAfterwards) { Verb = StoreVerb.PutFile, KeyPrefix = "seg/" });
        test.Store.Add(new StoreFault(StoreFaultKind.Fail) { Verb = StoreVerb.GetProperties, KeyPrefix = "seg/" });
        await test.FileSystem.PutAsync("b", content);
        Task draining = test.DrainAsync();
        await Eventually.TrueAsync(() => Segments(test).Length == 1, "the object arrives");
        File.SetLastWriteTimeUtc(Segments(test)[0], DateTime.UtcNow - Old);

        Assert.Equal(new UnknownReport(0, 0, 0, 0, 0, true), await test.Volume.SweepUnknownAsync(false, null, default));
        Assert.Equal(0, (await test.Volume.SweepUnknownAsync(false, null, default))!.Segments);
        test.Store.Heal();
        await draining;
        Assert.Equal(0, (await test.Volume.SweepUnknownAsync(true, null, default))!.DeletedSegments);
        FileSystemCalls.AssertSame(content, await test.FileSystem.GetAsync("b"));
        await test.AssertSoundAsync();
    }

    [Fact]
    public async Task Sweep_OnACopyThatANewerSessionFencedOff_DeletesNothing()
    {
        await using TestVolume test = await PublishedVolume.CreateAsync(TestVolumeOptions.Still);
        (TestVolume newer, _) = await test.RestoreAsync(sharesStore: true);
        await using (newer)
        {
            await newer.PublishAsync("newer", [2]);
            foreach (string segment in Segments(test))
            {
                File.SetLastWriteTimeUtc(segment, DateTime.UtcNow - Old);
            }

            UnknownReport? report = await test.Volume.SweepUnknownAsync(true, null, default);
            Assert.True(report is null or { DeletedSegments: 0, IsComplete: false });
            Assert.Equal([2], await newer.FileSystem.GetAsync("newer"));
            await newer.AssertSoundAsync();
        }
    }

    // As a machine left it there that was lost before it published.
    private static string LeaveSegment(TestVolume test, TimeSpan age)
    {
        string path = Path.Combine(test.StoreDirectory, StoreLayout.Segment(SegmentId.NewRandom()).Value);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.WriteAllBytes(path, FileSystemCalls.RandomBytes(70_000, 7));
        File.SetLastWriteTimeUtc(path, DateTime.UtcNow - age);
        return path;
    }

    private static string[] Segments(TestVolume test)
    {
        string directory = Path.Combine(test.StoreDirectory, "seg");
        return Directory.Exists(directory) ? [.. Directory.GetFiles(directory, "*", SearchOption.AllDirectories).Where(static path => Path.GetFileName(path).Length == 32)] : [];
    }
}
