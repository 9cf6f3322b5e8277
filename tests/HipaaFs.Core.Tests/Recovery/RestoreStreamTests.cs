using HipaaFs.ChangeStream;
using HipaaFs.Platform;
using HipaaFs.Recovery;
using HipaaFs.Storage;
using HipaaFs.Testing;
using HipaaFs.Testing.Storage;
using HipaaFs.Volumes;
using Microsoft.Data.Sqlite;

namespace HipaaFs.Core.Tests.Recovery;

/// <summary>What a restore does with a stream that is not what it should be, or that changes under it, and what is left when it is killed.</summary>
public sealed class RestoreStreamTests
{
    private const long HugeLength = 64L << 30;
    private const int LongRows = 330;
    private const int LongRow = 60_000;

    [Fact]
    public async Task Restore_ObjectThatClaimsToBeHuge_IsPassedOverAsDamaged()
    {
        await using TestVolume test = await PublishedVolume.CreateAsync(TestVolumeOptions.Still);
        List<string> tree = await test.FileSystem.TreeAsync();
        string huge = StoreLayout.Stream(7, 0, full: false).ToString();
        using (FileStream file = File.Create(Path.Combine(test.StoreDirectory, huge)))
        {
            file.SetLength(HugeLength); // A hole: no disk holds it.
        }

        (TestVolume restored, RestoreReport report) = await test.RestoreAsync(sharesStore: true, open: false);
        await using (restored)
        {
            Assert.Equal((1L, false), (report.UnfollowedObjects, report.IsComplete));
            File.Delete(Path.Combine(test.StoreDirectory, huge));
            await restored.OpenAsync();
            Assert.Equal(tree, await restored.FileSystem.TreeAsync());
        }
    }

    [Theory]
    [InlineData(false)] // Something else that is authentic.
    [InlineData(true)]  // Nothing at all.
    public async Task Restore_ObjectReplacedBetweenThePasses_IsRefusedAndLeavesNothing(bool isDeleted)
    {
        await using TestVolume test = await PublishedVolume.CreateAsync(TestVolumeOptions.Still);
        await test.PublishAsync("b", [2]);
        string target = "";
        VolumeException refused = await Assert.ThrowsAsync<VolumeException>(() => test.RestoreAsync(
            sharesStore: true,
            progress: new ProgressHook<RestoreProgress>(progress =>
            {
                if (progress.Stage == "change stream" && progress.Done == progress.Total)
                {
                    File.Delete(test.Streams()[1]);
                    if (!isDeleted)
                    {
                        File.Copy(test.Streams()[0], Path.Combine(test.StoreDirectory, StoreLayout.Stream(1, 1, full: false).ToString()));
                    }
                }
            }),
            arrange: restored => target = restored.VolumeDirectory));

        Assert.Equal(VolumeFailure.Integrity, refused.Failure);
        Assert.False(Directory.Exists(target));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Restore_FailsAfterAMountWasRefused_SaysWhyAndLeavesNoLog(bool existed)
    {
        string target = "";
        VolumeException refused = await FailAsync(
            restored => File.WriteAllText(Path.Combine(target = restored, "log"), "refused"),
            arrange: restored =>
            {
                if (existed)
                {
                    Directory.CreateDirectory(restored);
                }
            });

        Assert.Equal(VolumeFailure.Integrity, refused.Failure);
        Assert.Equal(existed, Directory.Exists(target));
        Assert.True(!existed || !Directory.EnumerateFileSystemEntries(target).Any(), "what was found empty is empty again");
    }

    [Theory]
    [InlineData("letter", false)] // Of somebody else.
    [InlineData("log", true)] // Not to be deleted as a file.
    public async Task Restore_FailsAndSomethingStays_SaysWhyAndKeepsTheMark(string name, bool isDirectory)
    {
        string target = "";
        VolumeException refused = await FailAsync(restored =>
        {
            target = restored;
            string path = Path.Combine(restored, name);
            if (isDirectory)
            {
                Directory.CreateDirectory(path);
                return;
            }

            File.WriteAllText(path, "a letter");
        });

        Assert.Equal(VolumeFailure.Integrity, refused.Failure);
        Assert.True(Path.Exists(Path.Combine(target, name)));
        Assert.True(File.Exists(VolumeOptions.RestoringPath(target)));
    }

    [Fact]
    public async Task Restore_KilledInTheMiddle_DoesNotOpenAndIsDoneAgain()
    {
        await using TestVolume test = await PublishedVolume.CreateAsync(TestVolumeOptions.Still);
        await test.PublishAsync("b", [2]);
        using var killed = new ScratchDirectory();
        string target = "";
        (TestVolume whole, _) = await test.RestoreAsync(
            open: false,
            progress: new ProgressHook<RestoreProgress>(progress =>
            {
                if (progress is { Stage: "metadata", Done: 1 })
                {
                    TestVolume.CopyTree(target, killed["volume"]); // A killed process keeps the page cache, so that this is what it leaves behind.
                }
            }),
            arrange: restored => target = restored.VolumeDirectory);
        await whole.DisposeAsync();

        (TestVolume again, RestoreReport report) = await test.RestoreAsync(open: false, arrange: restored => TestVolume.CopyTree(killed["volume"], restored.VolumeDirectory));
        await using (again)
        {
            Assert.Equal(3, report.Inodes);
            await again.OpenAsync();
            Assert.Equal(await test.FileSystem.TreeAsync(), await again.FileSystem.TreeAsync());
            await again.AssertSoundAsync();
        }

        TestVolume half = test.CopyFiles();
        await using (half)
        {
            Directory.Delete(half.VolumeDirectory, recursive: true);
            TestVolume.CopyTree(killed["volume"], half.VolumeDirectory);
            await half.AssertRefusedAsync();
            Assert.Equal(VolumeFailure.Refused, (await Assert.ThrowsAsync<VolumeException>(() => half.CheckAsync())).Failure);
            string[] rings = half.Rings();
            Assert.Equal(VolumeFailure.Refused, (await Assert.ThrowsAsync<VolumeException>(() => half.AddKeyAsync(killed))).Failure);
            using (FileLock.TryAcquire(VolumeOptions.LockPath(half.VolumeDirectory)))
            {
                using var other = new ScratchDirectory();
                VolumeException restoring = await Assert.ThrowsAsync<VolumeException>(() => half.AddKeyAsync(other));
                Assert.Equal(VolumeFailure.HeldByAnother, restoring.Failure);
            }

            Assert.Equal(rings, half.Rings());
        }
    }

    [Theory]
    [InlineData("letter")]
    [InlineData("keyring-old")]
    [InlineData("volume.yaml-before")]
    [InlineData("ballast-1")]
    [InlineData("metadata.db-copy")]
    [InlineData("keyring-wal")]
    [InlineData("restoring-1")]
    [InlineData(".keyring.bak")]
    [InlineData(".volume.yaml.swp")]
    [InlineData(".metadata.db.abcdefgh.xyz")] // The database is never replaced.
    public async Task Restore_BesideSomethingElse_IsRefusedAndKeepsIt(string name)
    {
        await using TestVolume test = await PublishedVolume.CreateAsync(TestVolumeOptions.Still);
        string kept = "";
        VolumeException refused = await Assert.ThrowsAsync<VolumeException>(() => test.RestoreAsync(arrange: restored =>
        {
            Directory.CreateDirectory(restored.VolumeDirectory);
            File.WriteAllText(VolumeOptions.RestoringPath(restored.VolumeDirectory), "");
            kept = Path.Combine(restored.VolumeDirectory, name);
            File.WriteAllText(kept, "a letter");
        }));

        Assert.Equal(VolumeFailure.NotEmpty, refused.Failure);
        Assert.Equal("a letter", File.ReadAllText(kept));
    }

    [Fact]
    public async Task Restore_BesideWhatACutOffRestoreLeaves_RemovesIt()
    {
        await using TestVolume test = await PublishedVolume.CreateAsync(TestVolumeOptions.Still);
        string[] left = ["metadata.db-wal", "metadata.db-shm", "metadata.db-journal", "ballast", Replacement("restoring"), Replacement("keyring"), Replacement("volume.yaml")];
        (TestVolume restored, RestoreReport report) = await test.RestoreAsync(open: false, arrange: arranged =>
        {
            Directory.CreateDirectory(arranged.VolumeDirectory);
            File.WriteAllText(VolumeOptions.RestoringPath(arranged.VolumeDirectory), "");
            Assert.All(left, name => File.WriteAllText(Path.Combine(arranged.VolumeDirectory, name), "left"));
        });
        await using (restored)
        {
            Assert.True(report.IsComplete);
            Assert.All(left, name => Assert.False(IsLeft(Path.Combine(restored.VolumeDirectory, name))));
            await restored.OpenAsync();
            Assert.Equal(await test.FileSystem.TreeAsync(), await restored.FileSystem.TreeAsync());
        }

        static string Replacement(string name) => $".{name}.{Path.GetRandomFileName()}";

        static bool IsLeft(string path) => File.Exists(path) && new FileInfo(path).Length == "left".Length;
    }

    [Fact]
    public async Task Publish_CommitLongerThanAnObject_IsSplitAndRestored()
    {
        await using TestVolume test = await TestVolume.CreateAsync(TestVolumeOptions.Still);
        await test.PublishAsync("a", [1]);
        await MakeLongRowsAsync(test);
        await test.DrainAsync();
        string[] objects = test.Streams();

        Assert.All(objects[1..], static path => Assert.False(PublishedVolume.IsFull(path)));
        Assert.True(objects[1..].Sum(static path => new FileInfo(path).Length) > LongRows * LongRow);
        Assert.All(objects, static path => Assert.InRange(new FileInfo(path).Length, 0, StreamObjectWriter.MaxPlaintext + (StreamObjectWriter.MaxPlaintext >> 8)));
        (TestVolume restored, RestoreReport report) = await test.RestoreAsync();
        await using (restored)
        {
            Assert.True(report.IsComplete);
            Assert.Equal(await test.FileSystem.TreeAsync(), await restored.FileSystem.TreeAsync());
        }
    }

    [Fact]
    public async Task Publish_AllRowsWhileTheStoreIsSlow_LetsTheDatabasesLogBeBegunAnew()
    {
        await using TestVolume test = await TestVolume.CreateAsync();
        await MakeLongRowsAsync(test);
        await test.FileSystem.SyncAsync(default).Ok();
        test.Store.Add(new StoreFault(StoreFaultKind.Hang) { Verb = StoreVerb.PutFile, KeyPrefix = "stream/" });
        using var stop = new CancellationTokenSource();
        Task<StoreError> publishing = test.Volume.Parts.Writer!.Publisher.PublishAsync(stop.Token);
        await Eventually.TrueAsync(() => test.Store.Struck > 0 || publishing.IsCompleted, "the first object is on its way");

        await test.FileSystem.PutAsync("meanwhile", [1]);
        await test.FileSystem.SyncAsync(default).Ok();
        await Eventually.TrueAsync(() => IsLogFree(test), "no reader holds the log");
        Assert.False(publishing.IsCompleted);
        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => publishing);
        Assert.Empty(Directory.EnumerateFiles(test.StagingDirectory, "stream-*"));
        test.Store.Heal();
        await test.DrainAsync();
        (TestVolume restored, _) = await test.RestoreAsync();
        await using (restored)
        {
            Assert.Equal(await test.FileSystem.TreeAsync(), await restored.FileSystem.TreeAsync());
        }
    }

    // A restore whose last object is deleted when it was checked and is not read yet; says why it failed.
    private static async Task<VolumeException> FailAsync(Action<string> meanwhile, Action<string>? arrange = null)
    {
        await using TestVolume test = await PublishedVolume.CreateAsync(TestVolumeOptions.Still);
        await test.PublishAsync("b", [2]);
        string target = "";
        return await Assert.ThrowsAsync<VolumeException>(() => test.RestoreAsync(
            sharesStore: true,
            progress: new ProgressHook<RestoreProgress>(progress =>
            {
                if (progress.Stage == "change stream" && progress.Done == progress.Total)
                {
                    File.Delete(test.Streams()[1]);
                    meanwhile(target);
                }
            }),
            arrange: restored =>
            {
                target = restored.VolumeDirectory;
                arrange?.Invoke(target);
            }));
    }

    // More than one object of the stream holds.
    private static async Task MakeLongRowsAsync(TestVolume test)
    {
        byte[] value = FileSystemCalls.RandomBytes(LongRow, 1);
        for (int i = 0; i < LongRows; i++)
        {
            CreatedFile made = await test.FileSystem.CreateAsync($"file{i}");
            await test.FileSystem.SetXattrAsync(made.Attributes.Id, "user.large"u8.ToArray(), value, XattrMode.Any, false, default).Ok();
            await test.FileSystem.CloseAsync(made.Handle);
        }
    }

    // Whether the log could be emptied: the first column says that somebody still reads, or writes, what is older.
    private static bool IsLogFree(TestVolume test)
    {
        using var database = new SqliteConnection($"Data Source={Path.Combine(test.VolumeDirectory, "metadata.db")};Pooling=False");
        database.Open();
        using SqliteCommand command = database.CreateCommand();
        command.CommandText = "PRAGMA wal_checkpoint(TRUNCATE)";
        return (long)command.ExecuteScalar()! == 0;
    }
}
