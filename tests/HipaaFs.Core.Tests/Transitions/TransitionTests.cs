using HipaaFs.Core.Tests.Placements;
using HipaaFs.Metadata;
using HipaaFs.Placements;
using HipaaFs.Storage;
using HipaaFs.Testing;
using HipaaFs.Testing.Storage;
using HipaaFs.Transitions;

namespace HipaaFs.Core.Tests.Transitions;

/// <summary>Files of placement 1 go to 2 after a day, and to 3 after ten; 2 is in the third store, 3 in the first.</summary>
public sealed class TransitionTests
{
    private static readonly byte[] Content = FileSystemCalls.RandomBytes(200_000, 1);

    [Fact]
    public async Task Transition_FilesThatAreOldEnough_GoToTheStepThatIsDue()
    {
        var time = new ManualTimeProvider();
        await using PlacedVolume volume = await CreateAsync(time);
        InodeId large = await volume.Test.FileSystem.PutAsync("large", Content, volume.Directory);
        InodeId small = await volume.Test.FileSystem.PutAsync("small", Content[..500], volume.Directory);
        await volume.Test.FileSystem.PutAsync("elsewhere", Content);
        await volume.Test.DrainAsync();

        Assert.Empty(await volume.Test.Volume.TransitionAsync(time.GetUtcNow() + TimeSpan.FromHours(23), countsOnly: false, default));
        DateTimeOffset later = time.GetUtcNow() + TimeSpan.FromDays(2);
        TransitionCount[] due = [new(1, 2, 1, 200_000)];
        Assert.Equal(due, await volume.Test.Volume.TransitionAsync(later, countsOnly: true, default));
        Assert.Equal(1u, await PlacementAsync(volume, large));

        Assert.Equal(due, await volume.Test.Volume.TransitionAsync(later, countsOnly: false, default));
        Assert.Equal((2u, 1u), (await PlacementAsync(volume, large), await PlacementAsync(volume, small)));
        Assert.Empty(await volume.Test.Volume.TransitionAsync(later, countsOnly: false, default));

        TransitionCount[] last = [new(1, 3, 1, 500), new(2, 3, 1, 200_000)];
        Assert.Equal(last, await volume.Test.Volume.TransitionAsync(time.GetUtcNow() + TimeSpan.FromDays(11), countsOnly: false, default));
        Assert.Equal((3u, 3u), (await PlacementAsync(volume, large), await PlacementAsync(volume, small)));
        await volume.Test.AssertSoundAsync();
    }

    [Fact]
    public async Task Background_TimeGoesBy_DataFollowsAndReadsTheSame()
    {
        var time = new ManualTimeProvider();
        await using PlacedVolume volume = await CreateAsync(time);
        InodeId file = await volume.Test.FileSystem.PutAsync("large", Content, volume.Directory);
        await volume.Test.DrainAsync();

        time.Advance(TimeSpan.FromDays(1) + TimeSpan.FromHours(1));
        await Eventually.TrueAsync(
            async () =>
            {
                time.Advance(TimeSpan.FromMinutes(1));
                return await PlacementAsync(volume, file) == 2 && await StoreOfAsync(volume, file) == 2;
            },
            "the file is in the third store");

        await volume.ReopenEmptyAsync();
        FileSystemCalls.AssertSame(Content, await volume.ReadAsync("large"));
        await volume.Test.AssertSoundAsync();
    }

    [Fact]
    public async Task Background_NoWindowIsOpen_MovesNothingUntilOneIs()
    {
        var time = new ManualTimeProvider();
        await using PlacedVolume volume = await CreateAsync(time);
        InodeId file = await volume.Test.FileSystem.PutAsync("large", Content, volume.Directory);
        await volume.Test.DrainAsync();
        PlacementMover mover = await volume.HoldMoverAsync();
        await volume.Test.Volume.Parts.Writer!.Transitions.RunAsync(time.GetUtcNow() + TimeSpan.FromDays(2), countsOnly: false, default);
        Assert.Equal(2u, await PlacementAsync(volume, file));
        await CloseWindowsAsync(volume, time);

        Assert.False(await mover.MoveAsync(0, default));
        Assert.Equal(1, await StoreOfAsync(volume, file));
        Assert.True(mover.IsStillHindered);
        Assert.Equal(TimeSpan.FromMinutes(1), mover.PauseAfter(TimeSpan.FromMinutes(16)));

        time.Advance(TimeSpan.FromHours(2.5));
        Assert.False(mover.IsStillHindered);
        Assert.True(await mover.MoveAsync(0, default));
        await volume.Test.DrainAsync();
        Assert.Equal(2, await StoreOfAsync(volume, file));
        await volume.Test.AssertSoundAsync();
    }

    [Fact]
    public async Task Background_NoWindowIsOpen_MovesOnlyTheFilesThatSomebodyAskedATierFor()
    {
        var time = new ManualTimeProvider();
        await using PlacedVolume volume = await CreateAsync(time);
        InodeId asked = await volume.Test.FileSystem.PutAsync("asked", Content, volume.Directory);
        InodeId aged = await volume.Test.FileSystem.PutAsync("aged", Content, volume.Directory);
        await volume.Test.DrainAsync();
        PlacementMover mover = await volume.HoldMoverAsync();
        await volume.Test.Volume.Parts.Writer!.Transitions.RunAsync(time.GetUtcNow() + TimeSpan.FromDays(2), countsOnly: false, default);
        await CloseWindowsAsync(volume, time);

        Assert.Equal(FsError.None, await volume.Test.FileSystem.SetTierAsync(asked, "hot"u8.ToArray(), FileSystemCalls.Someone, default));
        Assert.False(await mover.MoveAsync(0, default));

        await volume.Test.DrainAsync();
        Assert.Equal((2, 1), (await StoreOfAsync(volume, asked), await StoreOfAsync(volume, aged)));
        Assert.True(mover.IsStillHindered);
        await volume.ReopenEmptyAsync();
        FileSystemCalls.AssertSame(Content, await volume.ReadAsync("asked"));
        FileSystemCalls.AssertSame(Content, await volume.ReadAsync("aged"));
        await volume.Test.AssertSoundAsync();
    }

    [Fact]
    public async Task Transition_AskedForWhileNoWindowIsOpen_IsMovedAtOnceAndNothingLater()
    {
        var time = new ManualTimeProvider();
        await using PlacedVolume volume = await CreateAsync(time);
        InodeId first = await volume.Test.FileSystem.PutAsync("first", Content, volume.Directory);
        await volume.Test.DrainAsync();
        PlacementMover mover = await volume.HoldMoverAsync();
        await CloseWindowsAsync(volume, time);

        await volume.Test.Volume.TransitionAsync(time.GetUtcNow() + TimeSpan.FromDays(2), countsOnly: false, default);
        Assert.True(await mover.MoveAsync(0, default));
        await volume.Test.DrainAsync();
        Assert.Equal(2, await StoreOfAsync(volume, first));

        InodeId second = await volume.Test.FileSystem.PutAsync("second", Content, volume.Directory);
        await volume.Test.DrainAsync();
        await volume.Test.Volume.Parts.Writer!.Transitions.RunAsync(time.GetUtcNow() + TimeSpan.FromDays(2), countsOnly: false, default);
        Assert.False(await mover.MoveAsync(0, default));
        Assert.Equal((2u, 1), (await PlacementAsync(volume, second), await StoreOfAsync(volume, second)));
    }

    [Fact]
    public async Task Background_NoWindowIsOpenAndSomethingElseIsLeft_LooksForThatAgain()
    {
        var time = new ManualTimeProvider();
        await using PlacedVolume volume = await CreateAsync(time);
        await volume.Test.FileSystem.PutAsync("aged", Content, volume.Directory);
        InodeId top = (await volume.Test.FileSystem.MakeDirectoryAsync("top")).Id;
        InodeId moved = await volume.Test.FileSystem.PutAsync("moved", Content, top);
        await volume.Test.DrainAsync();
        PlacementMover mover = await volume.HoldMoverAsync();
        await volume.Test.Volume.Parts.Writer!.Transitions.RunAsync(time.GetUtcNow() + TimeSpan.FromDays(2), countsOnly: false, default);
        await CloseWindowsAsync(volume, time);
        await volume.Test.Volume.DefinePlacementAsync(new Placement { Number = 4, Primary = 2 }, default);
        await volume.AssignAsync(top, 4);
        volume.Store(0).Add(new StoreFault(StoreFaultKind.Fail) { Verb = StoreVerb.GetProperties, Count = 1 });

        Assert.False(await mover.MoveAsync(0, default));
        Assert.Equal(0, await StoreOfAsync(volume, moved));
        Assert.False(mover.IsStillHindered);
        Assert.Equal(TimeSpan.FromMinutes(2), mover.PauseAfter(TimeSpan.FromMinutes(1)));

        Assert.False(await mover.MoveAsync(0, default));
        await volume.Test.DrainAsync();
        Assert.Equal(2, await StoreOfAsync(volume, moved));
        Assert.True(mover.IsStillHindered);
    }

    [Fact]
    public async Task Write_FileThatWentDown_GoesBackAndItsNewDataWithIt()
    {
        var time = new ManualTimeProvider();
        await using PlacedVolume volume = await CreateAsync(time);
        InodeId file = await volume.Test.FileSystem.PutAsync("large", Content, volume.Directory);
        await volume.Test.DrainAsync();
        await volume.Test.Volume.TransitionAsync(time.GetUtcNow() + TimeSpan.FromDays(2), countsOnly: false, default);
        Assert.Equal(2u, await PlacementAsync(volume, file));

        HandleId handle = await volume.Test.FileSystem.OpenAsync("placed/large");
        await volume.Test.FileSystem.WriteAsync(handle, 0, Content);
        await volume.Test.FileSystem.CloseAsync(handle);
        await volume.Test.DrainAsync();

        Assert.Equal((1u, 1), (await PlacementAsync(volume, file), await StoreOfAsync(volume, file)));
        FileSystemCalls.AssertSame(Content, await volume.ReadAsync("large"));
    }

    [Fact]
    public async Task Transition_FileThatSomebodyAskedATierFor_StaysUntilThatIsTakenBack()
    {
        var time = new ManualTimeProvider();
        await using PlacedVolume volume = await CreateAsync(time);
        HipaaFileSystem files = volume.Test.FileSystem;
        InodeId large = await files.PutAsync("large", Content, volume.Directory);
        InodeId other = await files.PutAsync("other", Content, volume.Directory);
        await volume.Test.DrainAsync();
        DateTimeOffset later = time.GetUtcNow() + TimeSpan.FromDays(2);
        Caller owner = FileSystemCalls.Someone;
        Assert.Equal(FsError.NoAttribute, await files.ReleaseTierAsync(large, owner, default));
        Assert.Equal(FsError.None, await files.SetTierAsync(large, "hot"u8.ToArray(), owner, default));

        Assert.Equal([new TransitionCount(1, 2, 1, 200_000)], await volume.Test.Volume.TransitionAsync(later, countsOnly: false, default));
        Assert.Equal((1u, 2u), (await PlacementAsync(volume, large), await PlacementAsync(volume, other)));

        Assert.Equal(FsError.NotPermitted, await files.ReleaseTierAsync(large, owner with { UserId = 7 }, default));
        Assert.Equal(FsError.None, await files.ReleaseTierAsync(large, owner, default));
        Assert.Equal([new TransitionCount(1, 2, 1, 200_000)], await volume.Test.Volume.TransitionAsync(later, countsOnly: false, default));
        Assert.Equal(2u, await PlacementAsync(volume, large));
        await volume.Test.AssertSoundAsync();
    }

    [Fact]
    public async Task Assign_FileThatSomebodyAskedATierFor_AgesAgainInAnotherPlacement()
    {
        var time = new ManualTimeProvider();
        await using PlacedVolume volume = await CreateAsync(time);
        InodeId large = await volume.Test.FileSystem.PutAsync("large", Content, volume.Directory);
        await volume.Test.DrainAsync();
        Assert.Equal(FsError.None, await volume.Test.FileSystem.SetTierAsync(large, "hot"u8.ToArray(), FileSystemCalls.Someone, default));
        await volume.AssignAsync(volume.Directory, 1);
        Assert.Empty(await volume.Test.Volume.TransitionAsync(time.GetUtcNow() + TimeSpan.FromDays(2), countsOnly: false, default));

        await volume.AssignAsync(volume.Directory, 0);
        await volume.AssignAsync(volume.Directory, 1);
        await volume.Test.Volume.TransitionAsync(time.GetUtcNow() + TimeSpan.FromDays(2), countsOnly: false, default);

        Assert.Equal(2u, await PlacementAsync(volume, large));
    }

    [Fact]
    public async Task Write_FileThatSomebodyAskedAColderTierFor_AgesAgain()
    {
        var time = new ManualTimeProvider();
        await using PlacedVolume volume = await CreateAsync(time);
        InodeId large = await volume.Test.FileSystem.PutAsync("large", Content, volume.Directory);
        await volume.Test.DrainAsync();
        InodeAttributes row = (await volume.Test.Volume.Parts.Metadata.GetInodeAsync(large)).Value;
        Assert.True((await volume.Test.Volume.Parts.Writer!.Assignment.PlaceFileAsync(row, 2, default)).Ok());

        HandleId handle = await volume.Test.FileSystem.OpenAsync("placed/large", OpenFlags.Write | OpenFlags.Truncate);
        await volume.Test.FileSystem.WriteAsync(handle, 0, Content);
        await volume.Test.FileSystem.CloseAsync(handle);
        await volume.Test.DrainAsync();

        InodeAttributes written = (await volume.Test.Volume.Parts.Metadata.GetInodeAsync(large)).Value;
        Assert.Equal((1u, InodeFlags.None), (written.Placement, written.Flags & InodeFlags.KeepsTier));
    }

    [Fact]
    public async Task Transition_FileThatIsBeingWritten_IsLeftAlone()
    {
        var time = new ManualTimeProvider();
        await using PlacedVolume volume = await CreateAsync(time);
        InodeId file = await volume.Test.FileSystem.PutAsync("large", Content, volume.Directory);
        await volume.Test.DrainAsync();
        HandleId handle = await volume.Test.FileSystem.OpenAsync("placed/large");
        await volume.Test.FileSystem.WriteAsync(handle, 0, Content);

        Assert.Empty(await volume.Test.Volume.TransitionAsync(time.GetUtcNow() + TimeSpan.FromDays(2), countsOnly: false, default));

        Assert.Equal(1u, await PlacementAsync(volume, file));
        await volume.Test.FileSystem.CloseAsync(handle);
    }

    [Fact]
    public async Task Settings_AreKeptAndSayWhen()
    {
        await using PlacedVolume volume = await CreateAsync(new ManualTimeProvider());
        Assert.True((await volume.Test.Volume.ReadTransitionSettingsAsync(default)).IsSameAs(TransitionSettings.Default));
        var nights = new TransitionSettings { Windows = ["mon-fri 20:00-06:00"], BytesPerSecond = 1000 };

        await volume.Test.Volume.WriteTransitionSettingsAsync(nights, default);

        TransitionSettings read = await volume.Test.Volume.ReadTransitionSettingsAsync(default);
        Assert.True(read.IsSameAs(nights));
        var friday = new DateTimeOffset(2026, 11, 20, 0, 0, 0, TimeSpan.Zero);
        Assert.Equal(
            [true, false, true, true, false, false],
            new[] { 1.0, 12, 21, 24 + 5.5, 24 + 6, 48 + 21 }.Select(hours => read.IsOpenAt(friday.AddHours(hours))));
    }

    [Fact]
    public async Task Placements_OpenedAgain_HaveTheirSteps()
    {
        await using PlacedVolume volume = await CreateAsync(new ManualTimeProvider());
        Placement[] before = [.. volume.Test.Volume.Placements];

        await volume.ReopenEmptyAsync();

        Placement[] after = [.. volume.Test.Volume.Placements];
        Assert.Equal([0, 2, 1, 0], after.Select(static placement => placement.Steps.Count));
        Assert.Equal([null, null, 1u, 1u], after.Select(static placement => placement.Origin));
        Assert.All(before.Zip(after), static pair => Assert.True(pair.First.IsSameAs(pair.Second)));
        Assert.False(after[1].IsSameAs(after[1] with { Steps = [] }));
        Assert.False(after[2].IsSameAs(after[2] with { Origin = null }));
    }

    [Fact]
    public async Task Write_PlacementAssignedMeanwhile_IsTheOneThatCounts()
    {
        var time = new ManualTimeProvider();
        await using PlacedVolume volume = await CreateAsync(time);
        await volume.Test.Volume.DefinePlacementAsync(new Placement { Number = 4, Primary = 2 }, default);
        InodeId file = await volume.Test.FileSystem.PutAsync("large", Content, volume.Directory);
        await volume.Test.DrainAsync();
        await volume.Test.Volume.TransitionAsync(time.GetUtcNow() + TimeSpan.FromDays(2), countsOnly: false, default);
        HandleId handle = await volume.Test.FileSystem.OpenAsync("placed/large");
        await volume.Test.FileSystem.WriteAsync(handle, 0, Content);

        // An assignment that has written its row, and has told nobody yet.
        var assigned = new SetAttributesRequest { Inode = file, Mask = AttributeMask.Placement | AttributeMask.KeepChangeTime, Placement = 4, Now = default };
        Assert.True((await volume.Test.Volume.Parts.Metadata.SetAttributesAsync(assigned)).Succeeded);
        await volume.Test.FileSystem.CloseAsync(handle);
        await volume.Test.DrainAsync();

        Assert.Equal((4u, 2), (await PlacementAsync(volume, file), await StoreOfAsync(volume, file)));
    }

    [Fact]
    public async Task Assign_FilesThatCameDown_GoToTheStepAtTheSamePlaces()
    {
        var time = new ManualTimeProvider();
        await using PlacedVolume volume = await CreateAsync(time);
        InodeId old = await volume.Test.FileSystem.PutAsync("old", Content, volume.Directory);
        await volume.Test.DrainAsync();
        await volume.Test.Volume.TransitionAsync(time.GetUtcNow() + TimeSpan.FromDays(2), countsOnly: false, default);
        InodeId young = await volume.Test.FileSystem.PutAsync("young", Content, volume.Directory);
        await volume.Test.DrainAsync();
        var day = new PlacementStep { After = TimeSpan.FromDays(1), Placement = 5 };
        await volume.Test.Volume.DefinePlacementAsync(new Placement { Number = 4, Primary = 1, Steps = [day], Trees = ["/placed"] }, default);
        await volume.Test.Volume.DefinePlacementAsync(new Placement { Number = 5, Primary = 2, Origin = 4, Trees = ["/placed"] }, default);

        await volume.AssignAsync(volume.Directory, 1);
        Assert.Equal((2u, 1u), (await PlacementAsync(volume, old), await PlacementAsync(volume, young)));
        await volume.AssignAsync(volume.Directory, 4);

        Assert.Equal((5u, 4u), (await PlacementAsync(volume, old), await PlacementAsync(volume, young)));
    }

    [Fact]
    public async Task Place_FileThatCameDown_GoesWhereItIsTold()
    {
        var time = new ManualTimeProvider();
        await using PlacedVolume volume = await CreateAsync(time);
        InodeId file = await volume.Test.FileSystem.PutAsync("large", Content, volume.Directory);
        await volume.Test.DrainAsync();
        await volume.Test.Volume.TransitionAsync(time.GetUtcNow() + TimeSpan.FromDays(2), countsOnly: false, default);
        InodeAttributes row = (await volume.Test.Volume.Parts.Metadata.GetInodeAsync(file)).Value;

        Assert.True((await volume.Test.Volume.Parts.Writer!.Assignment.PlaceFileAsync(row, 1, default)).Ok());

        Assert.Equal(1u, await PlacementAsync(volume, file));
    }

    [Fact]
    public async Task Transition_StepThatLeadsElsewhere_IsNotTaken()
    {
        var time = new ManualTimeProvider();
        await using PlacedVolume volume = await CreateAsync(time);
        var astray = new PlacementStep { After = TimeSpan.FromDays(1), Placement = 4 };
        await volume.Test.Volume.DefinePlacementAsync(new Placement { Number = 1, Primary = 1, Steps = [astray] }, default);
        await volume.Test.FileSystem.PutAsync("large", Content, volume.Directory);
        await volume.Test.DrainAsync();
        DateTimeOffset later = time.GetUtcNow() + TimeSpan.FromDays(2);

        Assert.Empty(await volume.Test.Volume.TransitionAsync(later, countsOnly: false, default));
        await volume.Test.Volume.DefinePlacementAsync(new Placement { Number = 4, Primary = 2 }, default); // Not of this one.
        Assert.Empty(await volume.Test.Volume.TransitionAsync(later, countsOnly: false, default));
        Assert.Empty(await volume.Test.Volume.TransitionAsync(DateTimeOffset.MinValue, countsOnly: false, default));
    }

    [Fact]
    public async Task Transition_StepCountsReads_WhatIsReadStays()
    {
        var time = new ManualTimeProvider();
        await using PlacedVolume volume = await CreateReadingAsync(time);
        InodeId read = await volume.Test.FileSystem.PutAsync("read", Content, volume.Directory);
        InodeId unread = await volume.Test.FileSystem.PutAsync("unread", Content, volume.Directory);
        await volume.Test.DrainAsync();
        time.Advance(TimeSpan.FromHours(5));
        InodeAttributes before = (await volume.Test.Volume.Parts.Metadata.GetInodeAsync(read)).Value;
        FileSystemCalls.AssertSame(Content, await volume.ReadAsync("read"));
        InodeAttributes after = (await volume.Test.Volume.Parts.Metadata.GetInodeAsync(read)).Value;
        Assert.Equal(TimeSpan.FromHours(5), after.AccessTime.ToDateTimeOffset() - before.AccessTime.ToDateTimeOffset());
        Assert.Equal((before.ModifyTime, before.ChangeTime), (after.ModifyTime, after.ChangeTime));

        time.Advance(TimeSpan.FromHours(5)); // Of eight hours and one in which a read makes no new note.
        await volume.Test.Volume.TransitionAsync(time.GetUtcNow(), countsOnly: false, default);
        Assert.Equal((1u, 2u), (await PlacementAsync(volume, read), await PlacementAsync(volume, unread)));

        time.Advance(TimeSpan.FromHours(4));
        await volume.Test.Volume.TransitionAsync(time.GetUtcNow(), countsOnly: false, default);
        Assert.Equal(2u, await PlacementAsync(volume, read));
        await volume.Test.AssertSoundAsync();
    }

    [Fact]
    public async Task Transition_StepCountsReads_WhatIsOpenStaysAndItsCloseIsItsLastRead()
    {
        var time = new ManualTimeProvider();
        await using PlacedVolume volume = await CreateReadingAsync(time);
        InodeId file = await volume.Test.FileSystem.PutAsync("open", Content, volume.Directory);
        await volume.Test.DrainAsync();
        HandleId handle = await volume.Test.FileSystem.OpenAsync("placed/open");
        time.Advance(TimeSpan.FromHours(20));

        Assert.Empty(await volume.Test.Volume.TransitionAsync(time.GetUtcNow(), countsOnly: false, default));
        await volume.Test.FileSystem.CloseAsync(handle);
        Assert.Empty(await volume.Test.Volume.TransitionAsync(time.GetUtcNow() + TimeSpan.FromHours(8.5), countsOnly: false, default));

        Assert.Single(await volume.Test.Volume.TransitionAsync(time.GetUtcNow() + TimeSpan.FromHours(9.5), countsOnly: true, default));
        Assert.Equal(1u, await PlacementAsync(volume, file));
    }

    [Fact]
    public async Task Transition_StepCountsReadsSinceToday_NothingIsTooOldYet()
    {
        var time = new ManualTimeProvider();
        await using PlacedVolume volume = await PlacedVolume.CreateAsync(new Placement { Primary = 1 }, time);
        await volume.Test.Volume.DefinePlacementAsync(new Placement { Number = 2, Primary = 2, Origin = 1 }, default);
        InodeId file = await volume.Test.FileSystem.PutAsync("large", Content, volume.Directory);
        await volume.Test.DrainAsync();
        FileSystemCalls.AssertSame(Content, await volume.ReadAsync("large")); // Nobody takes a note yet.
        time.Advance(TimeSpan.FromHours(20));

        await volume.Test.Volume.DefinePlacementAsync(new Placement { Number = 1, Primary = 1, Steps = [Unread] }, default);
        Assert.Empty(await volume.Test.Volume.TransitionAsync(time.GetUtcNow(), countsOnly: true, default));
        time.Advance(TimeSpan.FromHours(8.5));
        await volume.Test.Volume.DefinePlacementAsync(new Placement { Number = 1, Primary = 1, Steps = [Unread], Trees = ["/placed"] }, default);
        Assert.Empty(await volume.Test.Volume.TransitionAsync(time.GetUtcNow(), countsOnly: true, default));
        time.Advance(TimeSpan.FromHours(1));
        await volume.ReopenEmptyAsync();

        await volume.Test.Volume.TransitionAsync(time.GetUtcNow(), countsOnly: false, default); // Unless the look that a mount begins with was first.
        Assert.Equal(2u, await PlacementAsync(volume, file));
    }

    [Fact]
    public async Task Transition_ReadsAreNotedMoreOftenFromNowOn_AgesBeginAnew()
    {
        var time = new ManualTimeProvider();
        await using PlacedVolume volume = await CreateReadingAsync(time);
        DateTimeOffset first = Assert.NotNull(volume.Test.Volume.Placements[1].ReadsNotedSince);
        time.Advance(TimeSpan.FromMinutes(30));
        var slower = new Placement { Number = 1, Primary = 1, Steps = [Unread with { After = TimeSpan.FromHours(80) }] };
        await volume.Test.Volume.DefinePlacementAsync(slower, default);
        Assert.Equal(first, volume.Test.Volume.Placements[1].ReadsNotedSince);

        await volume.Test.Volume.DefinePlacementAsync(slower with { Steps = [Unread] }, default); // What was read ten hours ago need not have made a note.
        Assert.Equal(first + TimeSpan.FromMinutes(30), volume.Test.Volume.Placements[1].ReadsNotedSince);
    }

    private static PlacementStep Unread => new() { After = TimeSpan.FromHours(8), CountsReads = true, Placement = 2 };

    private static async Task<PlacedVolume> CreateReadingAsync(ManualTimeProvider time)
    {
        PlacedVolume volume = await PlacedVolume.CreateAsync(new Placement { Primary = 1, Steps = [Unread] }, time);
        await volume.Test.Volume.DefinePlacementAsync(new Placement { Number = 2, Primary = 2, Origin = 1 }, default);
        return volume;
    }

    private static async Task<PlacedVolume> CreateAsync(ManualTimeProvider time)
    {
        var day = new PlacementStep { After = TimeSpan.FromDays(1), LeastBytes = 1000, Placement = 2 };
        var tenDays = new PlacementStep { After = TimeSpan.FromDays(10), Placement = 3 };
        PlacedVolume volume = await PlacedVolume.CreateAsync(new Placement { Primary = 1, Steps = [day, tenDays] }, time);
        await volume.Test.Volume.DefinePlacementAsync(new Placement { Number = 2, Primary = 2, Steps = [tenDays], Origin = 1 }, default);
        await volume.Test.Volume.DefinePlacementAsync(new Placement { Number = 3, Primary = 0, Origin = 1 }, default);
        return volume;
    }

    // One opens in two hours, for an hour.
    private static async Task CloseWindowsAsync(PlacedVolume volume, ManualTimeProvider time)
    {
        DateTimeOffset opens = time.GetUtcNow() + TimeSpan.FromHours(2);
        DateTimeOffset closes = opens + TimeSpan.FromHours(1);
        string window = string.Create(System.Globalization.CultureInfo.InvariantCulture, $"{opens:HH:mm}-{closes:HH:mm}");
        await volume.Test.Volume.WriteTransitionSettingsAsync(new TransitionSettings { Windows = [window] }, default);
    }

    private static async Task<uint> PlacementAsync(PlacedVolume volume, InodeId file) =>
        (await volume.Test.Volume.Parts.Metadata.GetInodeAsync(file)).Value.Placement;

    // Where the file's first byte is read from.
    private static async Task<int> StoreOfAsync(PlacedVolume volume, InodeId file)
    {
        ExtentPage extents = (await volume.Test.Volume.Parts.Metadata.GetExtentsAsync(file, 0, 1, 1)).Value;
        SegmentRow row = await volume.RowAsync(extents.Extents[0].Segment);
        return row.State == SegmentState.Live ? System.Numerics.BitOperations.TrailingZeroCount(row.Copies) : -1;
    }
}
