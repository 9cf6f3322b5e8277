using HipaaFs.Crypto;
using HipaaFs.Placements;
using HipaaFs.Recovery;
using HipaaFs.Storage;
using HipaaFs.Testing.Storage;
using HipaaFs.Volumes;

namespace HipaaFs.Core.Tests.Placements;

/// <summary>Another store becomes the volume's home while the volume is used; what is cut off at any point is at one of the two.</summary>
public sealed class HomeMoveTests
{
    private static readonly byte[] Content = FileSystemCalls.RandomBytes(100_000, 1);

    [Fact]
    public async Task Move_OfAVolumeInUse_TakesEverythingThere()
    {
        await using PlacedVolume volume = await FilledAsync();
        TestVolume test = volume.Test;
        StoreUrl? at = null;

        await test.Volume.MoveHomeAsync(1, (url, _) => Written(at = url), default);

        Assert.Equal(TestVolume.RemoteUrl(1), at);
        await AssertIsHomeAsync(test, 1, [1, 0]);
        await test.FileSystem.PutAsync("after", Content);
        await test.DrainAsync();
        Assert.Equal(Streams(test, 0), Streams(test, 1)); // The former one is a mirror.
        Assert.Equal(StoreError.None, test.Volume.Parts.Writer!.Fence.ClaimError);

        await EmptyFormerAsync(volume);
        Assert.Equal(new StoreRemoval(IsLookedThrough: true, 0, 0) { IsFree = true }, await test.Volume.RemoveStoreAsync(0, default));
        Assert.Empty(Directory.GetFiles(test.StoreDirectory, "*", SearchOption.AllDirectories));
        await test.StopAsync();
        test.Home = 1;
        Directory.Delete(test.StoreDirectory, recursive: true);
        Directory.Delete(test.CacheDirectory, recursive: true);
        await test.OpenAsync();
        await AssertIsHomeAsync(test, 1, [1]);
        Assert.Equal(Content, await test.FileSystem.GetAsync("before"));
        Assert.Equal(Content, await test.FileSystem.GetAsync("after"));
        await test.DrainAsync();
        await test.AssertSoundAsync();
    }

    [Fact]
    public async Task KeyCommand_BegunBeforeTheMove_IsRefusedAfterIt()
    {
        await using PlacedVolume volume = await FilledAsync();
        TestVolume test = volume.Test;
        VolumeOptions before = test.Options;
        await test.Volume.MoveHomeAsync(1, static (_, _) => Task.CompletedTask, default);
        byte[] ring = File.ReadAllBytes(VolumeOptions.RingPath(test.VolumeDirectory));
        using var scratch = new ScratchDirectory();
        FileKeyWrapper added = FileKeyWrapper.Create(scratch["key"]).Value!;

        VolumeException refused = await Assert.ThrowsAsync<VolumeException>(() => KeyAdministration.AddWrapAsync(before, test.Key, added, "second", default));

        Assert.Equal(VolumeFailure.Refused, refused.Failure);
        Assert.Contains("not the home of the mounted volume any more", refused.Message, StringComparison.Ordinal);
        Assert.Equal(ring, File.ReadAllBytes(VolumeOptions.RingPath(test.VolumeDirectory)));
        Assert.Single(Directory.GetFiles(Path.Combine(test.StoreDirectory, "keyring")));
    }

    [Fact]
    public async Task Move_ThereAndBack_EndsWhereItBegan()
    {
        await using PlacedVolume volume = await FilledAsync();
        TestVolume test = volume.Test;
        await test.Volume.MoveHomeAsync(1, static (_, _) => Task.CompletedTask, default);
        await test.FileSystem.PutAsync("after", Content);
        await test.DrainAsync();

        await test.Volume.MoveHomeAsync(0, static (_, _) => Task.CompletedTask, default);

        await AssertIsHomeAsync(test, 0, [0, 1]);
        await test.FileSystem.PutAsync("back", Content);
        await test.DrainAsync();
        await test.ReopenAsync();
        await AssertIsHomeAsync(test, 0, [0, 1]);
        Assert.Equal(Content, await test.FileSystem.GetAsync("after"));
        Assert.Equal(Streams(test, 0), Streams(test, 1));
        await test.AssertSoundAsync();
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    public async Task Move_KilledWhenTheAddressChanges_IsAtTheOneThatTheAddressSays(int address)
    {
        await using PlacedVolume volume = await FilledAsync();
        TestVolume? killed = null;
        await volume.Test.Volume.MoveHomeAsync(1, async (_, _) => killed = await volume.Test.CrashAsync(copy => copy.Home = address), default);

        await using TestVolume test = killed!;
        await AssertIsHomeAsync(test, address, [address, 1 - address]);
        Assert.Equal(Content, await test.FileSystem.GetAsync("before"));
        await test.FileSystem.PutAsync("after", Content);
        await test.DrainAsync();
        Assert.Equal(Streams(test, 0), Streams(test, 1));

        bool isAsked = false;
        await test.Volume.MoveHomeAsync(1, (_, _) => Written(isAsked = true), default); // It is run again.
        Assert.Equal(address == 0, isAsked);
        await AssertIsHomeAsync(test, 1, [1, 0]);
        test.Home = 1;
        await test.ReopenAsync();
        Assert.Equal(Content, await test.FileSystem.GetAsync("after"));
        await test.AssertSoundAsync();
    }

    [Fact]
    public async Task Move_WhoseAddressCannotBeWritten_ChangesNothing()
    {
        await using PlacedVolume volume = await FilledAsync();
        TestVolume test = volume.Test;

        await Assert.ThrowsAsync<IOException>(() => test.Volume.MoveHomeAsync(1, static (_, _) => throw new IOException("read-only"), default));

        await AssertIsHomeAsync(test, 0, [0, 1]);
        await test.FileSystem.PutAsync("after", Content);
        await test.DrainAsync();
        Assert.Equal(Streams(test, 0), Streams(test, 1));
        await test.ReopenAsync();
        await AssertIsHomeAsync(test, 0, [0, 1]);
        await test.AssertSoundAsync();
    }

    [Fact]
    public async Task Move_NewHomeFailsOfWhatItHasOnceItIsTheHome_IsDone()
    {
        await using PlacedVolume volume = await FilledAsync();
        TestVolume test = volume.Test;
        string[] before = [];

        await test.Volume.MoveHomeAsync(
            1,
            (_, _) =>
            {
                before = Streams(test, 1);
                volume.Store(1).Add(new StoreFault(StoreFaultKind.Throw) { Verb = StoreVerb.GetProperties, KeyPrefix = "stream/" + before[^1][..^"-full".Length] });
                return Task.CompletedTask;
            },
            default);

        await AssertIsHomeAsync(test, 1, [1, 0]);
        Assert.EndsWith("-full", Streams(test, 1)[before.Length], StringComparison.Ordinal); // It hangs on nothing that was copied.
        await test.FileSystem.PutAsync("after", Content);
        await test.DrainAsync();
        Assert.Equal(Streams(test, 0), Streams(test, 1));
        await test.AssertSoundAsync();
    }

    [Fact]
    public async Task Move_WhoseSettingsCannotBeWritten_IsDoneAtTheNextOpening()
    {
        await using PlacedVolume volume = await FilledAsync();
        TestVolume test = volume.Test;
        await Assert.ThrowsAsync<IOException>(() => test.Volume.MoveHomeAsync(1, (_, _) => Written(test.UnreadableSettings.Add("home")), default));
        Assert.Equal(1, test.Volume.HomeStore);

        await using TestVolume killed = await test.CrashAsync(static copy => copy.Home = 1);

        await AssertIsHomeAsync(killed, 1, [1, 0]);
        test.UnreadableSettings.Clear();
        await test.Volume.MoveHomeAsync(1, static (_, _) => throw new InvalidOperationException("it is there already"), default);
        await AssertIsHomeAsync(test, 1, [1, 0]);
    }

    [Theory]
    [InlineData(StoreVerb.PutFile)]
    [InlineData(StoreVerb.List)]
    public async Task Move_ToAStoreThatFails_ChangesNothing(StoreVerb verb)
    {
        await using PlacedVolume volume = await FilledAsync();
        TestVolume test = volume.Test;
        volume.Store(1).Add(new StoreFault(StoreFaultKind.Fail) { Verb = verb });

        VolumeException failed = await Assert.ThrowsAsync<VolumeException>(() => test.Volume.MoveHomeAsync(1, static (_, _) => throw new InvalidOperationException("it has not everything"), default));

        Assert.Equal(VolumeFailure.Store, failed.Failure);
        Assert.StartsWith("make store second the volume's home: ", failed.Message, StringComparison.Ordinal);
        Assert.Equal(0, test.Volume.HomeStore);
        volume.Store(1).Heal();
        await test.Volume.MoveHomeAsync(1, static (_, _) => Task.CompletedTask, default);
        await AssertIsHomeAsync(test, 1, [1, 0]);
    }

    [Fact]
    public async Task Move_ToAStoreInWhichClaimsDoNotFence_IsRefused()
    {
        await using PlacedVolume volume = await FilledAsync();
        volume.Store(1).Add(new StoreFault(StoreFaultKind.Fail) { Verb = StoreVerb.Put, KeyPrefix = "probe/", Error = StoreError.Unsupported, Count = 1 });

        VolumeException refused = await Assert.ThrowsAsync<VolumeException>(() => volume.Test.Volume.MoveHomeAsync(1, static (_, _) => Task.CompletedTask, default));

        Assert.Equal(VolumeFailure.Refused, refused.Failure);
        Assert.Contains("does not honour conditional writes", refused.Message, StringComparison.Ordinal);
        await AssertIsHomeAsync(volume.Test, 0, [0]);
    }

    [Fact]
    public async Task Move_WithTheFormerHomeAway_WaitsForNobodyAndRestoresFromTheNewOne()
    {
        await using PlacedVolume volume = await FilledAsync();
        TestVolume test = volume.Test;
        await test.Volume.MoveHomeAsync(1, static (_, _) => Task.CompletedTask, default);
        Assert.True(await volume.Replicator.ReplicateAsync(default));
        test.Store.Add(PlacedVolume.Dead); // The former one.

        await test.FileSystem.PutAsync("after", Content);
        await test.DrainAsync();
        await test.StopAsync();

        (TestVolume restored, RestoreReport report) = await test.RestoreAsync(arrange: copy =>
        {
            Directory.Delete(copy.StoreDirectory, recursive: true);
            copy.Home = 1;
            TestVolume.CopyTree(test.MemberDirectory(1), copy.MemberDirectory(1));
            TestVolume.CopyTree(test.MemberDirectory(2), copy.MemberDirectory(2));
        });
        await using TestVolume _ = restored;
        Assert.Equal(0, report.MissingSegments);
        Assert.Equal(1, restored.Volume.HomeStore);
        Assert.Equal(Content, await restored.FileSystem.GetAsync("before"));
        Assert.Equal(Content, await restored.FileSystem.GetAsync("after"));
    }

    // "before" is in the first store, the home; nothing is elsewhere.
    private static async Task<PlacedVolume> FilledAsync()
    {
        PlacedVolume volume = await PlacedVolume.CreateAsync(new Placement { Primary = 2 });
        await volume.Test.FileSystem.PutAsync("before", Content);
        await volume.Test.DrainAsync();
        return volume;
    }

    private static Task<T> Written<T>(T what) => Task.FromResult(what);

    private static async Task AssertIsHomeAsync(TestVolume test, int home, int[] metadataStores)
    {
        Assert.Equal((home, home), (test.Volume.HomeStore, test.Volume.Placements[0].Primary));
        Assert.Equal(metadataStores, test.Volume.MetadataStores);
        Assert.Equal(home, await PlacementSettings.FindHomeAsync(test.Volume.Parts.Metadata, StoreUrl.Parse("file:///moved/to/another/place"), default));
    }

    private static async Task EmptyFormerAsync(PlacedVolume volume)
    {
        Assert.True(await volume.Replicator.ReplicateAsync(default));
        for (int round = 0; round < 2; round++)
        {
            await volume.Test.DrainAsync();
            await volume.Test.Volume.Parts.Writer!.Collector.CollectAsync(TimeSpan.Zero, default); // Notes what is too much, then deletes it.
        }
    }

    private static string[] Streams(TestVolume test, int store) =>
        [.. Directory.GetFiles(Path.Combine(test.MemberDirectory(store), "stream")).Select(Path.GetFileName).OfType<string>().Order(StringComparer.Ordinal)];
}
