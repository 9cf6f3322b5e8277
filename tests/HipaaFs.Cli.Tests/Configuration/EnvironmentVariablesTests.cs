using System.Text.RegularExpressions;
using HipaaFs.Cli.Configuration;
using Xunit;

namespace HipaaFs.Cli.Tests.Configuration;

public sealed partial class EnvironmentVariablesTests
{
    [Fact]
    public void Unknown_NamesTheNearestAndLetsTheOthersPass()
    {
        string[] names = ["PATH", "HIPAAFS_MEMORY", "HIPAAFS_CACHE_SIZE", "HIPAAFS_TEST_KEEP", "HIPAAFS_MEMROY", "HIPAAFS_ID"];

        Assert.Equal(
            [
                "environment HIPAAFS_ID: no such setting",
                "environment HIPAAFS_MEMROY: no such setting; did you mean HIPAAFS_MEMORY?",
            ],
            EnvironmentVariables.DescribeUnknown(names));
    }

    [Fact]
    public async Task Command_WithAnUnknownOne_SaysSoAndGoesOn()
    {
        using var directory = new VolumeDirectory();
        directory.Write(VolumeDirectory.MinimalText);

        CommandLineRun run = await CommandLineRun.OfAsync(
            new Dictionary<string, string> { ["HIPAAFS_MEMROY"] = "1GiB", ["XDG_RUNTIME_DIR"] = directory.Root }, "config", "check", directory.Volume);

        Assert.Equal(ExitCode.Done, run.Code);
        Assert.StartsWith("hipaafs: environment HIPAAFS_MEMROY: no such setting; did you mean HIPAAFS_MEMORY?", run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Development_HasThoseThatBuildShAndTheTestsRead()
    {
        string root = AppContext.BaseDirectory;
        while (!File.Exists(Path.Combine(root, "HipaaFs.sln")))
        {
            root = Path.GetDirectoryName(root) ?? throw new FileNotFoundException("HipaaFs.sln");
        }

        var read = new HashSet<string>(await NamesInAsync(Path.Combine(root, "build.sh")));
        foreach (string file in Directory.EnumerateFiles(Path.Combine(root, "tests"), "*.cs", SearchOption.AllDirectories))
        {
            if (!file.EndsWith(nameof(EnvironmentVariablesTests) + ".cs", StringComparison.Ordinal))
            {
                read.UnionWith(await NamesInAsync(file));
            }
        }

        string[] settings = [.. VolumeSettings.All.Select(static setting => setting.EnvironmentVariable)];
        Assert.Equal(EnvironmentVariables.OfDevelopment, read.Except(settings).Order(StringComparer.Ordinal));
    }

    private static async Task<IEnumerable<string>> NamesInAsync(string file) =>
        NamePattern().Matches(await File.ReadAllTextAsync(file)).Select(static match => match.Value);

    [GeneratedRegex("HIPAAFS_[A-Z]+(_[A-Z]+)*")]
    private static partial Regex NamePattern();
}
