using HipaaFs.Testing.Storage;
using Xunit;

namespace HipaaFs.Storage.Tests;

public sealed class MemoryObjectStoreTests : ObjectStoreConformance
{
    private readonly MemoryObjectStore _shared = new();

    [Fact]
    public async Task PutFile_OtherBytesThanItsChecksum_IsCorrupt()
    {
        UploadSource source = await SourceAsync(new byte[100]) with { Sha256 = new byte[32] };

        Assert.Equal(StoreError.Corrupt, (await Store.PutFileAsync(Key("one"), source, PutOptions.Default, default)).Error);
        Assert.Equal(StoreError.NotFound, (await Store.GetPropertiesAsync(Key("one"), default)).Error);
    }

    [Fact]
    public async Task Retention_ThatIsOver_KeepsNothing()
    {
        var clock = new ManualTimeProvider();
        var store = new MemoryObjectStore(clock);
        await store.PutAsync(Key("one"), new byte[1], PutCondition.None, default);
        await store.SetRetentionAsync(Key("one"), new ObjectRetention(RetentionMode.Compliance, clock.GetUtcNow().AddDays(1)), default);

        Assert.Equal(StoreError.Retained, (await store.PutAsync(Key("one"), new byte[2], PutCondition.None, default)).Error);
        clock.Advance(TimeSpan.FromDays(1));
        Assert.True((await store.PutAsync(Key("one"), new byte[2], PutCondition.None, default)).Succeeded);
    }

    [Fact]
    public async Task LastModified_IsTheClocks()
    {
        var clock = new ManualTimeProvider();
        var store = new MemoryObjectStore(clock);
        clock.Advance(TimeSpan.FromDays(3));

        Assert.Equal(clock.GetUtcNow(), (await store.PutAsync(Key("one"), new byte[1], PutCondition.None, default)).Value.LastModified);
    }

    protected override ValueTask<IObjectStore> OpenAsync() => ValueTask.FromResult<IObjectStore>(_shared);
}
