using System.Text.Json;
using HipaaFs.Testing.Mounts;
using Xunit;

namespace HipaaFs.Mount.Tests.Daemon;

/// <summary>What commands say of a mount whose daemon was killed, and do to it.</summary>
public sealed class DeadMountTests
{
    private const int NotFound = 8;

    [Fact]
    public async Task Commands_OnADeadMount_SpeakOfItAlone()
    {
        await using MountedVolume volume = await MountedVolume.CreateAsync();
        await volume.ShellAsync("echo content > file; sync file");
        await volume.KillAsync();
        string elsewhere = Directory.CreateDirectory(Path.Combine(volume.Work, "elsewhere")).FullName;
        (await volume.RunAsync("mount", volume.Volume, elsewhere)).EnsureSucceeded();
        try
        {
            foreach (string[] command in (string[][])[["gc"], ["sync"], ["scrub"], ["snapshot", "create"], ["snapshot", "list"], ["trash", "list"]])
            {
                ProcessOutcome refused = await volume.RunAsync([.. command, volume.Root]);
                Assert.True(refused.ExitCode == NotFound, refused.Describe());
                Assert.Contains($"the mount at {volume.Root} is dead", refused.Error, StringComparison.Ordinal);
            }

            (string State, string? MountPoint)[] one = await StatesAsync(volume, volume.Root);
            Assert.Equal([("dead", volume.Root)], one);
            (string State, string? MountPoint)[] all = await StatesAsync(volume);
            Assert.Contains(("dead", volume.Root), all);
            Assert.Contains(("serving", elsewhere), all);

            ProcessOutcome cleared = (await volume.RunAsync("umount", volume.Root)).EnsureSucceeded();
            Assert.Contains(volume.Root, cleared.Text, StringComparison.Ordinal);
            Assert.DoesNotContain(elsewhere, cleared.Text, StringComparison.Ordinal);
            Assert.False(MountTable.IsMounted(volume.Root));
            Assert.Equal("content\n", await Shell.CheckAsync("cat file", elsewhere));
        }
        finally
        {
            (await volume.RunAsync("umount", elsewhere)).EnsureSucceeded();
        }
    }

    [Fact]
    public async Task Unmount_OfADeadMount_ClearsItAwayAndKeepsWhatIsStaged()
    {
        await using MountedVolume volume = await MountedVolume.CreateAsync(new MountedVolumeOptions { Mount = false });
        await Shell.CheckAsync("touch session", volume.Store); // It takes nothing, so that everything stays staged.
        await volume.MountAsync();
        await volume.ShellAsync("echo content > file; sync file");
        await volume.KillAsync();

        string shown = (await volume.RunAsync("status")).EnsureSucceeded().Text;
        Assert.Contains($"{volume.Root}: DEAD", shown, StringComparison.Ordinal);
        Assert.Contains($"hipaafs umount {volume.Root}", shown, StringComparison.Ordinal);
        Assert.Equal([("dead", volume.Root)], await StatesAsync(volume, volume.Volume));

        using JsonDocument cleared = JsonDocument.Parse((await volume.RunAsync("umount", volume.Root, "--json")).EnsureSucceeded().Text);
        Assert.True(cleared.RootElement.GetProperty("result").GetProperty("wasDead").GetBoolean());
        Assert.False(MountTable.IsMounted(volume.Root));
        Assert.Equal(NotFound, (await volume.RunAsync("umount", volume.Root)).ExitCode);
        Assert.Equal([("not mounted", null)], await StatesAsync(volume, volume.Volume));

        await Shell.CheckAsync("rm session", volume.Store);
        await volume.MountAsync();
        Assert.Equal("content\n", await volume.ShellAsync("cat file"));
    }

    [Fact]
    public async Task Status_OfAVolumeThatIsNotMounted_TellsWhatWaitsOnThisMachine()
    {
        await using MountedVolume volume = await MountedVolume.CreateAsync(new MountedVolumeOptions { Mount = false });
        await Shell.CheckAsync("touch session", volume.Store);
        await volume.MountAsync();
        await volume.ShellAsync("head -c 3000000 /dev/urandom > file");
        using JsonDocument left = JsonDocument.Parse((await volume.RunAsync("umount", "--now", volume.Root, "--json")).EnsureSucceeded().Text);
        await volume.WaitForDaemonAsync(TimeSpan.FromMinutes(3));

        using JsonDocument status = JsonDocument.Parse((await volume.RunAsync("status", volume.Volume, "--json")).EnsureSucceeded().Text);
        JsonElement waiting = status.RootElement.GetProperty("result")[0].GetProperty("waiting");
        JsonElement staged = left.RootElement.GetProperty("result");
        Assert.True(waiting.GetProperty("segments").GetInt32() > 0);
        Assert.Equal(staged.GetProperty("stagedSegments").GetInt32(), waiting.GetProperty("segments").GetInt32());
        long bytes = staged.GetProperty("stagedBytes").GetInt64();
        Assert.InRange(waiting.GetProperty("bytes").GetInt64(), bytes, bytes + 4096); // The daemon finishes its last segment after it has counted.
        Assert.InRange(waiting.GetProperty("since").GetDateTimeOffset(), DateTimeOffset.UtcNow.AddHours(-1), DateTimeOffset.UtcNow.AddMinutes(1));
        string shown = (await volume.RunAsync("status", volume.Volume)).EnsureSucceeded().Text;
        Assert.Contains("wait on this machine for the next mount", shown, StringComparison.Ordinal);

        await Shell.CheckAsync("rm session", volume.Store);
        await volume.MountAsync();
        await volume.UnmountAsync();
        shown = (await volume.RunAsync("status", volume.Volume)).EnsureSucceeded().Text;
        Assert.DoesNotContain("wait", shown, StringComparison.Ordinal);
    }

    private static async Task<(string State, string? MountPoint)[]> StatesAsync(MountedVolume volume, params string[] place)
    {
        using JsonDocument status = JsonDocument.Parse((await volume.RunAsync(["status", .. place, "--json"])).EnsureSucceeded().Text);
        return
        [
            .. status.RootElement.GetProperty("result").EnumerateArray().Select(static line => (
                line.GetProperty("state").GetString()!,
                line.TryGetProperty("mountPoint", out JsonElement at) ? at.GetString() : null)),
        ];
    }
}
