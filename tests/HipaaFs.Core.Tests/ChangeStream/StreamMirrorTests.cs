using HipaaFs.ChangeStream;
using HipaaFs.Core.Tests.Placements;
using HipaaFs.Placements;
using HipaaFs.Recovery;
using HipaaFs.Scrubbing;
using HipaaFs.Sessions;
using HipaaFs.Storage;
using HipaaFs.Testing;
using HipaaFs.Testing.Storage;
using HipaaFs.Volumes;

namespace HipaaFs.Core.Tests.ChangeStream;

/// <summary>Change stream and key ring in a second store.</summary>
public sealed class StreamMirrorTests
{
    private static readonly byte[] Content = FileSystemCalls.RandomBytes(100_000, 1);

    [Fact]
    public async Task Mirror_AfterPublications_HasTheSameObjects()
    {
        await using PlacedVolume volume = await MirroredAsync();
        TestVolume test = volume.Test;
        Assert.True(await Mirror(test).MirrorAsync(default));
        AssertSame(test);
        Assert.NotNull(Mirror(test).PointOf(1));

        await test.FileSystem.PutAsync("b", Content);
        await test.DrainAsync();
        Assert.True(await Mirror(test).MirrorAsync(default));
        AssertSame(test);
        Assert.Empty(Directory.GetFiles(test.StagingDirectory, "stream-*"));
        Assert.Equal([true, false], test.Volume.GetStatus().Stores.Skip(1).Select(static store => store.IsMirror));
        await test.ReopenAsync();
        Assert.Equal([0, 1], test.Volume.MetadataStores);
    }

    [Fact]
    public async Task Mirror_ThatIsAway_IsBehindAndKeepsNobodyWaiting()
    {
        await using PlacedVolume volume = await MirroredAsync();
        TestVolume test = volume.Test;
        Assert.True(await Mirror(test).MirrorAsync(default));
        DateTimeOffset? before = Mirror(test).PointOf(1);
        StoreFault away = PlacedVolume.Dead;
        volume.Store(1).Add(away);

        await test.FileSystem.PutAsync("b", Content);
        await test.DrainAsync();
        Assert.False(await Mirror(test).MirrorAsync(default));
        Assert.Equal(before, Mirror(test).PointOf(1));

        volume.Store(1).Heal();
        Assert.True(await Mirror(test).MirrorAsync(default));
        AssertSame(test);
    }

    [Fact]
    public async Task Mirror_OfWhatIsDeletedFromTheHome_LosesItOnceItHasWhatFollows()
    {
        await using PlacedVolume volume = await MirroredAsync();
        TestVolume test = volume.Test;
        Assert.True(await Mirror(test).MirrorAsync(default));
        string[] first = Objects(test, 1, "stream");
        ChangePublisher publisher = test.Volume.Parts.Writer!.Publisher;
        for (int chain = 0; chain < 2; chain++)
        {
            await publisher.BeginChainAsync(publisher.Chains, default);
            Assert.Equal(StoreError.None, await publisher.PublishAsync(default));
        }

        await test.Volume.Parts.Writer!.Collector.CollectAsync(TimeSpan.Zero, default); // Which has retention delete.
        Assert.DoesNotContain(first[0], Objects(test, 0, "stream"));
        Assert.Contains(first[0], Objects(test, 1, "stream"));
        volume.Store(1).Add(new StoreFault(StoreFaultKind.Fail) { Verb = StoreVerb.PutFile });
        Assert.False(await Mirror(test).MirrorAsync(default));
        Assert.Contains(first[0], Objects(test, 1, "stream")); // A restore needs it still.

        volume.Store(1).Heal();
        Assert.True(await Mirror(test).MirrorAsync(default));
        AssertSame(test);
    }

    [Fact]
    public async Task Mirror_WhoseAdapterThrows_IsTriedAgain()
    {
        await using PlacedVolume volume = await MirroredAsync();
        volume.Store(1).Add(new StoreFault(StoreFaultKind.Throw) { Verb = StoreVerb.List });

        Assert.False(await Mirror(volume.Test).MirrorAsync(default));

        volume.Store(1).Heal();
        Assert.True(await Mirror(volume.Test).MirrorAsync(default));
        AssertSame(volume.Test);
    }

    [Fact]
    public async Task Mirror_HasANewerClaim_FencesOff()
    {
        await using PlacedVolume volume = await MirroredAsync();
        TestVolume test = volume.Test;
        Assert.True(await Mirror(test).MirrorAsync(default));
        ulong session = test.Volume.Parts.Clock.Session.Value;

        // Restored from the mirror by somebody who does not reach the home.
        Assert.True((await volume.Store(1).PutAsync(StoreLayout.Session(session + 1), "{}"u8.ToArray(), PutCondition.IfAbsent, default)).Succeeded);

        Assert.False(await Mirror(test).MirrorAsync(default));
        Assert.True(test.Volume.Parts.Writer!.Fence.Fenced.IsCancellationRequested);
    }

    [Fact]
    public async Task Mirror_HasAnothersClaimOfThisSession_FencesOff()
    {
        await using PlacedVolume volume = await MirroredAsync();
        TestVolume test = volume.Test;
        test.DeadMembers.Add(1);
        await test.ReopenAsync();

        // Restored from the mirror by somebody who does not reach the home, while this one did not reach the mirror.
        string claim = Path.Combine(test.MemberDirectory(1), StoreLayout.Session(test.Volume.Session).Value);
        await File.WriteAllBytesAsync(claim, new SessionHolder("elsewhere", 1, test.Volume.Session, TimeProvider.System.GetUtcNow()).ToJson());
        volume.Store(1).Heal();

        Assert.False(await Mirror(test).MirrorAsync(default));
        Assert.True(test.Volume.Parts.Writer!.Fence.Fenced.IsCancellationRequested);
        await test.StopAsync();
        test.DeadMembers.Clear();
        VolumeException refused = await Assert.ThrowsAsync<VolumeException>(() => test.OpenAsync());
        Assert.Contains("of host elsewhere, process 1,", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Scrub_OfADamagedMirror_HasItCopiedAgain()
    {
        await using PlacedVolume volume = await MirroredAsync();
        TestVolume test = volume.Test;
        Assert.True(await Mirror(test).MirrorAsync(default));
        foreach (string prefix in (string[])["keyring", "stream"])
        {
            string path = Path.Combine(test.MemberDirectory(1), prefix, Objects(test, 1, prefix)[0]);
            byte[] content = File.ReadAllBytes(path);
            content[^40] ^= 1;
            File.Delete(path);
            File.WriteAllBytes(path, content);
        }

        ScrubReport report = (await test.Volume.ScrubAsync(new ScrubOptions(), new Progress<ScrubProgress>(), default))!;

        Assert.Equal(new ScrubObjectFinding(ScrubObjectKind.Mirror, IsMissing: false, IsRepaired: true), Assert.Single(report.Objects));
        AssertSame(test);
        Assert.Empty((await test.Volume.ScrubAsync(new ScrubOptions(), new Progress<ScrubProgress>(), default))!.Objects);
    }

    [Fact]
    public async Task Open_WhereAMirrorHasANewerClaim_IsRefusedUnlessItTakesOver()
    {
        await using PlacedVolume volume = await MirroredAsync();
        TestVolume test = volume.Test;
        ulong session = test.Volume.Session;
        await test.StopAsync();
        await File.WriteAllTextAsync(Path.Combine(test.MemberDirectory(1), StoreLayout.Session(session + 1).Value), "{}");

        VolumeException refused = await Assert.ThrowsAsync<VolumeException>(() => test.OpenAsync());
        Assert.Equal(VolumeFailure.Refused, refused.Failure);
        Assert.Contains("another copy of it", refused.Message, StringComparison.Ordinal);

        test.TakesOver = true;
        await test.OpenAsync();
        Assert.Equal(session + 2, test.Volume.Session);
        Assert.True(await Mirror(test).MirrorAsync(default));
    }

    [Fact]
    public async Task Remove_Mirror_LeavesNothingThere()
    {
        await using PlacedVolume volume = await PlacedVolume.CreateAsync(new Placement { Primary = 2 });
        TestVolume test = volume.Test;
        await test.Volume.MirrorMetadataAsync([1, 2], default);
        await test.DrainAsync();
        Assert.NotEmpty(Objects(test, 1, "stream"));

        Assert.Equal(new StoreRemoval(IsLookedThrough: true, 0, 0) { IsFree = true }, await test.Volume.RemoveStoreAsync(1, default));

        Assert.Equal([0, 2], test.Volume.MetadataStores);
        Assert.Empty(Directory.GetFiles(test.MemberDirectory(1), "*", SearchOption.AllDirectories));
        await test.ReopenAsync();
        Assert.Equal([0, 2], test.Volume.MetadataStores);
    }

    [Fact]
    public async Task Mirror_ThatIsNoneAnyMore_LosesWhatItHas_AlsoWhenItWasAway()
    {
        await using PlacedVolume volume = await MirroredAsync();
        TestVolume test = volume.Test;
        Assert.True(await Mirror(test).MirrorAsync(default));
        test.DeadMembers.Add(1);
        await test.ReopenAsync();
        await test.Volume.MirrorMetadataAsync([], default);
        Assert.True(await Mirror(test).MirrorAsync(default));
        Assert.NotEmpty(Objects(test, 1, "stream"));

        test.DeadMembers.Clear();
        await test.ReopenAsync();
        Assert.Equal([0], test.Volume.MetadataStores);
        Assert.True(await Mirror(test).MirrorAsync(default));

        Assert.Empty(Objects(test, 1, "stream"));
        Assert.Empty(Objects(test, 1, "keyring"));
        Assert.NotEmpty(Objects(test, 0, "stream"));
        Assert.NotEmpty(Objects(test, 1, "session")); // It is a store of the volume still.
        Assert.Empty(test.Volume.Parts.Stores.FormerMirrors);
        await test.Volume.MirrorMetadataAsync([1], default);
        Assert.True(await Mirror(test).MirrorAsync(default));
        AssertSame(test);
    }

    [Fact]
    public async Task Restore_FromAMirror_WhenTheHomeIsLost_GivesEverythingBackAndTakesItAsHome()
    {
        await using PlacedVolume volume = await MirroredAsync();
        TestVolume test = volume.Test;
        await volume.UploadAsync("c", Content);
        await test.DrainAsync();
        Assert.True(await Mirror(test).MirrorAsync(default));

        await test.StopAsync();

        (TestVolume restored, RestoreReport report) = await test.RestoreAsync(arrange: copy =>
        {
            Directory.Delete(copy.StoreDirectory, recursive: true); // The home is gone.
            Directory.Move(test.StoreDirectory, test.StoreDirectory + ".gone"); // Where its setting says that it is, too.
            copy.Home = 1;
            TestVolume.CopyTree(test.MemberDirectory(1), copy.MemberDirectory(1));
            TestVolume.CopyTree(test.MemberDirectory(2), copy.MemberDirectory(2));
        });

        await using TestVolume _ = restored;
        Assert.Equal(0, report.MissingSegments);
        Assert.Equal(["primary"], report.UnreadStores);
        Assert.Equal(1, restored.Volume.HomeStore);
        Assert.Equal(Content, await restored.FileSystem.GetAsync("placed/c"));
        await restored.FileSystem.PutAsync("new", Content);
        await restored.DrainAsync(); // It is written on there.
    }

    [Theory]
    [InlineData(0, 1)]
    [InlineData(1, 0)]
    public async Task Restore_WhereAnotherStoreHasANewerState_IsRefused(int from, int newer)
    {
        await using PlacedVolume volume = await MirroredAsync();
        TestVolume test = volume.Test;
        Assert.True(await Mirror(test).MirrorAsync(default));
        string behind = Path.Combine(test.MemberDirectory(from), "stream");
        TestVolume.CopyTree(behind, behind + ".old");
        await test.FileSystem.PutAsync("late", Content);
        await test.DrainAsync();
        await test.StopAsync();
        Directory.Delete(behind, recursive: true);
        Directory.Move(behind + ".old", behind); // As one that was away.

        VolumeException refused = await Assert.ThrowsAsync<VolumeException>(() => RestoreAsync(older: false));
        Assert.Equal(VolumeFailure.Refused, refused.Failure);
        Assert.Contains($"store {(newer == 0 ? "primary" : "second")} has got as far as", refused.Message, StringComparison.Ordinal);
        Assert.Contains("--older-mirror", refused.Action, StringComparison.Ordinal);

        (TestVolume restored, RestoreReport report) = await RestoreAsync(older: true);
        await using TestVolume _ = restored;
        Assert.Equal(0, report.MissingSegments);

        Task<(TestVolume Volume, RestoreReport Report)> RestoreAsync(bool older) => test.RestoreAsync(open: false, arrange: copy =>
        {
            copy.RestoresOlder = older;
            copy.Home = from;
            TestVolume.CopyTree(test.MemberDirectory(1), copy.MemberDirectory(1));
            TestVolume.CopyTree(test.MemberDirectory(2), copy.MemberDirectory(2));
        });
    }

    private static StreamMirror Mirror(TestVolume test) => test.Volume.Parts.Writer!.Mirror;

    // Files in "placed" are in the second store; that is the mirror.
    private static async Task<PlacedVolume> MirroredAsync()
    {
        PlacedVolume volume = await PlacedVolume.CreateAsync(new Placement { Primary = 1 });
        await volume.Test.Volume.MirrorMetadataAsync([1], default);
        await volume.UploadAsync("a", Content);
        await volume.Test.DrainAsync();
        return volume;
    }

    private static void AssertSame(TestVolume test)
    {
        foreach (string prefix in (string[])["keyring", "stream"])
        {
            string[] names = Objects(test, 0, prefix);
            Assert.NotEmpty(names);
            Assert.Equal(names, Objects(test, 1, prefix));
            Assert.All(names, name => Assert.Equal(
                File.ReadAllBytes(Path.Combine(test.MemberDirectory(0), prefix, name)), File.ReadAllBytes(Path.Combine(test.MemberDirectory(1), prefix, name))));
        }
    }

    private static string[] Objects(TestVolume test, int store, string prefix) => Directory.Exists(Path.Combine(test.MemberDirectory(store), prefix))
        ? [.. Directory.GetFiles(Path.Combine(test.MemberDirectory(store), prefix)).Select(Path.GetFileName).OfType<string>().Order(StringComparer.Ordinal)]
        : [];
}
