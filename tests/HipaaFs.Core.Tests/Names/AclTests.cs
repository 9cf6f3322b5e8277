using System.Buffers.Binary;
using System.Text;
using HipaaFs.Acl;
using HipaaFs.Metadata;

namespace HipaaFs.Core.Tests.Names;

public sealed class AclTests
{
    private static readonly byte[] Access = PosixAcl.AccessName.ToArray();
    private static readonly byte[] Default = PosixAcl.DefaultName.ToArray();

    [Fact]
    public async Task Xattrs_SetListedRemoved_BehaveAsTheManualSays()
    {
        await using TestVolume test = await TestVolume.CreateAsync();
        InodeId file = await test.FileSystem.PutAsync("f", [1]);
        Assert.Equal(FsError.NoAttribute, (await test.FileSystem.GetXattrAsync(file, "user.a"u8.ToArray(), default)).Error);
        Assert.Equal(FsError.NoAttribute, await Set(test, file, "user.a", [1], XattrMode.Replace));
        Assert.Equal(FsError.None, await Set(test, file, "user.a", [1], XattrMode.Create));
        Assert.Equal(FsError.Exists, await Set(test, file, "user.a", [1], XattrMode.Create));
        Assert.Equal(FsError.None, await Set(test, file, "user.a", [2, 3], XattrMode.Replace));
        Assert.Equal(FsError.None, await Set(test, file, "user.empty", []));
        Assert.Equal(FsError.None, await Set(test, file, "user.big", new byte[65536]));
        Assert.Equal(FsError.TooLarge, await Set(test, file, "user.bigger", new byte[65537]));

        Assert.Equal([2, 3], await test.FileSystem.GetXattrAsync(file, "user.a"u8.ToArray(), default).Ok());
        Assert.Empty(await test.FileSystem.GetXattrAsync(file, "user.empty"u8.ToArray(), default).Ok());
        string[] names = Encoding.UTF8.GetString(await test.FileSystem.ListXattrsAsync(file, default).Ok()).Split('\0', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(["user.a", "user.big", "user.empty"], names.Order(StringComparer.Ordinal));
        await test.FileSystem.RemoveXattrAsync(file, "user.a"u8.ToArray(), default).Ok();
        Assert.Equal(FsError.NoAttribute, await test.FileSystem.RemoveXattrAsync(file, "user.a"u8.ToArray(), default));
        await test.FileSystem.SyncAsync(default).Ok();
        await test.ReopenAsync();
        Assert.Equal(65536, (await test.FileSystem.GetXattrAsync(file, "user.big"u8.ToArray(), default).Ok()).Length);
    }

    [Fact]
    public async Task SetAcl_Minimal_OnlySetsTheMode()
    {
        await using TestVolume test = await TestVolume.CreateAsync();
        InodeId file = await test.FileSystem.PutAsync("f", [1]);
        await SetAcl(test, file, Access, Acl((0x01, 6, -1), (0x04, 4, -1), (0x20, 0, -1)));

        Assert.Equal(ModeBits.File | 0x1A0, (await test.FileSystem.LookupAsync("f")).Mode);
        Assert.Empty(await test.FileSystem.ListXattrsAsync(file, default).Ok());
    }

    [Fact]
    public async Task Chmod_WithAnAcl_ChangesItsMask()
    {
        await using TestVolume test = await TestVolume.CreateAsync();
        InodeId file = await test.FileSystem.PutAsync("f", [1]);
        await SetAcl(test, file, Access, Acl((0x01, 6, -1), (0x02, 6, 42), (0x04, 4, -1), (0x10, 6, -1), (0x20, 0, -1)));
        Assert.Equal(ModeBits.File | 0x1B0, (await test.FileSystem.LookupAsync("f")).Mode);
        await test.FileSystem.SetAttributesAsync(file, new AttributeChange { Mode = 0x1A4 }, default, default).Ok();

        byte[] kept = await test.FileSystem.GetXattrAsync(file, Access, default).Ok();
        Assert.Equal(Acl((0x01, 6, -1), (0x02, 6, 42), (0x04, 4, -1), (0x10, 4, -1), (0x20, 4, -1)), kept);
        await test.FileSystem.RemoveXattrAsync(file, Access, default).Ok();
        Assert.Equal(ModeBits.File | 0x1A4, (await test.FileSystem.LookupAsync("f")).Mode);
        await test.FileSystem.SetAttributesAsync(file, new AttributeChange { Mode = 0x180 }, default, default).Ok();
        Assert.Equal(FsError.NoAttribute, (await test.FileSystem.GetXattrAsync(file, Access, default)).Error);
    }

    [Fact]
    public async Task Create_BelowADefaultAcl_InheritsItInPlaceOfTheUmask()
    {
        await using TestVolume test = await TestVolume.CreateAsync();
        InodeAttributes directory = await test.FileSystem.MakeDirectoryAsync("d");
        byte[] inherited = Acl((0x01, 7, -1), (0x02, 7, 42), (0x04, 5, -1), (0x10, 7, -1), (0x20, 0, -1));
        await SetAcl(test, directory.Id, Default, inherited);
        InodeId file = await test.FileSystem.PutAsync("f", [1], directory.Id);
        InodeAttributes below = await test.FileSystem.MakeDirectoryAsync("b", directory.Id);

        Assert.Equal(ModeBits.File | 0x1B0, (await test.FileSystem.GetAttributesAsync(file, default).Ok()).Mode);
        byte[] access = await test.FileSystem.GetXattrAsync(file, Access, default).Ok();
        Assert.Equal(Acl((0x01, 6, -1), (0x02, 7, 42), (0x04, 5, -1), (0x10, 6, -1), (0x20, 0, -1)), access);
        Assert.Equal(FsError.NoAttribute, (await test.FileSystem.GetXattrAsync(file, Default, default)).Error);
        Assert.Equal(inherited, await test.FileSystem.GetXattrAsync(below.Id, Default, default).Ok());
        Assert.Equal(ModeBits.Directory | 0x1F8, below.Mode);
    }

    [Fact]
    public async Task SetAcl_WithoutEntries_RemovesTheList()
    {
        await using TestVolume test = await TestVolume.CreateAsync();
        InodeAttributes directory = await test.FileSystem.MakeDirectoryAsync("d");
        await SetAcl(test, directory.Id, Default, Acl((0x01, 7, -1), (0x04, 5, -1), (0x20, 0, -1)));
        await SetAcl(test, directory.Id, Default, Acl());
        await SetAcl(test, directory.Id, Access, Acl());
        InodeId file = await test.FileSystem.PutAsync("f", [1], directory.Id);

        Assert.Equal(ModeBits.File | 0x1A4, (await test.FileSystem.GetAttributesAsync(file, default).Ok()).Mode);
        Assert.Equal(directory.Mode, (await test.FileSystem.LookupAsync("d")).Mode);
        Assert.Empty(await test.FileSystem.ListXattrsAsync(directory.Id, default).Ok());
    }

    [Theory]
    [InlineData("")]
    [InlineData("02000000 01000700")]
    [InlineData("03000000")]
    [InlineData("02000000 0100070000000000")] // The owner alone is no list.
    [InlineData("02000000 0100080000000000 0400000000000000 2000000000000000")] // 8 is no permission.
    public async Task SetAcl_Malformed_IsRefused(string hex)
    {
        await using TestVolume test = await TestVolume.CreateAsync();
        InodeId file = await test.FileSystem.PutAsync("f", [1]);
        byte[] value = Convert.FromHexString(hex.Replace(" ", "", StringComparison.Ordinal));

        Assert.Equal(FsError.InvalidArgument, await test.FileSystem.SetXattrAsync(file, Access, value, XattrMode.Any, false, default));
    }

    [Fact]
    public async Task SetAcl_DefaultOnAFile_IsRefused()
    {
        await using TestVolume test = await TestVolume.CreateAsync();
        InodeId file = await test.FileSystem.PutAsync("f", [1]);
        byte[] list = Acl((0x01, 7, -1), (0x04, 5, -1), (0x20, 0, -1));

        Assert.Equal(FsError.AccessDenied, await test.FileSystem.SetXattrAsync(file, Default, list, XattrMode.Any, false, default));
    }

    private static byte[] Acl(params (ushort Tag, ushort Permissions, int Id)[] entries)
    {
        byte[] value = new byte[4 + (entries.Length * 8)];
        BinaryPrimitives.WriteUInt32LittleEndian(value, 2);
        for (int i = 0; i < entries.Length; i++)
        {
            BinaryPrimitives.WriteUInt16LittleEndian(value.AsSpan(4 + (i * 8)), entries[i].Tag);
            BinaryPrimitives.WriteUInt16LittleEndian(value.AsSpan(6 + (i * 8)), entries[i].Permissions);
            BinaryPrimitives.WriteInt32LittleEndian(value.AsSpan(8 + (i * 8)), entries[i].Id);
        }

        return value;
    }

    private static Task SetAcl(TestVolume test, InodeId inode, byte[] name, byte[] value) =>
        test.FileSystem.SetXattrAsync(inode, name, value, XattrMode.Any, false, default).Ok();

    private static async Task<FsError> Set(TestVolume test, InodeId inode, string name, byte[] value, XattrMode mode = XattrMode.Any) =>
        await test.FileSystem.SetXattrAsync(inode, FileSystemCalls.Bytes(name), value, mode, false, default);
}
