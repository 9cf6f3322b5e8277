using System.CommandLine;
using HipaaFs.Cli.Configuration;
using HipaaFs.Cli.Control;
using HipaaFs.Cli.Output;
using HipaaFs.Cli.Placing;
using HipaaFs.Cli.Volumes;
using HipaaFs.Placements;
using HipaaFs.Shipping;
using Microsoft.Extensions.Logging.Abstractions;

namespace HipaaFs.Cli.Commands;

/// <summary><c>hipaafs store</c>: shows and tends the stores of a mounted volume; <c>store home</c> alone is for one that is not mounted.</summary>
internal static class StoreCommand
{
    /// <summary>Builds the commands.</summary>
    public static Command Create(CommandRunner runner) => new("store", "Shows and tends the stores of a volume.")
    {
        CreateStatus(runner),
        CreateVerify(runner),
        CreateRepair(runner),
        CreateDrain(runner),
        CreateMigrate(runner),
        CreateRemove(runner),
        CreateForget(runner),
        StoreShipmentCommand.CreateUpload(runner),
        CreateHome(runner),
    };

    private static Command CreateStatus(CommandRunner runner)
    {
        Argument<string> mountPoint = MountPointArgument();
        var command = new Command("status", "Shows what each store has and lacks, and whether it answers.") { mountPoint };
        runner.Handle(command, async (parsed, output, cancel) =>
        {
            using ControlClient client = await ConnectAsync(parsed.GetRequiredValue(mountPoint), runner, cancel);
            IReadOnlyList<StoreReport> stores = await client.ListStoresAsync(cancel);
            MountStatus status = await client.GetStatusAsync(cancel);
            output.Result(stores, JsonOutput.Default.IReadOnlyListStoreReport, text =>
            {
                foreach (StoreReport store in stores)
                {
                    Describe(store, text);
                }

                StatusCommand.DescribeMove(status.Figures, text);
            });
            return ExitCode.Done;
        });
        return command;
    }

    private static Command CreateVerify(CommandRunner runner)
    {
        Argument<string> mountPoint = MountPointArgument();
        Argument<string> name = NameArgument("NAME", "The store.");
        var bandwidth = new Option<string?>("--bandwidth") { Description = "Most bytes a second to read, as 50MiB. Default: no limit.", HelpName = "RATE" };
        var command = new Command("verify", "Reads every segment that a store has; what is bad is made again from another copy.") { mountPoint, name, bandwidth };
        runner.Handle(command, async (parsed, output, cancel) =>
        {
            long rate = ScrubCommand.ReadRate(parsed.GetValue(bandwidth));
            using ControlClient client = await ConnectAsync(parsed.GetRequiredValue(mountPoint), runner, cancel);
            StoreVerification found = await output.Progress.RunAsync(progress => client.VerifyStoreAsync(parsed.GetRequiredValue(name), rate, progress, cancel));
            output.Result(found, JsonOutput.Default.StoreVerification, text => ScrubCommand.Describe(found.Found, text));
            return ScrubCommand.ToExitCode(found.Found);
        });
        return command;
    }

    private static Command CreateRepair(CommandRunner runner)
    {
        Argument<string> mountPoint = MountPointArgument();
        Argument<string> name = NameArgument("NAME", "The store.");
        var wait = new Option<bool>("--wait") { Description = "Returns when it lacks nothing that can be copied now." };
        var command = new Command("repair", "Asks a store for every segment that it should have, and has it get what it lacks.") { mountPoint, name, wait };
        runner.Handle(command, async (parsed, output, cancel) =>
        {
            using ControlClient client = await ConnectAsync(parsed.GetRequiredValue(mountPoint), runner, cancel);
            StoreVerification found = await output.Progress.RunAsync(
                progress => client.RepairStoreAsync(parsed.GetRequiredValue(name), parsed.GetValue(wait), progress, cancel));
            output.Result(found, JsonOutput.Default.StoreVerification, text =>
            {
                text.WriteLine($"Asked for {CountText.Format(found.Found.Segments, "segment")}: {found.Found.RepairedSegments} were not as they should be and are again, {found.Found.DamagedSegments} are nowhere whole.");
                if (found.Found.Stopped is { } stopped)
                {
                    text.WriteLine($"The store does not answer ({stopped}). It gets what it lacks when it is back.");
                }

                if (found.Store.OutOfReach > 0)
                {
                    text.WriteLine(
                        $"{found.Store.OutOfReach} segments that it lacks can be copied from nowhere now: they are in an archive, or no store has them any more. "
                        + "Bring their files back with 'hipaafs recall' and run it again; 'hipaafs scrub' names what is nowhere.");
                }

                Describe(found.Store, text);
            });
            ExitCode code = ScrubCommand.ToExitCode(found.Found);
            return code == ExitCode.Done && found.Store.Lacks.Segments > 0 ? ExitCode.Incomplete : code;
        });
        return command;
    }

    private static Command CreateDrain(CommandRunner runner)
    {
        Argument<string> mountPoint = MountPointArgument();
        Argument<string> name = NameArgument("NAME", "The store.");
        Option<bool> wait = WaitOption();
        var command = new Command("drain", "Empties a store: its replicas take its place.") { mountPoint, name, wait };
        runner.Handle(command, (parsed, output, cancel) =>
            EmptyAsync(parsed.GetRequiredValue(mountPoint), parsed.GetRequiredValue(name), null, parsed.GetValue(wait), runner, output, cancel));
        return command;
    }

    private static Command CreateMigrate(CommandRunner runner)
    {
        Argument<string> mountPoint = MountPointArgument();
        Argument<string> from = NameArgument("FROM", "The store that is emptied.");
        Argument<string> to = NameArgument("TO", "The store that takes its place.");
        Option<bool> wait = WaitOption();
        var command = new Command("migrate", "Puts another store in the place of one, as the volume's home too, and empties that.") { mountPoint, from, to, wait };
        var via = new Option<string?>("--via") { Description = "Directory of a disk that is shipped for most of the data; with --out or --in.", HelpName = "DIR" };
        var outward = new Option<bool>("--out") { Description = "Writes what TO has yet to get onto the disk, as much as fits; nothing else is changed. Again with the next disk." };
        var inward = new Option<bool>("--in") { Description = "Uploads what is on the disk to TO, puts it in the place of FROM, and has the network bring the rest." };
        var received = new Option<bool>("--received") { Description = "The same for what 'store upload' has put into TO elsewhere; it is read back." };
        var dryRun = new Option<bool>("--dry-run") { Description = "With --out: only says how much it would be." };
        var anew = new Option<bool>("--anew") { Description = "With --out: disks written before are lost, and everything is written again." };
        foreach (Option option in (Option[])[via, outward, inward, received, dryRun, anew])
        {
            command.Options.Add(option);
        }

        runner.Handle(command, async (parsed, output, cancel) =>
        {
            string source = parsed.GetRequiredValue(from);
            string target = parsed.GetRequiredValue(to);
            string[] words = [.. parsed.GetValue(outward) ? ["out"] : Array.Empty<string>(), .. parsed.GetValue(inward) ? ["in"] : Array.Empty<string>(), .. parsed.GetValue(received) ? ["received"] : Array.Empty<string>()];
            bool hasDirectory = parsed.GetValue(via) is not null;
            var step = new ShipmentStep(parsed.GetValue(dryRun), parsed.GetValue(anew));
            if (words.Length > 1 || hasDirectory != words is ["out"] or ["in"] || (step != default && words is not ["out"]) || step is { CountsOnly: true, StartsAnew: true } || (words.Length > 0 && parsed.GetValue(wait)))
            {
                throw new CommandException(ExitCode.Usage, "migrate: these options do not go together", "--via DIR goes with --out or --in; --received and --wait stand alone; --dry-run or --anew goes with --out.");
            }

            if (words.Length == 0)
            {
                return await EmptyAsync(parsed.GetRequiredValue(mountPoint), source, target, parsed.GetValue(wait), runner, output, cancel);
            }

            using ControlClient client = await ConnectAsync(parsed.GetRequiredValue(mountPoint), runner, cancel);
            return await StoreShipmentCommand.RunAsync(client, source, target, parsed.GetValue(via), words[0], step, output, cancel);
        });
        return command;
    }

    private static Command CreateRemove(CommandRunner runner)
    {
        Argument<string> mountPoint = MountPointArgument();
        Argument<string> name = NameArgument("NAME", "The store.");
        var command = new Command("remove", "Takes away a store that nothing is in any more.") { mountPoint, name };
        runner.Handle(command, async (parsed, output, cancel) =>
        {
            using ControlClient client = await ConnectAsync(parsed.GetRequiredValue(mountPoint), runner, cancel);
            StoreRemoval removal = await client.RemoveStoreAsync(parsed.GetRequiredValue(name), cancel);
            output.Result(removal, JsonOutput.Default.StoreRemoval, text => text.WriteLine(
                $"{parsed.GetRequiredValue(name)} is no store of the volume any more. "
                + (!removal.IsLookedThrough ? "It did not answer, so what may be left in it was not looked for."
                    : removal.LeftObjects > 0 ? $"{removal.LeftObjects} segments are in it that this volume knows nothing of; delete them with the store."
                    : removal.IsFree ? "Nothing is left in it."
                    : "No segment is in it; what else is left is of no use.")));
            return removal is { IsLookedThrough: true, LeftObjects: 0 } ? ExitCode.Done : ExitCode.Incomplete;
        });
        return command;
    }

    private static Command CreateForget(CommandRunner runner)
    {
        Argument<string> mountPoint = MountPointArgument();
        Argument<string> name = NameArgument("NAME", "The store, which does not answer and never will again.");
        var yes = new Option<bool>("--yes") { Description = "Forgets it, and what is nowhere else with it. Without, the command says what that is and changes nothing." };
        var command = new Command("forget", "Takes away a store that is lost with what is in it.") { mountPoint, name, yes };
        runner.Handle(command, async (parsed, output, cancel) =>
        {
            string store = parsed.GetRequiredValue(name);
            using ControlClient client = await ConnectAsync(parsed.GetRequiredValue(mountPoint), runner, cancel);
            StoreForgotten forgotten = await client.ForgetStoreAsync(store, parsed.GetValue(yes), cancel);
            StoreLoss loss = forgotten.Loss;
            output.Result(forgotten, JsonOutput.Default.StoreForgotten, text =>
            {
                text.WriteLine($"{store} is no store of the volume any more; it had {Format(new SegmentCount(loss.Segments, loss.Bytes))}.");
                text.WriteLine(loss.LostSegments == 0
                    ? "Nothing is lost. What its copies are missed for is copied from other stores in the background; 'hipaafs store status' shows how far that is."
                    : $"LOST: {Format(new SegmentCount(loss.LostSegments, loss.LostBytes))}, with data of {CountText.Format(loss.LostFiles, "file")}. 'hipaafs scrub' and 'hipaafs fsck' name them.");
                if (forgotten.Policy is { } policy)
                {
                    text.WriteLine($"Note: {policy}.");
                }
            });
            return ExitCode.Done;
        });
        return command;
    }

    private static Command CreateHome(CommandRunner runner)
    {
        var volume = new Argument<string>("VOLUME") { Description = "Directory of the volume, which must not be mounted." };
        Argument<string> name = NameArgument("NAME", "The mirror of change stream and key ring that becomes the home.");
        var yes = new Option<bool>("--yes") { Description = "Makes it the home. Without, the command says what the mirror has and changes nothing." };
        var command = new Command("home", "Makes a mirror the home of a volume whose home is lost.") { volume, name, yes };
        runner.Handle(command, async (parsed, output, cancel) =>
        {
            var configuration = VolumeConfiguration.Load(parsed.GetRequiredValue(volume), new Dictionary<string, string>(), runner.Context.Environment);
            var address = new HomeAddress(configuration);
            string store = parsed.GetRequiredValue(name);
            bool isConfirmed = parsed.GetValue(yes);
            if (address.Problem is { } problem)
            {
                throw new CommandException(ExitCode.Refused, $"make {store} the volume's home: {problem}", $"Have {VolumeFile.Name} say it, and run the command again without the other.");
            }

            MirrorState mirror = await HeldVolume.ExplainAsync(
                configuration,
                runner.Context,
                () => HomeReplacement.RunAsync(
                    VolumeOptionsMapping.ToOptions(configuration), store, isConfirmed ? address.Write : null, NullLoggerFactory.Instance, runner.Context.Time, cancel),
                cancel);
            string state = mirror.IsNewest
                ? "it has everything that this machine has published"
                : $"the newest that it has was put into it on {mirror.PublishedAt:yyyy-MM-dd HH:mm:ss} UTC, and what was published since is on this machine only until the next mount has published it again";
            if (!isConfirmed)
            {
                throw new CommandException(
                    ExitCode.Refused,
                    $"make {store} the volume's home in place of {mirror.Home}: {state}; --yes is not given",
                    $"If {mirror.Home} can come back, wait for it. If not, --yes.");
            }

            output.Result(mirror, JsonOutput.Default.MirrorState, text =>
            {
                text.WriteLine($"{store} is the volume's home: {state}.");
                text.WriteLine($"Mount the volume; then 'hipaafs store forget MOUNTPOINT {mirror.Home}' says what was in {mirror.Home} alone, and takes it away.");
            });
            return ExitCode.Done;
        });
        return command;
    }

    private static async Task<ExitCode> EmptyAsync(
        string mountPoint, string name, string? target, bool waits, CommandRunner runner, CommandOutput output, CancellationToken cancel)
    {
        using ControlClient client = await ConnectAsync(mountPoint, runner, cancel);
        StoreChange change = await output.Progress.RunAsync(progress => client.EmptyStoreAsync(name, target, waits, progress, cancel));
        output.Result(change, JsonOutput.Default.StoreChange, text =>
        {
            text.WriteLine(
                change.Redefined.Count > 0 ? $"{name} is not in placement {string.Join(", ", change.Redefined)} any more{(target is null ? "" : $"; {target} is in its place")}."
                : $"No placement names {name}: there is nothing to change.");
            if (change.Target is { Home: true } home && change.Redefined.Contains(0u))
            {
                text.WriteLine($"{home.Name} is the volume's home: change stream and key ring go there. {name} gets copies of them until it is removed.");
            }

            text.WriteLine(
                change.ToCopy.Segments > 0 ? $"{Format(change.ToCopy)} have yet to be copied, then {Format(change.Store.Surplus)} are deleted from it. That goes on in the background."
                : change.FilesToMove > 0 ? $"Data of {CountText.Format(change.FilesToMove ?? 0, "file")} has yet to be moved to their stores, then it is deleted from the others. That goes on in the background."
                : change.Store.Surplus.Segments > 0 ? $"Everything is copied; {Format(change.Store.Surplus)} have yet to be deleted from it, which is done ten minutes after they were copied and published at the soonest. That goes on in the background."
                : "Nothing is left to do.");
            if (change.Policy is { } policy)
            {
                text.WriteLine($"Note: {policy}.");
            }

            Describe(change.Store, text);
        });
        return ExitCode.Done;
    }

    private static Task<ControlClient> ConnectAsync(string mountPoint, CommandRunner runner, CancellationToken cancel) =>
        MountLocator.ConnectAsync(MountLocator.FindMount(mountPoint), runner.Context, cancel);

    private static Argument<string> NameArgument(string name, string description) => new(name) { Description = description };

    private static Option<bool> WaitOption() => new("--wait") { Description = "Returns when nothing is left in it that belongs elsewhere; shows how far that is." };

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
            string waits = store.Waits switch
            {
                StoreReport.WaitsForBudget => "; copying waits, since its budget is used up ('hipaafs cost')",
                StoreReport.WaitsForWindow => "; copying waits for its window",
                _ => "",
            };
            text.WriteLine($"  lacks      {Format(store.Lacks)}{lag}{waits}");
        }

        if (store.Surplus.Segments > 0)
        {
            text.WriteLine($"  too much   {Format(store.Surplus)}, which no placement wants there");
        }

        if (store.Condemned.Segments > 0)
        {
            text.WriteLine($"  to delete  {Format(store.Condemned)}");
        }

        if (store.Home || store.Mirror)
        {
            string point = store.RecoveryPointSeconds is { } age ? $", recovery point {DurationText.Format(TimeSpan.FromSeconds(Math.Round(age)))} ago" : ", recovery point not known yet";
            text.WriteLine($"  metadata   {(store.Home ? "home" : "mirror")} of change stream and key ring{point}");
        }

        text.WriteLine($"  placements {(store.Placements.Count == 0 ? "none names it" : string.Join(", ", store.Placements))}");
    }

    private static string Format(SegmentCount count) => $"{CountText.Format(count.Segments, "segment")}, {ByteSize.Format(count.Bytes)}";

    private static Argument<string> MountPointArgument() => new("MOUNTPOINT") { Description = "Where the volume is mounted." };
}
