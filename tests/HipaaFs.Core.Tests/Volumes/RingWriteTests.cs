using HipaaFs.Crypto;
using HipaaFs.Storage;
using HipaaFs.Testing.Storage;
using HipaaFs.Volumes;
using Microsoft.Extensions.Logging.Abstractions;

namespace HipaaFs.Core.Tests.Volumes;

/// <summary>The key ring is written by the newest session alone, and a volume whose ring could not be written leaves the store free.</summary>
public sealed class RingWriteTests
{
    [Fact]
    public async Task AddWrap_OnACopyThatANewerSessionFencedOff_IsRefused()
    {
        await using TestVolume first = await TestVolume.CreateAsync();
        await first.DrainAsync();
        await using TestVolume second = first.CopyFiles(sharesStore: true);
        await first.StopAsync();
        await second.OpenAsync();
        byte[] before = File.ReadAllBytes(VolumeOptions.RingPath(first.VolumeDirectory));
        using var scratch = new ScratchDirectory();
        FileKeyWrapper added = FileKeyWrapper.Create(scratch["key"]).Value!;
        VolumeException refused = await Assert.ThrowsAsync<VolumeException>(
            () => KeyAdministration.AddWrapAsync(first.Options, first.Key, added, "second", default));

        Assert.Equal(VolumeFailure.HeldByAnother, refused.Failure);
        Assert.Contains(Environment.MachineName, refused.Message, StringComparison.Ordinal);
        Assert.Equal(before, File.ReadAllBytes(VolumeOptions.RingPath(first.VolumeDirectory)));
        Assert.Single(Rings(first.StoreDirectory));

        await KeyAdministration.AddWrapAsync(second.Options, second.Key, added, "second", default);
        Assert.Equal(2, Rings(first.StoreDirectory).Length);
    }

    [Fact]
    public async Task AddWrap_SessionsCannotBeLookedFor_ChangesNothing()
    {
        await using TestVolume test = await TestVolume.CreateAsync();
        await test.StopAsync();
        using KeyRing ring = KeyRing.Create(test.Id);
        Assert.True((await ring.AddWrapAsync(test.Key, "primary")).Succeeded);
        await using var store = new FaultingObjectStore(new MemoryObjectStore());
        store.Add(new StoreFault(StoreFaultKind.Fail) { Verb = StoreVerb.List });
        VolumeException failed = await Assert.ThrowsAsync<VolumeException>(
            () => VolumeRing.SaveAsync(ring, test.VolumeDirectory, store, default, default));

        Assert.Equal(VolumeFailure.Store, failed.Failure);
        Assert.Equal(0, store.CallsOf(StoreVerb.Put));
    }

    [Theory]
    [InlineData(StoreFaultKind.Lose)]
    [InlineData(StoreFaultKind.Truncate)]
    [InlineData(StoreFaultKind.Flip)]
    public async Task Save_StoreThatKeepsSomethingElseAndSaysNothing_ChangesNothingAndCanBeRepeated(StoreFaultKind kind)
    {
        await using TestVolume test = await TestVolume.CreateAsync();
        await test.StopAsync();
        byte[] before = File.ReadAllBytes(VolumeOptions.RingPath(test.VolumeDirectory));
        using KeyRing ring = KeyRing.Create(test.Id);
        Assert.True((await ring.AddWrapAsync(test.Key, "primary")).Succeeded);
        await using var store = new FaultingObjectStore(new MemoryObjectStore()) { IsSilent = true };
        store.Add(new StoreFault(kind) { Verb = StoreVerb.Put, KeyPrefix = "keyring/", Count = 1 });
        VolumeException failed = await Assert.ThrowsAsync<VolumeException>(
            () => VolumeRing.SaveAsync(ring, test.VolumeDirectory, store, default, default));

        Assert.Equal(VolumeFailure.Store, failed.Failure);
        Assert.Equal(before, File.ReadAllBytes(VolumeOptions.RingPath(test.VolumeDirectory)));
        await VolumeRing.SaveAsync(ring, test.VolumeDirectory, store, default, default);
        Assert.Equal(ring.Encode(), File.ReadAllBytes(VolumeOptions.RingPath(test.VolumeDirectory)));
    }

    [Theory]
    [InlineData(StoreFaultKind.Fail, false)]
    [InlineData(StoreFaultKind.FailAfterwards, false)]
    [InlineData(StoreFaultKind.Flip, false)]
    [InlineData(StoreFaultKind.Truncate, false)]
    [InlineData(StoreFaultKind.Lose, false)]
    [InlineData(StoreFaultKind.Flip, true)]
    [InlineData(StoreFaultKind.Truncate, true)]
    public async Task Create_RingWriteFailing_CanBeRepeated(StoreFaultKind kind, bool isSilent)
    {
        using var scratch = new ScratchDirectory();
        VolumeCreation creation = Creation(scratch);
        VolumeException failed = await Assert.ThrowsAsync<VolumeException>(() => CreateAsync(creation with
        {
            OpenStore = () => Failing(creation, new StoreFault(kind) { Verb = StoreVerb.Put, KeyPrefix = "keyring/" }, isSilent),
        }));

        Assert.Equal(VolumeFailure.Store, failed.Failure);
        Assert.Empty(Directory.GetFiles(scratch["store"], "*", SearchOption.AllDirectories));
        await AssertCanBeMadeAsync(creation);
    }

    [Fact]
    public async Task Create_LocalRingCannotBeWritten_CanBeRepeated()
    {
        using var scratch = new ScratchDirectory();
        VolumeCreation creation = Creation(scratch);
        await Assert.ThrowsAnyAsync<Exception>(() => CreateAsync(creation with
        {
            OpenStore = () =>
            {
                Directory.CreateDirectory(Path.Combine(VolumeOptions.RingPath(creation.Directory), "in the way"));
                return Failing(creation, new StoreFault(StoreFaultKind.Delay));
            },
        }));

        Assert.Empty(Directory.GetFiles(scratch["store"], "*", SearchOption.AllDirectories));
        await AssertCanBeMadeAsync(creation);
    }

    [Fact]
    public async Task Create_StoreGoneBeforeItCouldBeCleared_SaysWhatToDelete()
    {
        using var scratch = new ScratchDirectory();
        VolumeCreation creation = Creation(scratch);
        VolumeException failed = await Assert.ThrowsAsync<VolumeException>(() => CreateAsync(creation with
        {
            OpenStore = () => Failing(creation, new StoreFault(StoreFaultKind.Fail) { KeyPrefix = "keyring/" }),
        }));
        Assert.Equal(VolumeFailure.Store, failed.Failure);
        Assert.Contains("volume.json", failed.Action, StringComparison.Ordinal);

        failed = await Assert.ThrowsAsync<VolumeException>(() => CreateAsync(creation));
        Assert.Equal(VolumeFailure.NotEmpty, failed.Failure);
        Assert.Contains("delete volume.json", failed.Action, StringComparison.Ordinal);
        File.Delete(scratch["store/volume.json"]);
        await AssertCanBeMadeAsync(creation);
    }

    private static string[] Rings(string store) => Directory.GetFiles(Path.Combine(store, "keyring"));

    private static VolumeCreation Creation(ScratchDirectory scratch)
    {
        Assert.True(FileKeyWrapper.Create(scratch["key"]).Succeeded);
        Directory.CreateDirectory(scratch["store"]);
        return new VolumeCreation
        {
            Directory = scratch["volume"],
            VolumeId = Guid.NewGuid(),
            Store = StoreUrl.Parse("file://" + scratch["store"]),
            Key = new FileKeyWrapper(scratch["key"]),
        };
    }

    private static FaultingObjectStore Failing(VolumeCreation creation, StoreFault fault, bool isSilent = false)
    {
        var store = new FaultingObjectStore(ObjectStores.Local.Open(creation.Store, new StoreOptions(), TimeProvider.System, NullLogger.Instance)) { IsSilent = isSilent };
        store.Add(fault);
        return store;
    }

    private static Task CreateAsync(VolumeCreation creation) => Volume.CreateAsync(creation, NullLoggerFactory.Instance, TimeProvider.System, default);

    private static async Task AssertCanBeMadeAsync(VolumeCreation creation)
    {
        Assert.False(Directory.Exists(creation.Directory));
        VolumeCreation again = creation with { VolumeId = Guid.NewGuid(), OpenStore = null };
        await CreateAsync(again);
        Assert.Equal(again.VolumeId, VolumeRing.Read(again.Directory).VolumeId);
    }
}
