using System.CommandLine;
using System.Globalization;
using HipaaFs.Cli.Configuration;
using HipaaFs.Cli.Control;
using HipaaFs.Cli.Output;

namespace HipaaFs.Cli.Commands;

/// <summary><c>hipaafs quota</c>: what is used of the quotas that a policy has set.</summary>
internal static class QuotaCommand
{
    /// <summary>Builds the command.</summary>
    public static Command Create(CommandRunner runner)
    {
        var mountPoint = new Argument<string>("MOUNTPOINT") { Description = "Where the volume is mounted." };
        var command = new Command("quota", "Shows what is used of the quotas that a policy has set.") { mountPoint };
        runner.Handle(command, async (parsed, output, cancel) =>
        {
            using ControlClient client = await MountLocator.ConnectAsync(MountLocator.FindMount(parsed.GetRequiredValue(mountPoint)), runner.Context, cancel);
            IReadOnlyList<QuotaReport> quotas = await client.ListQuotasAsync(cancel);
            output.Result(quotas, JsonOutput.Default.IReadOnlyListQuotaReport, text => Describe(quotas, text));
            return ExitCode.Done;
        });
        return command;
    }

    private static void Describe(IReadOnlyList<QuotaReport> quotas, TextWriter text)
    {
        if (quotas.Count == 0)
        {
            text.WriteLine("There are no quotas; a policy sets them: 'hipaafs policy apply'.");
        }

        foreach (QuotaReport quota in quotas)
        {
            text.WriteLine(TerminalText.Escape(quota.Path));
            text.WriteLine($"  everybody   {Describe(quota.Total)}");
            foreach (QuotaUse user in quota.Users)
            {
                text.WriteLine(string.Create(CultureInfo.InvariantCulture, $"  user {user.User,-6} {Describe(user)}"));
            }
        }
    }

    private static string Describe(QuotaUse use)
    {
        string bytes = use.BytesLimit is { } most ? $"{ByteSize.Format(use.Bytes)} of {ByteSize.Format(most)}" : ByteSize.Format(use.Bytes);
        string files = use.FilesLimit is { } limit ? string.Create(CultureInfo.InvariantCulture, $"{use.Files} of {limit} files") : string.Create(CultureInfo.InvariantCulture, $"{use.Files} files");
        bool isFull = use.Bytes >= use.BytesLimit || use.Files >= use.FilesLimit;
        return $"{bytes}, {files}{(isFull ? "  FULL" : "")}";
    }
}
