using HipaaFs.Checking;
using HipaaFs.Crypto;
using HipaaFs.Metadata;
using HipaaFs.Metadata.Changes;
using HipaaFs.Storage;
using HipaaFs.Testing.Storage;

namespace HipaaFs.Core.Tests.Checking;

/// <summary>One example of each kind of damage to staged and stored segments, and the files it is told of.</summary>
public sealed class SegmentCheckTests
{
    private const int FileLength = 50_000; // Three whole frames and a short one.

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Check_StagedSegmentWhole_FindsNothing(bool finished)
    {
        (TestVolume test, _) = await StagedAsync(finished);
        await using (test)
        {
            Assert.Empty((await test.CheckAsync()).Findings);
        }
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Check_StagedFileCutShort_IsFoundWithItsFile(bool finished)
    {
        (TestVolume test, InodeId inode) = await StagedAsync(finished);
        await using (test)
        {
            string path = StagedFile(test);
            using (FileStream file = File.OpenWrite(path))
            {
                file.SetLength(SegmentFormat.SealedFrameOffset(2) + 10);
            }

            await AssertFoundAsync(test, CheckKind.StagingShort, (inode, FileLength - (2 * SegmentFormat.FrameSize)));
        }
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Check_StagedFrameChanged_IsFoundWithItsFile(bool finished)
    {
        (TestVolume test, InodeId inode) = await StagedAsync(finished);
        await using (test)
        {
            Flip(StagedFile(test), SegmentFormat.SealedFrameOffset(1) + 100);

            await AssertFoundAsync(test, CheckKind.StagingDamaged, (inode, SegmentFormat.FrameSize));
        }
    }

    [Theory]
    [InlineData(0)]
    [InlineData(-1)]
    [InlineData(-SegmentFormat.TrailerSize - 1)]
    public async Task Repair_StagedHeaderIndexOrTrailerChanged_IsUploadedAsAnotherSegment(int place)
    {
        (TestVolume test, _) = await StagedAsync(finished: true);
        await using (test)
        {
            string path = StagedFile(test);
            Flip(path, place < 0 ? new FileInfo(path).Length + place : place);

            CheckFinding found = Assert.Single((await test.CheckAsync(repair: true)).Findings);
            Assert.Equal((CheckKind.StagingDamaged, true), (found.Kind, found.Repaired));
            await test.OpenAsync();
            await test.DrainAsync();
            FileSystemCalls.AssertSame(FileSystemCalls.RandomBytes(FileLength, 1), await test.FileSystem.GetAsync("a"));
            await test.AssertSoundAsync();
        }
    }

    [Fact]
    public async Task Check_StagedSegmentGone_NamesItsFile()
    {
        (TestVolume test, InodeId inode) = await StagedAsync(finished: true);
        await using (test)
        {
            File.Delete(StagedFile(test));

            // Nothing waits for it any more; its file stays incomplete.
            await AssertFoundAsync(test, CheckKind.StagingMissing, (inode, FileLength), repaired: true);
        }
    }

    [Fact]
    public async Task Check_LiveSegmentGoneWhoseStagedFileIsStillThere_IsFound()
    {
        await using TestVolume test = await TestVolume.CreateAsync();
        InodeId inode = await test.FileSystem.PutAsync("a", FileSystemCalls.RandomBytes(FileLength, 1));
        await test.DrainAsync();
        await test.StopAsync();
        string stored = Assert.Single(Directory.GetFiles(Path.Combine(test.StoreDirectory, "seg"), "*", SearchOption.AllDirectories));
        File.Move(stored, Path.Combine(test.StagingDirectory, Path.GetFileName(stored) + ".seg"));

        await AssertFoundAsync(test, CheckKind.SegmentMissing, (inode, FileLength));
    }

    [Fact]
    public async Task Check_ObjectCutShort_NamesTheFilesBehindTheCut()
    {
        await using TestVolume test = await TestVolume.CreateAsync();
        await test.FileSystem.PutAsync("a", FileSystemCalls.RandomBytes(SegmentFormat.FrameSize, 1));
        InodeId behind = await test.FileSystem.PutAsync("b", FileSystemCalls.RandomBytes(1000, 2));
        await test.DrainAsync();
        await test.StopAsync();
        string stored = Assert.Single(Directory.GetFiles(Path.Combine(test.StoreDirectory, "seg"), "*", SearchOption.AllDirectories));
        File.WriteAllBytes(stored, File.ReadAllBytes(stored)[..(int)SegmentFormat.SealedFrameOffset(1)]);

        await AssertFoundAsync(test, CheckKind.SegmentShort, (behind, 1000));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Repair_SegmentWithoutARowInStaging_HasOneAgain(bool finished)
    {
        (TestVolume test, InodeId inode) = await StagedAsync(finished);
        await using (test)
        {
            await ForgetSegmentAsync(test);
            await AssertRowIsMadeAgainAsync(test, inode);
        }
    }

    [Fact]
    public async Task Repair_SegmentWithoutARowInTheStore_HasOneAgain()
    {
        (TestVolume test, InodeId inode) = await StoredAsync();
        await using (test)
        {
            await ForgetSegmentAsync(test);
            await AssertRowIsMadeAgainAsync(test, inode);
        }
    }

    [Fact]
    public async Task Repair_SegmentWithoutARowThatIsDamagedInTheStore_NamesItsFile()
    {
        (TestVolume test, InodeId inode) = await StoredAsync();
        await using (test)
        {
            await ForgetSegmentAsync(test);
            Flip(Assert.Single(Directory.GetFiles(Path.Combine(test.StoreDirectory, "seg"), "*", SearchOption.AllDirectories)), 1000);

            await AssertFoundAsync(test, CheckKind.SegmentUnknown, (inode, FileLength));
        }
    }

    [Theory]
    [InlineData(2, 10, FileLength - (2 * SegmentFormat.FrameSize))] // In the third frame.
    [InlineData(0, 3, FileLength)] // Before the first.
    [InlineData(4, 5, 0)] // In the index: every frame is whole.
    public async Task Repair_ObjectOfAnUnfinishedRowCutOff_IsGivenUpWithItsLossAndTheRestGoesOn(int frame, int more, long lost)
    {
        (TestVolume test, InodeId inode) = await StoredAsync();
        await using (test)
        {
            await UnfinishRowAsync(test);
            using (FileStream file = File.OpenWrite(StoredObject(test)))
            {
                file.SetLength(SegmentFormat.SealedFrameOffset(frame) + more);
            }

            await AssertFoundAsync(test, CheckKind.SegmentShort, lost == 0 ? null : (inode, lost), repaired: true);
            await test.OpenAsync();
            long left = Math.Min(FileLength - lost, frame * SegmentFormat.FrameSize);
            HandleId handle = await test.FileSystem.OpenAsync("a");
            FileSystemCalls.AssertSame(FileSystemCalls.RandomBytes(FileLength, 1)[..(int)left], await test.FileSystem.ReadAsync(handle, 0, (int)left));
            await test.FileSystem.CloseAsync(handle);
            await test.FileSystem.PutAsync("b", [2]);
            await test.DrainAsync();
        }
    }

    [Theory]
    [InlineData(0)]
    [InlineData(10)]
    [InlineData(SegmentFormat.HeaderSize + 100)]
    public async Task Publish_UnfinishedFileInStagingCutOff_TellsItsLossAndTheRestGoesOn(int length)
    {
        (TestVolume test, InodeId inode) = await StagedAsync(finished: false);
        await using (test)
        {
            using (FileStream file = File.OpenWrite(StagedFile(test)))
            {
                file.SetLength(length);
            }

            IReadOnlyList<CheckFinding> found = (await test.CheckAsync(repair: true)).Findings;
            Assert.Contains(found, static finding => finding.Kind == CheckKind.StagingShort);
            Assert.Equal($"inode {inode}: {FileLength} bytes cannot be read", found[^1].Subject);
            await test.OpenAsync();
            await test.FileSystem.PutAsync("b", [2]);
            await test.FileSystem.FsyncAsync("b");
            Assert.Equal(StoreError.None, await test.Volume.Parts.Writer!.Publisher.PublishAsync(default));
            Assert.All(test.Volume.GetStatus().Damage, run => Assert.Equal(inode, run.Inode));
            Assert.NotEmpty(test.Volume.GetStatus().Damage);
            (TestVolume restored, _) = await test.RestoreAsync();
            await using (restored)
            {
                Assert.Equal([2], await restored.FileSystem.GetAsync("b"));
            }
        }
    }

    [Fact]
    public async Task Check_ObjectOfAnUnfinishedRowWhole_FindsNothing()
    {
        (TestVolume test, _) = await StoredAsync();
        await using (test)
        {
            await UnfinishRowAsync(test);
            Assert.Empty((await test.CheckAsync()).Findings); // The next mount notes that it is there.
        }
    }

    [Fact]
    public async Task Repair_ObjectOfAnUnfinishedSegmentThatWasGivenUpComesBack_IsMended()
    {
        (TestVolume test, InodeId inode) = await StoredAsync();
        await using (test)
        {
            await UnfinishRowAsync(test);
            string path = StoredObject(test);
            byte[] whole = File.ReadAllBytes(path);
            File.Delete(path);
            await AssertFoundAsync(test, CheckKind.StagingMissing, (inode, FileLength), repaired: true);
            File.WriteAllBytes(path, whole);

            await AssertFoundAsync(test, CheckKind.SegmentShort, null, repaired: true);
            await AssertWholeAsync(test);
        }
    }

    [Fact]
    public async Task Repair_UnfinishedSegmentThatWasGivenUpComesBack_IsMended()
    {
        (TestVolume test, _) = await GivenUpAsync(static _ => { });
        await using (test)
        {
            await AssertFoundAsync(test, CheckKind.SegmentMissing, null, repaired: true);
            await AssertWholeAsync(test);
        }
    }

    [Fact]
    public async Task Repair_UnfinishedSegmentThatWasGivenUpComesBackDamaged_NamesWhatIsLost()
    {
        (TestVolume test, InodeId inode) = await GivenUpAsync(static path => Flip(path, SegmentFormat.SealedFrameOffset(1) + 100));
        await using (test)
        {
            IReadOnlyList<CheckFinding> found = (await test.CheckAsync(repair: true)).Findings;

            Assert.Equal(
                [(CheckKind.SegmentMissing, true), (CheckKind.StagingDamaged, false), (CheckKind.FileIncomplete, false)],
                found.Select(static finding => (finding.Kind, finding.Repaired)));
            Assert.Equal($"inode {inode}: {SegmentFormat.FrameSize} bytes cannot be read", found[^1].Subject);
            await test.OpenAsync();
            HandleId handle = await test.FileSystem.OpenAsync("a");
            FileSystemCalls.AssertSame(
                FileSystemCalls.RandomBytes(FileLength, 1)[(2 * SegmentFormat.FrameSize)..],
                await test.FileSystem.ReadAsync(handle, 2 * SegmentFormat.FrameSize, FileLength - (2 * SegmentFormat.FrameSize)));
            await test.FileSystem.CloseAsync(handle);
        }
    }

    [Fact]
    public async Task Repair_WhatComesBackIsNotTheSegment_StaysGivenUp()
    {
        (TestVolume test, InodeId inode) = await GivenUpAsync(static path =>
        {
            byte[] content = File.ReadAllBytes(path);
            content.AsSpan(SegmentFormat.HeaderSize).Clear();
            File.WriteAllBytes(path, content);
        });
        await using (test)
        {
            await AssertFoundAsync(test, CheckKind.SegmentMissing, (inode, FileLength));
            await test.OpenAsync();
            await test.StopAsync();
            Assert.True(File.Exists(StagedFile(test)));
        }
    }

    [Fact]
    public async Task Repair_StagedFileThatNoRowKnowsAndAFileNeeds_IsKept()
    {
        (TestVolume test, InodeId inode) = await StagedAsync(finished: true);
        await using (test)
        {
            await ForgetSegmentAsync(test);
            string path = StagedFile(test);
            byte[] whole = File.ReadAllBytes(path);
            Flip(path, 40); // Its epoch: nothing of it can be opened before it is right again.

            await AssertFoundAsync(test, CheckKind.SegmentUnknown, (inode, FileLength));
            await test.OpenAsync();
            await test.StopAsync();
            Assert.Equal(whole.Length, new FileInfo(path).Length);
        }
    }

    [Fact]
    public async Task Check_RunPastItsSegment_NamesItsFile()
    {
        (TestVolume test, InodeId inode) = await StoredAsync();
        await using (test)
        {
            await SpoiltRows.WriteAsync(test, rows =>
            {
                SegmentChange segment = rows.OfType<SegmentChange>().Single();
                ExtentChange extent = rows.OfType<ExtentChange>().Single();
                return [extent with { Extent = extent.Extent with { PlaintextOffset = segment.Segment.PlaintextLength - FileLength + 10 } }];
            });

            await AssertFoundAsync(test, CheckKind.ExtentOutOfSegment, (inode, 10));
        }
    }

    private static string StagedFile(TestVolume test) => Assert.Single(Directory.GetFiles(test.StagingDirectory, "*.seg"));

    private static string StoredObject(TestVolume test) => Assert.Single(Directory.GetFiles(Path.Combine(test.StoreDirectory, "seg"), "*", SearchOption.AllDirectories));

    // As it is when the process ended between the upload and the commit that notes it.
    private static Task UnfinishRowAsync(TestVolume test) => SpoiltRows.WriteAsync(test, static rows =>
    {
        SegmentChange segment = rows.OfType<SegmentChange>().Single();
        return [segment with { Segment = segment.Segment with { State = SegmentState.Staged, ObjectLength = 0, PlaintextLength = 0 } }];
    });

    // A volume that gave an unfinished segment up whose file is there again, with what became of it meanwhile.
    private static async Task<(TestVolume Volume, InodeId Inode)> GivenUpAsync(Action<string> change)
    {
        (TestVolume test, InodeId inode) = await StagedAsync(finished: false);
        string path = StagedFile(test);
        byte[] content = File.ReadAllBytes(path);
        File.Delete(path);
        await AssertFoundAsync(test, CheckKind.StagingMissing, (inode, FileLength), repaired: true);
        File.WriteAllBytes(path, content);
        change(path);
        await test.OpenAsync(); // It does not fit its row, and nothing happens to it.
        await test.StopAsync();
        Assert.True(File.Exists(path));
        return (test, inode);
    }

    private static async Task AssertWholeAsync(TestVolume test)
    {
        Assert.Empty((await test.CheckAsync()).Findings);
        await test.OpenAsync();
        FileSystemCalls.AssertSame(FileSystemCalls.RandomBytes(FileLength, 1), await test.FileSystem.GetAsync("a"));
        await test.DrainAsync();
        await test.AssertSoundAsync();
    }

    private static void Flip(string path, long place)
    {
        byte[] content = File.ReadAllBytes(path);
        content[place] ^= 1;
        File.WriteAllBytes(path, content);
    }

    // A closed volume with one file in one staged segment; unfinished is what a kill leaves behind.
    private static async Task<(TestVolume Volume, InodeId Inode)> StagedAsync(bool finished)
    {
        TestVolume test = await TestVolume.CreateAsync(TestVolumeOptions.Still);
        test.Store.Add(new StoreFault(StoreFaultKind.Fail));
        InodeId inode = await test.FileSystem.PutAsync("a", FileSystemCalls.RandomBytes(FileLength, 1));
        await test.FileSystem.SyncAsync(default).Ok();
        if (finished)
        {
            await test.StopAsync();
            return (test, inode);
        }

        await using (test)
        {
            return (test.CopyFiles(), inode);
        }
    }

    private static Task ForgetSegmentAsync(TestVolume test) =>
        SpoiltRows.WriteAsync(test, static rows => [rows.OfType<SegmentChange>().Single() with { Kind = ChangeKind.Tombstone }]);

    private static async Task AssertRowIsMadeAgainAsync(TestVolume test, InodeId inode)
    {
        CheckFinding found = Assert.Single((await test.CheckAsync()).Findings);
        Assert.Equal((CheckKind.SegmentUnknown, false), (found.Kind, found.Repaired));
        Assert.StartsWith($"inode {inode} at 0, {FileLength} bytes, segment ", found.Subject, StringComparison.Ordinal);
        Assert.Equal(found with { Repaired = true }, Assert.Single((await test.CheckAsync(repair: true)).Findings));
        await AssertWholeAsync(test);
    }

    private static async Task<(TestVolume Volume, InodeId Inode)> StoredAsync()
    {
        TestVolume test = await TestVolume.CreateAsync(TestVolumeOptions.Still);
        InodeId inode = await test.FileSystem.PutAsync("a", FileSystemCalls.RandomBytes(FileLength, 1));
        await test.DrainAsync();
        await test.StopAsync();
        Directory.Delete(test.CacheDirectory, recursive: true);
        return (test, inode);
    }

    private static async Task AssertFoundAsync(TestVolume test, CheckKind kind, (InodeId Inode, long Bytes)? file, bool repaired = false)
    {
        IReadOnlyList<CheckFinding> found = (await test.CheckAsync(repair: true)).Findings;

        Assert.All(found, finding => Assert.Equal(repaired && finding.Kind == kind, finding.Repaired));
        Assert.Equal(file is null ? [kind] : [kind, CheckKind.FileIncomplete], found.Select(static finding => finding.Kind));
        if (file is not null)
        {
            Assert.Equal($"inode {file.Value.Inode}: {file.Value.Bytes} bytes cannot be read", found[^1].Subject);
        }
    }
}
