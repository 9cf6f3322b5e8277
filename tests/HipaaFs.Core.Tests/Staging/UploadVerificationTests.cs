using System.Security.Cryptography;
using HipaaFs.Recovery;
using HipaaFs.Staging;
using HipaaFs.Storage;
using HipaaFs.Testing;
using HipaaFs.Testing.Storage;
using HipaaFs.Volumes;

namespace HipaaFs.Core.Tests.Staging;

/// <summary>Staging lets go of what the store proves to have, and of nothing else.</summary>
public sealed class UploadVerificationTests
{
    private static readonly ObjectKey Key = new("seg/ab/one");

    [Fact]
    public async Task Upload_WrongBytesStored_IsNotBelievedAndTriedAgain()
    {
        await using TestVolume test = await TestVolume.CreateAsync();
        byte[] content = FileSystemCalls.RandomBytes(100_000, 1);
        Task<string?> draining = await UploadSpoiltAsync(test, content);

        Assert.Equal(1, test.Volume.GetStatus().StagedSegments);
        Assert.Equal(content, await test.FileSystem.GetAsync("a"));
        test.Store.Heal();
        Assert.Null(await draining);
        await AssertRestorableAsync(test, content);
    }

    [Fact]
    public async Task Open_AfterACrashWithWrongBytesStored_PutsTheRightOnes()
    {
        await using TestVolume test = await TestVolume.CreateAsync();
        byte[] content = FileSystemCalls.RandomBytes(100_000, 1);
        Task<string?> draining = await UploadSpoiltAsync(test, content);
        await using TestVolume crashed = await test.CrashAsync();
        await crashed.DrainAsync();

        await AssertRestorableAsync(crashed, content);
        test.Store.Heal();
        Assert.Null(await draining);
    }

    [Fact]
    public async Task Open_StagedFileDamagedAndObjectAnother_OverwritesNothing()
    {
        await using TestVolume test = await TestVolume.CreateAsync();
        byte[] content = FileSystemCalls.RandomBytes(100_000, 1);
        Task<string?> draining = await UploadSpoiltAsync(test, content);
        await using TestVolume crashed = test.CopyFiles();
        string staged = Assert.Single(Directory.GetFiles(crashed.StagingDirectory, "*.seg"));
        byte[] bytes = File.ReadAllBytes(staged);
        string stored = Assert.Single(Directory.GetFiles(Path.Combine(crashed.StoreDirectory, "seg"), "*", SearchOption.AllDirectories));
        File.WriteAllBytes(stored, bytes); // The store has it right after all, the disk of staging has not any more.
        bytes[200] ^= 1;
        File.WriteAllBytes(staged, bytes);
        byte[] before = File.ReadAllBytes(stored);
        await crashed.OpenAsync();
        await Eventually.TrueAsync(() => crashed.Volume.GetStatus().UploadError == "Corrupt", "the damaged file is not believed");

        Assert.Equal(before, File.ReadAllBytes(stored));
        test.Store.Heal();
        Assert.Null(await draining);
    }

    [Fact]
    public async Task Upload_AnsweredAndNotThereAfterwards_IsTriedAgain()
    {
        await using TestVolume test = await TestVolume.CreateAsync();
        byte[] content = FileSystemCalls.RandomBytes(100_000, 1);
        test.Store.Add(new StoreFault(StoreFaultKind.Lose) { Verb = StoreVerb.PutFile, KeyPrefix = "seg/", Count = 1 });
        await test.FileSystem.PutAsync("a", content);
        await test.DrainAsync();

        Assert.Equal(1, test.Store.Struck);
        await AssertRestorableAsync(test, content);
    }

    // A store on the filesystem of staging keeps the staged file itself: what damages one damages both, and is seen while something can be done about it.
    [Theory]
    [InlineData(false)]
    [InlineData(true)] // Nobody remembers the checksum; the keys tell.
    public async Task Upload_StagedFileDamagedBeforeAStoreLinksIt_IsNotTakenForDone(bool afterACrash)
    {
        await using TestVolume test = await TestVolume.CreateAsync(TestVolumeOptions.Still);
        byte[] content = FileSystemCalls.RandomBytes(100_000, 1);
        test.Store.Add(new StoreFault(StoreFaultKind.Fail) { Verb = StoreVerb.PutFile, KeyPrefix = "seg/" });
        await test.FileSystem.PutAsync("a", content);
        await test.FileSystem.SyncAsync(default).Ok();
        Assert.Equal(FsError.None, await test.Volume.Parts.Writer!.Writeback.FinishSegmentsAsync());
        await Eventually.TrueAsync(() => test.Volume.GetStatus().UploadError is not null, "the first try fails");
        await test.FileSystem.SyncAsync(default).Ok(); // So that a crash leaves the segment as a finished one.
        await using TestVolume? crashed = afterACrash ? await test.CrashAsync(FlipBit) : null;
        TestVolume last = crashed ?? test;
        if (crashed is null)
        {
            FlipBit(test);
            test.Store.Heal();
            test.Volume.Parts.Writer.Uploader.RetryNow();
        }

        await Eventually.TrueAsync(
            () => last.Volume.GetStatus() is { UploadError: "Corrupt" } or { StagedSegments: 0 }, "the store has what is damaged, or it is not believed");

        Assert.Equal(1, last.Volume.GetStatus().StagedSegments);
        Assert.True(Assert.Single(last.Volume.Parts.Writer!.Uploader.ListFailed(2)).IsHopeless);
        Assert.Equal(default, last.Volume.Parts.Writer.Publisher.PublishedSequence);
        FlipBit(last); // As a disk that gives what it was given after all.
        last.Volume.Parts.Writer.Uploader.RetryNow();
        await last.DrainAsync();
        await AssertRestorableAsync(last, content);
    }

    [Fact]
    public async Task CheckAnswer_StoreThatCopiesAndSaysNothing_IsReadBack()
    {
        var store = new MemoryObjectStore();
        byte[] content = FileSystemCalls.RandomBytes(3_000_000, 1);
        ReadOnlyMemory<byte> digest = SHA256.HashData(content);
        ObjectProperties silent = (await store.PutAsync(Key, content, PutCondition.None, default)).Value with { Sha256 = default };
        var verification = new UploadVerification(store);
        Assert.Equal(StoreError.None, await verification.CheckAnswerAsync(silent, content.Length, () => digest, default));

        content[^1] ^= 1;
        await store.PutAsync(Key, content, PutCondition.None, default);
        Assert.Equal(StoreError.Corrupt, await verification.CheckAnswerAsync(silent, content.Length, () => digest, default));
        Assert.Equal(StoreError.Corrupt, await verification.CheckAnswerAsync(silent, content.Length, static () => default, default));
        await store.DeleteAsync(Key, EntityTag.Any, default);
        Assert.Equal(StoreError.NotFound, await verification.CheckAnswerAsync(silent, content.Length, () => digest, default));
    }

    // In place: the file stays the one that the store may have linked.
    private static void FlipBit(TestVolume test)
    {
        using FileStream file = File.Open(Assert.Single(Directory.GetFiles(test.StagingDirectory, "*.seg")), FileMode.Open, FileAccess.ReadWrite);
        file.Position = 200;
        int value = file.ReadByte();
        file.Position = 200;
        file.WriteByte((byte)(value ^ 1));
    }

    private static async Task<Task<string?>> UploadSpoiltAsync(TestVolume test, byte[] content)
    {
        test.Store.Add(new StoreFault(StoreFaultKind.Flip) { Verb = StoreVerb.PutFile, KeyPrefix = "seg/" });
        await test.FileSystem.PutAsync("a", content);
        Task<string?> draining = test.Volume.DrainAsync(new Progress<DrainProgress>(), default);
        await Eventually.TrueAsync(() => test.Volume.GetStatus().UploadError == "Corrupt", "wrong bytes are not believed");
        await test.FileSystem.SyncAsync(default).Ok(); // So that a crash leaves the segment as a finished one.
        return draining;
    }

    private static async Task AssertRestorableAsync(TestVolume test, byte[] content)
    {
        (TestVolume restored, RestoreReport report) = await test.RestoreAsync();
        await using (restored)
        {
            Assert.True(report.IsComplete);
            FileSystemCalls.AssertSame(content, await restored.FileSystem.GetAsync("a"));
        }

        await test.AssertSoundAsync();
    }
}
