using HipaaFs.Metadata;
using HipaaFs.Recovery;
using HipaaFs.Volumes;
using Microsoft.Extensions.Logging.Abstractions;

namespace HipaaFs.Core.Tests.Recovery;

public sealed class RestoreTests
{
    [Fact]
    public async Task Restore_FromTheStoreAlone_BringsTheWholeTreeBack()
    {
        await using TestVolume test = await TestVolume.CreateAsync();
        await MakeTreeAsync(test.FileSystem, 0);
        await test.DrainAsync();
        (TestVolume restored, RestoreReport report) = await test.RestoreAsync();
        await using (restored)
        {
            Assert.Equal(await test.FileSystem.TreeAsync(), await restored.FileSystem.TreeAsync());
            Assert.Equal((test.Id, 0L), (report.VolumeId, report.MissingSegments));
            await restored.FileSystem.PutAsync("after", [1]);
            await restored.DrainAsync();
            await restored.AssertSoundAsync();
        }
    }

    [Fact]
    public async Task Restore_OfAChainOverPublicationsSessionsAndCrashes_IsTheNewestState()
    {
        TestVolume test = await TestVolume.CreateAsync();
        for (int round = 0; round < 6; round++)
        {
            await MakeTreeAsync(test.FileSystem, round);
            if (round > 0)
            {
                await test.FileSystem.UnlinkAsync(InodeId.Root, FileSystemCalls.Bytes($"file{round - 1}"), default).Ok();
                await test.FileSystem.RenameAsync(
                    InodeId.Root, FileSystemCalls.Bytes($"dir{round - 1}"), InodeId.Root, FileSystemCalls.Bytes($"old{round - 1}"), RenameMode.Replace, default).Ok();
            }

            await test.DrainAsync();
            (TestVolume restored, _) = await test.RestoreAsync();
            await using (restored)
            {
                Assert.Equal(await test.FileSystem.TreeAsync(), await restored.FileSystem.TreeAsync());
            }

            if (round % 3 == 1)
            {
                await test.ReopenAsync();
            }

            if (round % 3 == 2)
            {
                TestVolume crashed = await test.CrashAsync();
                await test.DisposeAsync();
                test = crashed;
            }
        }

        Assert.Contains(Directory.EnumerateFiles(Path.Combine(test.StoreDirectory, "stream")), static path => path.EndsWith("-incr", StringComparison.Ordinal));
        await test.AssertSoundAsync();
        await test.DisposeAsync();
    }

    [Fact]
    public async Task Publish_NothingNew_PutsNothing()
    {
        await using TestVolume test = await TestVolume.CreateAsync(TestVolumeOptions.Still);
        await test.FileSystem.PutAsync("a", [1]);
        await test.DrainAsync();
        await test.DrainAsync();
        string[] published = Directory.GetFiles(Path.Combine(test.StoreDirectory, "stream"));
        DateTimeOffset point = test.Volume.GetStatus().RecoveryPoint;
        await test.DrainAsync();

        Assert.Equal(published, Directory.GetFiles(Path.Combine(test.StoreDirectory, "stream")));
        Assert.True(test.Volume.GetStatus().RecoveryPoint >= point);
        Assert.Single(published);
        await test.FileSystem.PutAsync("b", [2]);
        await test.DrainAsync();
        Assert.Equal(2, Directory.GetFiles(Path.Combine(test.StoreDirectory, "stream")).Length);
    }

    [Fact]
    public async Task Restore_ChainDamaged_TakesTheNewestPointBeforeTheDamage()
    {
        await using TestVolume test = await TestVolume.CreateAsync(TestVolumeOptions.Still);
        await test.FileSystem.PutAsync("a", [1]);
        await test.DrainAsync();
        List<string> first = await test.FileSystem.TreeAsync();
        await test.FileSystem.PutAsync("b", [2]);
        await test.DrainAsync();
        string newest = Directory.GetFiles(Path.Combine(test.StoreDirectory, "stream")).Order(StringComparer.Ordinal).Last();
        byte[] content = File.ReadAllBytes(newest);
        content[100] ^= 1;
        File.WriteAllBytes(newest, content);

        (TestVolume restored, _) = await test.RestoreAsync();
        await using (restored)
        {
            Assert.Equal(first, await restored.FileSystem.TreeAsync());
        }
    }

    [Fact]
    public async Task Restore_OlderThanAskedFor_IsRefusedAndLeavesNothing()
    {
        await using TestVolume test = await TestVolume.CreateAsync();
        await test.FileSystem.PutAsync("a", [1]);
        await test.DrainAsync();
        string target = test.VolumeDirectory + "-restored";
        VolumeException refused = await Assert.ThrowsAsync<VolumeException>(() => RestoreTo(test, target, 1_000_000));

        Assert.Equal(VolumeFailure.Refused, refused.Failure);
        Assert.False(Directory.Exists(target));
    }

    [Fact]
    public async Task Restore_WithoutABackupPoint_SaysSo()
    {
        await using TestVolume test = await TestVolume.CreateAsync(TestVolumeOptions.Still);
        VolumeException refused = await Assert.ThrowsAsync<VolumeException>(() => RestoreTo(test, test.VolumeDirectory + "-restored", null));

        Assert.Equal(VolumeFailure.NotFound, refused.Failure);
    }

    private static Task<RestoreReport> RestoreTo(TestVolume test, string directory, ulong? least) => VolumeRestore.RunAsync(
        test.Url,
        test.Key,
        directory,
        new RestoreOptions { AtLeastGeneration = least },
        NullLoggerFactory.Instance,
        TimeProvider.System,
        new Progress<RestoreProgress>(),
        default);

    private static async Task MakeTreeAsync(HipaaFileSystem files, int round)
    {
        await files.PutAsync($"file{round}", FileSystemCalls.RandomBytes(100_000 + round, round));
        InodeAttributes directory = await files.MakeDirectoryAsync($"dir{round}");
        for (int i = 0; i < 20; i++)
        {
            await files.PutAsync($"small{i}", FileSystemCalls.RandomBytes(i * 1000, i), directory.Id);
        }

        await files.MakeSymbolicLinkAsync(directory.Id, "link"u8, "../file"u8, FileSystemCalls.Someone, default).Ok();
        InodeAttributes linked = await files.LookupAsync($"file{round}");
        await files.LinkAsync(linked.Id, directory.Id, "hard"u8, default).Ok();
        await files.SetXattrAsync(linked.Id, "user.round"u8.ToArray(), new byte[] { (byte)round }, XattrMode.Any, false, default).Ok();
    }
}
