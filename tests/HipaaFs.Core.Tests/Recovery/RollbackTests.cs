using HipaaFs.Checking;
using HipaaFs.Crypto;
using HipaaFs.Recovery;
using HipaaFs.Storage;
using HipaaFs.Testing;
using HipaaFs.Testing.Storage;
using HipaaFs.Volumes;

namespace HipaaFs.Core.Tests.Recovery;

/// <summary>A store and a copy of its volume that do not belong together any more (docs/threat-model.md, "Rollback").</summary>
public sealed class RollbackTests
{
    private const int RolledBack = 542;

    [Fact]
    public async Task Open_AnotherCopyWasOpenedSince_IsRefusedButCanBeRead()
    {
        await using TestVolume first = await PublishedVolume.CreateAsync();
        (TestVolume second, _) = await first.RestoreAsync(sharesStore: true);
        await first.FileSystem.PutAsync("late", [2]);
        await first.StopAsync();
        await second.PublishAsync("b", [3]);
        await second.StopAsync();

        VolumeException refused = await first.AssertRefusedAsync();
        Assert.Contains(Environment.MachineName, refused.Message, StringComparison.Ordinal);
        await first.OpenAsync(VolumeMode.ReadOnly);
        Assert.Equal([2], await first.FileSystem.GetAsync("late"));
        await first.StopAsync();
        await second.OpenAsync();
        Assert.Equal([3], await second.FileSystem.GetAsync("b"));
        await second.AssertSoundAsync();
        await second.DisposeAsync();
    }

    [Fact]
    public async Task Open_RestoredWhileTheOriginalWentOn_TakesOverOnce()
    {
        await using TestVolume first = await PublishedVolume.CreateAsync(TestVolumeOptions.Still);
        (TestVolume second, _) = await first.RestoreAsync(sharesStore: true, open: false);
        await first.PublishAsync("late", [2]);
        await first.ReopenAsync();
        await first.PublishAsync("later", [3]);

        await second.OpenAsync();
        Assert.Equal([1], await second.FileSystem.GetAsync("a"));
        Assert.NotNull(await first.Volume.DrainAsync(new Progress<DrainProgress>(), default));
        await second.DrainAsync();
        await second.ReopenAsync();
        await first.StopAsync();
        await first.AssertRefusedAsync();
        await second.AssertSoundAsync();
        await second.DisposeAsync();
    }

    [Fact]
    public async Task Open_VolumeDirectoryWasPutBack_IsRefused()
    {
        await using TestVolume test = await PublishedVolume.CreateAsync(TestVolumeOptions.Still);
        await using TestVolume older = test.CopyFiles(sharesStore: true);
        await test.PublishAsync("b", [2]);
        await test.StopAsync();

        await older.AssertRefusedAsync();
        await test.OpenAsync();
        await test.AssertSoundAsync();
    }

    [Fact]
    public async Task Open_StoreWasPutBack_IsRefusedUntilThatIsAccepted()
    {
        await using TestVolume test = await PublishedVolume.CreateAsync(TestVolumeOptions.Still);
        string[] before = test.Streams();
        await test.PublishAsync("b", [2]);
        await test.StopAsync();
        foreach (string newer in test.Streams().Except(before))
        {
            File.Delete(newer);
        }

        await test.AssertRefusedAsync(VolumeFailure.Integrity);
        await test.OpenAsync(VolumeMode.ReadOnly);
        await test.StopAsync();
        test.AcceptsOlderStore = true;
        await test.OpenAsync();
        await test.PublishAsync("c", [3]);
        await test.StopAsync();
        test.AcceptsOlderStore = false;
        await test.OpenAsync();
        (TestVolume restored, _) = await test.RestoreAsync();
        await using (restored)
        {
            Assert.Equal(await test.FileSystem.TreeAsync(), await restored.FileSystem.TreeAsync());
        }

        await test.AssertSoundAsync();
    }

    [Fact]
    public async Task Claim_StoreComesBackOlder_IsNotMade()
    {
        await using TestVolume test = await PublishedVolume.CreateAsync();
        await test.StopAsync();
        await test.OpenAsync(arrange: static store => store.Add(new StoreFault(StoreFaultKind.Fail)));
        foreach (string stream in test.Streams())
        {
            File.Move(stream, Path.Combine(test.VolumeDirectory, Path.GetFileName(stream)));
        }

        test.Store.Heal();
        await Eventually.TrueAsync(() => test.Log.Lines.Any(static line => line.Id.Id == RolledBack), "that the store is older is found out when it answers");
        Assert.Equal("Corrupt", test.Volume.GetStatus().ClaimError);
        Assert.False(File.Exists(Path.Combine(test.StoreDirectory, StoreLayout.Session(test.Volume.Session).Value)));

        foreach (string stream in Directory.GetFiles(test.VolumeDirectory, "*-full"))
        {
            File.Move(stream, Path.Combine(test.StoreDirectory, "stream", Path.GetFileName(stream)));
        }

        await Eventually.TrueAsync(() => test.Volume.GetStatus().ClaimError is null, "the claim is made once the store is whole again");
        await test.AssertSoundAsync();
    }

    [Fact]
    public async Task Open_RingInTheStoreIsOlder_IsRefusedUntilThatIsAccepted()
    {
        await using TestVolume test = await TestVolume.CreateAsync();
        await test.StopAsync();
        using var scratch = new ScratchDirectory();
        await test.AddKeyAsync(scratch);
        string newest = test.Rings()[^1];
        byte[] content = File.ReadAllBytes(newest);
        File.Delete(newest);

        await test.AssertRefusedAsync(VolumeFailure.Integrity);
        test.AcceptsOlderStore = true;
        await test.OpenAsync();
        Assert.Equal(content, File.ReadAllBytes(newest));
        await test.AssertSoundAsync();
    }

    [Fact]
    public async Task Open_RingInTheStoreIsNewer_UsesIt()
    {
        await using TestVolume test = await TestVolume.CreateAsync();
        await test.FileSystem.PutAsync("a", [1]);
        await test.StopAsync();
        byte[] before = test.ReadLocalRing();
        using var scratch = new ScratchDirectory();
        await test.AddKeyAsync(scratch);
        byte[] after = test.ReadLocalRing();
        File.WriteAllBytes(VolumeOptions.RingPath(test.VolumeDirectory), before); // As after a crash between the store and the file.

        await test.OpenAsync();
        Assert.Equal([1], await test.FileSystem.GetAsync("a"));
        Assert.Equal(after, test.ReadLocalRing());
        await test.AssertSoundAsync();
    }

    [Fact]
    public async Task Open_KeyWasTakenOutOfTheNewerRing_IsRefused()
    {
        await using TestVolume test = await TestVolume.CreateAsync();
        await test.StopAsync();
        byte[] before = test.ReadLocalRing();
        using var scratch = new ScratchDirectory();
        WrapId own = Assert.Single(KeyAdministration.ListWraps(test.VolumeDirectory)).Id;
        FileKeyWrapper added = await test.AddKeyAsync(scratch);
        await KeyAdministration.RemoveWrapAsync(test.Options, added, own, default);
        File.WriteAllBytes(VolumeOptions.RingPath(test.VolumeDirectory), before);

        await test.AssertRefusedAsync(VolumeFailure.Key);
        Assert.Equal(before, test.ReadLocalRing());
    }

    [Fact]
    public async Task Open_RingInTheStoreIsNoRing_UsesTheLocalOne()
    {
        await using TestVolume test = await TestVolume.CreateAsync();
        await test.StopAsync();
        byte[] before = test.ReadLocalRing();
        File.WriteAllBytes(Path.Combine(test.StoreDirectory, StoreLayout.Ring(7).Value), [1, 2, 3]);

        await test.OpenAsync();
        Assert.Equal(before, test.ReadLocalRing());
        await test.StopAsync();
    }

    [Fact]
    public async Task Open_RestoredAndCrashedBeforeItPublished_OpensAgain()
    {
        await using TestVolume first = await PublishedVolume.CreateAsync(TestVolumeOptions.Still, files: 20);
        await first.StopAsync();
        (TestVolume restored, RestoreReport report) = await first.RestoreAsync(sharesStore: true);
        Assert.True(restored.Volume.GetStatus().AppliedSequence > report.Generation, "generations begin anew");
        await restored.FileSystem.PutAsync("late", [2]);
        await restored.FileSystem.SyncAsync(default).Ok();
        await restored.StopAsync();

        await restored.OpenAsync();
        await restored.ReopenAsync();
        Assert.Equal([2], await restored.FileSystem.GetAsync("late"));
        await restored.DrainAsync();
        await restored.AssertSoundAsync();
        await restored.DisposeAsync();
    }

    [Fact]
    public async Task Open_RestoredWhileTheOriginalWentOnAndCrashed_StaysTheNewest()
    {
        await using TestVolume first = await PublishedVolume.CreateAsync(TestVolumeOptions.Still);
        (TestVolume second, _) = await first.RestoreAsync(sharesStore: true, open: false);
        await first.PublishAsync("late", [2]);
        await second.OpenAsync();
        await second.FileSystem.PutAsync("new", [3]);
        await second.StopAsync();
        await first.StopAsync();

        await second.OpenAsync();
        Assert.Equal([3], await second.FileSystem.GetAsync("new"));
        await second.StopAsync();
        await first.AssertRefusedAsync();
        first.TakesOver = true;
        await first.OpenAsync();
        Assert.Equal([2], await first.FileSystem.GetAsync("late"));
        await first.StopAsync();
        await second.AssertRefusedAsync();
        await second.DisposeAsync();
    }

    [Fact]
    public async Task Restore_AfterARestoreThatPublished_HasAHigherGeneration()
    {
        await using TestVolume first = await PublishedVolume.CreateAsync(TestVolumeOptions.Still, files: 20);
        (TestVolume second, RestoreReport once) = await first.RestoreAsync();
        await second.PublishAsync("b", [2]);
        (TestVolume third, RestoreReport twice) = await second.RestoreAsync();

        Assert.True(twice.Generation > once.Generation, $"generation {twice.Generation} after {once.Generation}");
        Assert.Equal([2], await third.FileSystem.GetAsync("b"));
        await third.AssertSoundAsync();
        await second.DisposeAsync();
        await third.DisposeAsync();
    }

    [Fact]
    public async Task Open_RestoredLongAgoAndItsSegmentsDeletedSince_IsRefused()
    {
        await using TestVolume first = await TestVolume.CreateAsync(TestVolumeOptions.Still);
        await first.PublishAsync("a", FileSystemCalls.RandomBytes(50_000, 1));
        (TestVolume second, _) = await first.RestoreAsync(sharesStore: true, open: false);
        File.Delete(Assert.Single(Directory.GetFiles(Path.Combine(first.StoreDirectory, "seg"), "*", SearchOption.AllDirectories)));

        VolumeException refused = await second.AssertRefusedAsync();
        Assert.Contains("1 of its segments", refused.Message, StringComparison.Ordinal);
        second.TakesOver = true;
        await second.OpenAsync();
        await second.DisposeAsync();
    }

    [Fact]
    public async Task Open_RestoredAndRepairedSince_CountsWhatTheRepairGaveUpAsMissing()
    {
        await using TestVolume first = await TestVolume.CreateAsync(TestVolumeOptions.Still);
        await first.PublishAsync("a", FileSystemCalls.RandomBytes(50_000, 1));
        string missing = Assert.Single(Segments(first));
        await first.PublishAsync("b", FileSystemCalls.RandomBytes(50_000, 2));
        await first.PublishAsync("c", [3]); // So that the rows of the first two say that they are in the store.
        await first.StopAsync();
        string kept = Segments(first).First(path => path != missing);
        File.Delete(missing);
        (TestVolume second, RestoreReport report) = await first.RestoreAsync(sharesStore: true);
        await using (second)
        {
            Assert.Equal(1, report.MissingSegments);
            second.Store.Add(new StoreFault(StoreFaultKind.Fail));
            await second.FileSystem.PutAsync("lost", FileSystemCalls.RandomBytes(50_000, 4));
            await second.StopAsync();
            File.Delete(Assert.Single(Directory.GetFiles(second.StagingDirectory, "*.seg")));
            Assert.Contains((await second.CheckAsync(repair: true)).Findings, static found => found is { Kind: CheckKind.StagingMissing, Repaired: true });

            await second.OpenAsync();
            await second.StopAsync();
            File.Delete(kept); // As before, what is deleted behind its back is no such thing.
            Assert.Contains("1 of its segments", (await second.AssertRefusedAsync()).Message, StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData(false, CheckKind.SegmentMissing)] // Its file in staging comes back.
    [InlineData(true, CheckKind.SegmentShort)] // It comes back as an object.
    public async Task Open_WhatARepairGaveUpWasBroughtBackSince_CountsItAsMissingNoMore(bool isStored, CheckKind kind)
    {
        await using TestVolume first = await TestVolume.CreateAsync(TestVolumeOptions.Still);
        await first.PublishAsync("a", FileSystemCalls.RandomBytes(50_000, 1));
        string[] published = Segments(first);
        await first.PublishAsync("b", [2]); // So that the row of the first says that it is in the store.
        await first.StopAsync();
        (TestVolume second, RestoreReport report) = await first.RestoreAsync(sharesStore: true);
        await using (second)
        {
            Assert.Equal(0, report.MissingSegments);
            second.Store.Add(new StoreFault(StoreFaultKind.Fail));
            await second.FileSystem.PutAsync("lost", FileSystemCalls.RandomBytes(50_000, 4));
            await second.FileSystem.SyncAsync(default).Ok();
            await using TestVolume killed = second.CopyFiles(); // How long the segment becomes is not known yet.
            string[] before = Segments(second);
            second.Store.Heal();
            await second.DrainAsync();
            string staged = Assert.Single(Directory.GetFiles(killed.StagingDirectory, "*.seg"));
            byte[] content = File.ReadAllBytes(staged);
            File.Delete(staged);
            Assert.Contains((await killed.CheckAsync(repair: true)).Findings, static found => found is { Kind: CheckKind.StagingMissing, Repaired: true });
            if (isStored)
            {
                string stored = Assert.Single(Segments(second), path => !before.Contains(path));
                string back = CopyOf(stored);
                Directory.CreateDirectory(Path.GetDirectoryName(back)!);
                File.Copy(stored, back);
            }
            else
            {
                File.WriteAllBytes(staged, content);
            }

            Assert.Contains((await killed.CheckAsync(repair: true)).Findings, found => found.Kind == kind && found.Repaired);

            File.Delete(CopyOf(Assert.Single(published))); // As the original does, which went on.
            Assert.Contains("1 of its segments", (await killed.AssertRefusedAsync()).Message, StringComparison.Ordinal);

            string CopyOf(string path) => Path.Combine(killed.StoreDirectory, Path.GetRelativePath(second.StoreDirectory, path));
        }
    }

    [Theory]
    [InlineData("")] // The store is away.
    [InlineData("seg/")] // It does not list its segments.
    public async Task Claim_RestoredLongAgoAndItsSegmentsDeletedSince_IsNotMadeLateEither(string failing)
    {
        var time = new ManualTimeProvider();
        await using TestVolume first = await TestVolume.CreateAsync(new TestVolumeOptions { Time = time });
        await first.PublishAsync("a", FileSystemCalls.RandomBytes(50_000, 1));
        (TestVolume second, _) = await first.RestoreAsync(sharesStore: true, open: false);
        await using (second)
        {
            File.Delete(Assert.Single(Directory.GetFiles(Path.Combine(first.StoreDirectory, "seg"), "*", SearchOption.AllDirectories)));
            await second.OpenAsync(arrange: store => store.Add(new StoreFault(StoreFaultKind.Fail) { KeyPrefix = failing }));
            second.Store.Heal();

            await Eventually.TrueAsync(
                () =>
                {
                    time.Advance(TimeSpan.FromSeconds(5));
                    return second.Volume.Parts.Writer!.Fence.IsClaimed || second.Log.Count(RolledBack) > 0;
                },
                "what is missing is found out when the store answers");
            Assert.Equal("Corrupt", second.Volume.GetStatus().ClaimError);
            Assert.True(await first.Volume.Parts.Writer!.Fence.IsNewestAsync(default));

            // Nor by opening it once more.
            await second.StopAsync();
            Assert.Contains("1 of its segments", (await second.AssertRefusedAsync()).Message, StringComparison.Ordinal);
            second.TakesOver = true;
            await second.OpenAsync();
            Assert.True(second.Volume.Parts.Writer!.Fence.IsClaimed);
        }
    }

    [Fact]
    public async Task Claim_RestoredAndWrittenToWhileTheStoreIsAway_IsMadeWhenItAnswers()
    {
        var time = new ManualTimeProvider();
        await using TestVolume first = await TestVolume.CreateAsync(new TestVolumeOptions { Time = time });
        await first.PublishAsync("a", FileSystemCalls.RandomBytes(50_000, 1));
        (TestVolume second, _) = await first.RestoreAsync(sharesStore: true, open: false);
        await using (second)
        {
            await second.OpenAsync(arrange: static store => store.Add(new StoreFault(StoreFaultKind.Fail)));
            await second.FileSystem.PutAsync("b", FileSystemCalls.RandomBytes(50_000, 2)); // Staged, and in no store.
            await second.FileSystem.SyncAsync(default).Ok();
            second.Store.Heal();

            await Eventually.TrueAsync(
                () =>
                {
                    time.Advance(TimeSpan.FromSeconds(5));
                    return second.Volume.Parts.Writer!.Fence.IsClaimed || second.Log.Count(RolledBack) > 0;
                },
                "the claim is made when the store answers");
            Assert.Null(second.Volume.GetStatus().ClaimError);
            await second.DrainAsync();
            await second.AssertSoundAsync();
        }
    }

    [Fact]
    public async Task Open_OldRingUnderANewName_UsesTheLocalOne()
    {
        await using TestVolume test = await TestVolume.CreateAsync();
        await test.StopAsync();
        byte[] old = File.ReadAllBytes(test.Rings()[0]);
        using var scratch = new ScratchDirectory();
        await test.AddKeyAsync(scratch);
        byte[] local = test.ReadLocalRing();
        File.WriteAllBytes(Path.Combine(test.StoreDirectory, StoreLayout.Ring(99).Value), old);

        await test.OpenAsync();
        await test.PublishAsync("a", [1]);
        Assert.Equal(local, test.ReadLocalRing());
        (TestVolume restored, _) = await test.RestoreAsync();
        Assert.Equal(local, restored.ReadLocalRing());
        await restored.DisposeAsync();
    }

    [Theory]
    [InlineData("zzz", true)]
    [InlineData("ffffffffffffffff-0000000000000000-full", true)]
    [InlineData("zzz", false)]
    [InlineData("ffffffffffffffff-0000000000000000-full", false)]
    public async Task Open_ForgedObjectInTheStream_NeitherHidesARollbackNorMakesOne(string name, bool isRolledBack)
    {
        await using TestVolume test = await PublishedVolume.CreateAsync(TestVolumeOptions.Still);
        await test.StopAsync();
        foreach (string stream in isRolledBack ? test.Streams() : [])
        {
            File.Delete(stream);
        }

        File.WriteAllBytes(Path.Combine(test.StoreDirectory, "stream", name), new byte[5000]);
        if (isRolledBack)
        {
            await test.AssertRefusedAsync(VolumeFailure.Integrity);
            return;
        }

        await test.OpenAsync();
        await test.StopAsync();
    }

    [Fact]
    public async Task Claim_CopyWasPutBackAndTheStoreComesLate_IsNotMadeByAcceptingAnOlderStore()
    {
        var time = new ManualTimeProvider();
        await using TestVolume test = await PublishedVolume.CreateAsync(new TestVolumeOptions { Time = time });
        await using TestVolume older = test.CopyFiles(sharesStore: true);
        await test.PublishAsync("b", [2]);
        await test.StopAsync();
        older.AcceptsOlderStore = true;
        await older.OpenAsync(arrange: static store => store.Add(new StoreFault(StoreFaultKind.Fail)));
        older.Store.Heal();

        await Eventually.TrueAsync(
            () =>
            {
                time.Advance(TimeSpan.FromSeconds(5));
                return older.Log.Lines.Any(static line => line.Id.Id == RolledBack);
            },
            "that the copy is older is found out when the store answers");
        Assert.Equal("Corrupt", older.Volume.GetStatus().ClaimError);
    }

    [Fact]
    public async Task Claim_StoreComesBackAsThatOfAnotherVolume_IsNotMade()
    {
        var time = new ManualTimeProvider();
        await using TestVolume other = await TestVolume.CreateAsync();
        await using TestVolume test = await TestVolume.CreateAsync(new TestVolumeOptions { Time = time });
        await test.StopAsync();
        await test.OpenAsync(arrange: static store => store.Add(new StoreFault(StoreFaultKind.Fail)));
        foreach (string directory in Directory.GetDirectories(test.StoreDirectory))
        {
            Directory.Delete(directory, recursive: true);
        }

        TestVolume.CopyTree(other.StoreDirectory, test.StoreDirectory);
        string[] before = Claims();
        test.Store.Heal();

        await Eventually.TrueAsync(
            () =>
            {
                time.Advance(TimeSpan.FromSeconds(5));
                return test.Volume.Parts.Writer!.Fence.IsClaimed || test.Log.Count(RolledBack) > 0;
            },
            "whose store it is is found out when it answers");
        Assert.Equal("Corrupt", test.Volume.GetStatus().ClaimError);
        Assert.Equal(before, Claims());

        string[] Claims() => Directory.GetFiles(Path.Combine(test.StoreDirectory, "session"));
    }

    private static string[] Segments(TestVolume test) => Directory.GetFiles(Path.Combine(test.StoreDirectory, "seg"), "*", SearchOption.AllDirectories);
}
