using System.Text.Json;
using HipaaFs.Testing;
using HipaaFs.Testing.Mounts;
using Xunit;

namespace HipaaFs.Mount.Tests.Daemon;

/// <summary>What a job loads before it begins, and has stay.</summary>
public sealed class CacheCommandTests
{
    private const int NotFound = 8;
    private const int Refused = 10;

    [Fact]
    public async Task WarmAndPin_Directories_LoadWhatIsInThemAndKeepItThroughARemount()
    {
        await using MountedVolume volume = await MountedVolume.CreateAsync(new MountedVolumeOptions { Configuration = "recovery:\n  publish: 1s\ncache:\n  size: 128MiB\n" });
        await volume.ShellAsync("mkdir -p d/e && head -c 3000000 /dev/urandom > d/a && head -c 100000 /dev/urandom > d/e/b && ln -s /etc d/out && truncate -s 200M large && dd if=/dev/urandom of=large bs=1M count=130 conv=notrunc status=none && sync");
        (await volume.RunAsync("sync", volume.Root)).EnsureSucceeded();
        await Eventually.TrueAsync(
            async () => (await Recovery.MountFigures.ReadAsync(volume)).GetProperty("stagedSegments").GetInt32() == 0, "everything is in the store");
        await volume.UnmountAsync();
        await Shell.CheckAsync("rm -r volume/cache", volume.Work);
        await volume.MountAsync();

        JsonElement warmed = (await ResultAsync(volume, "cache", "warm", Path.Combine(volume.Root, "d"))).GetProperty("warmed");
        Assert.Equal((2, 3_100_000, 0), (warmed.GetProperty("files").GetInt64(), warmed.GetProperty("bytes").GetInt64(), warmed.GetProperty("failedFiles").GetInt64()));
        long fetched = (await Recovery.MountFigures.ReadAsync(volume)).GetProperty("fetchedBytes").GetInt64();
        Assert.InRange(fetched, 3_100_000, 3_500_000);
        await volume.ShellAsync("cat d/a d/e/b > /dev/null");
        Assert.Equal(fetched, (await Recovery.MountFigures.ReadAsync(volume)).GetProperty("fetchedBytes").GetInt64());

        ProcessOutcome refused = await volume.RunAsync("cache", "pin", Path.Combine(volume.Root, "large"));
        Assert.Equal(Refused, refused.ExitCode);
        Assert.Contains("would stay in the cache", refused.Describe(), StringComparison.Ordinal);
        JsonElement pinned = (await ResultAsync(volume, "cache", "pin", Path.Combine(volume.Root, "d", "a"), Path.Combine(volume.Root, "d", "e"))).GetProperty("pinned");
        Assert.Equal(2, pinned.GetProperty("files").GetInt64());
        await volume.UnmountAsync();
        await volume.MountAsync();
        Assert.Contains("pinned  2 files; whole segments stay", (await volume.RunAsync("cache", "status", volume.Root)).Text, StringComparison.Ordinal);
        pinned = (await ResultAsync(volume, "cache", "unpin", volume.Root)).GetProperty("pinned");
        Assert.Equal(0, pinned.GetProperty("files").GetInt64());
        Assert.Equal(NotFound, (await volume.RunAsync("cache", "pin", Path.Combine(volume.Root, "none"))).ExitCode);
        Assert.Equal(NotFound, (await volume.RunAsync("cache", "warm", volume.Work)).ExitCode);
    }

    private static async Task<JsonElement> ResultAsync(MountedVolume volume, params string[] arguments)
    {
        ProcessOutcome outcome = await volume.RunAsync([.. arguments, "--json"]);
        Assert.True(outcome.ExitCode == 0, outcome.Describe() + "\n" + volume.LogTail);
        using JsonDocument document = JsonDocument.Parse(outcome.Text);
        return document.RootElement.GetProperty("result").Clone();
    }
}
