using HipaaFs.Metadata;
using HipaaFs.Placements;

namespace HipaaFs.Core.Tests.Placements;

public sealed class PlacementAssignmentTests
{
    private static readonly byte[] Content = FileSystemCalls.RandomBytes(100_000, 1);

    [Fact]
    public async Task Assign_Subtree_ReachesAllOfItButWhatIsLeftOutAndLeavesTimesAlone()
    {
        await using PlacedVolume volume = await PlacedVolume.CreateAsync(new Placement { Primary = 1 });
        HipaaFileSystem files = volume.Test.FileSystem;
        InodeId top = (await files.MakeDirectoryAsync("top")).Id;
        InodeId kept = (await files.MakeDirectoryAsync("kept", top)).Id;
        InodeId below = (await files.MakeDirectoryAsync("below", kept)).Id;
        InodeId deep = top;
        for (int i = 0; i < 5; i++)
        {
            deep = (await files.MakeDirectoryAsync("deep", deep)).Id;
        }

        for (int i = 0; i < 600; i++)
        {
            await files.PutAsync($"f{i}", [], deep);
        }

        InodeId untouched = await files.PutAsync("x", [], below);
        InodeAttributes before = await files.LookupAsync("top/deep");
        var progress = new ProgressRecorder<AssignmentProgress>();

        AssignmentProgress done = (await volume.Test.Volume.AssignPlacementAsync(top, 1, new HashSet<InodeId> { kept }, progress, default)).Ok();

        Assert.Equal(new AssignmentProgress(6, 600, 606), done);
        Assert.Equal(done, progress.Reports[^1]);
        Assert.Equal([1u], (await files.ListAsync(deep)).Select(static entry => entry.Inode.Placement).Distinct());
        Assert.Equal((0u, 0u, 0u), (await PlacementAsync(files, kept), await PlacementAsync(files, below), await PlacementAsync(files, untouched)));
        Assert.Equal(before with { Placement = 1, Version = 0 }, await files.LookupAsync("top/deep") with { Version = 0 });
        Assert.Equal(1u, await PlacementAsync(files, await files.PutAsync("new", [], deep)));
        Assert.Equal(new AssignmentProgress(6, 601, 0), await volume.AssignAsync(top, 1, kept));
    }

    [Fact]
    public async Task Assign_WhatIsNoDirectoryOrGone_IsRefused()
    {
        await using PlacedVolume volume = await PlacedVolume.CreateAsync(new Placement { Primary = 1 });
        InodeId file = await volume.Test.FileSystem.PutAsync("f", []);
        var none = new HashSet<InodeId>();
        Assert.Equal(FsError.NotADirectory, (await volume.Test.Volume.AssignPlacementAsync(file, 1, none, null, default)).Error);
        Assert.Equal(FsError.NotFound, (await volume.Test.Volume.AssignPlacementAsync(new InodeId(4711), 1, none, null, default)).Error);
        await volume.Test.StopAsync();
        await volume.Test.OpenAsync(HipaaFs.Volumes.VolumeMode.ReadOnly);
        await Assert.ThrowsAsync<InvalidOperationException>(() => volume.Test.Volume.AssignPlacementAsync(volume.Directory, 1, none, null, default));
    }

    [Fact]
    public async Task Assign_FileThatIsOpenAndWritten_GoesToTheNewPlacementFromThenOn()
    {
        await using PlacedVolume volume = await PlacedVolume.CreateAsync(new Placement { Primary = 1 });
        HipaaFileSystem files = volume.Test.FileSystem;
        InodeId top = (await files.MakeDirectoryAsync("top")).Id;
        CreatedFile open = await files.CreateAsync("a", top);
        await files.WriteAsync(open.Handle, 0, Content);

        await volume.AssignAsync(top, 1);
        await volume.Test.DrainAsync();

        ExtentPage extents = (await volume.Test.Volume.Parts.Metadata.GetExtentsAsync(open.Attributes.Id, 0, Content.Length, 10)).Value;
        SegmentRow row = await volume.RowAsync(extents.Extents[0].Segment);
        Assert.Equal((1u, 2ul), (row.Placement, row.Copies));
        await files.CloseAsync(open.Handle);
    }

    [Fact]
    public async Task Assign_FileOfSeveralNames_ComesToTheSameFromEach()
    {
        await using PlacedVolume volume = await PlacedVolume.CreateAsync(new Placement { Primary = 1 });
        HipaaFileSystem files = volume.Test.FileSystem;
        InodeId one = (await files.MakeDirectoryAsync("one")).Id;
        InodeId two = (await files.MakeDirectoryAsync("two")).Id;
        InodeId file = await files.PutAsync("a", [], one);
        await files.LinkAsync(file, two, "b"u8, default).Ok();
        await volume.AssignAsync(two, 1);
        await volume.AssignAsync(one, 0);
        Assert.Equal(0u, await PlacementAsync(files, file));
        await volume.AssignAsync(one, 1);
        await volume.AssignAsync(two, 0);
        Assert.Equal(1u, await PlacementAsync(files, file));
    }

    [Fact]
    public async Task Assign_WhatIsMovedMeanwhileToWhereItWasPassed_EndsWithTheRightNumber()
    {
        await using PlacedVolume volume = await PlacedVolume.CreateAsync(new Placement { Primary = 1 });
        HipaaFileSystem files = volume.Test.FileSystem;
        InodeId top = (await files.MakeDirectoryAsync("top")).Id;
        InodeId kept = (await files.MakeDirectoryAsync("kept", top)).Id;
        InodeId from = (await files.MakeDirectoryAsync("from")).Id;
        InodeId tree = (await files.MakeDirectoryAsync("tree", from)).Id;
        InodeId deep = (await files.MakeDirectoryAsync("deep", tree)).Id;
        InodeId below = await files.PutAsync("below", [], deep);
        InodeId file = await files.PutAsync("file", [], from);
        InodeId left = await files.PutAsync("left", [], from);
        InodeId there = await files.PutAsync("there", [], top);
        bool isMoved = false;
        var once = new ProgressHook<AssignmentProgress>(_ =>
        {
            if (isMoved)
            {
                return;
            }

            isMoved = true; // The top has been gone through.
            files.RenameAsync(from, "tree"u8, top, "tree"u8, RenameMode.NoReplace, default).AsTask().GetAwaiter().GetResult();
            files.RenameAsync(from, "file"u8, top, "there"u8, RenameMode.Exchange, default).AsTask().GetAwaiter().GetResult();
            files.RenameAsync(from, "left"u8, kept, "left"u8, RenameMode.NoReplace, default).AsTask().GetAwaiter().GetResult();
        });

        await volume.Test.Volume.AssignPlacementAsync(top, 1, new HashSet<InodeId> { kept }, once, default);

        Assert.Equal((1u, 1u), (await PlacementAsync(files, tree), await PlacementAsync(files, deep)));
        Assert.Equal((1u, 1u), (await PlacementAsync(files, below), await PlacementAsync(files, file)));
        Assert.Equal((0u, 0u), (await PlacementAsync(files, left), await PlacementAsync(files, kept)));
        Assert.Equal(1u, await PlacementAsync(files, there)); // It had it before it was moved out.
        await volume.Test.AssertSoundAsync();
    }

    [Fact]
    public async Task Assign_FileThatIsBeingMade_IsWaitedForAndIsWrittenWhereItBelongs()
    {
        await using PlacedVolume volume = await PlacedVolume.CreateAsync(new Placement { Primary = 1 });
        HipaaFileSystem files = volume.Test.FileSystem;
        InodeId top = (await files.MakeDirectoryAsync("top")).Id;
        var reached = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var released = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        volume.Test.Rows.BeforeCreate = _ =>
        {
            reached.TrySetResult();
            return released.Task;
        };
        Task<CreatedFile> making = files.CreateAsync("a", top);
        await reached.Task;
        Task<AssignmentProgress> assigning = volume.AssignAsync(top, 1);
        volume.Test.Rows.BeforeCreate = null;
        released.SetResult();

        CreatedFile made = await making;
        await assigning;
        await files.WriteAsync(made.Handle, 0, Content);
        await volume.Test.DrainAsync();

        Assert.Equal(1u, await PlacementAsync(files, made.Attributes.Id));
        Extent extent = (await volume.Test.Volume.Parts.Metadata.GetExtentsAsync(made.Attributes.Id, 0, Content.Length, 10)).Value.Extents[0];
        Assert.Equal(1u, (await volume.RowAsync(extent.Segment)).Placement);
        await files.CloseAsync(made.Handle);
    }

    [Fact]
    public async Task Assign_FileMadeByWhatItsDirectorySaidBefore_IsLookedAtInTheEnd()
    {
        await using PlacedVolume volume = await PlacedVolume.CreateAsync(new Placement { Primary = 1 });
        HipaaFileSystem files = volume.Test.FileSystem;
        InodeId top = (await files.MakeDirectoryAsync("top")).Id;
        InodeId sub = (await files.MakeDirectoryAsync("sub", top)).Id;
        var released = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        Task<CreatedFile>? making = null;
        volume.Test.Rows.RefuseAttributes = request =>
        {
            // The assignment runs and has not come to the directory: who makes a file in it now reads the old number, and is held up.
            if (request.Inode == sub && making is null)
            {
                volume.Test.Rows.BeforeCreate = _ => released.Task;
                making = files.CreateAsync("a", sub);
                volume.Test.Rows.BeforeCreate = null;
            }

            return MetadataError.None;
        };
        var last = new ProgressHook<AssignmentProgress>(done =>
        {
            if (done.Directories == 2)
            {
                released.SetResult(); // Everything has been gone through.
            }
        });

        await volume.Test.Volume.AssignPlacementAsync(top, 1, new HashSet<InodeId>(), last, default);
        CreatedFile made = await making!;

        Assert.Equal(1u, await PlacementAsync(files, made.Attributes.Id));
        await files.CloseAsync(made.Handle);
    }

    [Fact]
    public async Task Create_NameThatAPatternMatches_GoesWhereThatSays()
    {
        await using PlacedVolume volume = await PatternedAsync();
        HipaaFileSystem files = volume.Test.FileSystem;
        await volume.Test.ReopenAsync();
        files = volume.Test.FileSystem;
        Assert.Equal(2u, await PlacementAsync(files, await files.PutAsync("a.bam", [], volume.Directory)));
        Assert.Equal(2u, await PlacementAsync(files, (await files.CreateAsync("b.cram", volume.Directory)).Attributes.Id));
        Assert.Equal(1u, await PlacementAsync(files, await files.PutAsync("a.bai", [], volume.Directory)));
        Assert.Equal(1u, (await files.MakeDirectoryAsync("d.bam", volume.Directory)).Placement);
        await files.RenameAsync(volume.Directory, "a.bam"u8, volume.Directory, "a.txt"u8, RenameMode.Replace, default).Ok();
        Assert.Equal(2u, (await files.LookupAsync("placed/a.txt")).Placement);

        await volume.AssignAsync(volume.Directory, 1);

        Assert.Equal(1u, (await files.LookupAsync("placed/a.txt")).Placement);
        Assert.Equal(2u, (await files.LookupAsync("placed/b.cram")).Placement);
    }

    [Fact]
    public async Task DefinePlacement_WithPatterns_KeepsThemSealed()
    {
        await using PlacedVolume volume = await PatternedAsync();
        ReadOnlyMemory<byte> setting = (await volume.Test.Volume.Parts.Metadata.GetSettingAsync("placement.1")).Value;
        Assert.Equal(-1, setting.Span.IndexOf("bam"u8));
        await volume.Test.ReopenAsync();
        Placement read = volume.Test.Volume.Placements[1];
        Assert.Equal(["*.bam", "*.cram"], read.Patterns.Single().Match);
        Assert.True(read.IsSameAs(read with { Number = 7, Patterns = [new PlacementPattern { Match = ["*.bam", "*.cram"], Placement = 2 }] }));
        Assert.False(read.IsSameAs(read with { Patterns = [] }));
        Assert.False(read.IsSameAs(read with { Border = "eu" }));
    }

    [Fact]
    public async Task DefinePlacement_PatternOfAnUnknownPlacementOrUnreadable_IsRefused()
    {
        await using PlacedVolume volume = await PatternedAsync();
        foreach (PlacementPattern pattern in (PlacementPattern[])[new() { Match = ["*"], Placement = 3 }, new() { Match = ["["], Placement = 2 }])
        {
            var placement = new Placement { Number = 1, Patterns = [pattern] };
            await Assert.ThrowsAsync<HipaaFs.Volumes.VolumeException>(() => volume.Test.Volume.DefinePlacementAsync(placement, default));
        }
    }

    [Fact]
    public async Task ReadSettings_OfBeforePatternsAndBorders_AreRead()
    {
        await using PlacedVolume volume = await PlacedVolume.CreateAsync(new Placement { Primary = 1 });
        IMetadataStore rows = volume.Test.Volume.Parts.Metadata;
        byte[] old = """{"primary":2,"sync":[1]}"""u8.ToArray();
        Assert.True((await rows.SetSettingAsync(volume.Test.Volume.Parts.Clock.NextOperation(), "placement.1", old)).Succeeded);
        await volume.Test.ReopenAsync();
        Assert.True(new Placement { Primary = 2, Sync = [1] }.IsSameAs(volume.Test.Volume.Placements[1]));
    }

    [Fact]
    public async Task RenameAndLink_AcrossABorder_AreRefusedAsBetweenFileSystems()
    {
        await using PlacedVolume volume = await PlacedVolume.CreateAsync(new Placement { Primary = 1, Border = "eu-de" });
        HipaaFileSystem files = volume.Test.FileSystem;
        InodeId inside = await files.PutAsync("a", Content, volume.Directory);
        InodeId outside = await files.PutAsync("b", Content);
        InodeId below = (await files.MakeDirectoryAsync("below", volume.Directory)).Id;

        Assert.Equal(FsError.CrossDomain, await files.RenameAsync(volume.Directory, "a"u8, InodeId.Root, "a"u8, RenameMode.Replace, default));
        Assert.Equal(FsError.CrossDomain, await files.RenameAsync(InodeId.Root, "b"u8, volume.Directory, "b"u8, RenameMode.NoReplace, default));
        Assert.Equal(FsError.CrossDomain, await files.RenameAsync(InodeId.Root, "b"u8, volume.Directory, "a"u8, RenameMode.Exchange, default));
        Assert.Equal(FsError.CrossDomain, (await files.LinkAsync(inside, InodeId.Root, "c"u8, default)).Error);
        Assert.Equal(FsError.CrossDomain, (await files.LinkAsync(outside, below, "c"u8, default)).Error);
        await files.RenameAsync(volume.Directory, "a"u8, below, "a"u8, RenameMode.Replace, default).Ok();
        await files.LinkAsync(inside, volume.Directory, "c"u8, default).Ok();
        await files.RenameAsync(InodeId.Root, "placed"u8, InodeId.Root, "moved"u8, RenameMode.Replace, default).Ok();
        Assert.Equal(FsError.NotFound, await files.RenameAsync(InodeId.Root, "none"u8, volume.Directory, "none"u8, RenameMode.Replace, default));
    }

    [Fact]
    public async Task DescribeStores_CountsWhatEachHasAloneTooMuchAndLacks()
    {
        await using PlacedVolume volume = await PlacedVolume.CreateAsync(new Placement { Primary = 1, Async = [2] });
        SegmentRow row = await volume.UploadAsync("a", Content);
        var one = new CopySum(1, row.ObjectLength);
        IReadOnlyList<StoreContents> stores = await volume.Test.Volume.DescribeStoresAsync(default);
        Assert.Equal(["primary", "second", "third"], stores.Select(static store => store.Store.Name));
        Assert.Equal((one, one, one), (stores[1].Has, stores[1].Alone, stores[2].Lacks));
        Assert.Equal([1u], stores[1].Placements);

        Assert.True(await volume.Replicator.ReplicateAsync(default));
        await volume.Test.Volume.DefinePlacementAsync(new Placement { Number = 1, Primary = 0, Sync = [2] }, default);
        await volume.Test.Volume.Parts.Writer!.Collector.CollectAsync(TimeSpan.Zero, default);
        stores = await volume.Test.Volume.DescribeStoresAsync(default);
        Assert.Equal((one, default, one), (stores[1].Has, stores[1].Alone, stores[1].Surplus));
        Assert.Equal((one, default, default), (stores[2].Has, stores[2].Surplus, stores[2].Lacks));
        Assert.Equal([0u, 1u], stores[0].Placements);
    }

    // What is called .bam or .cram goes to placement 2.
    private static async Task<PlacedVolume> PatternedAsync()
    {
        PlacedVolume volume = await PlacedVolume.CreateAsync(new Placement { Primary = 1 });
        await volume.Test.Volume.DefinePlacementAsync(new Placement { Number = 2, Primary = 2 }, default);
        var pattern = new PlacementPattern { Match = ["*.bam", "*.cram"], Placement = 2 };
        await volume.Test.Volume.DefinePlacementAsync(new Placement { Number = 1, Primary = 1, Patterns = [pattern] }, default);
        return volume;
    }

    private static async Task<uint> PlacementAsync(HipaaFileSystem files, InodeId inode) => (await files.GetAttributesAsync(inode, default).Ok()).Placement;
}
