using HipaaFs.Testing.Mounts;
using Xunit;

namespace HipaaFs.Mount.Tests.Refusals;

/// <summary>A disk that is full is said to be full, and loses nothing that was promised.</summary>
public sealed class FullDiskTests
{
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
        await using MountedVolume volume = await MountedVolume.CreateAsync(new MountedVolumeOptions
        {
            VolumeParent = disk.Path,
            SeparateStore = false,
            Configuration = "staging:\n  when_full: no_space\n",
        });
        await volume.ShellAsync("head -c 1000000 /dev/urandom > kept && sync kept && sha256sum kept > sum && sync sum");

        ProcessOutcome filled = await Shell.RunAsync("head -c 500M /dev/urandom > filler && sync filler", volume.Root, TimeSpan.FromSeconds(180));

        Assert.False(filled.TimedOut, "the writer hangs");
        Assert.False(filled.Succeeded, "500 MB fitted into 300 MB");
        await volume.ShellAsync("sha256sum -c sum");
        await volume.ShellAsync("rm filler && echo again > again && sync again && cat again");
        await volume.TerminateAsync();
        (await volume.RunAsync("fsck", volume.Volume)).EnsureSucceeded();
        await volume.MountAsync();
        await volume.ShellAsync("sha256sum -c sum && test \"$(cat again)\" = again");
    }

    [Fact]
    public async Task Write_DiskFullAndDaemonKilled_MountsAgain()
    {
        await using SmallDisk disk = await SmallDisk.MountAsync("300m");
        await using MountedVolume volume = await MountedVolume.CreateAsync(new MountedVolumeOptions
        {
            VolumeParent = disk.Path,
            SeparateStore = false,
            Configuration = "staging:\n  when_full: no_space\n",
        });
        await volume.ShellAsync("head -c 1000000 /dev/urandom > kept && sync kept && sha256sum kept > sum && sync sum .");
        await Shell.RunAsync("head -c 500M /dev/urandom > filler && sync filler", volume.Root, TimeSpan.FromSeconds(180));

        await volume.KillAsync();
        await volume.MountAsync();

        await volume.ShellAsync("sha256sum -c sum");
    }
}
