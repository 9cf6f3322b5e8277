using System.CommandLine;
using System.CommandLine.Completions;
using HipaaFs.Cli.Configuration;
using HipaaFs.Cli.Daemon;
using HipaaFs.Cli.Mounting;
using HipaaFs.Cli.Output;
using HipaaFs.Cli.Volumes;
using HipaaFs.Crypto;

namespace HipaaFs.Cli.Commands;

/// <summary><c>hipaafs mount</c>: mounts a volume and returns when the filesystem answers.</summary>
internal static class MountCommand
{
    /// <summary>Builds the command.</summary>
    public static Command Create(CommandRunner runner)
    {
        var volume = new Argument<string>("VOLUME") { Description = "Directory of the volume." };
        var mountPoint = new Argument<string>("MOUNTPOINT") { Description = "Empty directory to mount at." };
        var options = new Option<string[]>("-o", "--options")
        {
            Description = "Options as mount(8) has them, separated by commas; docs/configuration.md lists them.",
            HelpName = "OPTIONS",
            AllowMultipleArgumentsPerToken = false,
        };
        options.CompletionSources.Add(static _ => MountOptionsReader.Names.Select(static name => new CompletionItem(name)));
        var key = new Option<string?>("--key") { Description = "The key, instead of the one volume.yaml names.", HelpName = "KEYREF" };
        var foreground = new Option<bool>("--foreground", "-f") { Description = "Stay in the foreground and log to standard error too." };
        var report = new Option<string?>(DaemonProcess.ReportOption) { Hidden = true };
        var command = new Command("mount", "Mounts a volume.") { volume, mountPoint, options, key, foreground, report };
        runner.Handle(command, async (parsed, output, cancel) =>
        {
            var request = new MountRequest
            {
                Volume = Path.GetFullPath(parsed.GetRequiredValue(volume)),
                MountPoint = Path.GetFullPath(parsed.GetRequiredValue(mountPoint)),
                OptionTexts = parsed.GetValue(options) ?? [],
                Key = parsed.GetValue(key),
            };
            return parsed.GetValue(report) is { } descriptor
                ? await RunDaemonAsync(request, descriptor, runner.Context, cancel)
                : await RunAsync(request, parsed.GetValue(foreground), output, runner.Context, cancel);
        });
        return command;
    }

    private static async Task<ExitCode> RunAsync(
        MountRequest request, bool foreground, CommandOutput output, CommandContext context, CancellationToken cancel)
    {
        MountPlan plan = request.Plan(context);
        if (foreground || plan.Options.Foreground)
        {
            return await MountDaemon.RunAsync(plan, context, watched: true, report => Show(report, plan, output), cancel);
        }

        string? passphrase = plan.Key.Kind == KeyReferenceKind.PassphraseTerminal ? Keys.KeyAccess.AskForDaemon(context) : null;
        var launcher = new DaemonLauncher(request.DaemonArguments(plan, withKey: passphrase is null));
        Show(await launcher.StartAsync(passphrase, cancel), plan, output);
        return ExitCode.Done;
    }

    private static async Task<ExitCode> RunDaemonAsync(
        MountRequest request, string descriptor, CommandContext context, CancellationToken cancel)
    {
        using DaemonProcess daemon = DaemonProcess.Open(descriptor);
        try
        {
            return await MountDaemon.RunAsync(request.Plan(context), context, watched: false, daemon.Ready, cancel);
        }
        catch (CommandException failure)
        {
            daemon.Failed(failure);
            return failure.Code;
        }
        catch (HipaaFs.Volumes.VolumeException failure)
        {
            CommandException explained = VolumeFailures.ToCommand(failure);
            daemon.Failed(explained);
            return explained.Code;
        }
    }

    private static void Show(DaemonReport report, MountPlan plan, CommandOutput output)
    {
        output.Result(report, JsonOutput.Default.DaemonReport, text =>
        {
            string access = report.ReadOnly ? " read-only" : "";
            text.WriteLine($"Volume {report.VolumeId} is mounted{access} at {report.MountPoint} (process {report.Pid}).");
            if (report.Snapshot is { } snapshot)
            {
                text.WriteLine($"It shows snapshot {snapshot.Describe()}.");
            }

            if (report.TookOver)
            {
                text.WriteLine("It was taken over from a daemon that was still uploading; the upload goes on.");
            }

            text.WriteLine($"Log: {report.LogFile}");
            text.WriteLine($"Unmount it:  hipaafs umount {report.MountPoint}");
        });
        if (report.StoreProblem is { } problem)
        {
            string meanwhile = report.ReadOnly ? "only what is on this machine can be read" : "nothing is uploaded";
            output.Note($"hipaafs: the store {plan.Configuration.Get(VolumeSettings.Store)} cannot be used: {problem}: {report.StoreAction}; until then {meanwhile}");
        }
    }
}
