using HipaaFs.Testing;
using HipaaFs.Testing.Mounts;
using Xunit;

namespace HipaaFs.Mount.Tests.Stores;

/// <summary>Where the machine is that mounts a volume whose policy bounds directories by regions.</summary>
public sealed class HostRegionTests
{
    private const int Refused = 10;

    // What others have of the volume, and its data on this machine.
    private const string Look = "find store volume/staging volume/cache -type f | LC_ALL=C sort | xargs -r sha256sum";

    [Fact]
    public async Task Mount_VolumeWhosePolicyBoundsDirectories_IsRefusedElsewhere()
    {
        await using MountedVolume volume = await MountedVolume.CreateAsync();
        string policy = await PolicyTests.WritePolicyAsync(volume);
        foreach (string verb in (string[])["plan", "apply"])
        {
            ProcessOutcome undeclared = await volume.RunAsync("policy", verb, volume.Root, policy);
            Assert.True(undeclared.ExitCode == Refused, undeclared.Describe());
            Assert.Contains("/phi may be in eu; by the policy staging and cache are in eu, and this machine does not declare in which region it is", undeclared.Error, StringComparison.Ordinal);
        }

        await volume.UnmountAsync();
        await DeclareAsync(volume, "eu");
        await volume.MountAsync();
        (await volume.RunAsync("policy", "apply", volume.Root, policy, "--make-directories")).EnsureSucceeded();
        await volume.ShellAsync("echo zebra > phi/file && sync phi/file");
        (await volume.RunAsync("umount", "--now", volume.Root)).EnsureSucceeded();
        await volume.WaitForDaemonAsync(TimeSpan.FromMinutes(3));
        string before = await Shell.CheckAsync(Look, volume.Work);

        foreach ((string? region, string why) in new[] { ("us", "declares that it is in us"), ((string?)null, "does not declare in which region it is") })
        {
            await DeclareAsync(volume, region);
            foreach (string[] options in (string[][])[[], ["-o", "ro"], ["--foreground"]])
            {
                ProcessOutcome mount = await volume.RunAsync(["mount", volume.Volume, volume.Root, .. options]);
                Assert.True(mount.ExitCode == Refused, mount.Describe());
                Assert.Contains($"mount {volume.Volume}: /phi may be in eu; by the policy staging and cache are in eu, and this machine {why}", mount.Error, StringComparison.Ordinal);
                Assert.Contains("write 'region: eu' into the volume.yaml of this machine", mount.Error, StringComparison.Ordinal);
            }

            Assert.False(MountTable.IsMounted(volume.Root));
            Assert.Equal(before, await Shell.CheckAsync(Look, volume.Work));
        }

        (await volume.RunAsync("fsck", volume.Volume)).EnsureSucceeded();
        Assert.DoesNotContain("/phi", volume.Log, StringComparison.Ordinal);
        await DeclareAsync(volume, "eu");
        await volume.MountAsync();
        Assert.Equal("zebra\n", await volume.ShellAsync("cat phi/file"));
        (await volume.RunAsync("residency", "report", volume.Root)).EnsureSucceeded();
    }

    private static async Task DeclareAsync(MountedVolume volume, string? region)
    {
        string file = Path.Combine(volume.Volume, "volume.yaml");
        IEnumerable<string> others = (await File.ReadAllLinesAsync(file)).Where(static line => !line.StartsWith("region:", StringComparison.Ordinal));
        await File.WriteAllLinesAsync(file, region is null ? others : others.Append($"region: {region}"));
    }
}
