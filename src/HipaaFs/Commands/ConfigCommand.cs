using System.CommandLine;
using HipaaFs.Cli.Configuration;
using HipaaFs.Cli.Output;
using HipaaFs.Cli.Volumes;

namespace HipaaFs.Cli.Commands;

/// <summary><c>hipaafs config check</c>: reports everything that is wrong with a configuration, or what holds.</summary>
internal static class ConfigCommand
{
    /// <summary>Builds the command.</summary>
    public static Command Create(CommandRunner runner)
    {
        var volume = new Argument<string>("VOLUME") { Description = "Directory of the volume." };
        var check = new Command("check", "Checks the configuration of a volume and shows what holds.") { volume };
        runner.Handle(check, (parsed, output, _) =>
        {
            var configuration = VolumeConfiguration.Load(
                parsed.GetRequiredValue(volume), new Dictionary<string, string>(), runner.Context.Environment);
            VolumeOptionsMapping.Check(configuration);
            var result = new ConfigCheckResult(configuration.Directory, [.. configuration.Settings.Select(ToLine)]);
            output.Result(result, JsonOutput.Default.ConfigCheckResult, text => Describe(result, text));
            return Task.FromResult(ExitCode.Done);
        });
        return new Command("config", "Works with the configuration of a volume.") { check };
    }

    private static ConfigCheckLine ToLine(EffectiveSetting setting) =>
        new(setting.Setting.Key, setting.Text ?? "none", setting.Place);

    private static void Describe(ConfigCheckResult result, TextWriter text)
    {
        int key = result.Settings.Max(line => line.Key.Length);
        int value = Math.Min(60, result.Settings.Max(line => line.Value.Length));
        foreach (ConfigCheckLine line in result.Settings)
        {
            text.WriteLine($"{line.Key.PadRight(key)}  {line.Value.PadRight(value)}  {line.From}");
        }
    }
}
