using System.Text;
using HipaaFs.Metadata;

namespace HipaaFs.Core.Tests.Names;

public sealed class DirectoryTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(7)]
    [InlineData(1000)]
    public async Task ReadDirectory_InPiecesOfAnySize_ListsEveryNameOnce(int atOnce)
    {
        await using TestVolume test = await TestVolume.CreateAsync();
        InodeAttributes directory = await test.FileSystem.MakeDirectoryAsync("d");
        HashSet<string> names = [];
        for (int i = 0; i < 200; i++)
        {
            names.Add($"n{i}");
            await test.FileSystem.MakeDirectoryAsync($"n{i}", directory.Id);
        }

        List<(string Name, InodeAttributes Inode)> listed = await test.FileSystem.ListAsync(directory.Id, atOnce);
        Assert.Equal(names.Order(StringComparer.Ordinal), listed.Select(static item => item.Name).Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task ReadDirectory_Resumed_FindsWhatWasThereAllTheTime()
    {
        await using TestVolume test = await TestVolume.CreateAsync();
        for (int i = 0; i < 100; i++)
        {
            await test.FileSystem.MakeDirectoryAsync($"stays{i}");
        }

        HandleId handle = await test.FileSystem.OpenDirectoryAsync(InodeId.Root, default).Ok();
        var items = new DirectoryItem[10];
        HashSet<string> seen = [];
        ulong cookie = 0;
        int round = 0;
        for (int count = 1; count > 0;)
        {
            count = await test.FileSystem.ReadDirectoryAsync(handle, cookie, items, default).Ok();
            foreach (DirectoryItem item in items.AsSpan(0, count))
            {
                Assert.True(item.NextCookie > cookie, "cookies rise");
                cookie = item.NextCookie;
                Assert.True(seen.Add(Encoding.UTF8.GetString(item.Name.Span)), "listed once");
            }

            await test.FileSystem.MakeDirectoryAsync($"comes{round++}");
        }

        Assert.Equal(100, seen.Count(static name => name.StartsWith("stays", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task ReadDirectory_BeginsWithTheDots()
    {
        await using TestVolume test = await TestVolume.CreateAsync();
        InodeAttributes outer = await test.FileSystem.MakeDirectoryAsync("outer");
        InodeAttributes inner = await test.FileSystem.MakeDirectoryAsync("inner", outer.Id);
        HandleId handle = await test.FileSystem.OpenDirectoryAsync(inner.Id, default).Ok();
        var items = new DirectoryItem[4];

        Assert.Equal(2, await test.FileSystem.ReadDirectoryAsync(handle, 0, items, default).Ok());
        Assert.Equal((1ul, ".", inner.Id), (items[0].NextCookie, Encoding.UTF8.GetString(items[0].Name.Span), items[0].Attributes.Id));
        Assert.Equal((2ul, "..", outer.Id), (items[1].NextCookie, Encoding.UTF8.GetString(items[1].Name.Span), items[1].Attributes.Id));
        Assert.Equal(1, await test.FileSystem.ReadDirectoryAsync(handle, 1, items, default).Ok());
        Assert.Equal(outer.Id, items[0].Attributes.Id);
        Assert.Equal(0, await test.FileSystem.ReadDirectoryAsync(handle, 2, items, default).Ok());
    }

    [Fact]
    public async Task ReadDirectory_OfARemovedDirectory_IsEmpty()
    {
        await using TestVolume test = await TestVolume.CreateAsync();
        InodeAttributes gone = await test.FileSystem.MakeDirectoryAsync("d");
        HandleId handle = await test.FileSystem.OpenDirectoryAsync(gone.Id, default).Ok();
        await test.FileSystem.RemoveDirectoryAsync(InodeId.Root, "d"u8, default).Ok();

        Assert.Equal(0, await test.FileSystem.ReadDirectoryAsync(handle, 2, new DirectoryItem[4], default).Ok());
        Assert.Equal(FsError.NotFound, (await test.FileSystem.CreateAsync(gone.Id, "x"u8, default, default, default, default)).Error);
    }

    [Fact]
    public async Task ReadDirectory_ShowsSizesOfUnappliedData()
    {
        await using TestVolume test = await TestVolume.CreateAsync();
        await test.FileSystem.PutAsync("a", new byte[12_345]);

        (_, InodeAttributes inode) = Assert.Single(await test.FileSystem.ListAsync(InodeId.Root));
        Assert.Equal(12_345, inode.Size);
    }

    [Fact]
    public async Task OpenDirectory_OfAFile_IsRefused()
    {
        await using TestVolume test = await TestVolume.CreateAsync();
        InodeId file = await test.FileSystem.PutAsync("a", [1]);

        Assert.Equal(FsError.NotADirectory, (await test.FileSystem.OpenDirectoryAsync(file, default)).Error);
    }
}
