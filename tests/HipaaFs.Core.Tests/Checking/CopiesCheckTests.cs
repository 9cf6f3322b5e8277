using HipaaFs.Checking;
using HipaaFs.Crypto;
using HipaaFs.Metadata;
using HipaaFs.Metadata.Changes;
using HipaaFs.Metadata.Sqlite;
using HipaaFs.Placements;
using HipaaFs.Staging;
using HipaaFs.Storage;
using HipaaFs.Testing.Storage;
using HipaaFs.Volumes;
using Microsoft.Extensions.Logging.Abstractions;

namespace HipaaFs.Core.Tests.Checking;

/// <summary>Rows of segments that are wrong about the stores that have them.</summary>
public sealed class CopiesCheckTests
{
    private const int FileLength = 50_000;
    private const ulong Unknown = 0b10_0100;

    [Fact]
    public async Task Upload_OfASegment_SaysThatTheVolumesOwnStoreHasIt()
    {
        await using TestVolume test = await TestVolume.CreateAsync(TestVolumeOptions.Still);
        test.Store.Add(new StoreFault(StoreFaultKind.Fail));
        await test.FileSystem.PutAsync("a", FileSystemCalls.RandomBytes(FileLength, 1));
        await test.FileSystem.SyncAsync(default).Ok();
        Assert.Equal(0u, Assert.Single((await test.Rows.ListSegmentsAsync(SegmentState.Staged, null, 9)).Value).Copies);
        await test.StopAsync();

        await test.OpenAsync();
        await test.DrainAsync();
        Assert.Equal(SegmentCopies.Own, Assert.Single((await test.Rows.ListSegmentsAsync(SegmentState.Live, null, 9)).Value).Copies);
        await test.AssertSoundAsync();
    }

    [Theory]
    [InlineData(0, "none")]
    [InlineData(Unknown, "2, 5")]
    [InlineData(Unknown | SegmentCopies.Own, "0, 2, 5")]
    public async Task Repair_OfWhatTheVolumesOwnStoreHas_SaysSo(ulong copies, string before)
    {
        (TestVolume test, SegmentId segment, _) = await StoredAsync(copies);
        await using (test)
        {
            var expected = new CheckFinding(CheckKind.WrongCopies, $"segment {segment}: stores {before} instead of 0", Repaired: false);
            Assert.Equal(expected, Assert.Single((await test.CheckAsync()).Findings));
            Assert.Equal(expected with { Repaired = true }, Assert.Single((await test.CheckAsync(repair: true)).Findings));

            await test.AssertSoundAsync();
            await test.OpenAsync();
            Assert.Equal(SegmentCopies.Own, (await test.Rows.GetSegmentAsync(segment)).Value.Copies);
            Assert.Equal(1, (await test.Rows.SumCopiesAsync()).Value.OfStore(0).Segments);
        }
    }

    [Theory]
    [InlineData(0)]
    [InlineData(Unknown)]
    [InlineData(Unknown | SegmentCopies.Own)]
    public async Task Repair_OfWhatNoKnownStoreHas_NamesItsFileAndForgetsNoStore(ulong copies)
    {
        (TestVolume test, SegmentId segment, InodeId inode) = await StoredAsync(copies);
        await using (test)
        {
            string path = StoredObject(test);
            byte[] content = File.ReadAllBytes(path);
            File.Delete(path);
            CheckKind[] missing = [CheckKind.SegmentMissing, CheckKind.FileIncomplete];
            for (int i = 0; i < 2; i++)
            {
                IReadOnlyList<CheckFinding> found = (await test.CheckAsync(repair: true)).Findings;
                Assert.Equal(copies == 0 ? missing : [CheckKind.WrongCopies, .. missing], found.Select(static finding => finding.Kind));
                Assert.All(found, static finding => Assert.False(finding.Repaired));
                Assert.Equal($"inode {inode}: {FileLength} bytes cannot be read", found[^1].Subject);
            }

            Assert.Equal(copies, (await SegmentAsync(test)).Copies);
            File.WriteAllBytes(path, content);
            Assert.True(Assert.Single((await test.CheckAsync(repair: true)).Findings).Repaired);
            Assert.Equal((segment, SegmentCopies.Own), ((await SegmentAsync(test)).Id, (await SegmentAsync(test)).Copies));
        }
    }

    [Theory]
    [InlineData(0b001, true, 0b001)]
    [InlineData(0b011, true, 0b011)]
    [InlineData(0b010, true, 0b010)] // What was copied, and the row not told yet, is not wrong.
    [InlineData(0b010, false, 0b010)] // Its own store need not have it.
    [InlineData(0b011, false, 0b010)]
    [InlineData(0b111, true, 0b011)]
    [InlineData(0b110, false, 0b010)]
    [InlineData(0b100, true, 0b001)]
    public async Task Check_OfAVolumeOnTwoStores_BelievesTheOneThatCannotBeRead(ulong copies, bool isHere, ulong mended)
    {
        (TestVolume test, SegmentId segment, _) = await StoredAsync(copies);
        await using (test)
        {
            if (!isHere)
            {
                File.Delete(StoredObject(test));
            }

            var findings = new CheckFindings(repair: true);
            await using (SqliteMetadataStore metadata = OpenRows(test))
            await using (var stores = new RestingStores())
            {
                Assert.Null(await OpenAsync(stores, test, new RegisteredStore { Name = "primary", Url = test.Url.ToString() }));
                Assert.NotNull(await OpenAsync(stores, test, new RegisteredStore { Number = 1, Name = "second", Url = "file:///nowhere/at/all" }));
                VolumeRows rows = await VolumeRows.ReadAsync(metadata, new Progress<CheckProgress>(), default);
                var check = new SegmentCheck(rows, findings, new Progress<CheckProgress>(), stores);
                await check.RunAsync(new StagingArea(test.Options.Staging), null, default);
                Assert.Equal((mended & 1) == 0 ? 1 : 0, check.Unchecked);
                Assert.Equal(["second"], stores.UnreadNames);
            }

            IEnumerable<(SegmentId, ulong)> repairs = findings.TakeRepairs(1).Cast<SegmentChange>().Select(static change => (change.Segment.Id, change.Segment.Copies));
            Assert.Equal(copies == mended ? [] : [(segment, mended)], repairs);
            Assert.Equal(copies == mended ? [] : [(CheckKind.WrongCopies, true)], findings.All.Select(static finding => (finding.Kind, finding.Repaired)));
        }
    }

    private static Task<VolumeException?> OpenAsync(RestingStores stores, TestVolume test, RegisteredStore store) =>
        stores.OpenAsync(store, test.Id, test.Stores, NullLoggerFactory.Instance, TimeProvider.System, default);

    private static string StoredObject(TestVolume test) =>
        Assert.Single(Directory.GetFiles(Path.Combine(test.StoreDirectory, "seg"), "*", SearchOption.AllDirectories));

    private static SqliteMetadataStore OpenRows(TestVolume test) => VolumeDirectory.OpenMetadata(
        new SqliteMetadataOptions { Directory = test.VolumeDirectory, ReadOnly = true }, NullLoggerFactory.Instance, TimeProvider.System);

    private static async Task<SegmentRow> SegmentAsync(TestVolume test)
    {
        await using SqliteMetadataStore metadata = OpenRows(test);
        return Assert.Single((await metadata.ListSegmentsAsync(SegmentState.Live, null, 9)).Value);
    }

    // A closed volume with one file in one stored segment, whose row says that other stores have it.
    private static async Task<(TestVolume Volume, SegmentId Segment, InodeId Inode)> StoredAsync(ulong copies)
    {
        TestVolume test = await TestVolume.CreateAsync(TestVolumeOptions.Still);
        InodeId inode = await test.FileSystem.PutAsync("a", FileSystemCalls.RandomBytes(FileLength, 1));
        await test.DrainAsync();
        await test.StopAsync();
        SpoiltRows.Execute(test, $"UPDATE segment SET copies = {copies}");
        return (test, (await SegmentAsync(test)).Id, inode);
    }
}
