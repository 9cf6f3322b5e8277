using HipaaFs.Metadata;

namespace HipaaFs.Core.Tests.Recovery;

/// <summary>What is asked of the kernel before a publication: its pages of open files that may have been written to, and of no others, for the asking drops them.</summary>
public sealed class HeldPagesTests
{
    private readonly List<InodeId> _asked = [];
    private bool _answer = true;

    [Fact]
    public async Task Publish_FileOpenForWritingAndNotWrittenTo_KeepsItsPages()
    {
        await using TestVolume test = await CreateAsync();
        CreatedFile file = await test.FileSystem.CreateAsync("a", flags: OpenFlags.Write);

        await AssertAskedTwiceAsync(test, file); // It was opened: who did may have written since.
        Assert.False(test.FileSystem.MayHaveHeldPages);
        await test.FileSystem.CloseAsync(file.Handle);
    }

    [Fact]
    public async Task Publish_AttributesWereTold_AsksAgain()
    {
        await using TestVolume test = await CreateAsync();
        CreatedFile file = await test.FileSystem.CreateAsync("a", flags: OpenFlags.Write);
        await AssertAskedTwiceAsync(test, file);

        // A kernel without valid attributes asks for them before it takes a write into a page, whichever request brings them.
        await test.FileSystem.GetAttributesAsync(file.Attributes.Id, default).Ok();
        await AssertAskedTwiceAsync(test, file);
        await test.FileSystem.LookupAsync(InodeId.Root, FileSystemCalls.Bytes("a"), default).Ok();
        await AssertAskedTwiceAsync(test, file);
        await test.FileSystem.SetAttributesAsync(file.Attributes.Id, new AttributeChange { Mode = 0x180 }, default, default).Ok();
        await AssertAskedTwiceAsync(test, file);
        HandleId second = await test.FileSystem.OpenAsync("a", OpenFlags.Write);
        await AssertAskedTwiceAsync(test, file);
        await test.FileSystem.CloseAsync(second);
        await test.FileSystem.CloseAsync(file.Handle);
    }

    [Theory]
    [InlineData(OpenFlags.Write, false)]
    [InlineData(OpenFlags.Read | OpenFlags.Write, true)]
    public async Task Publish_PagesWereRead_AsksAgainWhereTheyCanBeMapped(OpenFlags flags, bool again)
    {
        await using TestVolume test = await CreateAsync();
        CreatedFile file = await test.FileSystem.CreateAsync("a", flags: flags);
        await test.FileSystem.WriteAsync(file.Handle, 0, [1, 2, 3]);
        HandleId reader = await test.FileSystem.OpenAsync("a", OpenFlags.Read);
        await AssertAskedTwiceAsync(test, file);

        Assert.Equal([1, 2, 3], await test.FileSystem.ReadAsync(reader, 0, 3));
        if (again)
        {
            await AssertAskedTwiceAsync(test, file);
        }
        else
        {
            await AssertAskedAsync(test);
        }

        await test.FileSystem.CloseAsync(reader);
        await test.FileSystem.CloseAsync(file.Handle);
    }

    [Fact]
    public async Task Publish_PagesWereWrittenToMeanwhile_AsksUntilTheyAreWrittenBack()
    {
        await using TestVolume test = await CreateAsync();
        CreatedFile file = await test.FileSystem.CreateAsync("a", flags: OpenFlags.Write);
        _answer = false;
        for (int i = 0; i < 5; i++)
        {
            await AssertAskedAsync(test, file.Attributes.Id);
        }

        _answer = true;
        await AssertAskedTwiceAsync(test, file);
        await test.FileSystem.CloseAsync(file.Handle);
    }

    [Fact]
    public async Task Publish_ToldDuringTheRound_AsksTwiceMore()
    {
        await using TestVolume test = await CreateAsync();
        CreatedFile file = await test.FileSystem.CreateAsync("a", flags: OpenFlags.Write);
        await AssertAskedAsync(test, file.Attributes.Id);
        test.FileSystem.WriteBackPages = async inode =>
        {
            _asked.Add(inode);
            return (await test.FileSystem.GetAttributesAsync(inode, default)).IsOk;
        };
        await AssertAskedAsync(test, file.Attributes.Id);

        test.FileSystem.WriteBackPages = Ask;
        await AssertAskedTwiceAsync(test, file);
        await test.FileSystem.CloseAsync(file.Handle);
    }

    [Fact]
    public async Task Snapshot_FileNotWrittenTo_KeepsItsPages()
    {
        await using TestVolume test = await CreateAsync();
        CreatedFile file = await test.FileSystem.CreateAsync("a", flags: OpenFlags.Write);
        await AssertAskedTwiceAsync(test, file);

        Assert.True((await test.Volume.Snapshots.CreateAsync("s", default)).IsOk);

        Assert.Empty(_asked);
        await test.FileSystem.CloseAsync(file.Handle);
    }

    private async Task<TestVolume> CreateAsync()
    {
        TestVolume test = await TestVolume.CreateAsync();
        test.FileSystem.WriteBackPages = Ask;
        return test;
    }

    private ValueTask<bool> Ask(InodeId inode)
    {
        _asked.Add(inode);
        return new ValueTask<bool>(_answer);
    }

    private async Task AssertAskedTwiceAsync(TestVolume test, CreatedFile file)
    {
        await AssertAskedAsync(test, file.Attributes.Id);
        await AssertAskedAsync(test, file.Attributes.Id);
        await AssertAskedAsync(test);
    }

    private async Task AssertAskedAsync(TestVolume test, params InodeId[] inodes)
    {
        _asked.Clear();
        Assert.Equal(HipaaFs.Storage.StoreError.None, await test.Volume.Parts.Writer!.Publisher.PublishAsync(default));
        Assert.Equal(inodes, _asked);
        _asked.Clear();
    }
}
