using HipaaFs.Metadata;

namespace HipaaFs.Core.Tests.Names;

public sealed class NamespaceTests
{
    [Fact]
    public async Task MakeDirectory_ThenRemove_ChangesLinkCounts()
    {
        await using TestVolume test = await TestVolume.CreateAsync();
        InodeAttributes made = await test.FileSystem.MakeDirectoryAsync("d");

        Assert.Equal(2u, made.LinkCount);
        Assert.Equal(3u, (await test.FileSystem.LookupAsync("")).LinkCount);
        Assert.Equal(FsError.Exists, (await test.FileSystem.MakeDirectoryAsync(InodeId.Root, "d"u8, default, default, default)).Error);
        await test.FileSystem.PutAsync("a", [1], made.Id);
        Assert.Equal(FsError.DirectoryNotEmpty, await test.FileSystem.RemoveDirectoryAsync(InodeId.Root, "d"u8, default));
        Assert.Equal(FsError.IsADirectory, await test.FileSystem.UnlinkAsync(InodeId.Root, "d"u8, default));
        Assert.Equal(FsError.NotADirectory, await test.FileSystem.RemoveDirectoryAsync(made.Id, "a"u8, default));
        await test.FileSystem.UnlinkAsync(made.Id, "a"u8, default).Ok();
        await test.FileSystem.RemoveDirectoryAsync(InodeId.Root, "d"u8, default).Ok();
        Assert.Equal(2u, (await test.FileSystem.LookupAsync("")).LinkCount);
        Assert.False(await test.FileSystem.ExistsAsync("d"));
        await test.AssertSoundAsync();
    }

    [Fact]
    public async Task Names_OfAnyBytes_AreKept()
    {
        await using TestVolume test = await TestVolume.CreateAsync();
        string longest = new('n', 255);
        string[] names = ["ä ö\n\\\"'", longest, ".hidden", "-rf", "日本語.dcm", "con", "trailing. "];
        foreach (string name in names)
        {
            await test.FileSystem.PutAsync(name, [1]);
        }

        List<(string Name, InodeAttributes Inode)> listed = await test.FileSystem.ListAsync(InodeId.Root);
        Assert.Equal(names.Order(StringComparer.Ordinal), listed.Select(static item => item.Name).Order(StringComparer.Ordinal));
        byte[] tooLong = FileSystemCalls.Bytes(longest + "n");
        Assert.Equal(FsError.NameTooLong, (await test.FileSystem.LookupAsync(InodeId.Root, tooLong, default)).Error);
        Assert.Equal(FsError.NameTooLong, (await test.FileSystem.MakeDirectoryAsync(InodeId.Root, tooLong, default, default, default)).Error);
        Assert.Equal(FsError.NameTooLong, await test.FileSystem.UnlinkAsync(InodeId.Root, tooLong, default));
        Assert.Equal(FsError.NameTooLong, await test.FileSystem.RenameAsync(InodeId.Root, ".hidden"u8, InodeId.Root, tooLong, RenameMode.Replace, default));
        Assert.Equal(FsError.NameTooLong, (await test.FileSystem.LinkAsync(listed[0].Inode.Id, InodeId.Root, tooLong, default)).Error);
    }

    [Fact]
    public async Task Unlink_OpenFile_StaysReadableAndWritableUntilClosed()
    {
        byte[] content = FileSystemCalls.RandomBytes(100_000, 1);
        await using TestVolume test = await TestVolume.CreateAsync();
        CreatedFile created = await test.FileSystem.CreateAsync("a");
        await test.FileSystem.WriteAsync(created.Handle, 0, content);
        await test.FileSystem.FsyncAsync(created.Handle, false, default).Ok();
        await test.FileSystem.UnlinkAsync(InodeId.Root, "a"u8, default).Ok();

        Assert.Equal(0u, (await test.FileSystem.GetAttributesAsync(created.Attributes.Id, default).Ok()).LinkCount);
        await test.FileSystem.WriteAsync(created.Handle, 5, [9, 9]);
        content[5] = content[6] = 9;
        Assert.Equal(content, await test.FileSystem.ReadAsync(created.Handle, 0, 200_000));
        await test.FileSystem.FsyncAsync(created.Handle, false, default).Ok();
        await test.FileSystem.CloseAsync(created.Handle);
        Assert.Equal(FsError.NotFound, (await test.FileSystem.GetAttributesAsync(created.Attributes.Id, default)).Error);
        await test.AssertSoundAsync();
    }

    [Fact]
    public async Task Unlink_OpenFileThenCrash_LeavesNoInodeBehind()
    {
        await using TestVolume test = await TestVolume.CreateAsync();
        CreatedFile created = await test.FileSystem.CreateAsync("a");
        await test.FileSystem.WriteAsync(created.Handle, 0, [1, 2, 3]);
        await test.FileSystem.UnlinkAsync(InodeId.Root, "a"u8, default).Ok();
        await test.FileSystem.FsyncAsync(created.Handle, false, default).Ok();
        await using TestVolume crashed = await test.CrashAsync();

        Assert.Equal(FsError.NotFound, (await crashed.FileSystem.GetAttributesAsync(created.Attributes.Id, default)).Error);
        await crashed.AssertSoundAsync();
        await test.FileSystem.CloseAsync(created.Handle);
    }

    [Fact]
    public async Task Unlink_ClosedLaterWhileTheKernelKnowsIt_TellsWhatItWasUntilForgotten()
    {
        await using TestVolume test = await TestVolume.CreateAsync();
        CreatedFile created = await test.FileSystem.CreateAsync("a");
        InodeId inode = created.Attributes.Id;
        test.FileSystem.Remember(inode);
        await test.FileSystem.WriteAsync(created.Handle, 0, new byte[1000]);
        await test.FileSystem.UnlinkAsync(InodeId.Root, "a"u8, default).Ok();
        await test.FileSystem.ReleaseAsync(created.Handle).Ok();

        InodeAttributes last = await test.FileSystem.GetAttributesAsync(inode, default).Ok();
        Assert.Equal((0u, 1000L, created.Attributes.Mode), (last.LinkCount, last.Size, last.Mode));
        InodeAttributes changed = await test.FileSystem.SetAttributesAsync(inode, new AttributeChange { Mode = 0x180 }, FileSystemCalls.Someone, default).Ok();
        Assert.Equal(ModeBits.File | 0x180, changed.Mode);
        Assert.Equal(FsError.NotFound, (await test.FileSystem.OpenAsync(inode, OpenFlags.Read, FileSystemCalls.Someone, default)).Error);
        test.FileSystem.Forget(inode, 1);
        Assert.Equal(FsError.NotFound, (await test.FileSystem.GetAttributesAsync(inode, default)).Error);
        await test.AssertSoundAsync();
    }

    [Fact]
    public async Task CreateTemporary_ClosedWhileTheKernelKnowsIt_TellsWhatItWasUntilForgotten()
    {
        await using TestVolume test = await TestVolume.CreateAsync();
        CreatedFile created = await test.FileSystem.CreateTemporaryAsync(
            InodeId.Root, new CreationMode(FileSystemCalls.FileMode, 0, 0), OpenFlags.Write, FileSystemCalls.Someone, default).Ok();
        test.FileSystem.Remember(created.Attributes.Id);
        await test.FileSystem.ReleaseAsync(created.Handle).Ok();

        Assert.Equal(0u, (await test.FileSystem.GetAttributesAsync(created.Attributes.Id, default).Ok()).LinkCount);
        test.FileSystem.Forget(created.Attributes.Id, 1);
        Assert.Equal(FsError.NotFound, (await test.FileSystem.GetAttributesAsync(created.Attributes.Id, default)).Error);
    }

    [Fact]
    public async Task Unlink_ClosedWithUnappliedData_TellsItsLengthUntilForgotten()
    {
        await using TestVolume test = await TestVolume.CreateAsync();
        InodeId inode = await test.FileSystem.PutAsync("a", new byte[1000]);
        test.FileSystem.Remember(inode);
        await test.FileSystem.UnlinkAsync(InodeId.Root, "a"u8, default).Ok();

        InodeAttributes last = await test.FileSystem.GetAttributesAsync(inode, default).Ok();
        Assert.Equal((0u, 1000L), (last.LinkCount, last.Size));
        test.FileSystem.Forget(inode, 1);
        Assert.Equal(FsError.NotFound, (await test.FileSystem.GetAttributesAsync(inode, default)).Error);
    }

    [Fact]
    public async Task Rename_OverAFileThatIsClosedLater_TellsWhatItWasUntilForgotten()
    {
        await using TestVolume test = await TestVolume.CreateAsync();
        await test.FileSystem.PutAsync("new", [1]);
        InodeId inode = await test.FileSystem.PutAsync("old", [1, 2]);
        HandleId handle = await test.FileSystem.OpenAsync("old");
        test.FileSystem.Remember(inode);
        await test.FileSystem.RenameAsync(InodeId.Root, "new"u8, InodeId.Root, "old"u8, RenameMode.Replace, default).Ok();
        test.FileSystem.Remember(inode);
        test.FileSystem.Forget(inode, 1);
        await test.FileSystem.ReleaseAsync(handle).Ok();

        InodeAttributes last = await test.FileSystem.GetAttributesAsync(inode, default).Ok();
        Assert.Equal((0u, 2L), (last.LinkCount, last.Size));
        test.FileSystem.Forget(inode, 1);
        Assert.Equal(FsError.NotFound, (await test.FileSystem.GetAttributesAsync(inode, default)).Error);
    }

    [Fact]
    public async Task CreateTemporary_LinkedLater_IsAFileLikeAnyOther()
    {
        await using TestVolume test = await TestVolume.CreateAsync();
        CreatedFile created = await test.FileSystem.CreateTemporaryAsync(
            InodeId.Root, new CreationMode(FileSystemCalls.FileMode, 0, 0), OpenFlags.Write, FileSystemCalls.Someone, default).Ok();
        await test.FileSystem.WriteAsync(created.Handle, 0, [4, 5, 6]);
        InodeAttributes linked = await test.FileSystem.LinkAsync(created.Attributes.Id, InodeId.Root, "t"u8, default).Ok();
        Assert.Equal(1u, linked.LinkCount);
        await test.FileSystem.CloseAsync(created.Handle);

        Assert.Equal([4, 5, 6], await test.FileSystem.GetAsync("t"));
        CreatedFile unnamed = await test.FileSystem.CreateTemporaryAsync(
            InodeId.Root, new CreationMode(FileSystemCalls.FileMode, 0, 0), OpenFlags.Write, FileSystemCalls.Someone, default).Ok();
        await test.FileSystem.WriteAsync(unnamed.Handle, 0, [4, 5, 6]);
        await test.FileSystem.CloseAsync(unnamed.Handle);
        Assert.Equal(FsError.NotFound, (await test.FileSystem.GetAttributesAsync(unnamed.Attributes.Id, default)).Error);
        await test.AssertSoundAsync();
    }

    [Fact]
    public async Task Link_SecondName_SharesTheInode()
    {
        await using TestVolume test = await TestVolume.CreateAsync();
        InodeId inode = await test.FileSystem.PutAsync("a", [1, 2]);
        InodeAttributes directory = await test.FileSystem.MakeDirectoryAsync("d");
        Assert.Equal(2u, (await test.FileSystem.LinkAsync(inode, directory.Id, "b"u8, default).Ok()).LinkCount);
        Assert.Equal(FsError.Exists, (await test.FileSystem.LinkAsync(inode, directory.Id, "b"u8, default)).Error);
        Assert.Equal(FsError.NotPermitted, (await test.FileSystem.LinkAsync(directory.Id, InodeId.Root, "c"u8, default)).Error);
        await test.FileSystem.UnlinkAsync(InodeId.Root, "a"u8, default).Ok();

        Assert.Equal([1, 2], await test.FileSystem.GetAsync("d/b"));
        await test.AssertSoundAsync();
    }

    [Fact]
    public async Task MakeSymbolicLink_KeepsItsTarget()
    {
        await using TestVolume test = await TestVolume.CreateAsync();
        InodeAttributes link = await test.FileSystem.MakeSymbolicLinkAsync(InodeId.Root, "l"u8, "../some/where"u8, FileSystemCalls.Someone, default).Ok();

        Assert.Equal(ModeBits.SymbolicLink | 0x1FF, link.Mode);
        Assert.Equal(13, link.Size);
        Assert.Equal("../some/where"u8.ToArray(), await test.FileSystem.ReadLinkAsync(link.Id, default).Ok());
        Assert.Equal(FsError.InvalidArgument, (await test.FileSystem.ReadLinkAsync(InodeId.Root, default)).Error);
        Assert.Equal(FsError.NameTooLong, (await test.FileSystem.MakeSymbolicLinkAsync(InodeId.Root, "m"u8, new byte[4096], default, default)).Error);
        byte[] longest = FileSystemCalls.Bytes(new string('t', 4095));
        InodeAttributes far = await test.FileSystem.MakeSymbolicLinkAsync(InodeId.Root, "m"u8, longest, default, default).Ok();
        Assert.Equal(longest, await test.FileSystem.ReadLinkAsync(far.Id, default).Ok());
    }

    [Fact]
    public async Task MakeNode_OfSpecialKinds_KeepsTypeAndDevice()
    {
        await using TestVolume test = await TestVolume.CreateAsync();
        InodeAttributes device = await test.FileSystem.MakeNodeAsync(
            InodeId.Root, "null"u8, new CreationMode(ModeBits.CharacterDevice | 0x1B6, 0, 0x103), FileSystemCalls.Someone, default).Ok();
        InodeAttributes pipe = await test.FileSystem.MakeNodeAsync(
            InodeId.Root, "pipe"u8, new CreationMode(ModeBits.Fifo | 0x1B6, 0, 0), FileSystemCalls.Someone, default).Ok();

        Assert.Equal((InodeKind.CharacterDevice, 0x103u), (device.Kind, device.Device));
        Assert.Equal(InodeKind.Fifo, pipe.Kind);
        Assert.Equal(FsError.InvalidArgument, (await test.FileSystem.SetAttributesAsync(pipe.Id, new AttributeChange { Size = 1 }, default, default)).Error);
        Assert.Equal(FsError.IsADirectory, (await test.FileSystem.SetAttributesAsync(InodeId.Root, new AttributeChange { Size = 1 }, default, default)).Error);
    }

    [Fact]
    public async Task Remember_AndForget_CountLookups()
    {
        await using TestVolume test = await TestVolume.CreateAsync();
        var inode = new InodeId(7);
        test.FileSystem.Remember(inode);
        test.FileSystem.Remember(inode);
        Assert.Equal(1, test.FileSystem.KnownInodes);
        test.FileSystem.Forget(inode, 1);
        Assert.Equal(1, test.FileSystem.KnownInodes);
        test.FileSystem.Forget(inode, 1);
        Assert.Equal(0, test.FileSystem.KnownInodes);
    }

    [Fact]
    public async Task GetUsage_CountsInodesAndBytes()
    {
        await using TestVolume test = await TestVolume.CreateAsync();
        FileSystemUsage before = test.FileSystem.GetUsage();
        await test.FileSystem.PutAsync("a", new byte[1 << 20]);
        await test.FileSystem.SyncAsync(default).Ok();
        FileSystemUsage after = test.FileSystem.GetUsage();

        Assert.Equal(before.FreeInodes - 1, after.FreeInodes);
        Assert.Equal(before.FreeBlocks - 256, after.FreeBlocks);
    }
}
