using System.Text.Json;
using HipaaFs.Testing.Mounts;
using Xunit;

namespace HipaaFs.Mount.Tests.Recovery;

/// <summary>A volume is restored while the machine that was thought lost still runs: the newer one wins, and loses nothing.</summary>
public sealed class FencingTests
{
    // The older one looks before every publication and once a minute; this only ends what hangs.
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(5);

    [Fact]
    public async Task Restore_OriginalStillRuns_TurnsItReadOnlyAndLosesNothingOfTheNewer()
    {
        await using MountedVolume older = await MountedVolume.CreateAsync();
        await older.ShellAsync("head -c 3000000 /dev/urandom > both && sha256sum both > sum");
        await older.UnmountAsync();
        await older.MountAsync();

        // It writes without a pause until it is stopped, so what it wrote last cannot be in the store.
        Task<string> writing = older.ShellAsync("while echo old >> old 2> /dev/null; do sleep 0.2; done; LC_ALL=C mkdir refused 2>&1 || true", Patience);
        string newer = Path.Combine(older.Work, "newer");
        string root = Path.Combine(older.Work, "newer-mount");
        Directory.CreateDirectory(root);
        (await older.RunAsync("restore", "--store", $"file://{older.Store}", "--key", $"file:{older.KeyFile}", newer)).EnsureSucceeded();
        (await older.RunAsync("mount", newer, root)).EnsureSucceeded();
        try
        {
            await Shell.CheckAsync("sha256sum -c sum && head -c 3000000 /dev/urandom > new && sha256sum both new > sum && sync new sum .", root);
            int newerId = await DaemonOfAsync(older, root);
            Assert.NotEqual(older.DaemonId, newerId);
            Assert.Equal(older.DaemonId, await DaemonOfAsync(older, older.Root));
            Assert.Equal(older.DaemonId, await DaemonOfAsync(older, older.Volume));
            Assert.Equal(newerId, await DaemonOfAsync(older, newer));

            string refused = await writing;
            Assert.Contains("Read-only file system", refused, StringComparison.Ordinal);
            Assert.Contains("is not the newest of its volume any more", older.Log, StringComparison.Ordinal);
            ProcessOutcome status = await older.RunAsync("status", older.Root);
            Assert.Contains("READ-ONLY: the volume was opened by host", status.EnsureSucceeded().Text, StringComparison.Ordinal);
            await older.ShellAsync("sha256sum -c sum");

            (await older.RunAsync("umount", root)).EnsureSucceeded();
        }
        finally
        {
            await Shell.RunAsync($"umount -l '{root}'", older.Work);
        }

        Assert.Equal(0, await older.TerminateAsync());
        ProcessOutcome remounted = await older.RunAsync("mount", older.Volume, older.Root);
        Assert.True(remounted.ExitCode == 10, remounted.Describe());
        Assert.Contains("another copy of it, of host", remounted.Error, StringComparison.Ordinal);
        (await older.RunAsync("mount", older.Volume, older.Root, "-o", "ro")).EnsureSucceeded();
        await older.ShellAsync("sha256sum -c sum");
        int written = (await older.ShellAsync("cat old")).Length;
        ProcessOutcome left = await older.RunAsync("umount", older.Root);
        Assert.True(left.ExitCode == 9, left.Describe());
        Assert.Contains(" on this machine only", left.Text, StringComparison.Ordinal);
        (await older.RunAsync("fsck", newer)).EnsureSucceeded();
        string again = Path.Combine(older.Work, "again");
        (await older.RunAsync("restore", "--store", $"file://{older.Store}", "--key", $"file:{older.KeyFile}", again)).EnsureSucceeded();
        (await older.RunAsync("mount", again, root)).EnsureSucceeded();
        try
        {
            await Shell.CheckAsync("sha256sum -c sum && touch old", root);
            int published = (await Shell.CheckAsync("cat old", root)).Length;
            Assert.True(published < written, $"{published} bytes were published of {written}");
            (await older.RunAsync("umount", root)).EnsureSucceeded();
        }
        finally
        {
            await Shell.RunAsync($"umount -l '{root}'", older.Work);
        }
    }

    private static async Task<int> DaemonOfAsync(MountedVolume volume, string place)
    {
        ProcessOutcome status = await volume.RunAsync("status", place, "--json");
        using var json = JsonDocument.Parse(status.EnsureSucceeded().Text);
        return json.RootElement.GetProperty("result")[0].GetProperty("pid").GetInt32();
    }
}
