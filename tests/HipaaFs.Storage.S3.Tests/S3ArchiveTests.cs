using HipaaFs.Testing.Servers;
using HipaaFs.Testing.Servers.Archives;
using HipaaFs.Testing.Servers.Faults;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;

namespace HipaaFs.Storage.S3.Tests;

/// <summary>Archived objects and their restores: a real server's storage classes, behind a proxy that does what S3 does with its archive.</summary>
public sealed class S3ArchiveTests : IAsyncLifetime
{
    private const string Name = "volume/seg/ab/one";

    private static readonly ObjectKey Key = new("seg/ab/one");
    private static readonly byte[] Content = [3, 1, 4, 1, 5, 9, 2, 6];
    private static readonly RestoreRequest ForADay = new(RestoreSpeed.Standard, 1);

    private readonly CephCluster _cluster;
    private CephBucket? _bucket;
    private FaultProxy? _behind;
    private ArchiveProxy? _archive;
    private FaultProxy? _front;
    private S3ObjectStore? _store;

    public S3ArchiveTests(CephCluster cluster) => _cluster = cluster;

    private S3ObjectStore Store => _store!;

    private ArchiveProxy Archive => _archive!;

    private FaultProxy Front => _front!;

    public async ValueTask InitializeAsync()
    {
        _bucket = await CephBucket.CreateAsync(_cluster);
        _behind = FaultProxy.Start(_bucket.Server);
        _archive = ArchiveProxy.Start(_behind.Endpoint, _bucket.Client, TimeProvider.System);
        _front = FaultProxy.Start(_archive.Endpoint);
        _store = Open();
        Assert.True((await Store.PutAsync(Key, Content, PutCondition.None, default)).Succeeded);
    }

    public async ValueTask DisposeAsync()
    {
        foreach (IAsyncDisposable? part in new IAsyncDisposable?[] { _store, _front, _archive, _behind })
        {
            if (part is not null)
            {
                await part.DisposeAsync();
            }
        }

        _bucket?.Dispose();
    }

    [Fact]
    public async Task Read_OfAnArchivedObject_IsArchived()
    {
        ObjectProperties archived = (await Store.SetTierAsync(Key, StorageTier.Archive, default)).Value;

        Assert.Equal((StorageTier.Archive, RestoreState.None, null), (archived.Tier, archived.Restore, archived.RestoredUntil));
        Assert.Equal(new StoreFailure(StoreError.Archived, "InvalidObjectState"), (await ReadAsync(Store)).Failure);
        Assert.Equal(Content.Length, (await Store.GetPropertiesAsync(Key, default)).Value.Length);
        Assert.Equal(StorageTier.Archive, (await ListedAsync()).Tier);
    }

    [Theory]
    [InlineData(StorageTier.Cool)]
    [InlineData(StorageTier.Cold)]
    public async Task Read_OfATierThatIsNoArchive_IsServedAndNeedsNoRestore(StorageTier tier)
    {
        Assert.Equal(tier, (await Store.SetTierAsync(Key, tier, default)).Value.Tier);

        await AssertReadableAsync();
        Assert.Equal(RestoreState.None, (await Store.RestoreAsync(Key, ForADay, default)).Value);
        Assert.Equal(0, Front.CountOf("POST"));
    }

    [Fact]
    public async Task Restore_ThroughItsLife_IsShownByEveryAnswer()
    {
        await Store.SetTierAsync(Key, StorageTier.Archive, default);

        Assert.Equal(RestoreState.InProgress, (await Store.RestoreAsync(Key, ForADay, default)).Value);
        await AssertShownAsync(RestoreState.InProgress, isDated: false);
        Assert.Equal(StoreError.Archived, (await ReadAsync(Store)).Error);

        Assert.Equal(1, Archive.Finish());
        await AssertShownAsync(RestoreState.Available, isDated: true);
        await AssertReadableAsync();

        Assert.Equal(1, Archive.Expire());
        await AssertShownAsync(RestoreState.None, isDated: false);
        Assert.Equal(StoreError.Archived, (await ReadAsync(Store)).Error);

        Assert.Equal(RestoreState.InProgress, (await Store.RestoreAsync(Key, ForADay, default)).Value);
        Archive.Finish();
        await AssertReadableAsync();
    }

    [Fact]
    public async Task RestoredUntil_IsWhatTheServerSays()
    {
        DateTimeOffset begun = DateTimeOffset.UtcNow;
        await Store.SetTierAsync(Key, StorageTier.Archive, default);
        await Store.RestoreAsync(Key, new RestoreRequest(RestoreSpeed.Standard, 3), default);
        Archive.Finish();

        DateTimeOffset until = (await Store.GetPropertiesAsync(Key, default)).Value.RestoredUntil!.Value;
        Assert.Contains((until - new DateTimeOffset(begun.Date, TimeSpan.Zero)).TotalDays, new double[] { 4, 5 }); // The next midnight after three days; five if one passed meanwhile.
    }

    [Fact]
    public async Task Restore_AskedAgainWhileUnderWay_StaysInProgress()
    {
        await Store.SetTierAsync(Key, StorageTier.Archive, default);
        await Store.RestoreAsync(Key, ForADay, default);

        Assert.Equal(RestoreState.InProgress, (await Store.RestoreAsync(Key, ForADay, default)).Value);
        Assert.Equal(RestoreState.InProgress, (await Store.RestoreAsync(Key, ForADay with { Speed = RestoreSpeed.Bulk }, default)).Value);
        Assert.Equal("Standard", Archive.SpeedOf(_bucket!.Name, Name));
    }

    [Fact]
    public async Task Restore_AskedAgainAtAGreaterSpeed_IsHastened()
    {
        await Store.SetTierAsync(Key, StorageTier.Archive, default);
        await Store.RestoreAsync(Key, ForADay with { Speed = RestoreSpeed.Bulk }, default);

        Assert.Equal(RestoreState.InProgress, (await Store.RestoreAsync(Key, ForADay with { Speed = RestoreSpeed.Expedited }, default)).Value);
        Assert.Equal("Expedited", Archive.SpeedOf(_bucket!.Name, Name));
    }

    [Fact]
    public async Task Restore_OfWhatAnotherBeganMeanwhile_IsInProgress()
    {
        await Store.SetTierAsync(Key, StorageTier.Archive, default);
        Front.Add(new ProxyFault(ProxyFaultKind.Answer) { Verb = "POST", Status = 409, Code = "RestoreAlreadyInProgress" });

        Assert.Equal(RestoreState.InProgress, (await Store.RestoreAsync(Key, ForADay, default)).Value);
    }

    [Fact]
    public async Task Restore_ForMoreDaysThanAreLeft_ExtendsTheCopy()
    {
        DateTimeOffset former = await RestoredForAsync(days: 2);

        Assert.Equal(RestoreState.Available, (await Store.RestoreAsync(Key, ForADay with { Days = 9 }, default)).Value);
        Assert.True((await Store.GetPropertiesAsync(Key, default)).Value.RestoredUntil >= former.AddDays(7));
        await AssertReadableAsync();
    }

    [Fact]
    public async Task Restore_ForFewerDaysThanAreLeft_DoesNotShortenTheCopysLife()
    {
        DateTimeOffset former = await RestoredForAsync(days: 30);

        Assert.Equal(RestoreState.Available, (await Store.RestoreAsync(Key, ForADay, default)).Value);
        Assert.Equal(former, (await Store.GetPropertiesAsync(Key, default)).Value.RestoredUntil);
    }

    [Theory]
    [InlineData(RestoreSpeed.Bulk)]
    [InlineData(RestoreSpeed.Standard)]
    [InlineData(RestoreSpeed.Expedited)]
    public async Task Restore_Speed_IsAskedForInS3sWords(RestoreSpeed speed)
    {
        await Store.SetTierAsync(Key, StorageTier.Archive, default);
        await Store.RestoreAsync(Key, ForADay with { Speed = speed }, default);

        Assert.Equal(speed.ToString(), Archive.SpeedOf(_bucket!.Name, Name));
    }

    [Fact]
    public async Task Restore_ExpeditedOutOfDeepArchive_IsRefusedInClearWords()
    {
        await using S3ObjectStore deep = Open("&archive-class=DEEP_ARCHIVE");
        await deep.SetTierAsync(Key, StorageTier.Archive, default);

        StoreFailure? failure = (await deep.RestoreAsync(Key, ForADay with { Speed = RestoreSpeed.Expedited }, default)).Failure;

        Assert.Equal(new StoreFailure(StoreError.InvalidRequest, "DEEP_ARCHIVE has no expedited restores"), failure);
        Assert.Equal(RestoreState.None, (await deep.GetPropertiesAsync(Key, default)).Value.Restore);
        Assert.Equal(RestoreState.InProgress, (await deep.RestoreAsync(Key, ForADay, default)).Value);
    }

    [Fact]
    public async Task Restore_WhereS3HasNoExpeditedCapacity_IsThrottledAndNoFaultOfTheStore()
    {
        await Store.SetTierAsync(Key, StorageTier.Archive, default);
        Front.Add(new ProxyFault(ProxyFaultKind.Answer) { Verb = "POST", Status = 503, Code = "GlacierExpeditedRetrievalNotAvailable" });

        StoreFailure? failure = (await Store.RestoreAsync(Key, ForADay with { Speed = RestoreSpeed.Expedited }, default)).Failure;
        Assert.Equal(new StoreFailure(StoreError.Throttled, "GlacierExpeditedRetrievalNotAvailable"), failure);
    }

    [Fact]
    public async Task Restore_OfNoObject_IsNotFound() =>
        Assert.Equal(StoreError.NotFound, (await Store.RestoreAsync(new ObjectKey("seg/ab/none"), ForADay, default)).Error);

    [Fact]
    public async Task SetTier_OfWhatIsNotRestored_IsArchivedAndChangesNothing()
    {
        await Store.SetTierAsync(Key, StorageTier.Archive, default);

        Assert.Equal(StoreError.Archived, (await Store.SetTierAsync(Key, StorageTier.Hot, default)).Error);
        await Store.RestoreAsync(Key, ForADay, default);
        Assert.Equal(StoreError.Archived, (await Store.SetTierAsync(Key, StorageTier.Hot, default)).Error);
        Assert.Equal(StorageTier.Archive, (await Store.GetPropertiesAsync(Key, default)).Value.Tier);
    }

    [Fact]
    public async Task SetTier_RefusedInS3sOtherWordForIt_IsArchived()
    {
        Front.Add(new ProxyFault(ProxyFaultKind.Answer) { Verb = "PUT", Status = 403, Code = "ObjectNotInActiveTierError" });

        Assert.Equal(new StoreFailure(StoreError.Archived, "ObjectNotInActiveTierError"), (await Store.SetTierAsync(Key, StorageTier.Cool, default)).Failure);
    }

    [Fact]
    public async Task SetTier_OfARestoredObject_BringsItBackForGood()
    {
        await RestoredForAsync(days: 1);

        ObjectProperties hot = (await Store.SetTierAsync(Key, StorageTier.Hot, default)).Value;

        Assert.Equal((StorageTier.Hot, RestoreState.None, null), (hot.Tier, hot.Restore, hot.RestoredUntil));
        await AssertReadableAsync();
        Assert.Equal(RestoreState.None, (await Store.SetTierAsync(Key, StorageTier.Archive, default)).Value.Restore);
        Assert.Equal(StoreError.Archived, (await ReadAsync(Store)).Error);
    }

    [Fact]
    public async Task Put_OverARestoredObject_EndsItsRestore()
    {
        await RestoredForAsync(days: 1);

        Assert.True((await Store.PutAsync(Key, new byte[5], PutCondition.None, default)).Succeeded);
        ObjectProperties archived = (await Store.SetTierAsync(Key, StorageTier.Archive, default)).Value;

        Assert.Equal(RestoreState.None, archived.Restore);
        Assert.Equal(StoreError.Archived, (await ReadAsync(Store)).Error);
    }

    [Fact]
    public async Task Delete_OfAnArchivedObject_NeedsNoRestore()
    {
        await Store.SetTierAsync(Key, StorageTier.Archive, default);

        Assert.True((await Store.DeleteAsync(Key, EntityTag.Any, default)).Value);
        Assert.Equal(StoreError.NotFound, (await Store.GetPropertiesAsync(Key, default)).Error);
    }

    [Fact]
    public async Task Read_UnderWayWhenTheCopyExpires_IsServedToItsEnd()
    {
        await RestoredForAsync(days: 1);
        Task held = HoldNext(_behind!);

        Task<StoreResult<int>> reading = ReadAsync(Store);
        await held; // S3 has let the read begin.
        Archive.Expire();
        _behind!.Heal();

        Assert.Equal(Content.Length, (await reading).Value);
        Assert.Equal(StoreError.Archived, (await ReadAsync(Store)).Error);
    }

    [Fact]
    public async Task Read_ArrivingAfterTheCopyExpired_IsArchived()
    {
        await RestoredForAsync(days: 1);
        Task held = HoldNext(Front);

        Task<StoreResult<int>> reading = ReadAsync(Store);
        await held; // It is on its way.
        Archive.Expire();
        Front.Heal();

        Assert.Equal(StoreError.Archived, (await reading).Error);
    }

    [Fact]
    public async Task List_ManyObjects_TellsWhichAreRestored()
    {
        var other = new ObjectKey("seg/ab/two");
        await Store.PutAsync(other, Content, PutCondition.None, default);
        await Store.SetTierAsync(Key, StorageTier.Archive, default);
        await Store.SetTierAsync(other, StorageTier.Archive, default);
        await Store.RestoreAsync(Key, ForADay, default);
        await Store.RestoreAsync(other, ForADay, default);
        Archive.Finish("two");

        IReadOnlyList<ObjectProperties> listed = (await Store.ListAsync(string.Empty, null, 10, default)).Value.Objects;

        Assert.Equal([RestoreState.InProgress, RestoreState.Available], listed.Select(static found => found.Restore));
    }

    private S3ObjectStore Open(string options = "") =>
        S3ObjectStore.Open(_bucket!.UrlBy(Front.Endpoint, options), new S3StoreOptions(), TimeProvider.System, NullLogger.Instance);

    private static Task HoldNext(FaultProxy proxy)
    {
        var held = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        proxy.Holding += () => held.TrySetResult();
        proxy.Add(new ProxyFault(ProxyFaultKind.Delay) { Verb = "GET", Count = 1 });
        return held.Task;
    }

    private static async Task<StoreResult<int>> ReadAsync(S3ObjectStore store) => await store.ReadAsync(Key, EntityTag.Any, 0, new byte[100], default);

    private async Task<DateTimeOffset> RestoredForAsync(int days)
    {
        await Store.SetTierAsync(Key, StorageTier.Archive, default);
        await Store.RestoreAsync(Key, ForADay with { Days = days }, default);
        Archive.Finish();
        return (await Store.GetPropertiesAsync(Key, default)).Value.RestoredUntil!.Value;
    }

    private async Task<ObjectProperties> ListedAsync() => Assert.Single((await Store.ListAsync(string.Empty, null, 10, default)).Value.Objects);

    // A look-up and a listing agree.
    private async Task AssertShownAsync(RestoreState state, bool isDated)
    {
        ObjectProperties found = (await Store.GetPropertiesAsync(Key, default)).Value;
        Assert.Equal((StorageTier.Archive, state, isDated), (found.Tier, found.Restore, found.RestoredUntil is not null));
        Assert.Equal(found, await ListedAsync());
    }

    private async Task AssertReadableAsync()
    {
        byte[] read = new byte[Content.Length];
        Assert.Equal(Content.Length, (await Store.ReadAsync(Key, EntityTag.Any, 0, read, default)).Value);
        Assert.Equal(Content, read);
    }
}
