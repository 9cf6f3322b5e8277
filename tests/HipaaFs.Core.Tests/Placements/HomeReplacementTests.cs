using HipaaFs.Placements;
using HipaaFs.Storage;
using HipaaFs.Testing.Storage;
using HipaaFs.Volumes;
using Microsoft.Extensions.Logging.Abstractions;

namespace HipaaFs.Core.Tests.Placements;

/// <summary>The home is lost, a mirror takes its place.</summary>
public sealed class HomeReplacementTests
{
    private static readonly byte[] Content = FileSystemCalls.RandomBytes(100_000, 1);

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Replace_LostHome_GoesOnWithTheMirror(bool isNewest)
    {
        await using PlacedVolume volume = await MirroredAsync();
        TestVolume test = volume.Test;
        if (!isNewest)
        {
            volume.Store(1).Add(PlacedVolume.Dead);
        }

        await volume.UploadAsync("late", Content); // In the third store, as "a" is.
        await test.DrainAsync();
        await LoseHomeAsync(test);

        StoreUrl? at = null;
        MirrorState seen = await ReplaceAsync(test, "second", null);
        MirrorState done = await ReplaceAsync(test, "second", url => at = url);

        Assert.Equal((isNewest, seen), (done.IsNewest, done));
        Assert.Equal((TestVolume.RemoteUrl(1), "primary"), (at, done.Home));
        test.Home = 1;
        await test.OpenAsync();
        Assert.Equal(1, test.Volume.HomeStore);
        Assert.Equal(Content, await volume.ReadAsync("a"));
        Assert.Equal(Content, await volume.ReadAsync("late"));
        string[] before = Streams(test, 1);
        await test.FileSystem.PutAsync("new", Content);
        await test.DrainAsync();
        Assert.EndsWith("-full", Streams(test, 1).Except(before).First(), StringComparison.Ordinal); // Nobody has read what lay in the mirror.
        await test.Volume.ForgetStoreAsync(0, default);
        Assert.Equal([1], test.Volume.MetadataStores);
        await test.AssertSoundAsync();
    }

    [Fact]
    public async Task Replace_RingOfTheMirrorHasRotted_IsWrittenAgain()
    {
        await using PlacedVolume volume = await MirroredAsync();
        TestVolume test = volume.Test;
        await LoseHomeAsync(test);
        string ring = Directory.GetFiles(Path.Combine(test.MemberDirectory(1), "keyring")).Order(StringComparer.Ordinal).Last();
        byte[] sound = File.ReadAllBytes(ring);
        byte[] rotten = [.. sound];
        rotten[rotten.Length / 2] ^= 1;
        File.WriteAllBytes(ring, rotten);

        await ReplaceAsync(test, "second", static _ => { });

        Assert.Equal(sound, File.ReadAllBytes(ring));
        test.Home = 1;
        await test.OpenAsync();
        Assert.Equal(Content, await volume.ReadAsync("a"));
    }

    [Fact]
    public async Task Replace_CutOffBeforeTheAddressIsWritten_IsDoneAgain()
    {
        await using PlacedVolume volume = await MirroredAsync();
        TestVolume test = volume.Test;
        volume.Store(1).Add(PlacedVolume.Dead);
        await test.FileSystem.PutAsync("late", Content);
        await test.DrainAsync();
        await test.StopAsync();
        Directory.Move(test.StoreDirectory, test.StoreDirectory + ".gone");
        await Assert.ThrowsAsync<IOException>(() => ReplaceAsync(test, "second", static _ => throw new IOException("full")));

        // The home comes back after all.
        Directory.Move(test.StoreDirectory + ".gone", test.StoreDirectory);
        await test.OpenAsync();
        await test.DrainAsync();
        Assert.Equal(Content, await test.FileSystem.GetAsync("late"));
        await test.AssertSoundAsync();

        Directory.Delete(test.StoreDirectory, recursive: true);
        await ReplaceAsync(test, "second", static _ => { });
        test.Home = 1;
        await test.OpenAsync();
        await test.DrainAsync();
    }

    [Theory]
    [InlineData("primary", VolumeFailure.Refused, "it is")]
    [InlineData("third", VolumeFailure.Refused, "no copy of change stream and key ring")]
    [InlineData("fourth", VolumeFailure.NotFound, "it has primary, second, third")]
    public async Task Replace_ByWhatIsNoMirror_IsRefused(string name, VolumeFailure failure, string why)
    {
        await using PlacedVolume volume = await MirroredAsync();
        await LoseHomeAsync(volume.Test);

        VolumeException refused = await Assert.ThrowsAsync<VolumeException>(() => ReplaceAsync(volume.Test, name, static _ => Assert.Fail("it has nothing")));

        Assert.Equal(failure, refused.Failure);
        Assert.Contains(why, refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Replace_HomeThatAnswers_IsRefused()
    {
        await using PlacedVolume volume = await MirroredAsync();
        await volume.Test.StopAsync();

        VolumeException refused = await Assert.ThrowsAsync<VolumeException>(() => ReplaceAsync(volume.Test, "second", static _ => Assert.Fail("it answers")));

        Assert.Contains("the present one, primary, answers", refused.Message, StringComparison.Ordinal);
        Assert.Contains("store migrate", refused.Action, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Replace_WhileTheVolumeIsOpen_IsRefused()
    {
        await using PlacedVolume volume = await MirroredAsync();

        VolumeException refused = await Assert.ThrowsAsync<VolumeException>(() => ReplaceAsync(volume.Test, "second", static _ => Assert.Fail("it is held")));

        Assert.Equal(VolumeFailure.HeldByAnother, refused.Failure);
    }

    private static async Task LoseHomeAsync(TestVolume test)
    {
        await test.StopAsync();
        Directory.Delete(test.StoreDirectory, recursive: true);
        Directory.Delete(test.CacheDirectory, recursive: true);
    }

    private static Task<MirrorState> ReplaceAsync(TestVolume test, string name, Action<StoreUrl>? point) =>
        HomeReplacement.RunAsync(test.Options, name, point, NullLoggerFactory.Instance, TimeProvider.System, default);

    // Files in "placed" are in the third store; the second is the mirror.
    private static async Task<PlacedVolume> MirroredAsync()
    {
        PlacedVolume volume = await PlacedVolume.CreateAsync(new Placement { Primary = 2 });
        await volume.Test.Volume.MirrorMetadataAsync([1], default);
        await volume.UploadAsync("a", Content);
        await volume.Test.DrainAsync();
        Assert.True(await volume.Test.Volume.Parts.Writer!.Mirror.MirrorAsync(default));
        return volume;
    }

    private static string[] Streams(TestVolume test, int store) =>
        [.. Directory.GetFiles(Path.Combine(test.MemberDirectory(store), "stream")).Select(Path.GetFileName).OfType<string>().Order(StringComparer.Ordinal)];
}
