using System.Text;
using HipaaFs.Archives;
using HipaaFs.Compaction;
using HipaaFs.Crypto;
using HipaaFs.Metadata;
using HipaaFs.Placements;
using HipaaFs.Storage;
using HipaaFs.Testing;
using HipaaFs.Testing.Storage;
using HipaaFs.Transitions;
using HipaaFs.Volumes;

namespace HipaaFs.Core.Tests.Archives;

/// <summary>Files of placement 1 go to the archive of the same store, placement 2, and keep their first 64 KiB at hand.</summary>
public sealed class KeptHeadTests
{
    private const int Head = 64 << 10;

    private static readonly byte[] Large = FileSystemCalls.RandomBytes(300_000, 1);
    private static readonly byte[] Small = FileSystemCalls.RandomBytes(10_000, 2);

    [Fact]
    public async Task Move_OnlyWhatIsPastTheHead_GoesToTheArchive()
    {
        await using ArchivedVolume volume = await CreateAsync(new ArchiveBehaviour());
        List<(long Offset, long Length, uint Placement)> extents = await ExtentsAsync(volume, "placed/large");
        Assert.Equal([(0, Head, 1u), (Head, Large.Length - Head, 2u)], extents);
        Assert.Equal([(0, Small.Length, 1u)], await ExtentsAsync(volume, "placed/small"));
        Assert.True(await volume.Test.Volume.Parts.Writer!.Mover.MoveAsync(0, default)); // Nothing is left to move.
        FileSystemCalls.AssertSame(Small, await volume.Placed.ReadAsync("small"));
        await volume.Test.AssertSoundAsync();
    }

    [Fact]
    public async Task Read_WithinTheHead_IsServedAndPastItFails()
    {
        await using ArchivedVolume volume = await CreateAsync(new ArchiveBehaviour());
        HipaaFileSystem files = volume.Test.FileSystem;
        OpenedFile opened = await OpenAsync(volume);
        Assert.True(opened.IsDirect);
        FileSystemCalls.AssertSame(Large[..Head], await files.ReadAsync(opened.Handle, 0, Head));

        byte[] buffer = new byte[1000];
        foreach (long offset in (long[])[Head, Head - 999, Large.Length - 1])
        {
            Assert.Equal(FsError.Archived, (await files.ReadAsync(opened.Handle, offset, buffer, default)).Error);
            Assert.False(files.TryRead(opened.Handle, offset, buffer, null, out _));
        }

        Assert.Equal(0, (await files.ReadAsync(opened.Handle, Large.Length, buffer, default)).Value);
        Assert.Equal(999, await files.ReadWithinReachAsync(opened.Handle, Head - 999, buffer, default).Ok());
        FileSystemCalls.AssertSame(Large[(Head - 999)..Head], buffer[..999]);
        Assert.Equal(FsError.Archived, (await files.ReadWithinReachAsync(opened.Handle, Head, buffer, default)).Error);
        Assert.Equal("archived", await StateAsync(volume));
        await files.ReleaseAsync(opened.Handle).Ok();
        Assert.Empty(volume.Shelf.Asked);
    }

    [Fact]
    public async Task Seek_FindsDataPastTheHeadAndNoHoleBeforeTheEnd()
    {
        await using ArchivedVolume volume = await CreateAsync(new ArchiveBehaviour());
        HipaaFileSystem files = volume.Test.FileSystem;
        OpenedFile opened = await OpenAsync(volume);
        Assert.Equal(FsError.Archived, (await files.ReadAsync(opened.Handle, Head, new byte[1000], default)).Error);

        foreach (long offset in (long[])[0, Head - 1, Head, Large.Length - 1])
        {
            Assert.Equal(offset, await files.SeekAsync(opened.Handle, offset, hole: false, default).Ok());
            Assert.Equal(Large.Length, await files.SeekAsync(opened.Handle, offset, hole: true, default).Ok());
        }

        await files.ReleaseAsync(opened.Handle).Ok();
        Assert.Empty(volume.Shelf.Asked);
    }

    [Fact]
    public async Task Read_AllOfTheHeadInSequence_AsksTheStoreForNothingBehindIt()
    {
        await using ArchivedVolume volume = await CreateAsync(new ArchiveBehaviour());
        SegmentId archived = await SegmentAsync(volume, "placed/large", Head);
        volume.Placed.Store(1).Add(new StoreFault(StoreFaultKind.Fail) { Verb = StoreVerb.Read, KeyPrefix = StoreLayout.Segment(archived).Value });
        OpenedFile opened = await OpenAsync(volume);
        for (int offset = 0; offset < Head; offset += 4096)
        {
            FileSystemCalls.AssertSame(Large[offset..(offset + 4096)], await volume.Test.FileSystem.ReadAsync(opened.Handle, offset, 4096));
        }

        await volume.Test.FileSystem.ReleaseAsync(opened.Handle).Ok();
        await volume.Placed.Store(1).WhenIdleAsync();
        Assert.Equal(0, volume.Placed.Store(1).Struck);
    }

    [Fact]
    public async Task Open_ToWrite_IsRefusedAsWithoutAHead()
    {
        await using ArchivedVolume volume = await CreateAsync(new ArchiveBehaviour());
        Assert.Equal(FsError.Archived, await volume.TryOpenAsync("large", OpenFlags.Read | OpenFlags.Write));
        Assert.Equal(FsError.None, await volume.TryOpenAsync("small", OpenFlags.Read | OpenFlags.Write));
    }

    [Fact]
    public async Task CopyRange_PastTheHead_Fails()
    {
        await using ArchivedVolume volume = await CreateAsync(new ArchiveBehaviour());
        HipaaFileSystem files = volume.Test.FileSystem;
        OpenedFile source = await OpenAsync(volume);
        HandleId target = (await files.CreateAsync("copy", volume.Placed.Directory)).Handle;
        Assert.Equal(FsError.Archived, (await files.CopyRangeAsync(source.Handle, 0, target, 0, Large.Length, default)).Error);
        Assert.Equal(FsError.CrossDomain, (await files.CopyRangeAsync(source.Handle, 0, target, 0, Head, default)).Error); // The kernel copies it then.
        await files.CloseAsync(target);
        await files.ReleaseAsync(source.Handle).Ok();
    }

    [Fact]
    public async Task Read_Recall_BeginsWithTheFirstAccessPastTheHead()
    {
        await using ArchivedVolume volume = await CreateAsync(new ArchiveBehaviour { OnOpen = OpenBehaviour.Recall });
        HipaaFileSystem files = volume.Test.FileSystem;
        OpenedFile opened = await OpenAsync(volume);
        await files.ReadAsync(opened.Handle, 0, Head);
        await RoundAsync(volume);
        Assert.Empty(volume.Shelf.Asked);

        byte[] buffer = new byte[1000];
        Assert.Equal(FsError.Recalling, (await files.ReadAsync(opened.Handle, Head, buffer, default)).Error);
        await Eventually.TrueAsync(() => volume.Shelf.Asked.Count == 1, "it is asked for");
        Assert.Equal(FsError.Recalling, (await files.ReadAsync(opened.Handle, Large.Length - 1000, buffer, default)).Error);
        FileSystemCalls.AssertSame(Large[..Head], await files.ReadAsync(opened.Handle, 0, Head));

        await BringBackAsync(volume);
        FileSystemCalls.AssertSame(Large, await files.ReadAsync(opened.Handle, 0, Large.Length));
        await files.ReleaseAsync(opened.Handle).Ok();
        Assert.Single(volume.Shelf.Asked);
    }

    [Fact]
    public async Task Read_Block_WaitsPastTheHead()
    {
        await using ArchivedVolume volume = await CreateAsync(new ArchiveBehaviour { OnOpen = OpenBehaviour.Block });
        HipaaFileSystem files = volume.Test.FileSystem;
        OpenedFile opened = await OpenAsync(volume);
        Task<byte[]> reading = files.ReadAsync(opened.Handle, Head, Large.Length - Head);
        await Eventually.TrueAsync(() => volume.Shelf.Asked.Count == 1, "it is asked for");
        Assert.False(reading.IsCompleted);
        await BringBackAsync(volume);
        FileSystemCalls.AssertSame(Large[Head..], await reading);
        await files.ReleaseAsync(opened.Handle).Ok();
    }

    [Fact]
    public async Task Read_BlockedProgram_GetsTheHeadAndBringsNothingBack()
    {
        await using ArchivedVolume volume = await CreateAsync(new ArchiveBehaviour { OnOpen = OpenBehaviour.Block, BlockedPrograms = [Environment.ProcessPath!] });
        OpenedFile opened = await OpenAsync(volume, new Caller(1000, 1000, (uint)Environment.ProcessId));
        FileSystemCalls.AssertSame(Large[..Head], await volume.Test.FileSystem.ReadAsync(opened.Handle, 0, Head));
        Assert.Equal(FsError.Archived, (await volume.Test.FileSystem.ReadAsync(opened.Handle, Head, new byte[10], default)).Error);
        await volume.Test.FileSystem.ReleaseAsync(opened.Handle).Ok();
        await RoundAsync(volume);
        Assert.Empty(volume.Shelf.Asked);
    }

    [Fact]
    public async Task Compact_WhatIsLeftOfSegments_StaysWhereItIsOnline()
    {
        await using ArchivedVolume volume = await CreateAsync(new ArchiveBehaviour(), larges: 4);
        VolumeWriter writer = volume.Test.Volume.Parts.Writer!;
        CompactionReport report = (await writer.Compactor.CompactAsync(CompactionOptions.Now, default))!;
        Assert.NotEqual(0, report.Segments);
        Assert.Equal([(0, Head, 1u), (Head, Large.Length - Head, 2u)], await ExtentsAsync(volume, "placed/large"));
        Assert.True(await writer.Mover.MoveAsync(0, default));
        await volume.Placed.ReopenEmptyAsync();
        OpenedFile opened = await OpenAsync(volume);
        FileSystemCalls.AssertSame(Large[..Head], await volume.Test.FileSystem.ReadAsync(opened.Handle, 0, Head));
        await volume.Test.FileSystem.ReleaseAsync(opened.Handle).Ok();
        await volume.Test.AssertSoundAsync();
    }

    [Fact]
    public async Task Move_HeadIsShorterNow_RestFollows()
    {
        await using ArchivedVolume volume = await CreateAsync(new ArchiveBehaviour());
        await volume.Test.Volume.DefinePlacementAsync(InArchive(new ArchiveBehaviour { KeepHead = 5_000 }), default);
        Assert.True(await volume.Test.Volume.Parts.Writer!.Mover.MoveAsync(0, default));
        await volume.Test.DrainAsync();

        List<(long Offset, long Length, uint Placement)> extents = await ExtentsAsync(volume, "placed/large");
        Assert.Equal((0, 5_000, 1u), extents[0]);
        Assert.All(extents[1..], static extent => Assert.Equal(2u, extent.Placement));
        Assert.Equal([(0, 5_000, 1u), (5_000, Small.Length - 5_000, 2u)], await ExtentsAsync(volume, "placed/small"));
    }

    [Fact]
    public async Task Open_HeadIsToBeLongerNow_HasWhatIsThere()
    {
        await using ArchivedVolume volume = await CreateAsync(new ArchiveBehaviour());
        await volume.Test.Volume.DefinePlacementAsync(InArchive(new ArchiveBehaviour { KeepHead = 2 * Head }), default);
        OpenedFile opened = await OpenAsync(volume);
        FileSystemCalls.AssertSame(Large[..Head], await volume.Test.FileSystem.ReadAsync(opened.Handle, 0, Head));
        Assert.Equal(FsError.Archived, (await volume.Test.FileSystem.ReadAsync(opened.Handle, Head, new byte[10], default)).Error);
        await volume.Test.FileSystem.ReleaseAsync(opened.Handle).Ok();
    }

    [Fact]
    public async Task Open_OwnerAskedForAnotherTier_IsAsTheArchiveSaysUntilTheDataIsThere()
    {
        await using ArchivedVolume volume = await CreateAsync(new ArchiveBehaviour { OnOpen = OpenBehaviour.Recall });
        HipaaFileSystem files = volume.Test.FileSystem;
        InodeAttributes inode = await files.LookupAsync("placed/large");
        Assert.Equal(FsError.None, await files.SetTierAsync(inode.Id, "hot"u8.ToArray(), FileSystemCalls.Someone, default));
        OpenedFile opened = await OpenAsync(volume);
        FileSystemCalls.AssertSame(Large[..Head], await files.ReadAsync(opened.Handle, 0, Head));
        Assert.Equal(FsError.Recalling, (await files.ReadAsync(opened.Handle, Head, new byte[10], default)).Error);
        await files.ReleaseAsync(opened.Handle).Ok();
        await Eventually.TrueAsync(() => volume.Shelf.Asked.Count == 1, "it is asked for");
        await BringBackAsync(volume);
        Assert.True(await volume.Test.Volume.Parts.Writer!.Mover.MoveAsync(0, default));
        Assert.All(await ExtentsAsync(volume, "placed/large"), static extent => Assert.Equal(1u, extent.Placement));
    }

    [Fact]
    public async Task Read_BlockByMany_OnlySomeWait()
    {
        await using ArchivedVolume volume = await CreateAsync(new ArchiveBehaviour { OnOpen = OpenBehaviour.Block });
        HipaaFileSystem files = volume.Test.FileSystem;
        OpenedFile opened = await OpenAsync(volume);
        Task<FsResult<int>>[] reading = [.. Enumerable.Range(0, 9).Select(_ => files.ReadAsync(opened.Handle, Head, new byte[100], default).AsTask())];
        Task<FsResult<int>> refused = await Task.WhenAny(reading);
        Assert.Equal(FsError.Recalling, (await refused).Error);
        await Eventually.TrueAsync(() => volume.Shelf.Asked.Count == 1, "it is asked for");
        await BringBackAsync(volume);
        FsResult<int>[] read = await Task.WhenAll(reading);
        Assert.Equal(8, read.Count(static one => one is { IsOk: true, Value: 100 }));
        await files.ReleaseAsync(opened.Handle).Ok();
    }

    [Fact]
    public async Task ReadPages_ReadAhead_BeginsNoRecallAndASinglePageDoes()
    {
        await using ArchivedVolume volume = await CreateAsync(new ArchiveBehaviour { OnOpen = OpenBehaviour.Recall });
        HipaaFileSystem files = volume.Test.FileSystem;
        OpenedFile opened = await OpenAsync(volume);
        Assert.Equal(FsError.Archived, (await files.ReadPagesAsync(opened.Handle, Head - 4096, new byte[8192], default)).Error);
        Assert.Equal(FsError.Archived, (await files.ReadPagesAsync(opened.Handle, Head, new byte[8192], default)).Error);
        Assert.Equal(8192, await files.ReadPagesAsync(opened.Handle, 0, new byte[8192], default).Ok());
        await RoundAsync(volume);
        Assert.Empty(volume.Shelf.Asked);

        Assert.Equal(FsError.Recalling, (await files.ReadPagesAsync(opened.Handle, Head, new byte[4096], default)).Error);
        await Eventually.TrueAsync(() => volume.Shelf.Asked.Count == 1, "it is asked for");
        await files.ReleaseAsync(opened.Handle).Ok();
    }

    [Fact]
    public async Task Assign_OtherTierOfTheDirectory_TakesWhatIsInItsFormerArchiveBack()
    {
        await using ArchivedVolume volume = await CreateAsync(new ArchiveBehaviour());
        await volume.Placed.AssignAsync(volume.Placed.Directory, 1);
        Assert.Equal(2u, (await volume.Test.FileSystem.LookupAsync("placed/large")).Placement); // It came down by age.

        await volume.Test.Volume.DefinePlacementAsync(InArchive(new ArchiveBehaviour { KeepHead = Head }) with { IsTier = true }, default);
        await volume.Placed.AssignAsync(volume.Placed.Directory, 1);
        Assert.Equal(2u, (await volume.Test.FileSystem.LookupAsync("placed/large")).Placement); // That is its tier.

        await volume.Test.Volume.DefinePlacementAsync(new Placement { Number = 1, Primary = 1 }, default);
        await volume.Placed.AssignAsync(volume.Placed.Directory, 1);
        Assert.Equal(1u, (await volume.Test.FileSystem.LookupAsync("placed/large")).Placement);
    }

    [Fact]
    public async Task Assign_DirectoryIsToBeInAnArchiveNow_WhatIsOldGoesThereAtOnceAndTheRestWaits()
    {
        await using ArchivedVolume volume = await CreateAsync(new ArchiveBehaviour(), isMoved: false);
        await volume.Placed.HoldMoverAsync();
        InodeId top = (await volume.Test.FileSystem.MakeDirectoryAsync("top")).Id;
        await volume.Test.FileSystem.PutAsync("old", Large, top);
        await volume.Test.DrainAsync();
        volume.Time.Advance(TimeSpan.FromHours(2));
        await volume.Test.FileSystem.PutAsync("young", Small, top);
        await volume.Test.DrainAsync();
        await volume.Test.Volume.DefinePlacementAsync(InArchive(new ArchiveBehaviour()) with { IsTier = true }, default);
        await volume.Test.Volume.DefinePlacementAsync(new Placement { Number = 1, Primary = 1, Steps = [new PlacementStep { After = TimeSpan.FromHours(1), Placement = 2 }] }, default);

        await volume.Placed.AssignAsync(top, 1);

        Assert.Equal((2u, 1u), ((await volume.Test.FileSystem.LookupAsync("top/old")).Placement, (await volume.Test.FileSystem.LookupAsync("top/young")).Placement));
        Assert.True(await volume.Test.Volume.Parts.Writer!.Mover.MoveAsync(0, default));
        Assert.Equal([(0, Large.Length, 2u)], await ExtentsAsync(volume, "top/old"));
        Assert.Equal([(0, Small.Length, 1u)], await ExtentsAsync(volume, "top/young"));
    }

    [Fact]
    public async Task Move_HeadIsAtAStepThatIsNoneAnyMore_GoesToWhereFilesComeFrom()
    {
        await using ArchivedVolume volume = await CreateAsync(new ArchiveBehaviour(), isMoved: false);
        await volume.Placed.HoldMoverAsync();
        var cool = new PlacementStep { After = TimeSpan.FromHours(12), Placement = 3 };
        var archive = new PlacementStep { After = TimeSpan.FromDays(1), Placement = 2 };
        await volume.Test.Volume.DefinePlacementAsync(new Placement { Number = 3, Primary = 2, Origin = 1, Steps = [archive] }, default);
        await volume.Test.Volume.DefinePlacementAsync(new Placement { Number = 1, Primary = 1, Steps = [cool, archive] }, default);
        await volume.Test.FileSystem.PutAsync("large", Large, volume.Placed.Directory);
        await volume.Test.DrainAsync();
        PlacementMover mover = volume.Test.Volume.Parts.Writer!.Mover;
        foreach (double days in (double[])[0.6, 2])
        {
            await volume.Test.Volume.TransitionAsync(volume.Time.GetUtcNow() + TimeSpan.FromDays(days), countsOnly: false, default);
            Assert.True(await mover.MoveAsync(0, default));
        }

        Assert.Equal([(0, Head, 3u), (Head, Large.Length - Head, 2u)], await ExtentsAsync(volume, "placed/large"));
        Assert.Contains((2u, 3u), (await volume.Test.Volume.DescribeMisplacedAsync(default)).Heads);

        await volume.Test.Volume.DefinePlacementAsync(new Placement { Number = 1, Primary = 1, Steps = [archive] }, default);
        Assert.True(await mover.MoveAsync(0, default));
        Assert.Equal([(0, Head, 1u), (Head, Large.Length - Head, 2u)], await ExtentsAsync(volume, "placed/large"));
    }

    [Fact]
    public async Task Move_DataWasElsewhereStill_HeadGoesToWhereFilesOfTheArchiveComeFrom()
    {
        await using ArchivedVolume volume = await CreateAsync(new ArchiveBehaviour(), isMoved: false);
        await volume.Placed.HoldMoverAsync();
        await volume.Test.Volume.DefinePlacementAsync(new Placement { Number = 3, Primary = 2 }, default);
        InodeId top = (await volume.Test.FileSystem.MakeDirectoryAsync("top")).Id;
        await volume.Placed.AssignAsync(top, 3);
        await volume.Test.FileSystem.PutAsync("late", Large, top);
        await volume.Test.DrainAsync();
        await volume.Placed.AssignAsync(top, 1);
        await volume.Test.Volume.TransitionAsync(volume.Time.GetUtcNow() + TimeSpan.FromDays(2), countsOnly: false, default);

        Assert.True(await volume.Test.Volume.Parts.Writer!.Mover.MoveAsync(0, default));

        Assert.Equal([(0, Head, 1u), (Head, Large.Length - Head, 2u)], await ExtentsAsync(volume, "top/late"));
    }

    [Fact]
    public async Task Write_FileIsBack_IsWhollyWhereItCameFrom()
    {
        await using ArchivedVolume volume = await CreateAsync(new ArchiveBehaviour());
        HipaaFileSystem files = volume.Test.FileSystem;
        HandleId handle = await files.OpenAsync("placed/large", OpenFlags.Write | OpenFlags.Truncate);
        await files.WriteAsync(handle, 0, Large);
        await files.CloseAsync(handle);
        await volume.Test.DrainAsync();
        Assert.All(await ExtentsAsync(volume, "placed/large"), static extent => Assert.Equal(1u, extent.Placement));
        OpenedFile opened = await OpenAsync(volume);
        Assert.False(opened.IsDirect);
        await files.ReleaseAsync(opened.Handle).Ok();
    }

    private static Placement InArchive(ArchiveBehaviour behaviour) => ArchivedVolume.InArchive with { Number = 2, Origin = 1, Archive = behaviour };

    // With a small file and some large ones, the first of them "large", which have come down; and nothing of them on this machine.
    private static async Task<ArchivedVolume> CreateAsync(ArchiveBehaviour behaviour, int larges = 1, bool isMoved = true)
    {
        ArchivedVolume volume = await ArchivedVolume.CreateAsync(new Placement { Primary = 1, Steps = [new PlacementStep { After = TimeSpan.FromDays(1), Placement = 2 }] });
        await volume.Test.Volume.DefinePlacementAsync(InArchive(behaviour with { KeepHead = behaviour.KeepHead == 0 ? Head : behaviour.KeepHead }), default);
        if (!isMoved)
        {
            return volume;
        }

        for (int i = 0; i < larges; i++)
        {
            await volume.Test.FileSystem.PutAsync(i == 0 ? "large" : $"large{i}", Large, volume.Placed.Directory);
        }

        await volume.Test.FileSystem.PutAsync("small", Small, volume.Placed.Directory);
        await volume.Test.DrainAsync();
        PlacementMover mover = volume.Test.Volume.Parts.Writer!.Mover;
        await volume.Placed.HoldMoverAsync();
        await volume.Test.Volume.TransitionAsync(volume.Time.GetUtcNow() + TimeSpan.FromDays(2), countsOnly: false, default);
        Assert.True(await mover.MoveAsync(0, default));
        await volume.Test.DrainAsync();
        await volume.Placed.ReopenEmptyAsync();
        await volume.Placed.HoldMoverAsync();
        return volume;
    }

    private static async Task<OpenedFile> OpenAsync(ArchivedVolume volume, Caller? caller = null)
    {
        InodeAttributes inode = await volume.Test.FileSystem.LookupAsync("placed/large");
        return await volume.Test.FileSystem.OpenAsync(inode.Id, OpenFlags.Read, caller ?? FileSystemCalls.Someone, default).Ok();
    }

    private static async Task<List<(long Offset, long Length, uint Placement)>> ExtentsAsync(ArchivedVolume volume, string path)
    {
        IMetadataStore metadata = volume.Test.Volume.Parts.Metadata;
        InodeAttributes inode = await volume.Test.FileSystem.LookupAsync(path);
        var extents = new List<(long Offset, long Length, uint Placement)>();
        foreach (Extent extent in (await metadata.GetExtentsAsync(inode.Id, 0, long.MaxValue, 100)).Value.Extents)
        {
            extents.Add((extent.FileOffset, extent.Length, (await volume.Placed.RowAsync(extent.Segment)).Placement));
        }

        return extents;
    }

    private static async Task<SegmentId> SegmentAsync(ArchivedVolume volume, string path, long offset)
    {
        InodeAttributes inode = await volume.Test.FileSystem.LookupAsync(path);
        return (await volume.Test.Volume.Parts.Metadata.GetExtentsAsync(inode.Id, offset, 1, 1)).Value.Extents[0].Segment;
    }

    private static Task<string> StateAsync(ArchivedVolume volume) => AttributeAsync(volume, "user.hipaafs.state");

    private static async Task<string> AttributeAsync(ArchivedVolume volume, string name)
    {
        InodeAttributes inode = await volume.Test.FileSystem.LookupAsync("placed/large");
        return Encoding.UTF8.GetString(await volume.Test.FileSystem.GetXattrAsync(inode.Id, FileSystemCalls.Bytes(name), default).Ok());
    }

    private static Task RoundAsync(ArchivedVolume volume) => volume.Test.Volume.Parts.Writer!.Recaller.RoundAsync(default);

    private static async Task BringBackAsync(ArchivedVolume volume)
    {
        await RoundAsync(volume); // The store has been asked, and is not being asked still.
        Assert.Equal(1, volume.Shelf.Finish(volume.Time.GetUtcNow()));
        await volume.AdvanceAsync(TimeSpan.FromMinutes(2));
        await RoundAsync(volume);
        Assert.Equal("recalled", await StateAsync(volume));
    }
}
