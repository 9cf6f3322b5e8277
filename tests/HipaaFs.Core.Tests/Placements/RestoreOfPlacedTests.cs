using HipaaFs.Crypto;
using HipaaFs.Metadata;
using HipaaFs.Placements;
using HipaaFs.Recovery;
using HipaaFs.Storage;
using HipaaFs.Testing.Storage;

namespace HipaaFs.Core.Tests.Placements;

/// <summary>Restores of a volume on several stores of which one cannot be read.</summary>
public sealed class RestoreOfPlacedTests
{
    private static readonly byte[] Content = FileSystemCalls.RandomBytes(200_000, 1);

    public enum Absence
    {
        Gone,
        NotListed,
        NotRead,
    }

    [Theory]
    [InlineData(Absence.Gone)]
    [InlineData(Absence.NotListed)]
    [InlineData(Absence.NotRead)]
    public async Task Restore_StagedRowWhoseStoreIsAway_StaysStagedAndIsFoundWhenItIsBack(Absence absence)
    {
        await using PlacedVolume volume = await StagedInThePointAsync(new Placement { Primary = 1 });
        (TestVolume restored, RestoreReport report) = await volume.Test.RestoreAsync(open: false, arrange: copy => Arrange(volume, copy, absence));
        await using (restored)
        {
            Assert.Equal((0L, 1L, false), (report.MissingSegments, report.UncheckedSegments, report.IsComplete));
            Assert.Equal(["second"], report.UnreadStores);
            Assert.Empty(report.IncompleteFiles);
            if (absence == Absence.Gone)
            {
                TestVolume.CopyTree(volume.Test.MemberDirectory(1), restored.MemberDirectory(1));
            }

            await restored.OpenAsync();
            await restored.DrainAsync();
            Assert.Equal(Content, await restored.FileSystem.GetAsync("placed/a"));
            Assert.Equal(2ul, Assert.Single(await LivePlacedAsync(restored)).Copies);
            restored.MemberFaults.Clear();
            await restored.AssertSoundAsync();
        }
    }

    [Fact]
    public async Task Restore_StagedRowThatTwoStoresHave_KnowsBoth()
    {
        await using PlacedVolume volume = await StagedInThePointAsync(new Placement { Primary = 1, Sync = [2] });
        (TestVolume restored, RestoreReport report) = await volume.Test.RestoreAsync(arrange: copy => Arrange(volume, copy, null));
        await using (restored)
        {
            Assert.True(report.IsComplete);
            Assert.Equal(6ul, Assert.Single(await LivePlacedAsync(restored)).Copies);
            await restored.AssertSoundAsync();
        }
    }

    [Fact]
    public async Task Restore_StagedRowCutShortInItsStore_IsReadThereUpToTheCut()
    {
        await using PlacedVolume volume = await StagedInThePointAsync(new Placement { Primary = 1 });
        string stored = Assert.Single(Directory.GetFiles(Path.Combine(volume.Test.MemberDirectory(1), "seg"), "*", SearchOption.AllDirectories));
        byte[] content = await File.ReadAllBytesAsync(stored);
        await File.WriteAllBytesAsync(stored, content[..(int)SegmentFormat.SealedFrameOffset(2)]);
        (TestVolume restored, RestoreReport report) = await volume.Test.RestoreAsync(arrange: copy => Arrange(volume, copy, null));
        await using (restored)
        {
            Assert.Equal((1L, 0L), (report.MissingSegments, report.UncheckedSegments));
            Assert.Equal(Content.Length - (2 * SegmentFormat.FrameSize), Assert.Single(report.IncompleteFiles).MissingBytes);
            HandleId handle = await restored.FileSystem.OpenAsync("placed/a");
            Assert.Equal(Content[..(2 * SegmentFormat.FrameSize)], await restored.FileSystem.ReadAsync(handle, 0, 2 * SegmentFormat.FrameSize));
            await restored.FileSystem.CloseAsync(handle);
        }
    }

    // The store of a copy of the volume.
    private static void Arrange(PlacedVolume volume, TestVolume copy, Absence? absence)
    {
        if (absence != Absence.Gone)
        {
            TestVolume.CopyTree(volume.Test.MemberDirectory(1), copy.MemberDirectory(1));
        }

        TestVolume.CopyTree(volume.Test.MemberDirectory(2), copy.MemberDirectory(2));
        if (absence is Absence.NotListed or Absence.NotRead)
        {
            copy.MemberFaults[1] = new StoreFault(StoreFaultKind.Fail)
            {
                Verb = absence == Absence.NotListed ? StoreVerb.List : StoreVerb.GetProperties,
                KeyPrefix = "seg/",
                Error = StoreError.AccessDenied,
            };
        }
    }

    private static async Task<IReadOnlyList<SegmentRow>> LivePlacedAsync(TestVolume test)
    {
        IReadOnlyList<SegmentRow> rows = (await test.Volume.Parts.Metadata.ListSegmentsAsync(SegmentState.Live, null, 10)).Value;
        return [.. rows.Where(static row => row.Placement == 1)];
    }

    // Closed; the last backup point has a file whose segment was not uploaded yet in the commit that it shows.
    private static async Task<PlacedVolume> StagedInThePointAsync(Placement placement)
    {
        PlacedVolume volume = await PlacedVolume.CreateAsync(placement);
        await volume.Test.DrainAsync();
        await volume.Test.FileSystem.PutAsync("a", Content, volume.Directory);
        await volume.Test.DrainAsync();
        await volume.Test.StopAsync();
        return volume;
    }
}
