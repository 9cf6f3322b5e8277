using HipaaFs.Crypto;
using HipaaFs.Metadata;
using Xunit;

namespace HipaaFs.Testing.Metadata;

/// <content>Attributes, extended attributes, extents.</content>
public abstract partial class MetadataStoreConformance
{
    [Fact]
    public async Task SetAttributes_OnlyWhatTheMaskNames()
    {
        InodeId file = await CreateFileAsync("a");
        InodeAttributes before = await StatAsync(file);
        var request = new SetAttributesRequest
        {
            Operation = Next(),
            Inode = file,
            Mask = AttributeMask.Mode | AttributeMask.Uid | AttributeMask.ModifyTime,
            Mode = 0x9FF,
            Uid = 77,
            Gid = 88,
            ModifyTime = new Timestamp(-5),
            SetFlags = InodeFlags.HasDefaultAcl | InodeFlags.HasXattrs,
            Now = Now(),
        };

        InodeAttributes after = Ok(await Store.SetAttributesAsync(request)).Value;

        Assert.Equal(before with
        {
            Mode = ModeBits.File | 0x9FF,
            Uid = 77,
            ModifyTime = new Timestamp(-5),
            ChangeTime = request.Now,
            Flags = InodeFlags.HasDefaultAcl,
            Version = after.Version,
        }, after);
        Assert.True(after.Version > before.Version);
        Assert.Equal(after, await StatAsync(file));
    }

    [Fact]
    public async Task SetAttributes_ChangeTime_IsGivenKeptOrNow()
    {
        InodeId file = await CreateFileAsync("a");
        var request = new SetAttributesRequest { Inode = file, Mask = AttributeMask.AccessTime, AccessTime = new Timestamp(1), Now = new Timestamp(50) };

        Assert.Equal(new Timestamp(50), Ok(await Store.SetAttributesAsync(request)).Value.ChangeTime);
        request = request with { Mask = AttributeMask.AccessTime | AttributeMask.KeepChangeTime, Now = new Timestamp(60) };
        Assert.Equal(new Timestamp(50), Ok(await Store.SetAttributesAsync(request)).Value.ChangeTime);
        request = request with { Mask = AttributeMask.ChangeTime, ChangeTime = new Timestamp(70), Now = new Timestamp(80) };
        Assert.Equal(new Timestamp(70), Ok(await Store.SetAttributesAsync(request)).Value.ChangeTime);
    }

    [Fact]
    public async Task SetAttributes_WhatDoesNotHold_IsRefused()
    {
        InodeId file = await CreateFileAsync("a");
        InodeAttributes inode = await StatAsync(file);
        var size = new SetAttributesRequest { Inode = file, Mask = AttributeMask.Size, Size = 10, Now = Now() };

        Fails(MetadataError.Conflict, await Store.SetAttributesAsync(size with { ExpectedVersion = inode.Version + 1 }));
        Fails(MetadataError.Conflict, await Store.SetAttributesAsync(size with { Size = -1 }));
        Fails(MetadataError.IsADirectory, await Store.SetAttributesAsync(size with { Inode = InodeId.Root }));
        Fails(MetadataError.NotFound, await Store.SetAttributesAsync(size with { Inode = NewInode() }));
        Ok(await Store.SetAttributesAsync(size with { ExpectedVersion = inode.Version }));
        Fails(MetadataError.DirectoryNotEmpty, await Store.SetAttributesAsync(new SetAttributesRequest
        {
            Inode = InodeId.Root,
            Mask = AttributeMask.Domain,
            Domain = new DomainId(4),
        }));
    }

    [Fact]
    public async Task Usage_FollowsEveryChange()
    {
        VolumeUsage before = Store.Usage;
        SegmentId segment = await AddSegmentAsync();
        InodeId file = await CreateFileAsync("a");
        await CreateDirectoryAsync("d");
        await WriteAsync(file, new Extent(1000, 500, segment, 0));

        Assert.Equal(new VolumeUsage(before.Inodes + 2, before.FileBytes + 1500, before.AllocatedBytes + 500), Store.Usage);
        Ok(await Store.SetAttributesAsync(new SetAttributesRequest { Inode = file, Mask = AttributeMask.Size, Size = 1200, Now = Now() }));
        Assert.Equal(new VolumeUsage(before.Inodes + 2, before.FileBytes + 1200, before.AllocatedBytes + 200), Store.Usage);
        Ok(await Store.UnlinkAsync(Removal(InodeId.Root, "a", keep: true)));
        Assert.Equal(before.Inodes + 2, Store.Usage.Inodes);
        Ok(await Store.ReleaseOrphanAsync(Next(), file));
        Assert.Equal(new VolumeUsage(before.Inodes + 1, before.FileBytes, before.AllocatedBytes), Store.Usage);
    }

    [Fact]
    public async Task Usage_ByPlacementAndUser_FollowsEveryChange()
    {
        VolumeUsage ofRoot = Store.GetUsage(0, 0);
        SegmentId segment = await AddSegmentAsync();
        InodeId file = await CreateFileAsync("a");
        await WriteAsync(file, new Extent(0, 500, segment, 0));

        await SetAsync(new SetAttributesRequest { Inode = file, Mask = AttributeMask.Uid, Uid = 7 });
        Assert.Equal((ofRoot, new VolumeUsage(1, 500, 500)), (Store.GetUsage(0, 0), Store.GetUsage(0, 7)));
        Assert.Equal(Store.Usage, Store.GetUsage(0));

        await SetAsync(new SetAttributesRequest { Inode = file, Mask = AttributeMask.Placement, Placement = 3 });
        OwnerUsage[] expected = [new(0, 0, ofRoot), new(3, 7, new VolumeUsage(1, 500, 500))];
        Assert.Equal(expected, Store.ListUsage());
        Assert.Equal(new VolumeUsage(1, 500, 500), Store.GetUsage(3));
        Ok(await Store.MakeDurableAsync(Store.Applied));
        Assert.Equal(expected, Store.ListUsage());

        Ok(await Store.UnlinkAsync(Removal(InodeId.Root, "a", keep: false)));
        Ok(await Store.MakeDurableAsync(Store.Applied));
        Assert.Equal([new(0, 0, ofRoot)], Store.ListUsage());

        async Task SetAsync(SetAttributesRequest request) => Ok(await Store.SetAttributesAsync(request with { Now = Now() }));
    }

    [Fact]
    public async Task Xattr_SetReadListRemove()
    {
        InodeId file = await CreateFileAsync("a");
        SealedXattr x = Xattr(file, "x", "1");
        var request = new SetXattrRequest { Operation = Next(), Inode = file, Xattr = x, NewMode = 0x1C0, SetFlags = InodeFlags.HasAccessAcl, Now = Now() };

        InodeAttributes inode = Ok(await Store.SetXattrAsync(request)).Value;

        Assert.Equal((InodeFlags.HasXattrs | InodeFlags.HasAccessAcl, ModeBits.File | 0x1C0, request.Now), (inode.Flags, inode.Mode, inode.ChangeTime));
        Assert.Equal(x.SealedValue.ToArray(), Ok(await Store.GetXattrAsync(file, x.Tag)).SealedValue.ToArray());
        Ok(await Store.SetXattrAsync(new SetXattrRequest { Inode = file, Xattr = x with { SealedValue = Array.Empty<byte>() }, Now = Now() }));
        Assert.Empty(Ok(await Store.GetXattrAsync(file, x.Tag)).SealedValue.ToArray());
        Ok(await Store.SetXattrAsync(new SetXattrRequest { Inode = file, Xattr = Xattr(file, "y", "2"), Now = Now() }));
        IReadOnlyList<SealedXattr> all = Ok(await Store.ListXattrsAsync(file));
        Assert.Equal(all.Select(xattr => xattr.Tag).Order(), all.Select(xattr => xattr.Tag));
        Assert.Equal(2, all.Count);

        var removal = new RemoveXattrRequest { Inode = file, Name = x.Tag, ClearFlags = InodeFlags.HasAccessAcl, Now = Now() };
        Assert.Equal(InodeFlags.HasXattrs, Ok(await Store.RemoveXattrAsync(removal)).Value.Flags);
        Fails(MetadataError.NoAttribute, await Store.RemoveXattrAsync(removal));
        Assert.Equal(InodeFlags.None, Ok(await Store.RemoveXattrAsync(removal with { Name = Xattr(file, "y", "").Tag })).Value.Flags);
        Assert.Empty(Ok(await Store.ListXattrsAsync(file)));
        Fails(MetadataError.NoAttribute, await Store.GetXattrAsync(file, x.Tag));
        Fails(MetadataError.NotFound, await Store.GetXattrAsync(NewInode(), x.Tag));
    }

    [Fact]
    public async Task SetXattr_CreateOrReplace_IsChecked()
    {
        InodeId file = await CreateFileAsync("a");
        var request = new SetXattrRequest { Inode = file, Xattr = Xattr(file, "x", "1"), Now = Now() };

        Fails(MetadataError.NoAttribute, await Store.SetXattrAsync(request with { MustReplace = true }));
        Ok(await Store.SetXattrAsync(request with { MustCreate = true }));
        Fails(MetadataError.AttributeExists, await Store.SetXattrAsync(request with { MustCreate = true }));
        Ok(await Store.SetXattrAsync(request with { MustReplace = true }));
        Fails(MetadataError.NotFound, await Store.SetXattrAsync(request with { Inode = NewInode() }));
    }

    [Fact]
    public async Task WriteExtents_Contiguous_BecomeOne()
    {
        SegmentId segment = await AddSegmentAsync();
        InodeId file = await CreateFileAsync("a");

        await WriteAsync(file, new Extent(0, 100, segment, 0));
        await WriteAsync(file, new Extent(200, 100, segment, 200));
        Assert.Equal(2, (await ExtentsAsync(file)).Count);
        await WriteAsync(file, new Extent(100, 100, segment, 100));

        Assert.Equal([new Extent(0, 300, segment, 0)], await ExtentsAsync(file));
        await WriteAsync(file, new Extent(300, 10, segment, 500));
        Assert.Equal(2, (await ExtentsAsync(file)).Count);
        Assert.Equal(310, (await StatAsync(file)).AllocatedBytes);
    }

    [Fact]
    public async Task WriteExtents_TotalAboveTheLimit_StayApart()
    {
        SegmentId segment = await AddSegmentAsync();
        InodeId file = await CreateFileAsync("a");

        await WriteAsync(file, new Extent(0, Extent.MaxLength, segment, 0));
        await WriteAsync(file, new Extent(Extent.MaxLength, 1, segment, Extent.MaxLength));

        Assert.Equal(2, (await ExtentsAsync(file)).Count);
    }

    [Fact]
    public async Task WriteExtents_OverTheMiddle_CutsTheOldInTwo()
    {
        SegmentId first = await AddSegmentAsync();
        SegmentId second = await AddSegmentAsync();
        InodeId file = await CreateFileAsync("a");
        await WriteAsync(file, new Extent(0, 300, first, 1000));

        InodeAttributes inode = await WriteAsync(file, new Extent(100, 50, second, 0));

        Assert.Equal(
            [new Extent(0, 100, first, 1000), new Extent(100, 50, second, 0), new Extent(150, 150, first, 1150)],
            await ExtentsAsync(file));
        Assert.Equal((300L, 300L), (inode.Size, inode.AllocatedBytes));
        Assert.Equal([new SegmentUse(file, new Extent(0, 100, first, 1000)), new SegmentUse(file, new Extent(150, 150, first, 1150))],
            Ok(await Store.GetSegmentUsesAsync(first)));
    }

    [Fact]
    public async Task WriteExtents_Times_AreSetWhenGiven()
    {
        SegmentId segment = await AddSegmentAsync();
        InodeId file = await CreateFileAsync("a");
        InodeAttributes before = await StatAsync(file);
        var request = new WriteExtentsRequest { Inode = file, Extents = new[] { new Extent(0, 10, segment, 0) }, Now = Now() };

        InodeAttributes moved = Ok(await Store.WriteExtentsAsync(request)).Value;
        Assert.Equal((before.ModifyTime, before.ChangeTime, 0L), (moved.ModifyTime, moved.ChangeTime, moved.Size));
        InodeAttributes written = Ok(await Store.WriteExtentsAsync(request with
        {
            Size = 10,
            ModifyTime = new Timestamp(7),
            ChangeTime = new Timestamp(8),
            AccessTime = new Timestamp(9),
            ClearModeBits = 0x4,
        })).Value;
        Assert.Equal((7L, 8L, 9L), (written.ModifyTime.Nanoseconds, written.ChangeTime.Nanoseconds, written.AccessTime.Nanoseconds));
        Assert.Equal((10L, FileMode & ~0x4u), (written.Size, written.Mode));
    }

    [Fact]
    public async Task WriteExtents_SizeMode_GrowsOrSets()
    {
        SegmentId segment = await AddSegmentAsync();
        InodeId file = await CreateFileAsync("a");
        await WriteAsync(file, new Extent(0, 100, segment, 0));
        var request = new WriteExtentsRequest { Inode = file, Size = 40, Now = Now() };

        Assert.Equal(100, Ok(await Store.WriteExtentsAsync(request)).Value.Size);
        InodeAttributes cut = Ok(await Store.WriteExtentsAsync(request with { SizeMode = SizeMode.Exact })).Value;
        Assert.Equal((40L, 40L), (cut.Size, cut.AllocatedBytes));
    }

    [Fact]
    public async Task WriteExtents_WhatDoesNotHold_IsRefused()
    {
        SegmentId segment = await AddSegmentAsync();
        SegmentId condemned = await AddSegmentAsync(SegmentState.Live);
        Ok(await Store.CondemnSegmentAsync(Next(), condemned, Now()));
        InodeId file = await CreateFileAsync("a");
        var request = new WriteExtentsRequest { Inode = file, Extents = new[] { new Extent(0, 10, segment, 0) }, Now = Now() };

        Fails(MetadataError.Conflict, await Store.WriteExtentsAsync(request with { Extents = new[] { new Extent(0, 10, condemned, 0) } }));
        Fails(MetadataError.Conflict, await Store.WriteExtentsAsync(request with { Extents = new[] { new Extent(0, 10, SegmentId.NewRandom(), 0) } }));
        Fails(MetadataError.Conflict, await Store.WriteExtentsAsync(request with { ExpectedVersion = 999 }));
        Fails(MetadataError.Conflict, await Store.WriteExtentsAsync(request with { Extents = new[] { new Extent(5, 10, segment, 0), new Extent(0, 10, segment, 50) } }));
        Fails(MetadataError.NotFound, await Store.WriteExtentsAsync(request with { Inode = NewInode() }));
        Fails(MetadataError.IsADirectory, await Store.WriteExtentsAsync(request with { Inode = InodeId.Root }));
        Assert.Empty(await ExtentsAsync(file));
    }

    [Fact]
    public async Task GetExtents_InPages_AnswersEachOnce()
    {
        SegmentId segment = await AddSegmentAsync();
        InodeId file = await CreateFileAsync("a");
        for (int i = 0; i < 10; i++)
        {
            await WriteAsync(file, new Extent(i * 100, 50, segment, i * 50));
        }

        ExtentPage page = Ok(await Store.GetExtentsAsync(file, 20, 500, 3));
        Assert.True(page.More);
        Assert.Equal([0L, 100L, 200L], page.Extents.Select(extent => extent.FileOffset));
        page = Ok(await Store.GetExtentsAsync(file, 250, 270, 3));
        Assert.False(page.More);
        Assert.Equal([300L, 400L, 500L], page.Extents.Select(extent => extent.FileOffset));
        Assert.Empty(Ok(await Store.GetExtentsAsync(file, 50, 50, 3)).Extents);
    }

    [Fact]
    public async Task SetAttributes_Truncate_CutsAndLeavesAHoleWhenGrownAgain()
    {
        SegmentId segment = await AddSegmentAsync();
        InodeId file = await CreateFileAsync("a");
        await WriteAsync(file, new Extent(0, 100, segment, 0), new Extent(200, 100, segment, 100));
        var request = new SetAttributesRequest { Inode = file, Mask = AttributeMask.Size, Size = 50, Now = Now() };

        Ok(await Store.SetAttributesAsync(request));
        InodeAttributes grown = Ok(await Store.SetAttributesAsync(request with { Size = 400 })).Value;

        Assert.Equal((400L, 50L), (grown.Size, grown.AllocatedBytes));
        Assert.Equal([new Extent(0, 50, segment, 0)], await ExtentsAsync(file));
    }

    [Fact]
    public async Task Deallocate_MakesAHole()
    {
        SegmentId segment = await AddSegmentAsync();
        InodeId file = await CreateFileAsync("a");
        await WriteAsync(file, new Extent(0, 100, segment, 0));
        var request = new DeallocateRequest { Operation = Next(), Inode = file, Offset = 20, Length = 30, Now = Now() };

        InodeAttributes inode = Ok(await Store.DeallocateAsync(request)).Value;

        Assert.Equal((100L, 70L, request.Now, request.Now), (inode.Size, inode.AllocatedBytes, inode.ModifyTime, inode.ChangeTime));
        Assert.Equal([new Extent(0, 20, segment, 0), new Extent(50, 50, segment, 50)], await ExtentsAsync(file));
        Assert.Equal(500, Ok(await Store.DeallocateAsync(request with { Operation = Next(), Offset = 90, Length = 410, NewSize = 500 })).Value.Size);
        Fails(MetadataError.Conflict, await Store.DeallocateAsync(request with { Operation = Next(), Length = 0 }));
        Fails(MetadataError.NotFound, await Store.DeallocateAsync(request with { Operation = Next(), Inode = NewInode() }));
    }

    [Fact]
    public async Task CloneExtents_SharesDataAndCarriesHoles()
    {
        SegmentId segment = await AddSegmentAsync();
        InodeId source = await CreateFileAsync("a");
        InodeId target = await CreateFileAsync("b");
        await WriteAsync(source, new Extent(0, 100, segment, 0), new Extent(200, 100, segment, 100));
        await WriteAsync(target, new Extent(0, 1000, segment, 5000));
        var request = new CloneExtentsRequest
        {
            Operation = Next(),
            Source = source,
            SourceOffset = 50,
            Target = target,
            TargetOffset = 500,
            Length = 200,
            NewSize = 600,
            Now = Now(),
        };

        InodeAttributes inode = Ok(await Store.CloneExtentsAsync(request)).Value;

        Assert.Equal(
            [
                new Extent(0, 500, segment, 5000), new Extent(500, 50, segment, 50),
                new Extent(650, 50, segment, 100), new Extent(700, 300, segment, 5700),
            ],
            await ExtentsAsync(target));
        Assert.Equal((1000L, 900L), (inode.Size, inode.AllocatedBytes));
        Assert.Equal(2, (await ExtentsAsync(source)).Count);
    }

    [Fact]
    public async Task CloneExtents_WhatDoesNotHold_IsRefused()
    {
        InodeId file = await CreateFileAsync("a");
        CreateRequest other = Creation(InodeId.Root, "b") with { Domain = new DomainId(2) };
        Ok(await Store.CreateAsync(other));
        var request = new CloneExtentsRequest { Source = file, Target = file, SourceOffset = 0, TargetOffset = 50, Length = 100, Now = Now() };

        Fails(MetadataError.Conflict, await Store.CloneExtentsAsync(request));
        Fails(MetadataError.CrossesDomain, await Store.CloneExtentsAsync(request with { Target = other.NewInode }));
        Fails(MetadataError.NotFound, await Store.CloneExtentsAsync(request with { Target = NewInode() }));
        Ok(await Store.CloneExtentsAsync(request with { TargetOffset = 100 }));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public async Task Extents_RandomChanges_ReadAsAMapOfBytes(int seed)
    {
        var random = new Random(seed);
        SegmentId[] segments = [await AddSegmentAsync(), await AddSegmentAsync()];
        InodeId[] files = [await CreateFileAsync("a"), await CreateFileAsync("b")];
        var models = new ByteMap[] { new(), new() };
        for (int step = 0; step < RandomSteps; step++)
        {
            int which = random.Next(2);
            await ChangeAsync(random, segments, files, models, which);
            if (step % 10 == 0 || step == RandomSteps - 1)
            {
                InodeAttributes inode = await StatAsync(files[which]);
                models[which].AssertEqual(await ExtentsAsync(files[which]), inode, $"seed {seed} step {step}");
            }
        }
    }

    /// <summary>How many random changes the model test makes; fewer for engines that are slowed down.</summary>
    protected virtual int RandomSteps => 600;

    private async Task ChangeAsync(Random random, SegmentId[] segments, InodeId[] files, ByteMap[] models, int which)
    {
        InodeId file = files[which];
        ByteMap model = models[which];
        int offset = random.Next(ByteMap.Length - 1);
        int length = random.Next(1, Math.Min(64, ByteMap.Length - offset));
        switch (random.Next(6))
        {
            case 0 or 1 or 2:
                // Mostly where the segment would go on, so that neighbours join.
                int segment = random.Next(2);
                var extent = new Extent(offset, length, segments[segment], random.Next(3) == 0 ? random.Next(1000) : offset + 2000);
                await WriteAsync(file, extent);
                model.Write(extent);
                break;
            case 3:
                Ok(await Store.DeallocateAsync(new DeallocateRequest { Inode = file, Offset = offset, Length = length, Now = Now() }));
                model.Clear(offset, length);
                break;
            case 4:
                Ok(await Store.SetAttributesAsync(new SetAttributesRequest { Inode = file, Mask = AttributeMask.Size, Size = offset, Now = Now() }));
                model.Truncate(offset);
                break;
            default:
                int from = random.Next(ByteMap.Length - length);
                if (Math.Abs(from - offset) < length)
                {
                    return;
                }

                int source = random.Next(2);
                Ok(await Store.CloneExtentsAsync(new CloneExtentsRequest
                {
                    Source = files[source],
                    SourceOffset = from,
                    Target = file,
                    TargetOffset = offset,
                    Length = length,
                    NewSize = offset + length,
                    Now = Now(),
                }));
                model.Clone(models[source], from, offset, length);
                break;
        }
    }
}
