using System.Globalization;
using System.Text.Json;
using HipaaFs.Testing.Mounts;
using Xunit;

namespace HipaaFs.Mount.Tests.Daemon;

/// <summary>The .NET runtime's port for dumps, traces and profilers is closed in a process that holds keys.</summary>
public sealed class DiagnosticPortTests
{
    [Fact]
    public async Task Mount_InTheForeground_HasNoPort()
    {
        await using MountedVolume volume = await MountedVolume.CreateAsync();

        Assert.Empty(PortsOf(volume.DaemonId));
    }

    [Fact]
    public async Task Mount_InTheBackground_HasNoPort()
    {
        await using MountedVolume volume = await MountedVolume.CreateAsync(new MountedVolumeOptions { Mount = false });

        int daemon = await MountAsync(volume, volume.Environment);

        string[] ports = PortsOf(daemon);
        (await volume.RunAsync("umount", volume.Root)).EnsureSucceeded();
        Assert.Empty(ports);
    }

    [Theory]
    [InlineData("")]
    [InlineData("false")]
    public async Task Mount_WithAnythingElseInTheVariable_HasNoPort(string value)
    {
        await using MountedVolume volume = await MountedVolume.CreateAsync(new MountedVolumeOptions { Mount = false });

        int daemon = await MountAsync(volume, new Dictionary<string, string?>(volume.Environment) { ["DOTNET_EnableDiagnostics"] = value });

        string[] ports = PortsOf(daemon);
        (await volume.RunAsync("umount", volume.Root)).EnsureSucceeded();
        Assert.Empty(ports);
    }

    [Fact]
    public async Task Mount_WithoutAUsableDirectoryForTemporaryFiles_Mounts()
    {
        await using MountedVolume volume = await MountedVolume.CreateAsync(new MountedVolumeOptions { Mount = false });

        await MountAsync(volume, new Dictionary<string, string?>(volume.Environment) { ["TMPDIR"] = "/nonexistent" });

        (await volume.RunAsync("umount", volume.Root)).EnsureSucceeded();
    }

    [Fact]
    public async Task Mount_ByADeveloperWhoWantsIt_HasAPort()
    {
        await using MountedVolume volume = await MountedVolume.CreateAsync(new MountedVolumeOptions { Mount = false });

        int daemon = await MountAsync(volume, new Dictionary<string, string?>(volume.Environment) { ["DOTNET_EnableDiagnostics"] = "1" });

        string[] ports = PortsOf(daemon);
        (await volume.RunAsync("umount", volume.Root)).EnsureSucceeded();
        Assert.NotEmpty(ports);
    }

    private static async Task<int> MountAsync(MountedVolume volume, IReadOnlyDictionary<string, string?> environment)
    {
        ProcessOutcome mounted = await ChildProcess.RunAsync(
            DriverExecutable.Locate(), ["mount", volume.Volume, volume.Root, "--json"], new ChildProcessOptions { Environment = environment });
        using JsonDocument report = JsonDocument.Parse(mounted.EnsureSucceeded().Text);
        return report.RootElement.GetProperty("result").GetProperty("pid").GetInt32();
    }

    // The kernel's list has a socket that listens even after its name was removed; the name is that of the runtime.
    private static string[] PortsOf(int process)
    {
        string name = string.Create(CultureInfo.InvariantCulture, $"dotnet-diagnostic-{process}-");
        string pipes = string.Create(CultureInfo.InvariantCulture, $"clr-debug-pipe-{process}-");
        return
        [
            .. File.ReadLines("/proc/net/unix").Where(line => line.Contains(name, StringComparison.Ordinal)),
            .. Directory.EnumerateFileSystemEntries(Path.GetTempPath(), name + "*"),
            .. Directory.EnumerateFileSystemEntries(Path.GetTempPath(), pipes + "*"),
        ];
    }
}
