using HipaaFs.Scrubbing;
using HipaaFs.Storage;
using HipaaFs.Testing.Storage;

namespace HipaaFs.Core.Tests.Scrubbing;

/// <summary>A scrub finds what a store does not have as it was written, and puts back what this machine has whole.</summary>
public sealed class ScrubTests
{
    private const int Files = 5;

    [Fact]
    public async Task Scrub_SoundStore_FindsNothing()
    {
        await using TestVolume test = await CreateAsync();

        ScrubReport report = await ScrubAsync(test);
        Assert.Empty(report.Findings);
        Assert.Equal((Files, false, StoreError.None), (report.Segments, report.IsResumed, report.Stopped));
        Assert.Equal(Segments(test).Sum(static path => new FileInfo(path).Length), report.Bytes);
    }

    [Theory]
    [InlineData("flip")]
    [InlineData("cut")]
    [InlineData("delete")]
    [InlineData("trailer")]
    [InlineData("header")]
    public async Task Scrub_ObjectDamaged_PutsItBackFromTheCache(string how)
    {
        await using TestVolume test = await CreateAsync();
        string path = Segments(test)[2];
        byte[] whole = File.ReadAllBytes(path);
        Damage(path, how);

        ScrubReport report = await ScrubAsync(test);
        ScrubFinding finding = Assert.Single(report.Findings);
        Assert.True(finding.IsRepaired);
        Assert.True(report.IsSound);
        Assert.Equal(how == "delete", finding.IsMissing);
        Assert.Equal(whole, File.ReadAllBytes(path));
        Assert.Empty((await ScrubAsync(test)).Findings);
        await test.AssertSoundAsync();
    }

    [Theory]
    [InlineData("flip", 1)]
    [InlineData("cut", 3)]
    [InlineData("delete", 0)]
    public async Task Scrub_ObjectDamagedAndNotInTheCache_NamesTheFile(string how, int badFrames)
    {
        await using TestVolume test = await CreateAsync();
        await test.StopAsync();
        Directory.Delete(test.CacheDirectory, recursive: true);
        await test.OpenAsync();
        string path = Segments(test)[2];
        byte[] whole = File.ReadAllBytes(path);
        Damage(path, how);

        ScrubFinding finding = Assert.Single((await ScrubAsync(test)).Findings);
        Assert.False(finding.IsRepaired);
        Assert.Equal(badFrames, finding.BadFrames);
        Assert.Single(finding.Files);
        Assert.InRange(finding.Files[0].MissingBytes, 1, 100_000);

        File.WriteAllBytes(path, whole);
        Assert.Empty((await ScrubAsync(test)).Findings);
        await test.AssertSoundAsync();
    }

    [Fact]
    public async Task Scrub_OfWhatOnlyASnapshotShows_NamesTheFile()
    {
        await using TestVolume test = await CreateAsync();
        ulong[] inodes = new ulong[Files];
        (await test.Volume.Snapshots.CreateAsync("kept", default)).Ok();
        for (int i = 0; i < Files; i++)
        {
            inodes[i] = (await test.FileSystem.LookupAsync($"file{i}")).Id.Value;
            await test.FileSystem.UnlinkAsync(Metadata.InodeId.Root, FileSystemCalls.Bytes($"file{i}"), default).Ok();
        }

        await test.DrainAsync();
        await test.StopAsync();
        Directory.Delete(test.CacheDirectory, recursive: true);
        await test.OpenAsync();
        File.Delete(Segments(test)[2]);

        ScrubFinding finding = Assert.Single((await ScrubAsync(test)).Findings);
        Assert.True(finding.IsMissing);
        Assert.Contains(Assert.Single(finding.Files).Inode.Value, inodes);
        Assert.Equal(100_000, finding.Files[0].MissingBytes);
    }

    [Fact]
    public async Task Scrub_OldObjectUnderANewName_IsFound()
    {
        await using TestVolume test = await CreateAsync();
        string[] segments = Segments(test);
        byte[] whole = File.ReadAllBytes(segments[1]);
        File.Delete(segments[1]);
        File.Copy(segments[0], segments[1]);

        Assert.True(Assert.Single((await ScrubAsync(test)).Findings).IsRepaired);
        Assert.Equal(whole, File.ReadAllBytes(segments[1]));
    }

    [Fact]
    public async Task Scrub_Cancelled_GoesOnFromThere()
    {
        await using TestVolume test = await CreateAsync();
        using var cancel = new CancellationTokenSource();
        long done = 0;
        var progress = new SynchronousProgress(update =>
        {
            done = update.DoneBytes;
            cancel.Cancel();
        });
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => test.Volume.ScrubAsync(new ScrubOptions(), progress, cancel.Token));
        await test.ReopenAsync();

        ScrubReport rest = await ScrubAsync(test);
        Assert.True(rest.IsResumed);
        Assert.Equal(Files - 1, rest.Segments);
        Assert.Equal(Segments(test).Sum(static path => new FileInfo(path).Length), done + rest.Bytes);
        Assert.False((await ScrubAsync(test)).IsResumed);
    }

    [Fact]
    public async Task Scrub_CancelledBehindADamage_FindsItAgain()
    {
        await using TestVolume test = await CreateAsync();
        await test.StopAsync();
        Directory.Delete(test.CacheDirectory, recursive: true);
        await test.OpenAsync();
        Damage(Segments(test)[1], "flip");
        using var cancel = new CancellationTokenSource();
        int seen = 0;
        var progress = new SynchronousProgress(_ =>
        {
            if (++seen == 3)
            {
                cancel.Cancel();
            }
        });
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => test.Volume.ScrubAsync(new ScrubOptions(), progress, cancel.Token));

        ScrubReport rest = await ScrubAsync(test);
        Assert.True(rest.IsResumed);
        Assert.False(Assert.Single(rest.Findings).IsRepaired);
    }

    [Fact]
    public async Task Scrub_StoreStopsAnswering_SaysSoAndGoesOnLater()
    {
        await using TestVolume test = await CreateAsync();
        string unlucky = Path.GetFileName(Segments(test)[3]);
        test.Store.Add(new StoreFault(StoreFaultKind.Fail) { KeyPrefix = $"seg/{unlucky[..2]}/{unlucky}", Error = StoreError.AccessDenied });

        ScrubReport stopped = await ScrubAsync(test);
        Assert.Equal((3L, StoreError.AccessDenied), (stopped.Segments, stopped.Stopped));
        Assert.Empty(stopped.Findings);
        test.Store.Heal();
        ScrubReport rest = await ScrubAsync(test);
        Assert.Equal((2L, true), (rest.Segments, rest.IsResumed));
        stopped = await ScrubAsync(test, new ScrubOptions { Restart = true });
        Assert.Equal(Files, stopped.Segments);
    }

    [Fact]
    public async Task Scrub_WithARate_TakesAsLongAsThatAllows()
    {
        var time = new ManualTimeProvider();
        await using TestVolume test = await CreateAsync(time);
        long bytes = Segments(test).Sum(static path => new FileInfo(path).Length);
        DateTimeOffset begun = time.GetUtcNow();
        Task<ScrubReport> scrub = ScrubAsync(test, new ScrubOptions { BytesPerSecond = 10_000 });
        await HipaaFs.Testing.Eventually.TrueAsync(
            () =>
            {
                time.Advance(TimeSpan.FromMilliseconds(500));
                return scrub.IsCompleted;
            },
            "the scrub ends");

        Assert.Empty((await scrub).Findings);
        Assert.True((time.GetUtcNow() - begun).TotalSeconds >= bytes / 10_000.0, "it was faster than it may be");
    }

    // One segment for each file, each of a cache file that is not the store's own.
    private static async Task<TestVolume> CreateAsync(TimeProvider? time = null)
    {
        TestVolume test = await TestVolume.CreateAsync(time is null ? null : new TestVolumeOptions { Time = time });
        for (int i = 0; i < Files; i++)
        {
            await test.FileSystem.PutAsync($"file{i}", FileSystemCalls.RandomBytes(100_000, i));
            await test.DrainAsync();
        }

        foreach (string path in Segments(test))
        {
            byte[] content = File.ReadAllBytes(path);
            File.Delete(path);
            File.WriteAllBytes(path, content);
        }

        return test;
    }

    private static async Task<ScrubReport> ScrubAsync(TestVolume test, ScrubOptions? options = null) =>
        (await test.Volume.ScrubAsync(options ?? new ScrubOptions(), new Progress<ScrubProgress>(), default))!;

    private static string[] Segments(TestVolume test)
    {
        string[] paths = Directory.GetFiles(Path.Combine(test.StoreDirectory, "seg"), "*", SearchOption.AllDirectories);
        Array.Sort(paths, static (one, other) => string.CompareOrdinal(Path.GetFileName(one), Path.GetFileName(other)));
        return paths;
    }

    private static void Damage(string path, string how)
    {
        byte[] content = File.ReadAllBytes(path);
        switch (how)
        {
            case "flip":
                content[40_000] ^= 1;
                break;
            case "cut":
                content = content[..70_000];
                break;
            case "trailer":
                content[^5] ^= 1;
                break;
            case "header":
                content[9] ^= 1;
                break;
            default:
                File.Delete(path);
                return;
        }

        File.WriteAllBytes(path, content);
    }

    private sealed class SynchronousProgress(Action<ScrubProgress> report) : IProgress<ScrubProgress>
    {
        public void Report(ScrubProgress value) => report(value);
    }
}
