using System.Text.Json;
using HipaaFs.Testing;
using HipaaFs.Testing.Mounts;
using Xunit;

namespace HipaaFs.Mount.Tests.Collection;

/// <summary>What deleted files leave in the store is freed when somebody asks for it, on a volume in use.</summary>
public sealed class GarbageTests
{
    private const int Incomplete = 9;
    private const int FileLength = 500_000;
    private const int Files = 40;
    private const int Kept = Files / 4;

    // Published often: what is staged comes to the store soon.
    private const string Configuration = "recovery:\n  publish: 1s\n";

    [Fact]
    public async Task Gc_AfterMostFilesWereRemoved_StoresLittleMoreThanIsLeft()
    {
        await using MountedVolume volume = await MountedVolume.CreateAsync(new MountedVolumeOptions { Configuration = Configuration });
        await volume.ShellAsync($"mkdir d && for i in $(seq {Files}); do head -c {FileLength} /dev/urandom > d/f$i; done && ls d | wc -l");
        string kept = $"$(seq 4 4 {Files} | sed s:^:d/f:)";
        string sums = await volume.ShellAsync($"sha256sum {kept}");
        (await volume.RunAsync("sync", volume.Root)).EnsureSucceeded();
        await Eventually.TrueAsync(
            async () => (await Recovery.MountFigures.ReadAsync(volume)).GetProperty("stagedSegments").GetInt32() == 0, "everything is in the store");
        JsonElement before = await CollectAsync(volume);
        Assert.True(before.GetProperty("liveBytes").GetInt64() >= Files * FileLength);
        Assert.True(before.GetProperty("storedBytes").GetInt64() >= Files * FileLength);

        await volume.ShellAsync($"for i in $(seq {Files}); do test $((i % 4)) = 0 || rm d/f$i; done");

        // A removed file is gone when the kernel has let go of it, which it does soon and does not announce.
        JsonElement after = default;
        await Eventually.TrueAsync(
            async () => (after = await CollectAsync(volume)).GetProperty("storedBytes").GetInt64() < 1.3 * Kept * FileLength, "the store holds little in vain");
        Assert.True(after.GetProperty("liveBytes").GetInt64() >= Kept * FileLength);
        JsonElement figures = await Recovery.MountFigures.ReadAsync(volume);
        Assert.True(figures.GetProperty("storedBytes").GetInt64() < before.GetProperty("storedBytes").GetInt64() / 2);
        Assert.True(figures.TryGetProperty("condemnedBytes", out _));
        Assert.Contains("  stored  ", (await volume.RunAsync("status", volume.Root)).Text, StringComparison.Ordinal);
        Assert.Contains("Stored: ", (await volume.RunAsync("gc", volume.Root)).Text, StringComparison.Ordinal);
        Assert.Equal(sums, await volume.ShellAsync($"sha256sum {kept}"));

        await volume.UnmountAsync();
        (await volume.RunAsync("fsck", volume.Volume)).EnsureSucceeded();
        await Shell.CheckAsync("rm -r volume/cache", volume.Work);
        await volume.MountAsync("ro");
        Assert.Equal(sums, await volume.ShellAsync($"sha256sum {kept}"));
        ProcessOutcome refused = await volume.RunAsync("gc", volume.Root);
        Assert.Equal(10, refused.ExitCode);
        Assert.Contains("read-only", refused.Describe(), StringComparison.Ordinal);
    }

    // What is stored after a run of gc.
    private static async Task<JsonElement> CollectAsync(MountedVolume volume)
    {
        ProcessOutcome outcome = await volume.RunAsync("gc", volume.Root, "--json");
        Assert.True(outcome.ExitCode is 0 or Incomplete, outcome.Describe());
        using JsonDocument document = JsonDocument.Parse(outcome.Text);
        return document.RootElement.GetProperty("result").GetProperty("space").Clone();
    }
}
