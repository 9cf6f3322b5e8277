using HipaaFs.Metadata;
using HipaaFs.Metadata.Sqlite;
using HipaaFs.Staging;
using HipaaFs.Testing;

namespace HipaaFs.Core.Tests.Durability;

public sealed class CrashTests
{
    [Fact]
    public async Task Fsync_OfOneFileAmongMany_SurvivesACrash()
    {
        await using TestVolume test = await TestVolume.CreateAsync();
        for (int i = 0; i < 50; i++)
        {
            await test.FileSystem.PutAsync($"f{i}", FileSystemCalls.RandomBytes(5000, i));
        }

        await test.FileSystem.FsyncAsync("f20");
        await using TestVolume crashed = await test.CrashAsync();

        Assert.Equal(FileSystemCalls.RandomBytes(5000, 20), await crashed.FileSystem.GetAsync("f20"));
        await crashed.AssertSoundAsync();
    }

    [Fact]
    public async Task Sync_OfManyFiles_SurvivesACrashWholly()
    {
        await using TestVolume test = await TestVolume.CreateAsync();
        for (int i = 0; i < 1500; i++)
        {
            await test.FileSystem.PutAsync($"f{i}", FileSystemCalls.RandomBytes(100 + (i * 7), i));
        }

        await test.FileSystem.SyncAsync(default).Ok();
        await using TestVolume crashed = await test.CrashAsync();
        for (int i = 0; i < 1500; i++)
        {
            FileSystemCalls.AssertSame(FileSystemCalls.RandomBytes(100 + (i * 7), i), await crashed.FileSystem.GetAsync($"f{i}"), $"f{i}");
        }

        // The unfinished segment is copied into a new one, under which everything is still there.
        await crashed.DrainAsync();
        Assert.Empty(crashed.Volume.Parts.Staging.Stranded);
        Assert.Equal(0, crashed.Volume.GetStatus().StagedSegments);
        (TestVolume restored, _) = await crashed.RestoreAsync();
        await using (restored)
        {
            Assert.Equal(await crashed.FileSystem.TreeAsync(), await restored.FileSystem.TreeAsync());
        }

        await crashed.AssertSoundAsync();
    }

    [Fact]
    public async Task Crash_WithoutFsync_LeavesAPrefixAndNeverZeros()
    {
        await using TestVolume test = await TestVolume.CreateAsync();
        const int Files = 100_000; // More than a round makes, so that each has names of its own.
        for (int round = 0; round < 4; round++)
        {
            int number = round * Files;
            ulong before = test.Volume.GetStatus().DurableSequence;
            using var stop = new CancellationTokenSource();
            Task writing = Task.Run(async () =>
            {
                for (; !stop.IsCancellationRequested; number++)
                {
                    await test.FileSystem.PutAsync($"f{number:d6}", Content(number));
                    await Task.Delay(number % 3);
                }
            });

            // In the middle of writing, when some of it is durable.
            await Eventually.TrueAsync(() => test.Volume.GetStatus().DurableSequence > before, "a commit");
            await using TestVolume crashed = test.CopyFiles();
            await stop.CancelAsync();
            await writing;
            await crashed.OpenAsync();
            foreach ((string name, InodeAttributes inode) in await crashed.FileSystem.ListAsync(InodeId.Root))
            {
                byte[] expected = Content(int.Parse(name.AsSpan(1), System.Globalization.CultureInfo.InvariantCulture));
                byte[] actual = await crashed.FileSystem.GetAsync(name);
                Assert.True(actual.Length == inode.Size && actual.Length <= expected.Length, name);
                FileSystemCalls.AssertSame(expected[..actual.Length], actual, name);
            }

            await crashed.DrainAsync();
            await crashed.AssertSoundAsync();
        }

        static byte[] Content(int i) => FileSystemCalls.RandomBytes(1 + (i * 997 % 60_000), i);
    }

    [Fact]
    public void Close_ThenNobodyAsking_IsMeantToBeDurableWithinASecond()
    {
        // Of age, found by the next look, committed by the next commit; the rest of the second is for the disk.
        TimeSpan longest = Writeback.MaxAge + Writeback.Tick + new SqliteMetadataOptions { Directory = "/" }.CommitInterval;

        Assert.True(longest <= TimeSpan.FromMilliseconds(850), $"{longest}");
    }

    [Fact]
    public async Task Close_ThenNobodyAsking_SurvivesACrash()
    {
        await using TestVolume test = await TestVolume.CreateAsync();
        byte[] content = FileSystemCalls.RandomBytes(123_456, 1);
        await test.FileSystem.PutAsync("a", content);
        await Eventually.TrueAsync(() => test.Volume.GetStatus().DirtyBytes == 0, "the written bytes leave memory");
        CommitSequence applied = test.Volume.Parts.Metadata.Applied;
        await Eventually.TrueAsync(() => test.Volume.Parts.Metadata.Durable >= applied, "their rows are committed");
        await using TestVolume crashed = await test.CrashAsync();

        Assert.Equal(content, await crashed.FileSystem.GetAsync("a"));
    }

    [Fact]
    public async Task Crash_OfACrashedVolume_LosesNothingThatWasSynced()
    {
        TestVolume test = await TestVolume.CreateAsync();
        for (int round = 0; round < 5; round++)
        {
            await test.FileSystem.PutAsync($"f{round}", FileSystemCalls.RandomBytes(40_000, round));
            await test.FileSystem.SyncAsync(default).Ok();
            TestVolume crashed = await test.CrashAsync();
            await test.DisposeAsync();
            test = crashed;
            for (int i = 0; i <= round; i++)
            {
                Assert.Equal(FileSystemCalls.RandomBytes(40_000, i), await test.FileSystem.GetAsync($"f{i}"));
            }
        }

        await test.AssertSoundAsync();
        await test.DisposeAsync();
    }
}
