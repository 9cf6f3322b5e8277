using HipaaFs.Checking;
using HipaaFs.Core.Tests.Placements;
using HipaaFs.Crypto;
using HipaaFs.Metadata;
using HipaaFs.Metadata.Changes;
using HipaaFs.Placements;
using HipaaFs.Storage;
using HipaaFs.Testing.Storage;
using HipaaFs.Volumes;

namespace HipaaFs.Core.Tests.Checking;

/// <summary>Checks of a volume on several stores: each is looked into, and what may be in one that cannot be read is not given up.</summary>
public sealed class PlacedCheckTests
{
    private static readonly byte[] Content = FileSystemCalls.RandomBytes(200_000, 1);

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Repair_StagedRowWhoseObjectIsInAnotherStore_IsLeftToTheNextMount(bool isFinished)
    {
        (PlacedVolume volume, SegmentRow row) = await UnnotedAsync(new Placement { Primary = 1 }, isFinished);
        await using (volume)
        {
            Assert.Empty((await volume.Test.CheckAsync(repair: true)).Findings);
            await volume.Test.OpenAsync();
            await volume.Test.DrainAsync();
            Assert.Equal((SegmentState.Live, 2ul), ((await volume.RowAsync(row.Id)).State, await volume.CopiesAsync(row)));
            Assert.Equal(Content, await volume.ReadAsync("a"));
        }
    }

    [Theory]
    [InlineData(StoreVerb.List)]
    [InlineData(StoreVerb.GetProperties)]
    [InlineData(StoreVerb.Read)]
    public async Task Repair_StagedRowWhoseStoreCannotBeRead_IsNotCheckedAndNotGivenUp(StoreVerb fails)
    {
        (PlacedVolume volume, SegmentRow row) = await UnnotedAsync(new Placement { Primary = 1 }, isFinished: false);
        await using (volume)
        {
            volume.Test.MemberFaults[1] = new StoreFault(StoreFaultKind.Fail) { Verb = fails, KeyPrefix = "seg/", Error = StoreError.AccessDenied };
            CheckReport report = await volume.Test.CheckAsync(repair: true);
            Assert.Empty(report.Findings);
            Assert.Equal(1, report.UncheckedSegments);
            Assert.Equal(["second"], report.UnreadStores);
            await volume.Test.OpenAsync();
            await volume.Test.DrainAsync();
            Assert.Equal(SegmentState.Live, (await volume.RowAsync(row.Id)).State);
        }
    }

    [Fact]
    public async Task Repair_StagedRowAnyStoreAway_IsNotGivenUpBeforeItIsBack()
    {
        (PlacedVolume volume, SegmentRow row) = await UnnotedAsync(new Placement { Primary = 1 }, isFinished: true);
        await using (volume)
        {
            File.Delete(volume.ObjectPath(1, row));
            Directory.Move(volume.Test.MemberDirectory(2), volume.Test.MemberDirectory(2) + ".away");
            CheckReport report = await volume.Test.CheckAsync(repair: true);
            Assert.Equal((0, 1L), (report.Findings.Count, report.UncheckedSegments));
            Assert.Equal(["third"], report.UnreadStores);

            Directory.Move(volume.Test.MemberDirectory(2) + ".away", volume.Test.MemberDirectory(2));
            report = await volume.Test.CheckAsync(repair: true);
            Assert.Equal([CheckKind.StagingMissing, CheckKind.FileIncomplete], report.Findings.Select(static finding => finding.Kind));
            Assert.Equal((0L, 0), (report.UncheckedSegments, report.UnreadStores.Count));
        }
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Repair_StagedRowCutShortInItsStore_IsReadThereUpToTheCut(bool isFinished)
    {
        (PlacedVolume volume, SegmentRow row) = await UnnotedAsync(new Placement { Primary = 1 }, isFinished);
        await using (volume)
        {
            int left = 2 * SegmentFormat.FrameSize;
            await File.WriteAllBytesAsync(volume.ObjectPath(1, row), (await File.ReadAllBytesAsync(volume.ObjectPath(1, row)))[..(int)SegmentFormat.SealedFrameOffset(2)]);
            IReadOnlyList<CheckFinding> found = (await volume.Test.CheckAsync(repair: true)).Findings;
            Assert.Equal([CheckKind.SegmentShort, CheckKind.FileIncomplete], found.Select(static finding => finding.Kind));
            Assert.EndsWith($": {Content.Length - left} bytes cannot be read", found[^1].Subject, StringComparison.Ordinal);
            await volume.Test.OpenAsync();
            HandleId handle = await volume.Test.FileSystem.OpenAsync("placed/a");
            Assert.Equal(Content[..left], await volume.Test.FileSystem.ReadAsync(handle, 0, left));
            await volume.Test.FileSystem.CloseAsync(handle);
        }
    }

    [Fact]
    public async Task Repair_CopyGoneFromAnotherStore_IsForgottenAndCopiedAgain()
    {
        await using PlacedVolume volume = await PlacedVolume.CreateAsync(new Placement { Primary = 1, Sync = [2] });
        SegmentRow row = await volume.UploadAsync("a", Content);
        await volume.Test.StopAsync();
        File.Delete(volume.ObjectPath(1, row));
        CheckFinding found = Assert.Single((await volume.Test.CheckAsync(repair: true)).Findings);
        Assert.Equal(new CheckFinding(CheckKind.WrongCopies, $"segment {row.Id}: stores 1, 2 instead of 2", Repaired: true), found);

        await volume.Test.OpenAsync();
        Assert.True(await volume.Replicator.ReplicateAsync(default));
        Assert.Equal([1, 2], volume.Having(row));
        await volume.Test.AssertSoundAsync();
    }

    [Fact]
    public async Task Check_LastCopyGoneFromAnotherStore_NamesItsFile()
    {
        await using PlacedVolume volume = await PlacedVolume.CreateAsync(new Placement { Primary = 1 });
        SegmentRow row = await volume.UploadAsync("a", Content);
        await volume.Test.StopAsync();
        File.Delete(volume.ObjectPath(1, row));
        IReadOnlyList<CheckFinding> found = (await volume.Test.CheckAsync(repair: true)).Findings;
        Assert.Equal([CheckKind.SegmentMissing, CheckKind.FileIncomplete], found.Select(static finding => finding.Kind));
    }

    [Fact]
    public async Task Check_VolumesOwnStoreAway_LooksIntoTheOthers()
    {
        await using PlacedVolume volume = await PlacedVolume.CreateAsync(new Placement { Sync = [1] });
        await volume.UploadAsync("a", Content);
        await volume.Test.FileSystem.PutAsync("b", Content);
        await volume.Test.DrainAsync();
        await volume.Test.StopAsync();
        Directory.Move(volume.Test.StoreDirectory, volume.Test.StoreDirectory + ".away");
        CheckReport report = await volume.Test.CheckAsync(repair: true);
        Assert.Equal((0, 1L), (report.Findings.Count, report.UncheckedSegments));
        Assert.Equal(["primary"], report.UnreadStores);

        for (int number = 1; number <= 2; number++)
        {
            Directory.Move(volume.Test.MemberDirectory(number), volume.Test.MemberDirectory(number) + ".away");
        }

        await Assert.ThrowsAsync<VolumeException>(() => volume.Test.CheckAsync());
    }

    [Fact]
    public async Task Repair_SegmentWithoutARowInAnotherStore_HasOneAgain()
    {
        await using PlacedVolume volume = await PlacedVolume.CreateAsync(new Placement { Primary = 1 });
        SegmentRow row = await volume.UploadAsync("a", Content);
        await volume.Test.StopAsync();
        await SpoiltRows.WriteAsync(volume.Test, static rows => [rows.OfType<SegmentChange>().Single() with { Kind = ChangeKind.Tombstone }]);
        CheckFinding found = Assert.Single((await volume.Test.CheckAsync(repair: true)).Findings);
        Assert.Equal((CheckKind.SegmentUnknown, true), (found.Kind, found.Repaired));

        await volume.Test.OpenAsync();
        Assert.Equal((1u, 2ul), ((await volume.RowAsync(row.Id)).Placement, await volume.CopiesAsync(row)));
        Assert.Equal(Content, await volume.ReadAsync("a"));
        await volume.Test.AssertSoundAsync();
    }

    // A closed volume with one file, whose segment was uploaded to its placement and whose row does not say so.
    private static async Task<(PlacedVolume Volume, SegmentRow Row)> UnnotedAsync(Placement placement, bool isFinished)
    {
        PlacedVolume volume = await PlacedVolume.CreateAsync(placement);
        SegmentRow row = await volume.UploadAsync("a", Content);
        await volume.Test.StopAsync();
        Directory.Delete(volume.Test.CacheDirectory, recursive: true);
        await SpoiltRows.WriteAsync(volume.Test, rows =>
        {
            SegmentChange segment = rows.OfType<SegmentChange>().Single();
            SegmentRow staged = segment.Segment with { State = SegmentState.Staged, Copies = 0 };
            return [segment with { Segment = isFinished ? staged : staged with { ObjectLength = 0, PlaintextLength = 0 } }];
        });
        return (volume, row);
    }
}
