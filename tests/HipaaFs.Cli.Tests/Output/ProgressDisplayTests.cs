using System.Text.Json;
using HipaaFs.Cli.Output;
using Xunit;

namespace HipaaFs.Cli.Tests.Output;

public sealed class ProgressDisplayTests
{
    [Fact]
    public async Task Run_Json_WritesLinesToStandardErrorOnly()
    {
        string lines = await RunAsync(json: true);

        string[] all = lines.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(2, all.Length);
        JsonElement last = JsonDocument.Parse(all[^1]).RootElement;
        Assert.Equal(1, last.GetProperty("schema").GetInt32());
        Assert.Equal(new ProgressUpdate("upload", 10, 10, "bytes"), JsonEnvelope.ReadProgress(last));
    }

    [Fact]
    public async Task Run_InALog_WritesPlainLinesNotTooOften()
    {
        string lines = await RunAsync(json: false);

        Assert.Equal(["upload: 0 B of 10 B (0 %)", "upload: 10 B of 10 B (100 %)"], lines.Split('\n', StringSplitOptions.RemoveEmptyEntries));
    }

    private static async Task<string> RunAsync(bool json)
    {
        using var output = new StringWriter();
        using var error = new StringWriter();
        var display = new ProgressDisplay(new CommandContext { Out = output, Error = error }, json);

        int result = await display.RunAsync(report =>
        {
            for (int done = 0; done <= 10; done++)
            {
                report(new ProgressUpdate("upload", done, 10, "bytes"));
            }

            return Task.FromResult(42);
        });

        Assert.Equal(42, result);
        Assert.Empty(output.ToString());
        return error.ToString();
    }
}
