using HipaaFs.Checking;
using HipaaFs.Crypto;
using HipaaFs.Metadata;
using HipaaFs.Metadata.Changes;

namespace HipaaFs.Core.Tests.Checking;

/// <summary>Runs of a file's bytes that overlap, and sizes that are not those of the runs.</summary>
public sealed class ExtentCheckTests
{
    private const int Half = 1 << 16;

    private static readonly byte[] Content = FileSystemCalls.RandomBytes(2 * Half, 1);

    [Fact]
    public async Task Repair_OverlapThatTellsNoAge_CutsTheRunThatBeginsFirst()
    {
        (TestVolume test, InodeId file) = await ClosedAsync();
        await using (test)
        {
            await SpoiltRows.WriteAsync(test, rows =>
            {
                ExtentChange extent = ExtentsOf(rows, file)[0];
                return [extent with { Extent = new Extent(100, 10, extent.Extent.Segment, extent.Extent.PlaintextOffset) }];
            });
            string subject = await AssertMendedAsync(test, CheckKind.ExtentsOverlap);
            Assert.StartsWith($"inode {file} at 100, 10 bytes: ", subject, StringComparison.Ordinal);
            Assert.EndsWith("neither is known to be newer and kept", subject, StringComparison.Ordinal);

            byte[] expected = [.. Content];
            Content.AsSpan(0, 10).CopyTo(expected.AsSpan(100));
            await test.OpenAsync();
            FileSystemCalls.AssertSame(expected, await test.FileSystem.GetAsync("a"));
            await test.AssertSoundAsync();
        }
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Repair_OverlapOfTwoEpochs_KeepsTheNewer(bool beginsFirst)
    {
        (TestVolume test, InodeId file) = await ClosedAsync(snapshot: true);
        await using (test)
        {
            // The run of the snapshot is cut to half of it or begins later; the newer one covers all of the file but a byte.
            await SpoiltRows.WriteAsync(test, rows =>
            {
                ExtentChange extent = ExtentsOf(rows, file)[0];
                Extent old = extent.Extent;
                Extent newer = new(beginsFirst ? 0 : 1, Content.Length - 1, old.Segment, old.PlaintextOffset + 1);
                return beginsFirst
                    ?
                    [
                        extent with { Kind = ChangeKind.Tombstone },
                        extent with { Extent = old with { FileOffset = 1, Length = old.Length - 1 }, Lifetime = new Lifetime(1) },
                        extent with { Extent = newer, Lifetime = new Lifetime(2) },
                    ]
                    : [extent with { Extent = newer, Lifetime = new Lifetime(2) }];
            });
            Assert.EndsWith("which is newer and kept", await AssertMendedAsync(test, CheckKind.ExtentsOverlap), StringComparison.Ordinal);

            await test.OpenAsync();
            byte[] expected = beginsFirst ? [.. Content[1..], Content[^2]] : [Content[0], .. Content[1..]];
            FileSystemCalls.AssertSame(expected, await test.FileSystem.GetAsync("a"));
            await test.AssertSoundAsync();
        }
    }

    [Fact]
    public async Task Repair_RunWithoutBytes_IsRemoved()
    {
        (TestVolume test, InodeId file) = await ClosedAsync();
        await using (test)
        {
            await SpoiltRows.WriteAsync(test, rows =>
            {
                ExtentChange extent = ExtentsOf(rows, file)[0];
                return [extent with { Extent = extent.Extent with { FileOffset = 100, Length = 0 } }];
            });
            await AssertMendedAsync(test, CheckKind.ExtentsOverlap);

            await test.OpenAsync();
            FileSystemCalls.AssertSame(Content, await test.FileSystem.GetAsync("a"));
            await test.AssertSoundAsync();
        }
    }

    [Fact]
    public async Task Repair_AllocatedBytesWrong_AreThoseOfTheRuns()
    {
        (TestVolume test, InodeId file) = await ClosedAsync();
        await using (test)
        {
            await SpoiltRows.WriteAsync(test, rows => [Changed(rows, file, static inode => inode with { AllocatedBytes = 0 })]);
            Assert.Equal($"inode {file}: 0 instead of {Content.Length}", await AssertMendedAsync(test, CheckKind.WrongAllocatedBytes));

            // Else its runs would stay for ever.
            await test.OpenAsync();
            await test.FileSystem.UnlinkAsync(InodeId.Root, "a"u8, default).Ok();
            await test.AssertSoundAsync();
        }
    }

    [Fact]
    public async Task Repair_SizeBelowTheRuns_IsTheirEnd()
    {
        (TestVolume test, InodeId file) = await ClosedAsync();
        await using (test)
        {
            await SpoiltRows.WriteAsync(test, rows => [Changed(rows, file, static inode => inode with { Size = 10 })]);
            await AssertMendedAsync(test, CheckKind.WrongSize);

            await test.OpenAsync();
            FileSystemCalls.AssertSame(Content, await test.FileSystem.GetAsync("a"));
            await test.AssertSoundAsync();
        }
    }

    [Fact]
    public async Task Check_RunsOfADirectory_AreFound()
    {
        (TestVolume test, InodeId file) = await ClosedAsync();
        await using (test)
        {
            await SpoiltRows.WriteAsync(test, rows => [ExtentsOf(rows, file)[0] with { Inode = InodeId.Root }]);

            CheckFinding found = Assert.Single((await test.CheckAsync(repair: true)).Findings);
            Assert.Equal((CheckKind.StrayExtents, false), (found.Kind, found.Repaired));
        }
    }

    private static List<ExtentChange> ExtentsOf(List<RowChange> rows, InodeId file) =>
        [.. rows.OfType<ExtentChange>().Where(row => row.Kind == ChangeKind.Upsert && row.Inode == file)];

    private static InodeChange Changed(List<RowChange> rows, InodeId file, Func<InodeAttributes, InodeAttributes> change)
    {
        InodeChange row = rows.OfType<InodeChange>().Single(row => row.Kind == ChangeKind.Upsert && row.Inode.Id == file);
        return row with { Inode = change(row.Inode) };
    }

    private static async Task<(TestVolume Volume, InodeId File)> ClosedAsync(bool snapshot = false)
    {
        TestVolume test = await TestVolume.CreateAsync(TestVolumeOptions.Still);
        InodeId file = await test.FileSystem.PutAsync("a", Content);
        await test.DrainAsync();
        if (snapshot)
        {
            (await test.Volume.Snapshots.CreateAsync("s", default)).Ok();
        }

        await test.StopAsync();
        return (test, file);
    }

    // Found, mended, and nothing is left; answers whose it was.
    private static async Task<string> AssertMendedAsync(TestVolume test, CheckKind kind)
    {
        CheckFinding found = Assert.Single((await test.CheckAsync()).Findings);
        CheckFinding mended = Assert.Single((await test.CheckAsync(repair: true)).Findings);
        Assert.Equal((kind, false), (found.Kind, found.Repaired));
        Assert.Equal(found with { Repaired = true }, mended);
        Assert.Empty((await test.CheckAsync()).Findings);
        return found.Subject;
    }
}
