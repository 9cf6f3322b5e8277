using System.CommandLine;
using HipaaFs.Cli.Configuration;
using HipaaFs.Cli.Control;
using HipaaFs.Cli.Output;

namespace HipaaFs.Cli.Commands;

/// <summary><c>hipaafs store</c>: shows and tends the stores of a mounted volume.</summary>
internal static class StoreCommand
{
    /// <summary>Builds the commands.</summary>
    public static Command Create(CommandRunner runner) => new("store", "Shows and tends the stores of a mounted volume.")
    {
        CreateStatus(runner),
    };

    private static Command CreateStatus(CommandRunner runner)
    {
        Argument<string> mountPoint = MountPointArgument();
        var command = new Command("status", "Shows what each store has and lacks, and whether it answers.") { mountPoint };
        runner.Handle(command, async (parsed, output, cancel) =>
        {
            using ControlClient client = await MountLocator.ConnectAsync(MountLocator.FindMount(parsed.GetRequiredValue(mountPoint)), runner.Context, cancel);
            IReadOnlyList<StoreReport> stores = await client.ListStoresAsync(cancel);
            output.Result(stores, JsonOutput.Default.IReadOnlyListStoreReport, text =>
            {
                foreach (StoreReport store in stores)
                {
                    Describe(store, text);
                }
            });
            return ExitCode.Done;
        });
        return command;
    }

    /// <summary>A store for people.</summary>
    public static void Describe(StoreReport store, TextWriter text)
    {
        string region = store.Region.Length > 0 ? $" in {store.Region}" : "";
        text.WriteLine($"store {store.Number}  {store.Name}{region}  {TerminalText.Escape(store.Url)}");
        string since = store.AwaySeconds is { } seconds ? $" for {DurationText.Format(TimeSpan.FromSeconds(Math.Round(seconds)))}" : "";
        text.WriteLine(store.Away ? $"  state      AWAY{since}{(store.Problem is null ? "" : $": {store.Problem}")}" : store.Problem is null ? "  state      answers" : $"  state      GETS NOTHING: {store.Problem}");
        text.WriteLine($"  has        {Format(store.Has)}{(store.Alone.Segments == 0 ? "" : $"; {Format(store.Alone)} are nowhere else")}");
        if (store.Lacks.Segments > 0)
        {
            string lag = store.LagSeconds is { } age ? $", the oldest for {DurationText.Format(TimeSpan.FromSeconds(Math.Round(age)))}" : "";
            text.WriteLine($"  lacks      {Format(store.Lacks)}{lag}");
        }

        if (store.Surplus.Segments > 0)
        {
            text.WriteLine($"  too much   {Format(store.Surplus)}, which no placement wants there");
        }

        if (store.Condemned.Segments > 0)
        {
            text.WriteLine($"  to delete  {Format(store.Condemned)}");
        }

        text.WriteLine($"  placements {(store.Placements.Count == 0 ? "none names it" : string.Join(", ", store.Placements))}");
    }

    private static string Format(SegmentCount count) => $"{count.Segments} {(count.Segments == 1 ? "segment" : "segments")}, {ByteSize.Format(count.Bytes)}";

    private static Argument<string> MountPointArgument() => new("MOUNTPOINT") { Description = "Where the volume is mounted." };
}
