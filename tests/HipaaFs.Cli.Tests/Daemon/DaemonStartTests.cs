using System.Diagnostics;
using System.Text.Json;
using Xunit;

namespace HipaaFs.Cli.Tests.Daemon;

/// <summary>A daemon that cannot start tells the command that started it why, and leaves nothing running.</summary>
public sealed class DaemonStartTests : IDisposable
{
    private readonly VolumeDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [Fact]
    public async Task Mount_DaemonFails_ReportsItsReasonAndExitCode()
    {
        string key = Path.Combine(_directory.Root, "the.key");
        Assert.True(HipaaFs.Crypto.FileKeyWrapper.Create(key).Succeeded);
        _directory.Write(VolumeDirectory.MinimalText + $"key: \"file:{key}\"\n");
        await File.WriteAllTextAsync(Path.Combine(_directory.Volume, "keyring"), "this is no key ring");

        (int code, string output) = await RunAsync("mount", _directory.Volume, _directory.MountPoint, "--json");

        Assert.Equal((int)ExitCode.Integrity, code);
        JsonElement error = JsonDocument.Parse(output).RootElement.GetProperty("error");
        Assert.Equal("integrity", error.GetProperty("code").GetString());
        Assert.Contains("key ring", error.GetProperty("message").GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Mount_DaemonCannotLog_ReportsItsReason()
    {
        string key = Path.Combine(_directory.Root, "the.key");
        Assert.True(HipaaFs.Crypto.FileKeyWrapper.Create(key).Succeeded);
        _directory.Write(VolumeDirectory.MinimalText + $"key: \"file:{key}\"\nlog:\n  file: volume.yaml/log\n");

        (int code, string output) = await RunAsync("mount", _directory.Volume, _directory.MountPoint, "--json");

        Assert.Equal((int)ExitCode.Configuration, code);
        Assert.Contains("open the log", output, StringComparison.Ordinal);
    }

    private async Task<(int Code, string Output)> RunAsync(params string[] arguments)
    {
        var start = new ProcessStartInfo(Path.Combine(AppContext.BaseDirectory, "hipaafs"), arguments)
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        start.Environment["XDG_RUNTIME_DIR"] = _directory.Root;
        using Process process = Process.Start(start)!;
        using var patience = new CancellationTokenSource(TimeSpan.FromMinutes(3));
        Task<string> error = process.StandardError.ReadToEndAsync(patience.Token);
        string output = await process.StandardOutput.ReadToEndAsync(patience.Token);
        await process.WaitForExitAsync(patience.Token);
        Assert.Empty(await error);
        return (process.ExitCode, output);
    }
}
