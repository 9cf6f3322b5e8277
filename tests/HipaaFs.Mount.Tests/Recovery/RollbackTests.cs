using HipaaFs.Testing.Mounts;
using Xunit;

namespace HipaaFs.Mount.Tests.Recovery;

/// <summary>A store, or a volume's directory, that was put back to an older state is refused, until somebody says that this is known.</summary>
public sealed class RollbackTests
{
    private const int Integrity = 6;
    private const int Fenced = 10;

    [Fact]
    public async Task Mount_StoreWasPutBack_IsRefusedUntilThatIsAccepted()
    {
        await using MountedVolume volume = await MountedVolume.CreateAsync();
        await volume.ShellAsync("echo first > file");
        await volume.UnmountAsync();
        await Shell.CheckAsync("cp -a store store.older", volume.Work);
        await volume.MountAsync();
        await volume.ShellAsync("echo second > file");
        await volume.UnmountAsync();
        await Shell.CheckAsync("rm -rf store && mv store.older store", volume.Work);

        ProcessOutcome refused = await volume.RunAsync("mount", volume.Volume, volume.Root);
        Assert.Equal(Integrity, refused.ExitCode);
        Assert.Contains("lacks what the volume has published", refused.Error, StringComparison.Ordinal);
        Assert.Contains("accept_older_store", refused.Error, StringComparison.Ordinal);
        Assert.False(MountTable.IsMounted(volume.Root));

        await volume.MountAsync("accept_older_store");
        await volume.UnmountAsync();
        await volume.MountAsync();
        Assert.Equal("file\n", await volume.ShellAsync("ls"));
    }

    [Fact]
    public async Task Mount_VolumeWasPutBack_IsRefusedUntilItIsMadeTheNewest()
    {
        await using MountedVolume volume = await MountedVolume.CreateAsync();
        await volume.ShellAsync("echo first > file");
        await volume.UnmountAsync();
        await Shell.CheckAsync("cp -a volume volume.older", volume.Work);
        await volume.MountAsync();
        await volume.ShellAsync("echo second > other");
        await volume.UnmountAsync();
        await Shell.CheckAsync("rm -rf volume && mv volume.older volume", volume.Work);

        ProcessOutcome refused = await volume.RunAsync("mount", volume.Volume, volume.Root);
        Assert.True(refused.ExitCode is Integrity or Fenced, refused.Describe());
        Assert.Contains("take_over", refused.Error, StringComparison.Ordinal);

        await volume.MountAsync("ro");
        Assert.Equal("first\n", await volume.ShellAsync("cat file"));
        await volume.UnmountAsync();
        await volume.MountAsync("take_over");
        Assert.Equal("file\n", await volume.ShellAsync("echo third > file && ls"));
        await volume.UnmountAsync();
        await volume.MountAsync();
        Assert.Equal("third\n", await volume.ShellAsync("cat file"));
    }
}
