using HipaaFs.Core.Tests.Recovery;
using HipaaFs.Scrubbing;
using HipaaFs.Storage;
using HipaaFs.Testing.Storage;

namespace HipaaFs.Core.Tests.Scrubbing;

/// <summary>A scrub reads what a restore needs besides the segments, while this machine can still put it right.</summary>
public sealed class ScrubOfRestoreTests
{
    [Theory]
    [InlineData("flip")]
    [InlineData("cut")]
    [InlineData("delete")]
    public async Task Scrub_OnlyKeyRingDamaged_PutsItBackAndARestoreWorks(string how)
    {
        await using TestVolume test = await PublishedVolume.CreateAsync(TestVolumeOptions.Still);
        string ring = Assert.Single(test.Rings());
        byte[] whole = File.ReadAllBytes(ring);
        Damage(ring, how);

        AssertRepaired(await ScrubAsync(test), ScrubObjectKind.KeyRing, how == "delete");
        Assert.Equal(whole, File.ReadAllBytes(ring));
        await AssertRestoresAsync(test);
        Assert.Empty((await ScrubAsync(test)).Objects);
    }

    // What it says is not known: an older ring in its place would bring removed keys back.
    [Fact]
    public async Task Scrub_KeyRingOfAGenerationThatThisMachineDoesNotKnow_IsLeftAlone()
    {
        await using TestVolume test = await PublishedVolume.CreateAsync(TestVolumeOptions.Still);
        string newer = test.Rings()[0][..^1] + "2";
        File.WriteAllBytes(newer, [1, 2, 3]);

        ScrubReport report = await ScrubAsync(test);
        Assert.Equal(new ScrubObjectFinding(ScrubObjectKind.KeyRing, false, false), Assert.Single(report.Objects));
        Assert.False(report.IsSound);
        Assert.Equal(3, new FileInfo(newer).Length);
        Assert.Equal(2, test.Rings().Length);
    }

    [Fact]
    public async Task Scrub_NewerSessionHasTheVolume_PutsNothingBack()
    {
        await using TestVolume test = await PublishedVolume.CreateAsync(TestVolumeOptions.Still);
        File.Copy(test.Claims()[^1], test.Claims()[^1][..^1] + "9");
        string ring = test.Rings()[0];
        File.Delete(ring);

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => ScrubAsync(test)); // The fence, which was asked before the ring is put back, ends it.
        Assert.False(File.Exists(ring));
    }

    // A disk or a bucket of another volume has come to be where this one's was.
    [Fact]
    public async Task Scrub_StoreOfAnotherVolume_PutsNothingIntoIt()
    {
        await using TestVolume test = await PublishedVolume.CreateAsync(TestVolumeOptions.Still);
        await using TestVolume other = await PublishedVolume.CreateAsync(TestVolumeOptions.Still);
        Replace(test, "volume.json", other);
        Replace(test, "keyring", other);
        Replace(test, "session", other);
        string[] rings = [.. test.Rings().Select(static ring => Convert.ToHexString(File.ReadAllBytes(ring)))];

        ScrubReport report = await ScrubAsync(test);
        Assert.False(report.IsSound);
        Assert.All(report.Objects, static found => Assert.False(found.IsRepaired));
        Assert.Equal(rings, test.Rings().Select(static ring => Convert.ToHexString(File.ReadAllBytes(ring))));
        Assert.Equal(File.ReadAllBytes(Path.Combine(other.StoreDirectory, "volume.json")), File.ReadAllBytes(Path.Combine(test.StoreDirectory, "volume.json")));
    }

    private static void Replace(TestVolume test, string name, TestVolume other)
    {
        string from = Path.Combine(other.StoreDirectory, name);
        string to = Path.Combine(test.StoreDirectory, name);
        if (File.Exists(from))
        {
            File.Copy(from, to, overwrite: true);
            return;
        }

        foreach (string file in Directory.GetFiles(from))
        {
            File.Copy(file, Path.Combine(to, Path.GetFileName(file)), overwrite: true);
        }
    }

    [Fact]
    public async Task Scrub_StreamCannotBeRead_SaysSoAndGoesOnThere()
    {
        await using TestVolume test = await PublishedVolume.CreateAsync(TestVolumeOptions.Still);
        test.Store.Add(new StoreFault(StoreFaultKind.Fail) { Verb = StoreVerb.Read, KeyPrefix = "stream/", Error = StoreError.AccessDenied });
        ScrubReport stopped = await ScrubAsync(test);
        Assert.NotEqual(StoreError.None, stopped.Stopped);
        Assert.Empty(stopped.Objects);
        test.Store.Heal();

        ScrubReport rest = await ScrubAsync(test);
        Assert.Equal((0L, true, StoreError.None), (rest.Segments, rest.IsResumed, rest.Stopped));
        Assert.Empty(rest.Objects);
    }

    [Fact]
    public async Task Scrub_KeyRingOfKeysThatChangedSinceTheMount_IsPutBack()
    {
        await using TestVolume test = await PublishedVolume.CreateAsync(TestVolumeOptions.Still);
        using var scratch = new ScratchDirectory();
        await test.AddKeyAsync(scratch);
        byte[] whole = test.ReadLocalRing();
        Damage(test.Rings()[1], "flip");

        AssertRepaired(await ScrubAsync(test), ScrubObjectKind.KeyRing, isMissing: false);
        Assert.Equal(whole, File.ReadAllBytes(test.Rings()[1]));
        await AssertRestoresAsync(test);
    }

    [Theory]
    [InlineData(0, "flip")]
    [InlineData(0, "delete")]
    [InlineData(1, "flip")]
    [InlineData(1, "delete")]
    [InlineData(2, "flip")]
    [InlineData(2, "delete")]
    public async Task Scrub_ChangeStreamDamaged_BeginsANewChain(int damaged, string how)
    {
        await using TestVolume test = await PublishedVolume.CreateAsync(TestVolumeOptions.Still);
        await test.PublishAsync("b", [2]);
        await test.PublishAsync("c", [3]);
        Damage(test.Streams()[damaged], how);

        AssertRepaired(await ScrubAsync(test), ScrubObjectKind.ChangeStream, damaged == 0 && how == "delete");
        Assert.True(PublishedVolume.IsFull(test.Streams()[^1]));
        await AssertRestoresAsync(test, "b", "c");
        int objects = test.Streams().Length;
        Assert.Empty((await ScrubAsync(test)).Objects);
        Assert.Equal(objects, test.Streams().Length);
    }

    [Theory]
    [InlineData(0, 3)]
    [InlineData(1, 3)]
    public async Task Scrub_OneOfTwoChainsDamaged_LeavesTwoThatAreWhole(int damaged, int fulls)
    {
        var time = new ManualTimeProvider();
        await using TestVolume test = await PublishedVolume.CreateAsync(new TestVolumeOptions { Time = time });
        time.Set(TimeSpan.FromDays(2));
        await test.PublishAsync("b", [2]);
        Damage(test.Streams().Where(PublishedVolume.IsFull).ElementAt(damaged), "flip");

        AssertRepaired(await ScrubAsync(test), ScrubObjectKind.ChangeStream, isMissing: false);
        Assert.Empty((await ScrubAsync(test)).Objects);
        Assert.Equal(fulls, test.Streams().Count(PublishedVolume.IsFull));
        await AssertRestoresAsync(test, "b");
        Damage(test.Streams().Last(PublishedVolume.IsFull), "delete");
        await AssertRestoresAsync(test);
    }

    [Theory]
    [InlineData("flip")]
    [InlineData("delete")]
    public async Task Scrub_MarkOfTheVolumeDamaged_PutsItBack(string how)
    {
        await using TestVolume test = await PublishedVolume.CreateAsync(TestVolumeOptions.Still);
        string mark = Path.Combine(test.StoreDirectory, "volume.json");
        byte[] whole = File.ReadAllBytes(mark);
        Damage(mark, how);

        AssertRepaired(await ScrubAsync(test), ScrubObjectKind.VolumeMark, how == "delete");
        Assert.Equal(whole, File.ReadAllBytes(mark));
        await AssertRestoresAsync(test);
    }

    private static async Task<ScrubReport> ScrubAsync(TestVolume test) =>
        (await test.Volume.ScrubAsync(new ScrubOptions(), new Progress<ScrubProgress>(), default))!;

    private static void AssertRepaired(ScrubReport report, ScrubObjectKind kind, bool isMissing)
    {
        Assert.Equal(new ScrubObjectFinding(kind, isMissing, true), Assert.Single(report.Objects));
        Assert.True(report.IsSound);
        Assert.Empty(report.Findings);
        Assert.Equal(StoreError.None, report.Stopped);
    }

    private static async Task AssertRestoresAsync(TestVolume test, params string[] names)
    {
        (TestVolume restored, _) = await test.RestoreAsync();
        await using (restored)
        {
            Assert.Equal([1], await restored.FileSystem.GetAsync("a"));
            foreach (string name in names)
            {
                Assert.True(await restored.FileSystem.ExistsAsync(name), name);
            }
        }
    }

    private static void Damage(string path, string how)
    {
        byte[] content = File.ReadAllBytes(path);
        switch (how)
        {
            case "flip":
                content[content.Length / 2] ^= 1;
                break;
            case "cut":
                content = content[..^7];
                break;
            default:
                File.Delete(path);
                return;
        }

        File.Delete(path); // It may be linked with another.
        File.WriteAllBytes(path, content);
    }
}
