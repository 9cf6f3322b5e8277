using HipaaFs.Metadata;
using Xunit;

namespace HipaaFs.Testing.Metadata;

/// <content>The rules of rename(2) and renameat2(2).</content>
public abstract partial class MetadataStoreConformance
{
    [Fact]
    public async Task Rename_ToAFreeName_MovesTheEntry()
    {
        InodeId file = await CreateFileAsync("a");
        InodeId directory = await CreateDirectoryAsync("d");
        RenameRequest request = Renaming(InodeId.Root, "a", directory, "b");

        RenameOutcome outcome = Ok(await Store.RenameAsync(request)).Value;

        Assert.Equal((file, request.Now, null), (outcome.Moved.Id, outcome.Moved.ChangeTime, outcome.Replaced));
        Fails(MetadataError.NotFound, await FindAsync(InodeId.Root, "a"));
        Assert.Equal(request.NewName.Sealed.ToArray(), Ok(await FindAsync(directory, "b")).Name.Sealed.ToArray());
        Assert.Equal(request.Now, (await StatAsync(InodeId.Root)).ModifyTime);
        Assert.Equal(request.Now, (await StatAsync(directory)).ChangeTime);
    }

    [Fact]
    public async Task Rename_OverAFile_ReplacesIt()
    {
        InodeId moved = await CreateFileAsync("a");
        InodeId replaced = await CreateFileAsync("b");

        RenameOutcome outcome = Ok(await Store.RenameAsync(Renaming(InodeId.Root, "a", InodeId.Root, "b"))).Value;

        Assert.Equal((replaced, 0u), (outcome.Replaced!.Value.Id, outcome.Replaced.Value.LinkCount));
        Assert.Equal(moved, Ok(await FindAsync(InodeId.Root, "b")).Inode.Id);
        Fails(MetadataError.NotFound, await Store.GetInodeAsync(replaced));
    }

    [Fact]
    public async Task Rename_OverAnOpenFile_KeepsItAsOrphan()
    {
        await CreateFileAsync("a");
        InodeId replaced = await CreateFileAsync("b");

        Ok(await Store.RenameAsync(Renaming(InodeId.Root, "a", InodeId.Root, "b") with { KeepOrphan = true }));

        Assert.Equal(0u, (await StatAsync(replaced)).LinkCount);
        Assert.Equal([new OrphanRow(replaced, Session.Id)], Ok(await Store.ListOrphansAsync(null)));
    }

    [Fact]
    public async Task Rename_BetweenTwoNamesOfOneInode_DoesNothing()
    {
        InodeId file = await CreateFileAsync("a");
        Ok(await Store.LinkAsync(Linking(file, InodeId.Root, "b")));
        InodeAttributes root = await StatAsync(InodeId.Root);
        InodeAttributes inode = await StatAsync(file);

        RenameOutcome outcome = Ok(await Store.RenameAsync(Renaming(InodeId.Root, "a", InodeId.Root, "b"))).Value;

        Assert.Equal(new RenameOutcome(inode, null), outcome);
        Assert.Equal(root, await StatAsync(InodeId.Root));
        Assert.Equal(file, Ok(await FindAsync(InodeId.Root, "a")).Inode.Id);
        Ok(await Store.RenameAsync(Renaming(InodeId.Root, "a", InodeId.Root, "a")));
        Assert.Equal(2u, (await StatAsync(file)).LinkCount);
    }

    [Fact]
    public async Task Rename_Directory_CarriesTheLinkOfItsParent()
    {
        InodeId from = await CreateDirectoryAsync("from");
        InodeId to = await CreateDirectoryAsync("to");
        InodeId moved = await CreateDirectoryAsync("d", from);
        await CreateDirectoryAsync("e", to);

        Ok(await Store.RenameAsync(Renaming(from, "d", to, "d")));
        Assert.Equal((2u, 4u), ((await StatAsync(from)).LinkCount, (await StatAsync(to)).LinkCount));

        InodeAttributes replaced = Ok(await Store.RenameAsync(Renaming(to, "d", to, "e"))).Value.Replaced!.Value;
        Assert.Equal(0u, replaced.LinkCount);
        Assert.Equal(3u, (await StatAsync(to)).LinkCount);
        Assert.Equal(to, Ok(await Store.FindEntryAsync(moved)).Parent);
    }

    [Fact]
    public async Task Rename_AcrossKinds_IsRefused()
    {
        await CreateFileAsync("f");
        await CreateDirectoryAsync("d");
        InodeId full = await CreateDirectoryAsync("full");
        await CreateFileAsync("x", full);

        Fails(MetadataError.IsADirectory, await Store.RenameAsync(Renaming(InodeId.Root, "f", InodeId.Root, "d")));
        Fails(MetadataError.NotADirectory, await Store.RenameAsync(Renaming(InodeId.Root, "d", InodeId.Root, "f")));
        Fails(MetadataError.DirectoryNotEmpty, await Store.RenameAsync(Renaming(InodeId.Root, "d", InodeId.Root, "full")));
        Fails(MetadataError.NotFound, await Store.RenameAsync(Renaming(InodeId.Root, "none", InodeId.Root, "g")));
    }

    [Fact]
    public async Task Rename_DirectoryBelowItself_IsRefused()
    {
        InodeId a = await CreateDirectoryAsync("a");
        InodeId b = await CreateDirectoryAsync("b", a);
        InodeId c = await CreateDirectoryAsync("c", b);

        Fails(MetadataError.InvalidMove, await Store.RenameAsync(Renaming(InodeId.Root, "a", a, "x")));
        Fails(MetadataError.InvalidMove, await Store.RenameAsync(Renaming(InodeId.Root, "a", c, "x")));
        Fails(MetadataError.InvalidMove, await Store.RenameAsync(Renaming(b, "c", InodeId.Root, "a") with { Exchange = true }));
        Fails(MetadataError.DirectoryNotEmpty, await Store.RenameAsync(Renaming(b, "c", InodeId.Root, "a")));
        Ok(await Store.RenameAsync(Renaming(b, "c", InodeId.Root, "c")));
    }

    [Fact]
    public async Task Rename_NoReplace_RefusesATakenName()
    {
        await CreateFileAsync("a");
        await CreateFileAsync("b");

        Fails(MetadataError.Exists, await Store.RenameAsync(Renaming(InodeId.Root, "a", InodeId.Root, "b") with { NoReplace = true }));
        Ok(await Store.RenameAsync(Renaming(InodeId.Root, "a", InodeId.Root, "c") with { NoReplace = true }));
    }

    [Fact]
    public async Task Rename_Expectations_AreChecked()
    {
        InodeId a = await CreateFileAsync("a");
        InodeId b = await CreateFileAsync("b");
        RenameRequest request = Renaming(InodeId.Root, "a", InodeId.Root, "b");

        Fails(MetadataError.Conflict, await Store.RenameAsync(request with { Operation = Next(), ExpectedInode = b }));
        Fails(MetadataError.Conflict, await Store.RenameAsync(request with { Operation = Next(), ExpectedReplaced = a }));
        Fails(MetadataError.Conflict, await Store.RenameAsync(Renaming(InodeId.Root, "a", InodeId.Root, "c") with { ExpectedReplaced = b }));
        Ok(await Store.RenameAsync(request with { ExpectedInode = a, ExpectedReplaced = b }));
    }

    [Fact]
    public async Task Rename_Exchange_SwapsTwoNames()
    {
        InodeId directory = await CreateDirectoryAsync("d");
        InodeId sub = await CreateDirectoryAsync("sub", directory);
        InodeId file = await CreateFileAsync("a");
        byte[] oldName = Ok(await FindAsync(InodeId.Root, "a")).Name.Sealed.ToArray();

        RenameOutcome outcome = Ok(await Store.RenameAsync(Renaming(InodeId.Root, "a", directory, "sub") with { Exchange = true })).Value;

        Assert.Equal((file, sub), (outcome.Moved.Id, outcome.Replaced!.Value.Id));
        Assert.Equal(file, Ok(await FindAsync(directory, "sub")).Inode.Id);
        DirectoryEntry other = Ok(await FindAsync(InodeId.Root, "a"));
        Assert.Equal(sub, other.Inode.Id);
        Assert.Equal(oldName, other.Name.Sealed.ToArray());
        Assert.Equal((4u, 2u), ((await StatAsync(InodeId.Root)).LinkCount, (await StatAsync(directory)).LinkCount));
        Fails(MetadataError.NotFound, await Store.RenameAsync(Renaming(InodeId.Root, "a", directory, "none") with { Exchange = true }));
    }

    [Fact]
    public async Task Rename_ExchangeWithANewSealing_KeepsIt()
    {
        await CreateFileAsync("a");
        await CreateFileAsync("b");
        RenameRequest request = Renaming(InodeId.Root, "a", InodeId.Root, "b");
        var resealed = new EntryName(Tag(InodeId.Root, "a"), new byte[] { 42 });

        Ok(await Store.RenameAsync(request with { Exchange = true, ExchangeName = resealed }));

        Assert.Equal([42], Ok(await FindAsync(InodeId.Root, "a")).Name.Sealed.ToArray());
    }
}
