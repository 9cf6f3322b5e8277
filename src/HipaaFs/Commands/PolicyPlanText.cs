using HipaaFs.Cli.Configuration;
using HipaaFs.Cli.Output;
using HipaaFs.Cli.Placing;

namespace HipaaFs.Cli.Commands;

/// <summary>A plan for people.</summary>
internal static class PolicyPlanText
{
    /// <summary>Writes what would change, or has.</summary>
    public static void Write(PolicyPlan plan, TextWriter text)
    {
        foreach (PlannedStore store in plan.Stores.Where(static store => store.Action != "keep"))
        {
            text.WriteLine(store.Action switch
            {
                "register" => $"store       {store.Name} is registered as number {store.Number}: {TerminalText.Escape(store.Url)}, {store.Region}",
                "name" => $"store       {store.Number} is called {store.Name}, in {store.Region}",
                _ => $"store       {store.Name} ({store.Number}) is not in the policy any more: 'hipaafs store drain' empties it, then 'hipaafs store remove'",
            });
        }

        if (plan.Metadata is { } metadata)
        {
            string added = metadata.Added.Count == 0 ? "" : $", and are copied to {string.Join(", ", metadata.Added)}";
            string dropped = metadata.Dropped.Count == 0 ? "" : $"; {string.Join(", ", metadata.Dropped)} {(metadata.Dropped.Count == 1 ? "loses its copies" : "lose their copies")}";
            text.WriteLine($"metadata    change stream and key ring go to the home, {metadata.Home}{added}{dropped}");
        }

        foreach (PlannedPlacement placement in plan.Placements.Where(static placement => placement.Action != "keep"))
        {
            text.WriteLine($"placement   {placement.Number} is {(placement.Action == "define" ? "new" : "changed")}: {Describe(placement)}");
        }

        foreach (PlannedDirectory directory in plan.Directories)
        {
            string moved = directory.MovedFiles == 0 ? "" : $", {directory.MovedFiles} of them, {ByteSize.Format(directory.MovedBytes)}, {(directory.MovedFiles == 1 ? "is" : "are")} moved";
            text.WriteLine(directory.Exists
                ? $"directory   {TerminalText.Escape(directory.Path)} has placement {directory.Placement}: {CountText.Format(directory.Files, "file")}, {ByteSize.Format(directory.Bytes)}{moved}"
                : $"directory   {TerminalText.Escape(directory.Path)} IS NOT THERE");
        }

        foreach (PlannedTransfer transfer in plan.Transfers)
        {
            string changes = transfer.ChangeRequests == 0 ? "" : $", changes the class of {ByteSize.Format(transfer.Changes)} in {CountText.Format(transfer.ChangeRequests, "request")}";
            text.WriteLine(
                $"transfer    {transfer.Store} gets {ByteSize.Format(transfer.Gets)} in {CountText.Format(transfer.Puts, "request")}, sends {ByteSize.Format(transfer.Sends)} in {transfer.Reads}, gives back {ByteSize.Format(transfer.GivesBack)}{changes}{Describe(transfer.Cost)}");
        }

        foreach (string line in plan.Unenforced)
        {
            text.WriteLine($"note        {line}");
        }

        foreach (string line in plan.Warnings)
        {
            text.WriteLine($"warning     {line}");
        }
    }

    private static string Describe(PlannedPlacement placement)
    {
        string copies = string.Concat(placement.Sync.Select(name => $", {Name(name)} at once").Concat(placement.Async.Select(name => $", {Name(name)} later{Windows(name)}")));
        string origin = placement.Origin is { } from ? $"for files of {from} that are old enough: " : "";
        string steps = string.Concat(placement.Steps.Select(static step => $"; {step}"));
        return $"{origin}{Name(placement.Primary)}{copies}{(placement.Regions.Length == 0 ? "" : $"; within {placement.Regions}")}{steps}";

        string Windows(string store) => placement.Windows.TryGetValue(store, out IReadOnlyList<string>? windows) ? $" ({string.Join(", ", windows)} UTC)" : "";

        string Name(string store) => placement.Tiers.TryGetValue(store, out string? tier) ? $"{store} ({tier})" : store;
    }

    private static string Describe(PlannedCost? cost) => cost is null
        ? ""
        : $"; {MoneyText.Format(cost.Once)} {cost.Currency} once (of that at most {MoneyText.Format(cost.EarlyDeletion)} for early deletion), {MoneyText.FormatChange(cost.StorageMonth)} a month";
}
