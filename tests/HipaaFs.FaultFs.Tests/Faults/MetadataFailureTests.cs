using HipaaFs.FaultFs.Tests.Mounts;
using HipaaFs.Testing.Mounts;
using Xunit;

namespace HipaaFs.FaultFs.Tests.Faults;

/// <summary>A disk that takes no metadata any more: programs, status, metrics and umount say so, and not that a store is at fault.</summary>
public sealed class MetadataFailureTests
{
    private const int Failed = 1;
    private const int Eio = 5;

    [Fact]
    public async Task Commit_FailsForEver_IsSaidEverywhere()
    {
        await using FaultyVolume volume = await FaultyVolume.CreateAsync(0);
        await volume.Volume.MountAsync();
        string root = volume.Volume.Root;
        await volume.Volume.ShellAsync("echo safe > safe; sync safe .");
        await volume.Disk.SendAsync($"fail Write */metadata.db-wal 1 {Eio} always");

        // The engine answers EIO to everything from here on, to a shell that looks at its working directory too: programs start beside the mount.
        ProcessOutcome refused = await Shell.RunAsync($"echo lost > '{root}/lost'; sync '{root}/lost'", volume.Volume.Work);
        Assert.Contains("Input/output error", refused.Error, StringComparison.Ordinal);
        Assert.Contains("Input/output error", (await Shell.RunAsync($"mkdir '{root}/more'", volume.Volume.Work)).Error, StringComparison.Ordinal);
        Assert.Contains("METADATA        FAILED", (await volume.Volume.RunAsync("status", root)).Text, StringComparison.Ordinal);
        Assert.Contains("\"metadataFailed\":true", (await volume.Volume.RunAsync("status", root, "--json")).Text.Replace(" ", "", StringComparison.Ordinal), StringComparison.Ordinal);
        ProcessOutcome unmounted = await volume.Volume.RunAsync("umount", root);
        Assert.Equal(Failed, unmounted.ExitCode);
        Assert.Contains("refused metadata", unmounted.Error, StringComparison.Ordinal);
        Assert.Contains("umount --now", unmounted.Error, StringComparison.Ordinal);

        await volume.Disk.SendAsync("clear");
        await volume.Volume.RunAsync("umount", root, "--now");
        await volume.Volume.MountAsync();
        Assert.Equal("safe\n", await volume.Volume.ShellAsync("cat safe"));
        await volume.Volume.UnmountAsync();
    }
}
