using HipaaFs.FaultFs.Tests.Mounts;
using HipaaFs.Testing.Mounts;
using Xunit;

namespace HipaaFs.FaultFs.Tests.Faults;

/// <summary>The home of a volume moves while the disk does not say that the new address is on it: memory and file name the same store.</summary>
public sealed class HomeAddressTests
{
    private const int Eio = 5;

    [Fact]
    public async Task Migrate_TheAddressMayNotSurviveAPowerCut_IsWhereTheFileSays()
    {
        await using FaultyVolume volume = await FaultyVolume.CreateAsync(FaultyVolume.Failing);
        MountedVolume mounted = volume.Volume;
        string two = Directory.CreateDirectory(Path.Combine(mounted.Work, "two")).FullName;
        string policy = Path.Combine(mounted.Work, "policy.yaml");
        await File.WriteAllTextAsync(
            policy,
            $$"""
            version: 1
            host: {region: eu}
            metadata: {stores: [one]}
            stores:
              one: {url: "file://{{mounted.Volume}}/store", region: eu, baa: ours}
              two: {url: "file://{{two}}", region: eu, baa: ours}
            defaults:
              placement: {primary: one}

            """);
        await mounted.MountAsync();
        (await mounted.RunAsync("policy", "apply", mounted.Root, policy)).EnsureSucceeded();
        await mounted.ShellAsync("echo before > before; sync before .");
        await volume.Disk.SendAsync($"fail SyncDirectory volume 1 {Eio} always");

        (await mounted.RunAsync("store", "migrate", mounted.Root, "one", "two")).EnsureSucceeded();

        Assert.NotEqual("0", await volume.Disk.SendAsync("hits"));
        await volume.Disk.SendAsync("clear");
        Assert.Contains(two, await File.ReadAllTextAsync(Path.Combine(mounted.Volume, "volume.yaml")), StringComparison.Ordinal);
        await mounted.ShellAsync("echo after > after");
        await mounted.UnmountAsync();
        Assert.NotEmpty(Directory.GetFiles(Path.Combine(two, "stream")));
        await mounted.MountAsync();
        Assert.Equal("before\nafter\n", await mounted.ShellAsync("cat before after"));
        await mounted.UnmountAsync();
    }
}
