using HipaaFs.Core.Tests.Placements;
using HipaaFs.Metadata;
using HipaaFs.Placements;
using HipaaFs.Quotas;
using HipaaFs.Volumes;

namespace HipaaFs.Core.Tests.Quotas;

public sealed class QuotaTests : IAsyncLifetime
{
    private const uint SomeoneElse = 2000;

    private PlacedVolume _volume = null!;

    private HipaaFileSystem Files => _volume.Test.FileSystem;

    public async ValueTask InitializeAsync() => _volume = await PlacedVolume.CreateAsync(new Placement());

    public ValueTask DisposeAsync() => _volume.DisposeAsync();

    [Fact]
    public async Task Write_PastTheBytesOfTheTree_IsRefusedAndLeavesWhatIsThere()
    {
        await DefineAsync(new QuotaLimit(Bytes: 100_000));
        CreatedFile file = await Files.CreateAsync("a", _volume.Directory);
        await Files.WriteAsync(file.Handle, 0, new byte[60_000]);

        // Nothing of the first write is in the metadata yet: the file's own is counted all the same.
        Assert.Equal(FsError.QuotaExceeded, (await WriteAsync(file, 60_000, 40_001)).Error);
        Assert.Equal(40_000, await WriteAsync(file, 60_000, 40_000).Ok());
        Assert.Equal(100, await WriteAsync(file, 99_900, 100).Ok());
        Assert.Equal(100_000, (await Files.GetAttributesAsync(file.Attributes.Id, default).Ok()).Size);

        // What is outside of the tree is not its concern.
        CreatedFile outside = await Files.CreateAsync("outside");
        Assert.Equal(200_000, await WriteAsync(outside, 0, 200_000).Ok());
    }

    [Fact]
    public async Task TryWrite_PastTheBytesOfTheTree_LeavesItToTheWriteThatRefuses()
    {
        await DefineAsync(new QuotaLimit(Bytes: 10));
        CreatedFile file = await Files.CreateAsync("a", _volume.Directory);

        Assert.False(Files.TryWrite(file.Handle, 0, new byte[11], WriteOrigin.PageCache));
        Assert.Equal(FsError.QuotaExceeded, (await Files.WriteAsync(file.Handle, 0, new byte[11], WriteOrigin.PageCache, default)).Error);

        // The program was told that it went well: it is told now.
        Assert.NotEqual(FsError.None, await Files.FsyncAsync(file.Handle, dataOnly: false, default));
    }

    [Fact]
    public async Task Grow_ByAnyWay_IsRefused()
    {
        await DefineAsync(new QuotaLimit(Bytes: 1000));
        CreatedFile source = await Files.CreateAsync("source", _volume.Directory);
        await Files.WriteAsync(source.Handle, 0, new byte[600]);
        CreatedFile file = await Files.CreateAsync("a", _volume.Directory);
        await Files.SyncAsync(default).Ok();

        Assert.Equal(FsError.QuotaExceeded, (await Files.SetAttributesAsync(file.Attributes.Id, new AttributeChange { Size = 401 }, FileSystemCalls.Someone, default)).Error);
        Assert.Equal(FsError.QuotaExceeded, await Files.AllocateAsync(file.Handle, AllocateMode.Allocate, 0, 401, default));
        Assert.Equal(FsError.QuotaExceeded, await Files.AllocateAsync(file.Handle, AllocateMode.ZeroRange, 300, 101, default));
        Assert.Equal(FsError.QuotaExceeded, (await Files.CopyRangeAsync(source.Handle, 0, file.Handle, 0, 401, default)).Error);
        Assert.Equal(0, (await Files.GetAttributesAsync(file.Attributes.Id, default).Ok()).Size);

        Assert.Equal(400, await Files.CopyRangeAsync(source.Handle, 0, file.Handle, 0, 400, default).Ok());
        await Files.AllocateAsync(file.Handle, AllocateMode.AllocateKeepSize, 0, 5000, default).Ok();
        await Files.SetAttributesAsync(file.Attributes.Id, new AttributeChange { Size = 100 }, FileSystemCalls.Someone, default).Ok();
        await Files.SetAttributesAsync(file.Attributes.Id, new AttributeChange { Size = 400 }, FileSystemCalls.Someone, default).Ok();
    }

    [Fact]
    public async Task Create_PastTheFilesOfTheTree_IsRefusedUntilOneGoes()
    {
        await DefineAsync(new QuotaLimit(Files: 3)); // The directory is one of them.
        await Files.CreateAsync("a", _volume.Directory);
        await Files.MakeDirectoryAsync("d", _volume.Directory);

        Assert.Equal(FsError.QuotaExceeded, await TryCreateAsync("b"));
        Assert.Equal(FsError.QuotaExceeded, (await Files.MakeSymbolicLinkAsync(_volume.Directory, "l"u8, "a"u8, FileSystemCalls.Someone, default)).Error);
        Assert.Equal(FsError.None, await Files.RemoveDirectoryAsync(_volume.Directory, "d"u8, default));
        Assert.Equal(FsError.None, await TryCreateAsync("b"));
    }

    [Fact]
    public async Task Create_WhenNoByteIsLeft_IsRefused()
    {
        await DefineAsync(new QuotaLimit(Bytes: 10));
        CreatedFile file = await Files.CreateAsync("a", _volume.Directory);
        Assert.Equal(10, await WriteAsync(file, 0, 10).Ok());
        await Files.SyncAsync(default).Ok();

        Assert.Equal(FsError.QuotaExceeded, await TryCreateAsync("b"));
    }

    [Fact]
    public async Task EachUser_HasALimitOfItsOwn_AndRootHasNone()
    {
        await DefineAsync(new Quota
        {
            Placements = [1],
            EachUser = new QuotaLimit(Bytes: 1000),
            Users = new Dictionary<uint, QuotaLimit> { [SomeoneElse] = new(Bytes: 2000) },
        });
        CreatedFile file = await Files.CreateAsync("a", _volume.Directory);
        Assert.Equal(FsError.QuotaExceeded, (await WriteAsync(file, 0, 1001)).Error);
        Assert.Equal(1000, await WriteAsync(file, 0, 1000).Ok());
        await Files.SyncAsync(default).Ok();

        await ChownAsync(file, SomeoneElse).Ok();
        Assert.Equal(1000, await WriteAsync(file, 1000, 1000).Ok());
        await Files.SyncAsync(default).Ok();
        Assert.Equal(FsError.QuotaExceeded, (await WriteAsync(file, 2000, 1)).Error);
        Assert.Equal(FsError.QuotaExceeded, (await ChownAsync(file, FileSystemCalls.Someone.UserId)).Error);

        await ChownAsync(file, 0).Ok();
        Assert.Equal(9000, await WriteAsync(file, 2000, 9000).Ok());
    }

    [Fact]
    public async Task Define_ATreeInATree_BothCount()
    {
        await _volume.Test.Volume.DefinePlacementAsync(new Placement { Number = 2 }, default);
        InodeId inner = (await Files.MakeDirectoryAsync("inner", _volume.Directory)).Id;
        await _volume.AssignAsync(inner, 2);
        await DefineAsync(
            new Quota { Placements = [1, 2], Total = new QuotaLimit(Bytes: 1000) },
            new Quota { Placements = [2], Total = new QuotaLimit(Bytes: 600) });

        CreatedFile deep = await Files.CreateAsync("deep", inner);
        Assert.Equal(FsError.QuotaExceeded, (await WriteAsync(deep, 0, 601)).Error);
        Assert.Equal(600, await WriteAsync(deep, 0, 600).Ok());
        await Files.SyncAsync(default).Ok();
        CreatedFile high = await Files.CreateAsync("high", _volume.Directory);
        Assert.Equal(FsError.QuotaExceeded, (await WriteAsync(high, 0, 401)).Error);
        Assert.Equal(400, await WriteAsync(high, 0, 400).Ok());
    }

    [Fact]
    public async Task Rename_OutOfOrIntoTheTree_IsACopy()
    {
        InodeId other = (await Files.MakeDirectoryAsync("other")).Id;
        InodeId inside = (await Files.MakeDirectoryAsync("inside", _volume.Directory)).Id;
        CreatedFile file = await Files.CreateAsync("a", _volume.Directory);
        await Files.CreateAsync("b", other);
        await DefineAsync(new QuotaLimit(Bytes: 1000));

        Assert.Equal(FsError.CrossDomain, await RenameAsync(_volume.Directory, "a", other));
        Assert.Equal(FsError.CrossDomain, await RenameAsync(other, "b", _volume.Directory));
        Assert.Equal(FsError.CrossDomain, (await Files.LinkAsync(file.Attributes.Id, other, "l"u8, default)).Error);
        Assert.Equal(FsError.None, await RenameAsync(_volume.Directory, "a", inside));

        await DefineAsync();
        Assert.Equal(FsError.None, await RenameAsync(other, "b", _volume.Directory));
    }

    [Fact]
    public async Task Define_IsThereAfterReopening_AndCanBeTakenBack()
    {
        await DefineAsync(new QuotaLimit(Bytes: 10, Files: 7));
        await _volume.Test.ReopenAsync();
        Assert.Equal(new QuotaLimit(Bytes: 10, Files: 7), Assert.Single(_volume.Test.Volume.Quotas).Total);
        CreatedFile file = await Files.CreateAsync("a", _volume.Directory);
        Assert.Equal(FsError.QuotaExceeded, (await WriteAsync(file, 0, 11)).Error);

        await DefineAsync();
        Assert.Equal(11, await WriteAsync(file, 0, 11).Ok());
        await Assert.ThrowsAsync<VolumeException>(() => DefineAsync(new Quota { Placements = [9] }));
    }

    private Task DefineAsync(QuotaLimit total) => DefineAsync(new Quota { Placements = [1], Total = total });

    private Task DefineAsync(params Quota[] quotas) => _volume.Test.Volume.DefineQuotasAsync(quotas, default);

    private ValueTask<FsResult<int>> WriteAsync(CreatedFile file, long offset, int length) =>
        Files.WriteAsync(file.Handle, offset, new byte[length], WriteOrigin.Direct, default);

    private ValueTask<FsResult<InodeAttributes>> ChownAsync(CreatedFile file, uint uid) =>
        Files.SetAttributesAsync(file.Attributes.Id, new AttributeChange { UserId = uid }, FileSystemCalls.Someone, default);

    private async Task<FsError> RenameAsync(InodeId from, string name, InodeId to) =>
        await Files.RenameAsync(from, FileSystemCalls.Bytes(name), to, FileSystemCalls.Bytes(name), RenameMode.Replace, default);

    private async Task<FsError> TryCreateAsync(string name) => (await Files.CreateAsync(
        _volume.Directory, FileSystemCalls.Bytes(name), new CreationMode(FileSystemCalls.FileMode, 0x12, 0), OpenFlags.Write, FileSystemCalls.Someone, default)).Error;
}
