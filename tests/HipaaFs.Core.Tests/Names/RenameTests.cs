using HipaaFs.Metadata;

namespace HipaaFs.Core.Tests.Names;

public sealed class RenameTests
{
    [Fact]
    public async Task Rename_OntoAnOpenFile_KeepsTheReplacedOneReadable()
    {
        await using TestVolume test = await TestVolume.CreateAsync();
        await test.FileSystem.PutAsync("new", [1]);
        InodeId old = await test.FileSystem.PutAsync("old", [2]);
        HandleId handle = await test.FileSystem.OpenAsync("old");
        await Rename(test, "new", "old").Ok();

        Assert.Equal([2], await test.FileSystem.ReadAsync(handle, 0, 10));
        Assert.Equal([1], await test.FileSystem.GetAsync("old"));
        Assert.False(await test.FileSystem.ExistsAsync("new"));
        await test.FileSystem.CloseAsync(handle);
        Assert.Equal(FsError.NotFound, (await test.FileSystem.GetAttributesAsync(old, default)).Error);
        await test.AssertSoundAsync();
    }

    [Fact]
    public async Task Rename_NoReplace_RefusesATakenName()
    {
        await using TestVolume test = await TestVolume.CreateAsync();
        await test.FileSystem.PutAsync("a", [1]);
        await test.FileSystem.PutAsync("b", [2]);

        Assert.Equal(FsError.Exists, await Rename(test, "a", "b", RenameMode.NoReplace));
        await Rename(test, "a", "c", RenameMode.NoReplace).Ok();
        Assert.Equal([1], await test.FileSystem.GetAsync("c"));
    }

    [Fact]
    public async Task Rename_Exchange_SwapsFileAndDirectory()
    {
        await using TestVolume test = await TestVolume.CreateAsync();
        InodeAttributes directory = await test.FileSystem.MakeDirectoryAsync("d");
        await test.FileSystem.PutAsync("inner", [3], directory.Id);
        InodeAttributes other = await test.FileSystem.MakeDirectoryAsync("e");
        await test.FileSystem.PutAsync("f", [4], other.Id);
        await test.FileSystem.RenameAsync(InodeId.Root, "d"u8, other.Id, "f"u8, RenameMode.Exchange, default).Ok();

        Assert.Equal([4], await test.FileSystem.GetAsync("d"));
        Assert.Equal([3], await test.FileSystem.GetAsync("e/f/inner"));
        List<(string Name, InodeAttributes Inode)> listed = await test.FileSystem.ListAsync(other.Id);
        Assert.Equal(["f"], listed.Select(static item => item.Name));
        Assert.Equal(FsError.NotFound, await Rename(test, "d", "nothing", RenameMode.Exchange));
        await test.AssertSoundAsync();
    }

    [Fact]
    public async Task Rename_Directories_FollowsTheRules()
    {
        await using TestVolume test = await TestVolume.CreateAsync();
        InodeAttributes top = await test.FileSystem.MakeDirectoryAsync("top");
        InodeAttributes below = await test.FileSystem.MakeDirectoryAsync("below", top.Id);
        await test.FileSystem.MakeDirectoryAsync("empty");
        await test.FileSystem.PutAsync("file", [1]);

        Assert.Equal(FsError.InvalidArgument, await test.FileSystem.RenameAsync(InodeId.Root, "top"u8, below.Id, "x"u8, RenameMode.Replace, default));
        Assert.Equal(FsError.DirectoryNotEmpty, await Rename(test, "empty", "top"));
        Assert.Equal(FsError.NotADirectory, await Rename(test, "empty", "file"));
        Assert.Equal(FsError.IsADirectory, await Rename(test, "file", "empty"));
        await Rename(test, "top", "empty").Ok();
        Assert.Equal(below.Id, (await test.FileSystem.LookupAsync("empty/below")).Id);
        await test.AssertSoundAsync();
    }

    [Fact]
    public async Task Rename_BetweenNamesOfOneInode_DoesNothing()
    {
        await using TestVolume test = await TestVolume.CreateAsync();
        InodeId inode = await test.FileSystem.PutAsync("a", [1]);
        await test.FileSystem.LinkAsync(inode, InodeId.Root, "b"u8, default).Ok();
        await Rename(test, "a", "b").Ok();

        Assert.Equal([1], await test.FileSystem.GetAsync("a"));
        Assert.Equal([1], await test.FileSystem.GetAsync("b"));
        await test.AssertSoundAsync();
    }

    [Theory]
    [InlineData(RenameMode.Replace)]
    [InlineData(RenameMode.Exchange)]
    public async Task Rename_FreshlyWrittenFileThenCrash_NeverShowsItEmpty(RenameMode mode)
    {
        // A clock that stands still: nothing is applied or committed but by the rename and the sync of another file.
        var time = new HipaaFs.Testing.Storage.ManualTimeProvider();
        await using TestVolume test = await TestVolume.CreateAsync(new TestVolumeOptions { Time = time });
        await test.FileSystem.PutAsync("target", [9]);
        await test.FileSystem.PutAsync("other", [1]);
        await test.FileSystem.SyncAsync(default).Ok();
        byte[] first = FileSystemCalls.RandomBytes(50_000, 1);
        byte[] second = FileSystemCalls.RandomBytes(60_000, 2);
        await test.FileSystem.PutAsync("fresh", first);
        await test.FileSystem.PutAsync("fresh too", second);
        await Rename(test, "fresh", mode == RenameMode.Replace ? "target" : "fresh too", mode).Ok();
        await test.FileSystem.FsyncAsync("other");
        await using TestVolume crashed = await test.CrashAsync();

        string renamed = mode == RenameMode.Replace ? "target" : "fresh too";
        Assert.Equal(first, await crashed.FileSystem.GetAsync(renamed));
        if (mode == RenameMode.Exchange)
        {
            Assert.Equal(second, await crashed.FileSystem.GetAsync("fresh"));
        }

        await crashed.AssertSoundAsync();
    }

    private static ValueTask<FsError> Rename(TestVolume test, string from, string to, RenameMode mode = RenameMode.Replace) =>
        test.FileSystem.RenameAsync(InodeId.Root, FileSystemCalls.Bytes(from), InodeId.Root, FileSystemCalls.Bytes(to), mode, default);
}
