using System.CommandLine;
using System.Globalization;
using HipaaFs.Cli.Configuration;
using HipaaFs.Cli.Control;
using HipaaFs.Cli.Costs;
using HipaaFs.Cli.Output;

namespace HipaaFs.Cli.Commands;

/// <summary><c>hipaafs cost</c>: what stores and directories cost by the prices of the policy.</summary>
internal static class CostCommand
{
    /// <summary>Builds the command.</summary>
    public static Command Create(CommandRunner runner)
    {
        var mountPoint = new Argument<string>("MOUNTPOINT") { Description = "Where the volume is mounted." };
        var command = new Command("cost", "Shows what stores and directories cost by the prices of the policy, and what is used of budgets.") { mountPoint };
        runner.Handle(command, async (parsed, output, cancel) =>
        {
            using ControlClient client = await MountLocator.ConnectAsync(MountLocator.FindMount(parsed.GetRequiredValue(mountPoint)), runner.Context, cancel);
            CostReport report = await output.Progress.RunAsync(progress => client.ReportCostAsync(progress, cancel));
            output.Result(report, JsonOutput.Default.CostReport, text => Describe(report, text));
            return ExitCode.Done;
        });
        return command;
    }

    private static void Describe(CostReport report, TextWriter text)
    {
        foreach (CostStore store in report.Stores)
        {
            text.WriteLine(store.Name);
            foreach (CostTier tier in store.Tiers)
            {
                text.WriteLine($"  {tier.Tier,-10} {ByteSize.Format(tier.Bytes)} in {CountText.Format(tier.Objects, "object")}{Money(tier.Month, report.Currency, " a month")}");
            }

            text.WriteLine($"  today      {Describe(store.Today, report.Currency)}");
            text.WriteLine($"  this month {Describe(store.ThisMonth, report.Currency)}");
            foreach (CostBudget budget in store.Budgets)
            {
                string state = budget.State == "ok" ? "" : $"  {budget.State.ToUpperInvariant()}";
                text.WriteLine(string.Create(CultureInfo.InvariantCulture, $"  budget     {budget.Used:0.####} of {budget.Limit:0.####} {budget.What} a {budget.Period}{state}"));
            }

            if (store.Stopped.Count > 0)
            {
                text.WriteLine($"  stopped    {string.Join(", ", store.Stopped)}, until the next day or month or a larger budget");
            }
        }

        foreach (CostDirectory directory in report.Directories)
        {
            text.WriteLine($"{TerminalText.Escape(directory.Path)}: {CountText.Format(directory.Files, "file")}, {ByteSize.Format(directory.Bytes)}{Money(directory.Month, report.Currency, " a month")}");
        }

        foreach (CostClass group in report.Classes)
        {
            text.WriteLine($"{(group.Name is null ? "no cost class" : $"cost class {group.Name}")}: {CountText.Format(group.Files, "file")}, {ByteSize.Format(group.Bytes)}{Money(group.Month, report.Currency, " a month")}");
        }

        if (report.Currency is null)
        {
            text.WriteLine("There are no prices; a policy has them: 'hipaafs policy apply'.");
        }
    }

    private static string Describe(CostUse use, string? currency)
    {
        string restored = use.RestoredBytes == 0 ? "" : $", {ByteSize.Format(use.RestoredBytes)} brought back";
        string retrieval = use.Retrieval is { } part && part != 0 ? $" ({MoneyText.Format(part)} of it for bringing back)" : "";
        return $"{CountText.Format(use.Requests, "request")}, {ByteSize.Format(use.SentBytes)} sent, {ByteSize.Format(use.ReceivedBytes)} read{restored}{Money(use.Money, currency, retrieval)}";
    }

    private static string Money(decimal? money, string? currency, string rest) =>
        money is null ? "" : $", {MoneyText.Format(money.Value)} {currency}{rest}";
}
