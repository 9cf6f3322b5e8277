using HipaaFs.Crypto;
using HipaaFs.Metadata;
using Xunit;

namespace HipaaFs.Testing.Metadata;

/// <content>Creating, linking, removing, listing.</content>
public abstract partial class MetadataStoreConformance
{
    [Fact]
    public async Task Create_File_AnswersItsAttributesAndTouchesTheParent()
    {
        InodeAttributes before = await StatAsync(InodeId.Root);
        CreateRequest request = Creation(InodeId.Root, "a") with { Device = 5, Placement = 9, Flags = InodeFlags.HasAccessAcl };

        Applied<DirectoryEntry> created = Ok(await Store.CreateAsync(request));

        InodeAttributes inode = created.Value.Inode;
        Assert.Equal((request.NewInode, FileMode, 10u, 20u, 1u), (inode.Id, inode.Mode, inode.Uid, inode.Gid, inode.LinkCount));
        Assert.Equal((5u, 9u, InodeFlags.HasAccessAcl, 0L), (inode.Device, inode.Placement, inode.Flags, inode.Size));
        Assert.True(inode.IsFile);
        Assert.All(new[] { inode.AccessTime, inode.ModifyTime, inode.ChangeTime, inode.BirthTime }, time => Assert.Equal(request.Now, time));
        InodeAttributes after = await StatAsync(InodeId.Root);
        Assert.Equal((before.LinkCount, request.Now, request.Now), (after.LinkCount, after.ModifyTime, after.ChangeTime));
        Assert.True(after.Version > before.Version);
        DirectoryEntry found = Ok(await FindAsync(InodeId.Root, "a"));
        Assert.Equal(inode, found.Inode);
        Assert.Equal(request.Name.Sealed.ToArray(), found.Name.Sealed.ToArray());
    }

    [Fact]
    public async Task Create_Directory_HasTwoLinksAndAddsOneToItsParent()
    {
        InodeId directory = await CreateDirectoryAsync("d");

        Assert.Equal(2u, (await StatAsync(directory)).LinkCount);
        Assert.Equal(3u, (await StatAsync(InodeId.Root)).LinkCount);
        Assert.Equal(InodeId.Root, Ok(await Store.FindEntryAsync(directory)).Parent);
    }

    [Fact]
    public async Task Create_NameTaken_Exists()
    {
        await CreateFileAsync("a");

        Fails(MetadataError.Exists, await Store.CreateAsync(Creation(InodeId.Root, "a")));
    }

    [Fact]
    public async Task Create_InWhatIsNoDirectory_IsRefused()
    {
        InodeId file = await CreateFileAsync("a");
        InodeId gone = NewInode();

        Fails(MetadataError.NotADirectory, await Store.CreateAsync(Creation(file, "b")));
        Fails(MetadataError.NotFound, await Store.CreateAsync(Creation(gone, "b")));
        Fails(MetadataError.NotADirectory, await FindAsync(file, "b"));
        Fails(MetadataError.NotFound, await FindAsync(InodeId.Root, "b"));
    }

    [Fact]
    public async Task Create_InodeNumberTaken_Conflicts()
    {
        InodeId file = await CreateFileAsync("a");

        Fails(MetadataError.Conflict, await Store.CreateAsync(Creation(InodeId.Root, "b") with { NewInode = file }));
        Fails(MetadataError.Conflict, await Store.CreateAsync(Creation(InodeId.Root, "b") with { NewInode = default }));
        Fails(MetadataError.NotFound, await FindAsync(InodeId.Root, "b"));
    }

    [Fact]
    public async Task Create_InRemovedDirectoryStillOpen_NotFound()
    {
        InodeId directory = await CreateDirectoryAsync("d");
        Ok(await Store.UnlinkAsync(Removal(InodeId.Root, "d", directory: true, keep: true)));

        Fails(MetadataError.NotFound, await Store.CreateAsync(Creation(directory, "a")));
        Assert.Equal(0u, (await StatAsync(directory)).LinkCount);
        Assert.Empty(await ListAsync(directory));
    }

    [Fact]
    public async Task Create_SymbolicLink_KeepsItsSealedTarget()
    {
        byte[] target = [1, 2, 3];
        CreateRequest request = Creation(InodeId.Root, "s", ModeBits.SymbolicLink | 0x1FF) with { SealedTarget = target, Size = 11 };
        InodeAttributes inode = Ok(await Store.CreateAsync(request)).Value.Inode;
        InodeId file = await CreateFileAsync("a");

        Assert.Equal(11, inode.Size);
        Assert.Equal(target, Ok(await Store.ReadLinkAsync(inode.Id)).ToArray());
        Fails(MetadataError.Conflict, await Store.ReadLinkAsync(file));
        Fails(MetadataError.NotFound, await Store.ReadLinkAsync(NewInode()));
    }

    [Fact]
    public async Task Create_WithXattrs_IsBornWithThem()
    {
        CreateRequest request = Creation(InodeId.Root, "a");
        request = request with { Xattrs = [Xattr(request.NewInode, "x", "1"), Xattr(request.NewInode, "y", "2")] };
        InodeAttributes inode = Ok(await Store.CreateAsync(request)).Value.Inode;

        Assert.Equal(InodeFlags.HasXattrs, inode.Flags);
        Assert.Equal(2, Ok(await Store.ListXattrsAsync(inode.Id)).Count);
    }

    [Fact]
    public async Task Create_WithoutParent_IsAnOrphanUntilLinked()
    {
        CreateRequest request = Creation(InodeId.Root, "unused") with { Parent = null };
        InodeAttributes inode = Ok(await Store.CreateAsync(request)).Value.Inode;

        Assert.Equal(0u, inode.LinkCount);
        Assert.Contains(new OrphanRow(inode.Id, Session.Id), Ok(await Store.ListOrphansAsync(null)));
        Assert.Equal(1u, Ok(await Store.LinkAsync(Linking(inode.Id, InodeId.Root, "a"))).Value.LinkCount);
        Assert.Empty(Ok(await Store.ListOrphansAsync(null)));
        Fails(MetadataError.Conflict, await Store.ReleaseOrphanAsync(Next(), inode.Id));
    }

    [Fact]
    public async Task Link_AddsANameAndTouchesBoth()
    {
        InodeId file = await CreateFileAsync("a");
        InodeId directory = await CreateDirectoryAsync("d");
        LinkRequest request = Linking(file, directory, "b");

        InodeAttributes inode = Ok(await Store.LinkAsync(request)).Value;

        Assert.Equal((2u, request.Now), (inode.LinkCount, inode.ChangeTime));
        Assert.Equal(request.Now, (await StatAsync(directory)).ModifyTime);
        Assert.Equal(file, Ok(await FindAsync(directory, "b")).Inode.Id);
    }

    [Fact]
    public async Task Link_WhatCannotBeLinked_IsRefused()
    {
        InodeId file = await CreateFileAsync("a");
        InodeId directory = await CreateDirectoryAsync("d");

        Fails(MetadataError.IsADirectory, await Store.LinkAsync(Linking(directory, InodeId.Root, "e")));
        Fails(MetadataError.Exists, await Store.LinkAsync(Linking(file, InodeId.Root, "d")));
        Fails(MetadataError.NotFound, await Store.LinkAsync(Linking(NewInode(), InodeId.Root, "e")));
        Fails(MetadataError.NotADirectory, await Store.LinkAsync(Linking(file, file, "e")));
        Assert.Equal(1u, (await StatAsync(file)).LinkCount);
    }

    [Fact]
    public async Task Link_AcrossDomains_IsRefused()
    {
        InodeId file = await CreateFileAsync("a");
        CreateRequest other = Creation(InodeId.Root, "d", DirectoryMode) with { Domain = new DomainId(1) };
        Ok(await Store.CreateAsync(other));

        Fails(MetadataError.CrossesDomain, await Store.LinkAsync(Linking(file, other.NewInode, "b")));
        Fails(MetadataError.CrossesDomain, await Store.RenameAsync(Renaming(InodeId.Root, "a", other.NewInode, "b")));
    }

    [Fact]
    public async Task Unlink_OneOfTwoNames_LeavesTheInode()
    {
        InodeId file = await CreateFileAsync("a");
        Ok(await Store.LinkAsync(Linking(file, InodeId.Root, "b")));
        UnlinkRequest request = Removal(InodeId.Root, "a");

        InodeAttributes inode = Ok(await Store.UnlinkAsync(request)).Value;

        Assert.Equal((1u, request.Now), (inode.LinkCount, inode.ChangeTime));
        Assert.Equal(request.Now, (await StatAsync(InodeId.Root)).ModifyTime);
        Assert.Equal(inode, Ok(await FindAsync(InodeId.Root, "b")).Inode);
        Assert.Equal(Tag(InodeId.Root, "b"), Ok(await Store.FindEntryAsync(file)).Name.Tag);
    }

    [Fact]
    public async Task Unlink_LastName_RemovesEverythingOfTheInode()
    {
        VolumeUsage before = Store.Usage;
        SegmentId segment = await AddSegmentAsync();
        InodeId file = await CreateFileAsync("a");
        await WriteAsync(file, new Extent(0, 100, segment, 0));
        Ok(await Store.SetXattrAsync(new SetXattrRequest { Operation = Next(), Inode = file, Xattr = Xattr(file, "x", "1"), Now = Now() }));

        InodeAttributes inode = Ok(await Store.UnlinkAsync(Removal(InodeId.Root, "a"))).Value;

        Assert.Equal(0u, inode.LinkCount);
        Fails(MetadataError.NotFound, await Store.GetInodeAsync(file));
        Fails(MetadataError.NotFound, await Store.GetExtentsAsync(file, 0, 100, 1));
        Fails(MetadataError.NotFound, await Store.ListXattrsAsync(file));
        Fails(MetadataError.NotFound, await Store.FindEntryAsync(file));
        Assert.Empty(Ok(await Store.GetSegmentUsesAsync(segment)));
        Assert.Equal(before, Store.Usage);
    }

    [Fact]
    public async Task Unlink_WrongKindOrExpectation_IsRefused()
    {
        InodeId file = await CreateFileAsync("a");
        InodeId directory = await CreateDirectoryAsync("d");
        await CreateFileAsync("b", directory);

        Fails(MetadataError.NotFound, await Store.UnlinkAsync(Removal(InodeId.Root, "x")));
        Fails(MetadataError.IsADirectory, await Store.UnlinkAsync(Removal(InodeId.Root, "d")));
        Fails(MetadataError.NotADirectory, await Store.UnlinkAsync(Removal(InodeId.Root, "a", directory: true)));
        Fails(MetadataError.DirectoryNotEmpty, await Store.UnlinkAsync(Removal(InodeId.Root, "d", directory: true)));
        Fails(MetadataError.Conflict, await Store.UnlinkAsync(Removal(InodeId.Root, "a") with { ExpectedInode = directory }));
        Ok(await Store.UnlinkAsync(Removal(InodeId.Root, "a") with { ExpectedInode = file }));
    }

    [Fact]
    public async Task Unlink_Directory_TakesItsLinkFromTheParent()
    {
        InodeId directory = await CreateDirectoryAsync("d");

        Assert.Equal(0u, Ok(await Store.UnlinkAsync(Removal(InodeId.Root, "d", directory: true))).Value.LinkCount);
        Assert.Equal(2u, (await StatAsync(InodeId.Root)).LinkCount);
        Fails(MetadataError.NotFound, await Store.GetInodeAsync(directory));
    }

    [Fact]
    public async Task Unlink_KeepingTheOrphan_LivesUntilReleased()
    {
        SegmentId segment = await AddSegmentAsync();
        InodeId file = await CreateFileAsync("a");
        await WriteAsync(file, new Extent(0, 100, segment, 0));

        Ok(await Store.UnlinkAsync(Removal(InodeId.Root, "a", keep: true)));

        Assert.Equal(100, (await StatAsync(file)).Size);
        await WriteAsync(file, new Extent(100, 50, segment, 100));
        Assert.Equal([new OrphanRow(file, Session.Id)], Ok(await Store.ListOrphansAsync(null)));
        Assert.Empty(Ok(await Store.ListOrphansAsync(Session.Id)));
        Ok(await Store.ReleaseOrphanAsync(Next(), file));
        Fails(MetadataError.NotFound, await Store.GetInodeAsync(file));
        Fails(MetadataError.NotFound, await Store.ReleaseOrphanAsync(Next(), file));
        Assert.Empty(Ok(await Store.ListOrphansAsync(null)));
    }

    [Fact]
    public async Task Orphans_OfTwoSessions_AreToldApart()
    {
        SessionRow other = Ok(await Store.OpenSessionAsync(new SessionOpening { Host = "other", Now = Now() })).Value;
        InodeId mine = await CreateFileAsync("a");
        InodeId theirs = await CreateFileAsync("b");
        Ok(await Store.UnlinkAsync(Removal(InodeId.Root, "a", keep: true)));
        Ok(await Store.UnlinkAsync(Removal(InodeId.Root, "b", keep: true) with { Session = other.Id }));

        Assert.Equal([new OrphanRow(theirs, other.Id)], Ok(await Store.ListOrphansAsync(Session.Id)));
        Assert.Equal([new OrphanRow(mine, Session.Id)], Ok(await Store.ListOrphansAsync(other.Id)));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(7)]
    [InlineData(600)]
    public async Task ReadDirectory_PageByPage_ListsEveryNameOnceInTagOrder(int page)
    {
        for (int i = 0; i < 300; i++)
        {
            await CreateFileAsync($"f{i}");
        }

        List<DirectoryEntry> entries = await ListAsync(InodeId.Root, page);

        Assert.Equal(
            Enumerable.Range(0, 300).Select(i => Tag(InodeId.Root, $"f{i}")).Order(), entries.Select(entry => entry.Name.Tag));
        Assert.All(entries, entry => Assert.True(entry.Inode.IsFile && entry.Parent == InodeId.Root && !entry.Name.Sealed.IsEmpty));
    }

    [Fact]
    public async Task ReadDirectoryFrom_TagsOfEqualHigh64_AnswersAllOfThem()
    {
        ulong[] highs = [5, 9, 9, 9, 12];
        for (int i = 0; i < highs.Length; i++)
        {
            CreateRequest request = Creation(InodeId.Root, "x") with { Name = new EntryName(new NameTag(new UInt128(highs[i], (ulong)i)), new byte[] { 1 }) };
            Ok(await Store.CreateAsync(request));
        }

        var buffer = new DirectoryEntry[10];
        Assert.Equal(5, Ok(await Store.ReadDirectoryFromAsync(InodeId.Root, 0, buffer)));
        Assert.Equal(4, Ok(await Store.ReadDirectoryFromAsync(InodeId.Root, 9, buffer)));
        Assert.Equal([9UL, 9UL, 9UL, 12UL], buffer.Take(4).Select(entry => entry.Name.Tag.High64));
        Assert.Equal(1, Ok(await Store.ReadDirectoryFromAsync(InodeId.Root, 10, buffer)));
        Assert.Equal(0, Ok(await Store.ReadDirectoryFromAsync(InodeId.Root, ulong.MaxValue, buffer)));
    }

    [Fact]
    public async Task ReadDirectory_ChangedWhileRead_ShowsWhatIsStillAhead()
    {
        for (int i = 0; i < 20; i++)
        {
            await CreateFileAsync($"f{i}");
        }

        var buffer = new DirectoryEntry[10];
        Ok(await Store.ReadDirectoryAsync(InodeId.Root, null, buffer));
        List<DirectoryEntry> rest = (await ListAsync(InodeId.Root)).Skip(10).ToList();
        Ok(await Store.UnlinkAsync(new UnlinkRequest { Operation = Next(), Parent = InodeId.Root, Name = rest[0].Name.Tag, Now = Now() }));
        Ok(await Store.UnlinkAsync(new UnlinkRequest { Operation = Next(), Parent = InodeId.Root, Name = buffer[9].Name.Tag, Now = Now() }));

        Assert.Equal(9, Ok(await Store.ReadDirectoryAsync(InodeId.Root, buffer[9].Name.Tag, buffer)));
    }

    [Fact]
    public async Task ReadDirectory_OfNoDirectory_IsRefused()
    {
        InodeId file = await CreateFileAsync("a");

        Fails(MetadataError.NotADirectory, await Store.ReadDirectoryAsync(file, null, new DirectoryEntry[1]));
        Fails(MetadataError.NotFound, await Store.ReadDirectoryAsync(NewInode(), null, new DirectoryEntry[1]));
    }

    [Fact]
    public async Task Operation_Repeated_GivesTheSameAnswerAndChangesNothing()
    {
        CreateRequest creation = Creation(InodeId.Root, "a");
        Applied<DirectoryEntry> first = Ok(await Store.CreateAsync(creation));
        UnlinkRequest removal = Removal(InodeId.Root, "a");
        Applied<InodeAttributes> removed = Ok(await Store.UnlinkAsync(removal));
        InodeAttributes root = await StatAsync(InodeId.Root);

        Assert.Equal(first.Sequence, Ok(await Store.CreateAsync(creation)).Sequence);
        Assert.Equal(removed, Ok(await Store.UnlinkAsync(removal)));
        Assert.Equal(root, await StatAsync(InodeId.Root));
        Fails(MetadataError.NotFound, await FindAsync(InodeId.Root, "a"));
    }
}
