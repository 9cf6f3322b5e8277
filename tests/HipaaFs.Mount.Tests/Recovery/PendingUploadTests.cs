using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using HipaaFs.Testing;
using HipaaFs.Testing.Mounts;
using Xunit;

namespace HipaaFs.Mount.Tests.Recovery;

/// <summary>What is not in the store yet is shown, and waiting for it can be left.</summary>
public sealed class PendingUploadTests
{
    private const string Configuration = "recovery:\n  publish: 1s\n  alarm: 2s\n";

    [Fact]
    public async Task Umount_InterruptedWhileTheStoreTakesNothing_LeavesTheMountAndUploadsLater()
    {
        await using MountedVolume volume = await MountedVolume.CreateAsync(new MountedVolumeOptions { Configuration = Configuration });
        await volume.ShellAsync("echo first > first");
        (await volume.RunAsync("sync", volume.Root)).EnsureSucceeded();

        // Only a session that the store knows uploads, and fails to.
        await Eventually.TrueAsync(
            async () => (await MountFigures.ReadAsync(volume)).GetProperty("stagedSegments").GetInt32() == 0, "the first file is in the store");
        await Shell.CheckAsync("mv store aside", volume.Work);
        await volume.ShellAsync("head -c 1000000 /dev/urandom > name-nobody-may-see && sync name-nobody-may-see");
        string sum = await volume.ShellAsync("sha256sum name-nobody-may-see");
        using Process leaving = ChildProcess.Start(
            DriverExecutable.Locate(), ["umount", volume.Root], new ChildProcessOptions { Environment = volume.Environment });
        Task<string> words = leaving.StandardOutput.ReadToEndAsync();

        // Its first words: from then on it takes the interrupt as a request, and the daemon waits for the store.
        string begun = await leaving.StandardError.ReadLineAsync() ?? "";
        Task<string> progress = leaving.StandardError.ReadToEndAsync();
        await Eventually.TrueAsync(
            async () => (await MountFigures.ReadAsync(volume)).TryGetProperty("uploadError", out _), "an upload fails");

        // It is taken as an interrupt is, which a shell may have taught its children to ignore.
        await Shell.CheckAsync(string.Create(CultureInfo.InvariantCulture, $"kill -TERM {leaving.Id}"), "/");
        Assert.True(await ChildProcess.WaitAsync(leaving, ChildProcess.LongTimeout), "the command does not end");

        Assert.True(leaving.ExitCode != 0, await words + await progress);
        Assert.Contains("upload", begun, StringComparison.Ordinal);
        Assert.Equal(sum, await volume.ShellAsync("sha256sum name-nobody-may-see"));
        await Eventually.TrueAsync(
            async () => (await MountFigures.ReadAsync(volume)).GetProperty("recoveryPointAlarm").GetBoolean(), "there is an alarm");
        JsonElement figures = await MountFigures.ReadAsync(volume);
        Assert.True(figures.GetProperty("stagedBytes").GetInt64() > 1_000_000);
        Assert.True(figures.GetProperty("oldestStagedSeconds").GetDouble() >= 0);
        string status = (await volume.RunAsync("status", volume.Volume)).Text;
        Assert.Contains("RECOVERY POINT  ALARM", status, StringComparison.Ordinal);
        Assert.Contains("uploads failed: Unavailable", status, StringComparison.Ordinal);
        Assert.DoesNotContain("name-nobody-may-see", status + volume.Log, StringComparison.Ordinal);

        await Shell.CheckAsync("mv aside store", volume.Work);
        await volume.UnmountAsync();
        await volume.MountAsync();
        figures = await MountFigures.ReadAsync(volume);
        Assert.Equal(0, figures.GetProperty("stagedSegments").GetInt32());
        Assert.Equal(sum, await volume.ShellAsync("sha256sum name-nobody-may-see"));
    }
}
