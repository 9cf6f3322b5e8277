using HipaaFs.Testing.Mounts;
using Xunit;

namespace HipaaFs.Mount.Tests.Scrubbing;

/// <summary>The command that reads everything in the store.</summary>
public sealed class ScrubTests
{
    [Fact]
    public async Task Scrub_ObjectsDamaged_RepairsWhatTheCacheHasAndNamesTheRest()
    {
        await using MountedVolume volume = await MountedVolume.CreateAsync();
        await volume.ShellAsync("head -c 3000000 /dev/urandom > first && sha256sum first > /dev/null");
        string inode = (await volume.ShellAsync("stat -c %i first")).Trim();
        await volume.UnmountAsync();
        string path = Assert.Single(Directory.GetFiles(Path.Combine(volume.Store, "seg"), "*", SearchOption.AllDirectories));
        byte[] whole = await File.ReadAllBytesAsync(path);
        byte[] damaged = (byte[])whole.Clone();
        damaged[1_000_000] ^= 1;
        File.Delete(path);
        await File.WriteAllBytesAsync(path, damaged);
        await volume.MountAsync();

        ProcessOutcome repaired = (await volume.RunAsync("scrub", volume.Root, "--bandwidth", "1GiB")).EnsureSucceeded();
        Assert.Contains("repaired  segment", repaired.Text, StringComparison.Ordinal);
        Assert.Contains("damaged in 1 frames", repaired.Text, StringComparison.Ordinal);
        Assert.Equal(whole, await File.ReadAllBytesAsync(path));

        await volume.UnmountAsync();
        await Shell.CheckAsync("rm -rf volume/cache", volume.Work);
        File.Delete(path);
        await File.WriteAllBytesAsync(path, damaged);
        await volume.MountAsync();
        ProcessOutcome left = await volume.RunAsync("scrub", volume.Root);
        Assert.True(left.ExitCode == 6, left.Describe());
        Assert.Contains($"inode {inode}: 16384 bytes cannot be read", left.Text, StringComparison.Ordinal);
        Assert.Contains("scrub", left.Error, StringComparison.Ordinal); // Its progress.
        left = await volume.RunAsync("scrub", volume.Root, "--json");
        Assert.Contains($"\"files\":[{{\"inode\":{inode},\"bytes\":16384}}]", left.Text, StringComparison.Ordinal);

        await File.WriteAllBytesAsync(path, whole);
        ProcessOutcome sound = (await volume.RunAsync("scrub", volume.Root)).EnsureSucceeded();
        Assert.Contains("Everything is as it was written.", sound.Text, StringComparison.Ordinal);
        Assert.Equal(2, (await volume.RunAsync("scrub", volume.Root, "--bandwidth", "fast")).ExitCode);
    }
}
