using HipaaFs.Testing.Mounts;
using Xunit;

namespace HipaaFs.Mount.Tests.Refusals;

/// <summary>A disk that is full is said to be full, and loses nothing that was promised.</summary>
public sealed class FullDiskTests
{
    private const string KeepSomething = "head -c 1000000 /dev/urandom > kept && sync kept && sha256sum kept > sum && sync sum .";

    [Fact]
    public async Task Initialise_DiskTooSmall_FailsAndLeavesNothing()
    {
        await using SmallDisk disk = await SmallDisk.MountAsync("256k");
        await using MountedVolume volume = await MountedVolume.CreateAsync(new MountedVolumeOptions { Mount = false });
        string target = Path.Combine(disk.Path, "volume");

        ProcessOutcome outcome = await volume.RunAsync("init", target, "--no-recovery-key");

        Assert.False(outcome.Succeeded, "256 KiB were enough");
        Assert.Matches("(?i)space", outcome.Error);
        Assert.False(Directory.Exists(target) && Directory.EnumerateFileSystemEntries(target).Any(), "something was left behind");
    }

    [Fact]
    public async Task Write_DiskFull_FailsAndKeepsWhatWasSynced()
    {
        await using SmallDisk disk = await SmallDisk.MountAsync("300m");
        await using MountedVolume volume = await CreateOnAsync(disk);
        await volume.ShellAsync(KeepSomething);

        ProcessOutcome filled = await FillAsync(volume);

        Assert.False(filled.TimedOut, "the writer hangs");
        Assert.False(filled.Succeeded, "500 MB fitted into 300 MB");
        Assert.Contains("No space left on device", filled.Error, StringComparison.Ordinal);
        await volume.ShellAsync("sha256sum -c sum && rm filler && test ! -e filler");
        await disk.ResizeAsync("900m");
        await volume.ShellAsync("head -c 50M /dev/urandom > again && sync again && sha256sum -c sum");
        await volume.TerminateAsync();
        (await volume.RunAsync("fsck", volume.Volume)).EnsureSucceeded();
        await volume.MountAsync();
        await volume.ShellAsync("sha256sum -c sum && test $(stat -c %s again) = 52428800");
    }

    [Fact]
    public async Task Kill_DiskFull_MountsAgainOnceThereIsRoom()
    {
        await using SmallDisk disk = await SmallDisk.MountAsync("300m");
        await using MountedVolume volume = await CreateOnAsync(disk);
        await volume.ShellAsync(KeepSomething);
        await FillAsync(volume);

        await volume.KillAsync();
        await volume.DetachAsync();

        // Without room for its database a volume need not mount, but then it says why.
        ProcessOutcome full = await volume.RunAsync("mount", volume.Volume, volume.Root);
        if (full.Succeeded)
        {
            (await volume.RunAsync("umount", volume.Root, "--now")).EnsureSucceeded();
        }
        else
        {
            Assert.Matches("(?i)full|space|room", full.Error);
        }

        await disk.ResizeAsync("900m");
        await volume.MountAsync();
        await volume.ShellAsync("sha256sum -c sum && echo more > more && sync more");
        await volume.TerminateAsync();
        (await volume.RunAsync("fsck", volume.Volume)).EnsureSucceeded();
    }

    [Fact]
    public async Task Terminate_WrittenDataCannotBeCommitted_EndsWithOneAndSaysSo()
    {
        await using SmallDisk disk = await SmallDisk.MountAsync("300m");
        await using MountedVolume volume = await CreateOnAsync(disk);
        await volume.ShellAsync(KeepSomething);
        ProcessOutcome filled = await Shell.RunAsync("cat /dev/zero > filler", disk.Path);
        Assert.False(filled.Succeeded, "the disk has no end");

        // Nobody asked for it to be durable. It is more than the ballast and the database give back; where it hits the end at once, the writer learns that.
        await volume.ShellAsync("head -c 100M /dev/urandom > late || true");


        Assert.Equal(1, await volume.TerminateAsync());
        Assert.Contains("commit what was written before the mount ended: NoSpace", volume.Log, StringComparison.Ordinal);
        await disk.ResizeAsync("900m");
        (await volume.RunAsync("fsck", volume.Volume)).EnsureSucceeded();
        await volume.MountAsync();
        await volume.ShellAsync("sha256sum -c sum");
    }

    private static Task<ProcessOutcome> FillAsync(MountedVolume volume)
    {
        return Shell.RunAsync("head -c 500M /dev/urandom > filler && sync filler", volume.Root, ChildProcess.LongTimeout);
    }

    private static Task<MountedVolume> CreateOnAsync(SmallDisk disk)
    {
        return MountedVolume.CreateAsync(new MountedVolumeOptions
        {
            VolumeParent = disk.Path,
            SeparateStore = false,
            Configuration = "staging:\n  when_full: no_space\n",
        });
    }
}
