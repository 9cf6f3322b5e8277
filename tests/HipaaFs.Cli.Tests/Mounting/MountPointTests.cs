using Xunit;

namespace HipaaFs.Cli.Tests.Mounting;

/// <summary>Mount points that cannot be one are refused before anything is started.</summary>
public sealed class MountPointTests : IDisposable
{
    private readonly VolumeDirectory _directory = new VolumeDirectory().Write(VolumeDirectory.MinimalText + "key: file:/nonexistent/key\n");

    public void Dispose() => _directory.Dispose();

    [Fact]
    public async Task Mount_MissingMountPoint_IsNotFound()
    {
        await AssertRefusedAsync(Path.Combine(_directory.Root, "none"), ExitCode.NotFound, "no such directory");
    }

    [Fact]
    public async Task Mount_MountPointIsAFile_IsUsage()
    {
        string file = Path.Combine(_directory.Root, "file");
        await File.WriteAllTextAsync(file, "");

        await AssertRefusedAsync(file, ExitCode.Usage, "not a directory");
    }

    [Fact]
    public async Task Mount_MountPointIsFull_IsUsageUnlessAllowed()
    {
        await File.WriteAllTextAsync(Path.Combine(_directory.MountPoint, "file"), "");

        await AssertRefusedAsync(_directory.MountPoint, ExitCode.Usage, "not empty");
        await AssertRefusedAsync(_directory.MountPoint, ExitCode.Key, "/nonexistent/key", "-o", "nonempty");
    }

    [Fact]
    public async Task Mount_InsideTheVolume_IsUsage()
    {
        string inside = Directory.CreateDirectory(Path.Combine(_directory.Volume, "inside")).FullName;

        await AssertRefusedAsync(inside, ExitCode.Usage, "inside the volume");
        await AssertRefusedAsync(_directory.Volume, ExitCode.Usage, "inside the volume");
    }

    [Fact]
    public async Task Mount_AboveTheVolume_IsUsage() => await AssertRefusedAsync(_directory.Root, ExitCode.Usage, "lies below");

    [Theory]
    [InlineData("cache")]
    [InlineData("staging")]
    [InlineData("log")]
    public async Task Mount_OwnFilesBelowTheMountPoint_IsUsage(string option)
    {
        await AssertRefusedAsync(_directory.MountPoint, ExitCode.Usage, "lies below", "-o", $"{option}={_directory.MountPoint}/inside");
    }

    [Fact]
    public async Task Mount_WhereSomethingIsMounted_IsFailed() => await AssertRefusedAsync("/proc", ExitCode.Failed, "mounted there already");

    [Fact]
    public async Task Mount_WithoutAnyKey_IsKey()
    {
        _directory.Write(VolumeDirectory.MinimalText);

        await AssertRefusedAsync(_directory.MountPoint, ExitCode.Key, "names a key");
    }

    private async Task AssertRefusedAsync(string mountPoint, ExitCode code, string words, params string[] options)
    {
        CommandLineRun run = await CommandLineRun.OfAsync(["mount", _directory.Volume, mountPoint, "--foreground", .. options]);

        Assert.True(run.Code == code, $"{run.Code}: {run.Error}");
        Assert.Contains(words, run.Error, StringComparison.Ordinal);
    }
}
