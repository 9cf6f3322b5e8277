using HipaaFs.Crypto;
using HipaaFs.Storage;
using HipaaFs.Testing.Storage;
using HipaaFs.Volumes;
using Microsoft.Extensions.Logging.Abstractions;

namespace HipaaFs.Core.Tests.Volumes;

public sealed class VolumeTests
{
    [Fact]
    public async Task Create_KeyFailing_LeavesDirectoryAndStoreFree()
    {
        using var scratch = new ScratchDirectory();
        var creation = new VolumeCreation
        {
            Directory = scratch["volume"],
            VolumeId = Guid.NewGuid(),
            Store = StoreUrl.Parse("file://" + scratch["store"]),
            Key = new FileKeyWrapper(scratch["no such key"]),
        };
        VolumeException failed = await Assert.ThrowsAsync<VolumeException>(() => CreateAsync(creation));
        Assert.Equal(VolumeFailure.Key, failed.Failure);
        Assert.False(Directory.Exists(creation.Directory));
        Assert.True(FileKeyWrapper.Create(scratch["key"]).Succeeded);

        await CreateAsync(creation with { Key = new FileKeyWrapper(scratch["key"]) });
        failed = await Assert.ThrowsAsync<VolumeException>(() => CreateAsync(creation));
        Assert.Equal(VolumeFailure.NotEmpty, failed.Failure);
        failed = await Assert.ThrowsAsync<VolumeException>(
            () => CreateAsync(creation with { Directory = scratch["other"], Key = new FileKeyWrapper(scratch["key"]) }));
        Assert.Equal(VolumeFailure.NotEmpty, failed.Failure);
        Assert.False(Directory.Exists(scratch["other"]));
        Assert.True(File.Exists(Path.Combine(scratch["store"], "volume.json")));
    }

    // An empty volume in its place would be published over what the store has, by whoever follows the advice to take over.
    [Theory]
    [InlineData(false, false)]
    [InlineData(true, false)]
    [InlineData(false, true)]
    public async Task Open_DatabaseIsGone_MakesNoneAndSaysWhatToDo(bool isEmpty, bool withLog)
    {
        await using TestVolume test = await TestVolume.CreateAsync(TestVolumeOptions.Still);
        await test.FileSystem.PutAsync("a", [1]);
        await test.FileSystem.SyncAsync(default).Ok();
        await using TestVolume killed = test.CopyFiles(); // With a log.
        string database = Path.Combine(killed.VolumeDirectory, "metadata.db");
        byte[] content = File.ReadAllBytes(database);
        string log = database + "-wal";
        Assert.NotEqual(0, new FileInfo(log).Length);
        File.Delete(database);
        if (isEmpty)
        {
            File.WriteAllBytes(database, []);
        }

        if (!withLog)
        {
            File.Move(log, log + ".away");
        }

        killed.TakesOver = true;
        foreach (VolumeMode mode in (VolumeMode[])[VolumeMode.ReadWrite, VolumeMode.ReadOnly])
        {
            VolumeException refused = await Assert.ThrowsAsync<VolumeException>(() => killed.OpenAsync(mode));
            Assert.Equal(VolumeFailure.Integrity, refused.Failure);
            Assert.Contains("missing or empty", refused.Message, StringComparison.Ordinal);
        }

        foreach (bool repair in (bool[])[false, true])
        {
            Assert.Equal(VolumeFailure.Integrity, (await Assert.ThrowsAsync<VolumeException>(() => killed.CheckAsync(repair))).Failure);
        }

        Assert.Equal(isEmpty, File.Exists(database));
        File.WriteAllBytes(database, content);
        File.Move(withLog ? log : log + ".away", log);
        await killed.OpenAsync();
        Assert.Equal([1], await killed.FileSystem.GetAsync("a"));
    }

    [Fact]
    public async Task Open_Twice_NamesTheHolder()
    {
        await using TestVolume test = await TestVolume.CreateAsync();
        VolumeException refused = await Assert.ThrowsAsync<VolumeException>(
            () => Volume.OpenAsync(test.Options, test.Key, VolumeMode.ReadWrite, NullLoggerFactory.Instance, TimeProvider.System, default));

        Assert.Equal(VolumeFailure.HeldByAnother, refused.Failure);
        Assert.Contains($"process {Environment.ProcessId}", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Open_WithWhatIsWrong_SaysWhat()
    {
        await using TestVolume test = await TestVolume.CreateAsync();
        await test.StopAsync();
        using var scratch = new ScratchDirectory();
        FileKeyWrapper wrong = FileKeyWrapper.Create(scratch["key"]).Value!;

        Assert.Equal(VolumeFailure.Key, await FailureAsync(test.Options, wrong));
        Assert.Equal(VolumeFailure.NotFound, await FailureAsync(test.Options with { Directory = scratch["nothing"] }, test.Key));
        Assert.Equal(VolumeFailure.Integrity, await FailureAsync(test.Options with { VolumeId = Guid.NewGuid() }, test.Key));
        Directory.CreateDirectory(scratch["store"]);
        var empty = StoreUrl.Parse("file://" + scratch["store"]);
        Assert.Equal(VolumeFailure.Store, await FailureAsync(test.Options with { Store = empty }, test.Key));
        await test.OpenAsync();
    }

    [Fact]
    public async Task KeyAdministration_AddedKeyOpens_RemovedKeyDoesNot()
    {
        await using TestVolume test = await TestVolume.CreateAsync();
        await test.StopAsync();
        using var scratch = new ScratchDirectory();
        FileKeyWrapper added = FileKeyWrapper.Create(scratch["key"]).Value!;
        await KeyAdministration.AddWrapAsync(test.Options, test.Key, added, "second", default);
        KeyRingWrap first = KeyAdministration.ListWraps(test.VolumeDirectory).Single(static wrap => wrap.Label == "primary");
        await KeyAdministration.RemoveWrapAsync(test.Options, added, first.Id, default);

        Assert.Equal(VolumeFailure.Key, await FailureAsync(test.Options, test.Key));
        await using (Volume volume = await Volume.OpenAsync(test.Options, added, VolumeMode.ReadWrite, NullLoggerFactory.Instance, TimeProvider.System, default))
        {
            await volume.FileSystem.PutAsync("a", [1]);
        }

        WrapId last = KeyAdministration.ListWraps(test.VolumeDirectory).Single().Id;
        VolumeException refused = await Assert.ThrowsAsync<VolumeException>(() => KeyAdministration.RemoveWrapAsync(test.Options, added, last, default));
        Assert.Equal(VolumeFailure.Refused, refused.Failure);
    }

    private static Task CreateAsync(VolumeCreation creation) =>
        Volume.CreateAsync(creation, NullLoggerFactory.Instance, TimeProvider.System, default);

    private static async Task<VolumeFailure> FailureAsync(VolumeOptions options, IKeyWrapper key) =>
        (await Assert.ThrowsAsync<VolumeException>(
            () => Volume.OpenAsync(options, key, VolumeMode.ReadWrite, NullLoggerFactory.Instance, TimeProvider.System, default))).Failure;
}
