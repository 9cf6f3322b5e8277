using System.Text.Json;
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
}
