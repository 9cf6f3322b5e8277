using HipaaFs.Checking;
using HipaaFs.Metadata;
using HipaaFs.Metadata.Changes;

namespace HipaaFs.Core.Tests.Checking;

/// <summary>What has lost its name gets one in lost+found, and inodes without a name are only those that programs had open.</summary>
public sealed class LostAndFoundTests
{
    private static readonly byte[] Content = FileSystemCalls.RandomBytes(50_000, 1);

    [Fact]
    public async Task Repair_FileWithoutAName_IsLinkedInLostAndFound()
    {
        (TestVolume test, InodeId directory, InodeId file) = await ClosedAsync();
        await using (test)
        {
            await SpoiltRows.WriteAsync(test, rows => [EntryOf(rows, file) with { Kind = ChangeKind.Tombstone }]);
            await AssertMendedAsync(test, CheckKind.UnnamedInode);

            await test.OpenAsync();
            FileSystemCalls.AssertSame(Content, await test.FileSystem.GetAsync($"lost+found/inode-{file}"));
            Assert.Equal(ModeBits.Directory | 0x1C0, (await test.FileSystem.LookupAsync("lost+found")).Mode);
            Assert.Empty(await test.FileSystem.ListAsync(directory));
            await test.AssertSoundAsync();
        }
    }

    [Fact]
    public async Task Repair_DirectoryWithoutAName_IsLinkedWithAllBelowIt()
    {
        (TestVolume test, InodeId directory, _) = await ClosedAsync();
        await using (test)
        {
            await SpoiltRows.WriteAsync(test, rows => [EntryOf(rows, directory) with { Kind = ChangeKind.Tombstone }]);
            CheckReport report = await test.CheckAsync(repair: true);
            Assert.All(report.Findings, static finding => Assert.True(finding.Repaired));
            Assert.Contains(report.Findings, static finding => finding.Kind == CheckKind.UnnamedInode);
            Assert.Empty((await test.CheckAsync()).Findings);

            await test.OpenAsync();
            FileSystemCalls.AssertSame(Content, await test.FileSystem.GetAsync($"lost+found/inode-{directory}/a"));
            Assert.Equal(3U, (await test.FileSystem.LookupAsync("")).LinkCount);
            Assert.Equal(3U, (await test.FileSystem.LookupAsync("lost+found")).LinkCount);
            await test.AssertSoundAsync();
        }
    }

    [Theory]
    [InlineData(1)] // It is in itself.
    [InlineData(2)]
    [InlineData(3)]
    public async Task Repair_DirectoriesThatAreInEachOther_AreLinkedWithAllBelowThem(int length)
    {
        await using TestVolume test = await TestVolume.CreateAsync(TestVolumeOptions.Still);
        InodeId first = (await test.FileSystem.MakeDirectoryAsync("cycle")).Id;
        InodeId last = first;
        for (int i = 1; i < length; i++)
        {
            last = (await test.FileSystem.MakeDirectoryAsync("next", last)).Id;
        }

        InodeId beside = (await test.FileSystem.MakeDirectoryAsync("beside", last)).Id; // Below the cycle, and in none.
        await test.FileSystem.PutAsync("a", Content, beside);
        InodeId closing = (await test.FileSystem.MakeDirectoryAsync("closing", last)).Id;
        await test.DrainAsync();
        await test.StopAsync();
        await SpoiltRows.WriteAsync(test, rows =>
        [
            EntryOf(rows, first) with { Kind = ChangeKind.Tombstone },
            EntryOf(rows, closing) with { Inode = first },
            InodeOf(rows, closing) with { Kind = ChangeKind.Tombstone },
            WithLinks(InodeOf(rows, InodeId.Root), 2),
        ]);

        await AssertMendedAsync(test, CheckKind.DirectoryCycle);

        await test.OpenAsync();
        string below = string.Concat(Enumerable.Repeat("/next", length - 1));
        FileSystemCalls.AssertSame(Content, await test.FileSystem.GetAsync($"lost+found/inode-{first}{below}/beside/a"));
        Assert.Equal(3U, (await test.FileSystem.LookupAsync("lost+found")).LinkCount);
        Assert.Equal(["beside"], (await test.FileSystem.ListAsync(last)).Select(static entry => entry.Name));
        await test.AssertSoundAsync();
    }

    [Fact]
    public async Task Check_DirectoriesInEachOther_AreFoundWithoutAKeyToo()
    {
        await using TestVolume test = await TestVolume.CreateAsync(TestVolumeOptions.Still);
        InodeId first = (await test.FileSystem.MakeDirectoryAsync("cycle")).Id;
        InodeId closing = (await test.FileSystem.MakeDirectoryAsync("closing", first)).Id;
        await test.DrainAsync();
        await test.StopAsync();
        await SpoiltRows.WriteAsync(test, rows =>
        [
            EntryOf(rows, first) with { Kind = ChangeKind.Tombstone },
            EntryOf(rows, closing) with { Inode = first },
            InodeOf(rows, closing) with { Kind = ChangeKind.Tombstone },
            WithLinks(InodeOf(rows, InodeId.Root), 2),
        ]);

        CheckReport report = await VolumeCheck.RunAsync(test.Options, null, repair: true, new Progress<CheckProgress>(), default);

        CheckFinding found = Assert.Single(report.Findings);
        Assert.Equal((CheckKind.DirectoryCycle, false), (found.Kind, found.Repaired));
        Assert.Contains($"inode {first} ", found.Subject + " ", StringComparison.Ordinal);
    }

    [Fact]
    public async Task Repair_LostAndFoundIsThere_IsUsed()
    {
        (TestVolume test, _, InodeId file) = await ClosedAsync();
        await using (test)
        {
            await test.OpenAsync();
            InodeAttributes there = await test.FileSystem.MakeDirectoryAsync("lost+found");
            await test.FileSystem.PutAsync($"inode-{file}", [1], there.Id);
            await test.StopAsync();
            await SpoiltRows.WriteAsync(test, rows => [EntryOf(rows, file) with { Kind = ChangeKind.Tombstone }]);
            await AssertMendedAsync(test, CheckKind.UnnamedInode);

            await test.OpenAsync();
            Assert.Equal(there.Id, (await test.FileSystem.LookupAsync("lost+found")).Id);
            Assert.Equal([1], await test.FileSystem.GetAsync($"lost+found/inode-{file}"));
            FileSystemCalls.AssertSame(Content, await test.FileSystem.GetAsync($"lost+found/inode-{file}.1"));
            await test.AssertSoundAsync();
        }
    }

    [Fact]
    public async Task Repair_LostAndFoundIsAFile_TakesAnotherName()
    {
        (TestVolume test, _, InodeId file) = await ClosedAsync();
        await using (test)
        {
            await test.OpenAsync();
            await test.FileSystem.PutAsync("lost+found", [1]);
            await test.StopAsync();
            await SpoiltRows.WriteAsync(test, rows => [EntryOf(rows, file) with { Kind = ChangeKind.Tombstone }]);
            await AssertMendedAsync(test, CheckKind.UnnamedInode);

            await test.OpenAsync();
            Assert.Equal([1], await test.FileSystem.GetAsync("lost+found"));
            FileSystemCalls.AssertSame(Content, await test.FileSystem.GetAsync($"lost+found.1/inode-{file}"));
            await test.AssertSoundAsync();
        }
    }

    [Fact]
    public async Task Repair_WithASnapshot_LeavesWhatItShows()
    {
        await using TestVolume test = await TestVolume.CreateAsync(TestVolumeOptions.Still);
        InodeId file = await test.FileSystem.PutAsync("a", Content);
        await test.DrainAsync();
        await test.Volume.Snapshots.CreateAsync("before", CancellationToken.None);
        await test.StopAsync();
        await SpoiltRows.WriteAsync(test, rows => [EntryOf(rows, file) with { Kind = ChangeKind.Tombstone }]);
        await AssertMendedAsync(test, CheckKind.UnnamedInode);

        test.ShownSnapshot = "before";
        await test.OpenAsync(HipaaFs.Volumes.VolumeMode.ReadOnly);
        FileSystemCalls.AssertSame(Content, await test.FileSystem.GetAsync("a"));
        Assert.Equal(["a"], (await test.FileSystem.ListAsync(InodeId.Root)).Select(static entry => entry.Name));
        Assert.Equal(2U, (await test.FileSystem.LookupAsync("")).LinkCount);
        await test.AssertSoundAsync();
    }

    [Fact]
    public async Task Repair_OrphanThatIsGone_IsNoOrphanAnyMore()
    {
        (TestVolume test, _, _) = await ClosedAsync();
        await using (test)
        {
            await SpoiltRows.WriteAsync(test, static _ => [new OrphanChange(ChangeKind.Upsert, new OrphanRow(new InodeId(4_000_000), new SessionId(1)))]);
            await AssertMendedAsync(test, CheckKind.StrayOrphan);
            await test.AssertSoundAsync();
        }
    }

    [Fact]
    public async Task Repair_OrphanWithAName_KeepsTheFile()
    {
        (TestVolume test, _, InodeId file) = await ClosedAsync();
        await using (test)
        {
            await SpoiltRows.WriteAsync(test, _ => [new OrphanChange(ChangeKind.Upsert, new OrphanRow(file, new SessionId(1)))]);
            await AssertMendedAsync(test, CheckKind.StrayOrphan);

            await test.OpenAsync();
            FileSystemCalls.AssertSame(Content, await test.FileSystem.GetAsync("d/a"));
            await test.AssertSoundAsync();
        }
    }

    [Fact]
    public async Task Repair_OrphanOfASessionThatNeverWas_IsLinkedInLostAndFound()
    {
        (TestVolume test, _, InodeId file) = await ClosedAsync();
        await using (test)
        {
            await SpoiltRows.WriteAsync(test, rows =>
            [
                EntryOf(rows, file) with { Kind = ChangeKind.Tombstone },
                new OrphanChange(ChangeKind.Upsert, new OrphanRow(file, new SessionId(900))),
            ]);
            await AssertMendedAsync(test, CheckKind.StrayOrphan, CheckKind.UnnamedInode);

            await test.OpenAsync();
            FileSystemCalls.AssertSame(Content, await test.FileSystem.GetAsync($"lost+found/inode-{file}"));
            await test.AssertSoundAsync();
        }
    }

    [Fact]
    public async Task Check_OrphanOfAClosedSession_IsLeftToTheNextMount()
    {
        (TestVolume test, _, InodeId file) = await ClosedAsync();
        await using (test)
        {
            await SpoiltRows.WriteAsync(test, rows =>
            [
                EntryOf(rows, file) with { Kind = ChangeKind.Tombstone },
                Unlinked(rows, file),
                new OrphanChange(ChangeKind.Upsert, new OrphanRow(file, rows.OfType<SessionChange>().Last(static row => row.Session.Closed is not null).Session.Id)),
            ]);
            Assert.Empty((await test.CheckAsync(repair: true)).Findings);
            await test.OpenAsync();
            await test.AssertSoundAsync();
            Assert.Equal(2, (await test.CheckAsync()).Inodes);
        }
    }

    [Fact]
    public async Task Check_OrphanOfASessionThatWasKilled_IsLeftToTheNextMount()
    {
        await using TestVolume test = await TestVolume.CreateAsync(TestVolumeOptions.Still);
        await test.FileSystem.CreateAsync("a");
        await test.FileSystem.UnlinkAsync(InodeId.Root, "a"u8, default).Ok();
        await test.FileSystem.SyncAsync(default).Ok();
        await using TestVolume killed = test.CopyFiles();

        CheckReport report = await killed.CheckAsync(repair: true);
        Assert.Equal(2, report.Inodes);
        Assert.Empty(report.Findings);
    }

    private static EntryChange EntryOf(List<RowChange> rows, InodeId inode) =>
        rows.OfType<EntryChange>().Single(row => row.Kind == ChangeKind.Upsert && row.Inode == inode);

    private static InodeChange InodeOf(List<RowChange> rows, InodeId inode) =>
        rows.OfType<InodeChange>().Single(row => row.Kind == ChangeKind.Upsert && row.Inode.Id == inode);

    private static InodeChange WithLinks(InodeChange row, uint links) => row with { Inode = row.Inode with { LinkCount = links } };

    private static InodeChange Unlinked(List<RowChange> rows, InodeId inode) => WithLinks(InodeOf(rows, inode), 0);

    // A closed volume with one file in one directory.
    private static async Task<(TestVolume Volume, InodeId Directory, InodeId File)> ClosedAsync()
    {
        TestVolume test = await TestVolume.CreateAsync(TestVolumeOptions.Still);
        InodeAttributes directory = await test.FileSystem.MakeDirectoryAsync("d");
        InodeId file = await test.FileSystem.PutAsync("a", Content, directory.Id);
        await test.DrainAsync();
        await test.StopAsync();
        return (test, directory.Id, file);
    }

    private static async Task AssertMendedAsync(TestVolume test, params CheckKind[] kinds)
    {
        Assert.Equal(kinds, (await test.CheckAsync()).Findings.Select(static finding => finding.Kind));
        CheckReport report = await test.CheckAsync(repair: true);
        Assert.Equal(kinds, report.Findings.Select(static finding => finding.Kind));
        Assert.All(report.Findings, static finding => Assert.True(finding.Repaired));
        Assert.Empty((await test.CheckAsync()).Findings);
    }
}
