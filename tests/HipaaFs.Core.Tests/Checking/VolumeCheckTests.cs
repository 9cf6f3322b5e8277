using HipaaFs.Checking;
using HipaaFs.Crypto;
using HipaaFs.Metadata;
using HipaaFs.Metadata.Changes;
using HipaaFs.Testing;
using HipaaFs.Volumes;

namespace HipaaFs.Core.Tests.Checking;

/// <summary>One example of each kind of damage, found, and repaired where that is possible.</summary>
public sealed class VolumeCheckTests
{
    [Fact]
    public async Task Check_HealthyVolume_CountsAndFindsNothing()
    {
        await using TestVolume test = await DrainedAsync();
        CheckReport report = await test.CheckAsync();

        Assert.Equal((3L, 1L), (report.Inodes, report.Segments));
        Assert.Empty(report.Findings);
    }

    [Fact]
    public async Task Check_WhileMounted_IsRefused()
    {
        await using TestVolume test = await TestVolume.CreateAsync();
        VolumeException refused = await Assert.ThrowsAsync<VolumeException>(() => test.CheckAsync());

        Assert.Equal(VolumeFailure.HeldByAnother, refused.Failure);
    }

    [Fact]
    public async Task Check_DatabaseOverwritten_IsFound()
    {
        await using TestVolume test = await DrainedAsync();
        string path = Path.Combine(test.VolumeDirectory, "metadata.db");
        byte[] content = File.ReadAllBytes(path);
        for (int page = 4096; page < content.Length; page += 4096)
        {
            content.AsSpan(page + 8, Math.Min(200, content.Length - page - 8)).Fill(0xAB);
        }

        File.WriteAllBytes(path, content);
        try
        {
            Assert.Contains((await test.CheckAsync()).Findings, static finding => finding.Kind == CheckKind.DatabaseDamaged);
        }
        catch (VolumeException damaged)
        {
            Assert.Equal(VolumeFailure.Integrity, damaged.Failure); // Too damaged to be opened.
        }
    }

    [Fact]
    public async Task Check_RootGone_IsMadeAgain()
    {
        await using TestVolume test = await DrainedAsync();
        await SpoiltRows.WriteAsync(test, static rows => [rows.OfType<InodeChange>().Single(static row => row.Inode.Id == InodeId.Root) with { Kind = ChangeKind.Tombstone }]);

        await AssertFoundAsync(test, CheckKind.RootMissing, repaired: true);
        await test.OpenAsync();
        FileSystemCalls.AssertSame(FileSystemCalls.RandomBytes(50_000, 1), await test.FileSystem.GetAsync("d/a"));
        await test.AssertSoundAsync();
    }

    [Theory]
    [InlineData(true, "d/a")]
    [InlineData(false, "d/a")]
    public async Task Check_InodeGoneThatHasNamesOrBytes_IsMadeAgain(bool directory, string path)
    {
        await using TestVolume test = await DrainedAsync();
        SpoiltRows.Execute(test, $"DELETE FROM inode WHERE id > 1 AND (mode & 0x4000) {(directory ? "<>" : "=")} 0");

        await AssertFoundAsync(test, CheckKind.InodeMissing, repaired: true);
        await test.OpenAsync();
        FileSystemCalls.AssertSame(FileSystemCalls.RandomBytes(50_000, 1), await test.FileSystem.GetAsync(path));
        await test.AssertSoundAsync();
    }

    [Fact]
    public async Task Check_InodeNumberThatWouldBeGivenTwice_IsRepaired()
    {
        await using TestVolume test = await DrainedAsync();
        SpoiltRows.Execute(test, "UPDATE counter SET value = 2 WHERE id = 1");

        await AssertFoundAsync(test, CheckKind.CounterBehind, repaired: true);
        await test.OpenAsync();
        InodeId[] old = [(await test.FileSystem.LookupAsync("d")).Id, (await test.FileSystem.LookupAsync("d/a")).Id];
        Assert.DoesNotContain(await test.FileSystem.PutAsync("b", [1]), old);
        await test.AssertSoundAsync();
    }

    [Fact]
    public async Task Repair_Interrupted_IsDoneByTheNext()
    {
        await using TestVolume test = await DrainedAsync();
        await SpoiltRows.WriteAsync(test, static rows =>
        {
            InodeChange file = rows.OfType<InodeChange>().First(static row => row.Inode.IsFile);
            EntryChange entry = rows.OfType<EntryChange>().First();
            return
            [
                file with { Inode = file.Inode with { LinkCount = 9 } },
                entry with { Name = new EntryName(new NameTag(5), entry.Name.Sealed), Inode = new InodeId(4_000_000) },
                new XattrChange(ChangeKind.Upsert, new InodeId(4_000_001), new SealedXattr(new NameTag(5), new byte[40], new byte[40]), default),
            ];
        });

        using var cancel = new CancellationTokenSource();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => VolumeCheck.RunAsync(
            test.Options, test.Key, repair: true, new Interruption(cancel, "segments"), cancel.Token));
        CheckKind[] rows = [CheckKind.DanglingEntry, CheckKind.WrongLinkCount, CheckKind.StrayAttribute];
        Assert.Equal(rows, (await test.CheckAsync()).Findings.Select(static finding => finding.Kind));

        CheckReport report = await test.CheckAsync(repair: true);
        Assert.Equal(rows, report.Findings.Select(static finding => finding.Kind));
        Assert.All(report.Findings, static finding => Assert.True(finding.Repaired));
        Assert.Empty((await test.CheckAsync()).Findings);
    }

    [Fact]
    public async Task Check_EntryOfAnInodeThatIsNot_IsRepaired()
    {
        await using TestVolume test = await DrainedAsync();
        await SpoiltRows.WriteAsync(test, static rows =>
        {
            EntryChange entry = rows.OfType<EntryChange>().First();
            return [entry with { Name = new EntryName(new NameTag(5), entry.Name.Sealed), Inode = new InodeId(4_000_000) }];
        });

        await AssertFoundAsync(test, CheckKind.DanglingEntry, repaired: true);
    }

    [Fact]
    public async Task Check_NameForged_IsFound()
    {
        await using TestVolume test = await DrainedAsync();
        await SpoiltRows.WriteAsync(test, static rows =>
        {
            EntryChange entry = rows.OfType<EntryChange>().First();
            return [entry with { Name = new EntryName(entry.Name.Tag, new byte[entry.Name.Sealed.Length]) }];
        });

        await AssertFoundAsync(test, CheckKind.NameNotAuthentic, repaired: false);
    }

    [Fact]
    public async Task Check_InodeWithoutAName_IsRepaired()
    {
        await using TestVolume test = await DrainedAsync();
        await SpoiltRows.WriteAsync(test, static rows => [rows.OfType<EntryChange>().First() with { Kind = ChangeKind.Tombstone }]);

        await AssertFoundAsync(test, CheckKind.UnnamedInode, repaired: true);
    }

    [Fact]
    public async Task Check_WrongLinkCount_IsRepaired()
    {
        await using TestVolume test = await DrainedAsync();
        await SpoiltRows.WriteAsync(test, static rows =>
        {
            InodeChange file = rows.OfType<InodeChange>().First(static row => row.Inode.IsFile);
            return [file with { Inode = file.Inode with { LinkCount = 9 } }];
        });

        await AssertFoundAsync(test, CheckKind.WrongLinkCount, repaired: true);
    }

    [Fact]
    public async Task Repair_OfPublishedRows_IsPublishedByANewChain()
    {
        await using TestVolume test = await DrainedAsync();
        Assert.Single(Published(test));
        await SpoiltRows.WriteAsync(test, static rows =>
        {
            InodeChange file = rows.OfType<InodeChange>().First(static row => row.Inode.IsFile);
            return [file with { Inode = file.Inode with { LinkCount = 9 } }];
        });
        Assert.True(Assert.Single((await test.CheckAsync(repair: true)).Findings).Repaired);
        await test.OpenAsync();
        await test.FileSystem.PutAsync("after", [1]);
        await test.DrainAsync();

        Assert.Equal(2, Published(test).Length);
        Assert.All(Published(test), static path => Assert.EndsWith("-full", path, StringComparison.Ordinal));
    }

    [Fact]
    public async Task Check_OverlappingExtents_AreRepaired()
    {
        await using TestVolume test = await DrainedAsync();
        await SpoiltRows.WriteAsync(test, static rows =>
        {
            ExtentChange extent = rows.OfType<ExtentChange>().First();
            return [extent with { Extent = extent.Extent with { FileOffset = extent.Extent.FileOffset + 1, Length = 10 } }];
        });

        await AssertFoundAsync(test, CheckKind.ExtentsOverlap, repaired: true);
    }

    [Fact]
    public async Task Check_ExtentOfAnUnknownSegment_IsFound()
    {
        await using TestVolume test = await DrainedAsync();
        await SpoiltRows.WriteAsync(test, static rows =>
        {
            ExtentChange extent = rows.OfType<ExtentChange>().First();
            return [extent with { Extent = new Extent(1 << 30, 10, SegmentId.NewRandom(), 0) }];
        });

        await AssertFoundAsync(test, CheckKind.SegmentUnknown, repaired: false);
    }

    [Fact]
    public async Task Check_ExtentPastItsSegment_IsFound()
    {
        await using TestVolume test = await DrainedAsync();
        await SpoiltRows.WriteAsync(test, static rows =>
        {
            ExtentChange extent = rows.OfType<ExtentChange>().First();
            return [extent with { Extent = new Extent(1 << 30, 10, extent.Extent.Segment, 1 << 28) }];
        });

        await AssertFoundAsync(test, CheckKind.ExtentOutOfSegment, repaired: false);
    }

    [Fact]
    public async Task Check_ObjectGoneFromTheStore_IsFound()
    {
        await using TestVolume test = await DrainedAsync();
        File.Delete(Segment(test));

        await AssertFoundAsync(test, CheckKind.SegmentMissing, repaired: false);
    }

    [Fact]
    public async Task Check_ObjectCutShort_IsFound()
    {
        await using TestVolume test = await DrainedAsync();
        File.WriteAllBytes(Segment(test), File.ReadAllBytes(Segment(test))[..^1]);

        await AssertFoundAsync(test, CheckKind.SegmentShort, repaired: false);
    }

    [Fact]
    public async Task Check_StagedFileGone_IsFound()
    {
        await using TestVolume test = await TestVolume.CreateAsync(TestVolumeOptions.Still);
        test.Store.Add(new HipaaFs.Testing.Storage.StoreFault(HipaaFs.Testing.Storage.StoreFaultKind.Fail));
        await test.FileSystem.PutAsync("a", [1]);
        await test.StopAsync();
        File.Delete(Assert.Single(Directory.GetFiles(test.StagingDirectory, "*.seg")));

        Assert.Contains((await test.CheckAsync(repair: true)).Findings, static finding => finding is { Kind: CheckKind.StagingMissing, Repaired: true });
        Assert.Equal(
            [(CheckKind.SegmentMissing, false), (CheckKind.FileIncomplete, false)],
            (await test.CheckAsync(repair: true)).Findings.Select(static finding => (finding.Kind, finding.Repaired)));
    }

    [Fact]
    public async Task Check_StrangeFileInStaging_IsLeftToTheNextMount()
    {
        await using TestVolume test = await DrainedAsync();
        File.WriteAllBytes(Path.Combine(test.StagingDirectory, SegmentId.NewRandom() + ".seg"), new byte[100]);

        Assert.Contains((await test.CheckAsync(repair: true)).Findings, static finding => finding is { Kind: CheckKind.StagingUnknown, Repaired: false });
        Assert.Single(Directory.GetFiles(test.StagingDirectory, "*.seg"));
        await test.OpenAsync();
        await Eventually.TrueAsync(() => Directory.GetFiles(test.StagingDirectory, "*.seg").Length == 0, "the next mount removes it");
    }

    private static async Task<TestVolume> DrainedAsync()
    {
        TestVolume test = await TestVolume.CreateAsync(TestVolumeOptions.Still);
        InodeAttributes directory = await test.FileSystem.MakeDirectoryAsync("d");
        await test.FileSystem.PutAsync("a", FileSystemCalls.RandomBytes(50_000, 1), directory.Id);
        await test.DrainAsync();
        await test.StopAsync();
        return test;
    }

    private static string[] Published(TestVolume test) => Directory.GetFiles(Path.Combine(test.StoreDirectory, "stream"));

    private static string Segment(TestVolume test) =>
        Assert.Single(Directory.GetFiles(Path.Combine(test.StoreDirectory, "seg"), "*", SearchOption.AllDirectories));

    private static async Task AssertFoundAsync(TestVolume test, CheckKind kind, bool repaired)
    {
        Assert.Contains((await test.CheckAsync()).Findings, finding => finding.Kind == kind && !finding.Repaired);
        Assert.Contains((await test.CheckAsync(repair: true)).Findings, finding => finding.Kind == kind && finding.Repaired == repaired);
        if (repaired)
        {
            Assert.Empty((await test.CheckAsync()).Findings);
        }
    }

    // Cancels when a stage begins.
    private sealed class Interruption(CancellationTokenSource cancel, string stage) : IProgress<CheckProgress>
    {
        public void Report(CheckProgress value)
        {
            if (value.Stage == stage)
            {
                cancel.Cancel();
            }
        }
    }
}
