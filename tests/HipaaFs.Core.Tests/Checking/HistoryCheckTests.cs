using HipaaFs.Checking;
using HipaaFs.Metadata;
using HipaaFs.Metadata.Changes;
using HipaaFs.Volumes;

namespace HipaaFs.Core.Tests.Checking;

/// <summary>Rows of the past that no snapshot shows, or that say they lived when they cannot have.</summary>
public sealed class HistoryCheckTests
{
    private static readonly byte[] Old = FileSystemCalls.RandomBytes(50_000, 1);
    private static readonly byte[] New = FileSystemCalls.RandomBytes(50_000, 2);

    [Fact]
    public async Task Check_SoundHistory_FindsNothing()
    {
        await using TestVolume test = await ClosedAsync();

        Assert.Empty((await test.CheckAsync()).Findings);
    }

    [Fact]
    public async Task Check_SnapshotThatIsBeingDeleted_FindsNothing()
    {
        await using TestVolume test = await ClosedAsync();
        SpoiltRows.Execute(test, "DELETE FROM snapshot WHERE id = 1; INSERT INTO snapshot_gone VALUES (1)");

        Assert.Empty((await test.CheckAsync()).Findings);
    }

    [Theory]
    [InlineData(5, 4)]
    [InlineData(3, 3)]
    [InlineData(3, 0)]
    [InlineData(3, 4)]
    public async Task Repair_PastRowThatNoSnapshotShows_IsRemoved(int born, int died)
    {
        await using TestVolume test = await ClosedAsync();
        SpoiltRows.Execute(test, $"INSERT INTO dirent_past (parent, tag, born, died, child, name) SELECT parent, tag, {born}, {died}, child, name FROM dirent LIMIT 1");

        await AssertMendedAsync(test, CheckKind.HistoryUnshown);
        await AssertShownAsync(test);
    }

    [Fact]
    public async Task Repair_PastRowsOfASnapshotThatIsNot_AreRemoved()
    {
        await using TestVolume test = await ClosedAsync();
        SpoiltRows.Execute(test, "DELETE FROM snapshot WHERE id = 1");

        CheckReport report = await test.CheckAsync(repair: true);
        Assert.NotEmpty(report.Findings);
        Assert.All(report.Findings, static finding => Assert.Equal((CheckKind.HistoryUnshown, true), (finding.Kind, finding.Repaired)));
        Assert.Empty((await test.CheckAsync()).Findings);
        await test.OpenAsync();
        FileSystemCalls.AssertSame(New, await test.FileSystem.GetAsync("a"));
    }

    [Theory]
    [InlineData("inode_past")]
    [InlineData("dirent_past")]
    [InlineData("xattr_past")]
    [InlineData("symlink_past")]
    [InlineData("extent_past")]
    public async Task Repair_PastRowThatDiesInTheFuture_DiedBeforeIt(string table)
    {
        await using TestVolume test = await ClosedAsync();
        string key = table.StartsWith("inode", StringComparison.Ordinal) ? "id" : table.StartsWith("dirent", StringComparison.Ordinal) ? "child" : "inode";
        SpoiltRows.Execute(test, $"UPDATE {table} SET died = 99 WHERE {key} = (SELECT max({key}) FROM {table})");

        await AssertMendedAsync(test, CheckKind.HistoryAhead);
        await AssertShownAsync(test);
    }

    [Theory]
    [InlineData("inode")]
    [InlineData("dirent")]
    [InlineData("xattr")]
    [InlineData("symlink")]
    [InlineData("extent")]
    public async Task Repair_RowBornInTheFuture_IsBornNow(string table)
    {
        await using TestVolume test = await ClosedAsync();
        SpoiltRows.Execute(test, $"UPDATE {table} SET born = 99 WHERE born = (SELECT max(born) FROM {table})");

        await AssertMendedAsync(test, CheckKind.HistoryAhead);
    }

    [Fact]
    public async Task Repair_OverlapThatNoSnapshotShows_IsCut()
    {
        await using TestVolume test = await ClosedAsync();
        SpoiltRows.Execute(test, "UPDATE inode_past SET died = 3 WHERE id IN (SELECT id FROM inode WHERE born = 2 AND id > 1); UPDATE counter SET value = 3 WHERE id = 6");

        await AssertMendedAsync(test, CheckKind.HistoryOverlaps);
        await AssertShownAsync(test);
    }

    [Fact]
    public async Task Repair_OverlapThatASnapshotShows_IsFoundAndLeft()
    {
        await using TestVolume test = await ClosedAsync();
        SpoiltRows.Execute(test, "UPDATE extent SET born = 1 WHERE born = 2");

        CheckFinding found = Assert.Single((await test.CheckAsync(repair: true)).Findings);
        Assert.Equal((CheckKind.HistoryOverlaps, false), (found.Kind, found.Repaired));
        Assert.Equal([found], (await test.CheckAsync()).Findings);
    }

    [Fact]
    public async Task Run_ManyRowsOfThePast_HoldsThoseOfOneKeyAtATime()
    {
        const int keys = 2000;
        const int spoilt = 1500;
        var given = new List<WeakReference>();
        var rows = new VolumeRows(PastAsync()) { Epoch = 4 };
        rows.Snapshots.AddRange([1, 2, 3]);
        var findings = new CheckFindings(repair: false);
        await HistoryCheck.RunAsync(rows, new PendingDeletions(new HashSet<InodeId>(), []), findings, default);

        Assert.Equal(2 * keys, given.Count);
        CheckFinding found = Assert.Single(findings.All);
        Assert.Equal(CheckKind.HistoryUnshown, found.Kind);
        Assert.StartsWith($"inode {spoilt},", found.Subject, StringComparison.Ordinal);

        async IAsyncEnumerable<RowChange> PastAsync()
        {
            await Task.Yield();
            for (int i = 1; i <= keys; i++)
            {
                yield return Row((ulong)i, 1, 2);
                yield return Row((ulong)i, 2, i == spoilt ? 2U : 3U);
            }

            GC.Collect();
            Assert.InRange(given.Count(static row => row.IsAlive), 0, 10);
        }

        RowChange Row(ulong inode, ulong born, ulong died)
        {
            var row = new InodeChange(ChangeKind.Past, new InodeAttributes { Id = new InodeId(inode) }, new Lifetime(born, died));
            given.Add(new WeakReference(row));
            return row;
        }
    }

    // Snapshot 1 shows a file, another file, a link and an attribute; since then the file was overwritten and the others were removed.
    private static async Task<TestVolume> ClosedAsync()
    {
        TestVolume test = await TestVolume.CreateAsync(TestVolumeOptions.Still);
        await test.FileSystem.PutAsync("a", Old);
        InodeId gone = await test.FileSystem.PutAsync("gone", Old);
        await test.FileSystem.SetXattrAsync(gone, "user.x"u8.ToArray(), new byte[] { 1 }, XattrMode.Any, false, default).Ok();
        await test.FileSystem.MakeSymbolicLinkAsync(InodeId.Root, "gone link"u8, "a"u8, FileSystemCalls.Someone, default).Ok();
        await test.DrainAsync();
        (await test.Volume.Snapshots.CreateAsync("s", default)).Ok();
        HandleId handle = await test.FileSystem.OpenAsync("a");
        await test.FileSystem.WriteAsync(handle, 0, New);
        await test.FileSystem.CloseAsync(handle);
        await test.FileSystem.UnlinkAsync(InodeId.Root, "gone"u8, default).Ok();
        await test.FileSystem.UnlinkAsync(InodeId.Root, "gone link"u8, default).Ok();
        InodeAttributes link = await test.FileSystem.MakeSymbolicLinkAsync(InodeId.Root, "link"u8, "a"u8, FileSystemCalls.Someone, default).Ok();
        await test.FileSystem.SetXattrAsync((await test.FileSystem.LookupAsync("a")).Id, "user.x"u8.ToArray(), new byte[] { 1 }, XattrMode.Any, false, default).Ok();
        Assert.Equal(InodeKind.SymbolicLink, link.Kind);
        await test.DrainAsync();
        await test.StopAsync();
        return test;
    }

    private static async Task AssertMendedAsync(TestVolume test, CheckKind kind)
    {
        IReadOnlyList<CheckFinding> found = (await test.CheckAsync()).Findings;
        Assert.NotEmpty(found);
        Assert.All(found, finding => Assert.Equal((kind, false), (finding.Kind, finding.Repaired)));
        Assert.Equal(found.Select(static finding => finding with { Repaired = true }), (await test.CheckAsync(repair: true)).Findings);
        Assert.Empty((await test.CheckAsync()).Findings);
    }

    private static async Task AssertShownAsync(TestVolume test)
    {
        test.ShownSnapshot = "s";
        await test.OpenAsync(VolumeMode.ReadOnly);
        Assert.Equal(["a", "gone", "gone link"], (await test.FileSystem.ListAsync(InodeId.Root)).Select(static entry => entry.Name).Order());
        FileSystemCalls.AssertSame(Old, await test.FileSystem.GetAsync("a"));
        FileSystemCalls.AssertSame(Old, await test.FileSystem.GetAsync("gone"));
        await test.StopAsync();
        test.ShownSnapshot = null;
        await test.OpenAsync();
        FileSystemCalls.AssertSame(New, await test.FileSystem.GetAsync("a"));
        Assert.Equal(["a", "link"], (await test.FileSystem.ListAsync(InodeId.Root)).Select(static entry => entry.Name).Order());
    }
}
