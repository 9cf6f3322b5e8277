using System.Text.Json;
using HipaaFs.Testing;
using HipaaFs.Testing.Mounts;
using Xunit;

namespace HipaaFs.Mount.Tests.Recovery;

/// <summary>The figures of a mount, as `hipaafs status --json` shows them.</summary>
internal static class MountFigures
{
    public static async Task<JsonElement> ReadAsync(MountedVolume volume)
    {
        ProcessOutcome status = await volume.RunAsync("status", volume.Volume, "--json");
        status.EnsureSucceeded();
        using JsonDocument document = JsonDocument.Parse(status.Text);
        Assert.True(
            document.RootElement.GetProperty("result")[0].TryGetProperty("figures", out JsonElement figures),
            status.Describe() + "\n" + volume.Log);
        return figures.Clone();
    }

    /// <summary>What was done before this, in seconds since the epoch, can be restored from the store, as the mount says.</summary>
    public static async Task<double> ReadRecoveryPointAsync(MountedVolume volume)
    {
        const double rounding = 0.1; // Status shows tenths of a second.
        double asked = Now;
        double lag = (await ReadAsync(volume)).GetProperty("recoveryPointSeconds").GetDouble();
        return asked - lag - rounding;
    }

    /// <summary>Waits until what was done before the call can be restored from the store, as the mount says.</summary>
    public static async Task WaitForRecoveryPointAsync(MountedVolume volume)
    {
        double begun = Now;
        await Eventually.TrueAsync(async () => await ReadRecoveryPointAsync(volume) > begun, "what was done is published");
    }

    private static double Now => TimeProvider.System.GetUtcNow().ToUnixTimeMilliseconds() / 1000.0;
}
