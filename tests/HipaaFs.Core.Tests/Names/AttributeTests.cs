using HipaaFs.Metadata;

namespace HipaaFs.Core.Tests.Names;

public sealed class AttributeTests
{
    private const uint SetUid = 0x800;
    private const uint SetGid = 0x400;

    [Fact]
    public async Task Create_InASetGidDirectory_TakesItsGroup()
    {
        await using TestVolume test = await TestVolume.CreateAsync();
        InodeAttributes directory = await test.FileSystem.MakeDirectoryAsync("d");
        await Change(test, directory.Id, new AttributeChange { Mode = SetGid | 0x1FD, GroupId = 77 });
        CreatedFile file = await test.FileSystem.CreateAsync("f", directory.Id);
        InodeAttributes below = await test.FileSystem.MakeDirectoryAsync("b", directory.Id);

        Assert.Equal((77u, 0u), (file.Attributes.Gid, file.Attributes.Mode & SetGid));
        Assert.Equal((77u, SetGid), (below.Gid, below.Mode & SetGid));
        await test.FileSystem.CloseAsync(file.Handle);
    }

    [Fact]
    public async Task Create_AppliesTheUmask()
    {
        await using TestVolume test = await TestVolume.CreateAsync();
        CreatedFile file = await test.FileSystem.CreateAsync("f");

        Assert.Equal(ModeBits.File | 0x1A4, file.Attributes.Mode);
        Assert.Equal((1000u, 1000u), (file.Attributes.Uid, file.Attributes.Gid));
        await test.FileSystem.CloseAsync(file.Handle);
    }

    [Fact]
    public async Task Chown_TakesSetUidAway()
    {
        await using TestVolume test = await TestVolume.CreateAsync();
        InodeId file = await test.FileSystem.PutAsync("f", [1]);
        await Change(test, file, new AttributeChange { Mode = SetUid | SetGid | 0x1ED });
        InodeAttributes changed = await Change(test, file, new AttributeChange { UserId = 5 });

        Assert.Equal((ModeBits.File | 0x1ED, 5u), (changed.Mode, changed.Uid));
    }

    [Theory]
    [InlineData(0x1ED, 0x1ED)]
    [InlineData(0x1A4, 0x1A4 | SetGid)] // Without group execution set-gid means mandatory locking, and stays.
    public async Task Write_WithoutPrivilege_TakesSetUidAway(uint permissions, uint kept)
    {
        await using TestVolume test = await TestVolume.CreateAsync();
        InodeId file = await test.FileSystem.PutAsync("f", [1]);
        await Change(test, file, new AttributeChange { Mode = SetUid | SetGid | permissions });
        HandleId handle = await test.FileSystem.OpenAsync("f");
        await test.FileSystem.WriteAsync(handle, 0, new byte[1], WriteOrigin.KillPrivileges, default).Ok();

        Assert.Equal(ModeBits.File | kept, (await test.FileSystem.LookupAsync("f")).Mode);
        await test.FileSystem.CloseAsync(handle);
    }

    [Fact]
    public async Task Utimens_OnUnappliedData_IsKept()
    {
        await using TestVolume test = await TestVolume.CreateAsync();
        CreatedFile file = await test.FileSystem.CreateAsync("f");
        await test.FileSystem.WriteAsync(file.Handle, 0, [1]);
        var then = Timestamp.FromUnixTime(1_000_000, 5);
        InodeAttributes changed = await Change(test, file.Attributes.Id, new AttributeChange { ModifyTime = then, AccessTime = then });
        Assert.Equal((then, then, 1L), (changed.ModifyTime, changed.AccessTime, changed.Size));
        await test.FileSystem.FsyncAsync(file.Handle, false, default).Ok();
        await test.FileSystem.CloseAsync(file.Handle);
        await test.ReopenAsync();

        InodeAttributes kept = await test.FileSystem.LookupAsync("f");
        Assert.Equal((then, then), (kept.ModifyTime, kept.AccessTime));
    }

    [Fact]
    public async Task Write_ChangesTheTimesAtOnce()
    {
        await using TestVolume test = await TestVolume.CreateAsync();
        CreatedFile file = await test.FileSystem.CreateAsync("f");
        var then = Timestamp.FromUnixTime(1_000_000, 0);
        await Change(test, file.Attributes.Id, new AttributeChange { ModifyTime = then });
        await test.FileSystem.WriteAsync(file.Handle, 0, [1]);

        Assert.True((await test.FileSystem.LookupAsync("f")).ModifyTime > then);
        await test.FileSystem.CloseAsync(file.Handle);
    }

    [Fact]
    public async Task Chmod_WithDataInMemory_NeverSetsTheChangeTimeBack()
    {
        await using TestVolume test = await TestVolume.CreateAsync();
        CreatedFile file = await test.FileSystem.CreateAsync("f");
        await test.FileSystem.WriteAsync(file.Handle, 0, [1]);
        InodeAttributes changed = await Change(test, file.Attributes.Id, new AttributeChange { Mode = 0x180 });
        await test.FileSystem.FsyncAsync(file.Handle, false, default).Ok();
        InodeAttributes applied = await test.FileSystem.LookupAsync("f");

        Assert.True(applied.ChangeTime >= changed.ChangeTime);
        await test.FileSystem.CloseAsync(file.Handle);
    }

    private static Task<InodeAttributes> Change(TestVolume test, InodeId inode, AttributeChange change) =>
        test.FileSystem.SetAttributesAsync(inode, change, FileSystemCalls.Someone, default).Ok();
}
