using System.Runtime.InteropServices;
using HipaaFs.Cli.Commands;
using HipaaFs.Cli.Daemon;
using HipaaFs.Platform;

namespace HipaaFs.Cli;

/// <summary>The entry point of <c>hipaafs</c>.</summary>
internal static class Program
{
    private static async Task<int> Main(string[] arguments)
    {
        int notClosed = CommandTree.KeyHolders.Overlaps(arguments) ? DiagnosticPort.Close(OwnProgram.CommandLine(arguments)) : 0;
        ProcessHardening.DisableDumps(); // Whatever the command: it may hold keys and passphrases.
        if (arguments.Contains(DaemonProcess.ReportOption))
        {
            DaemonProcess.LeaveTerminal();
        }

        using var stop = new CancellationTokenSource();
        using PosixSignalRegistration interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, StopOnce);
        using PosixSignalRegistration terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, StopOnce);
        var context = CommandContext.OfProcess();
        if (notClosed != 0)
        {
            return (int)context.OpenOutput(arguments.Contains("--json")).Failure(new CommandException(
                ExitCode.Failed,
                $"close the diagnostic port of the .NET runtime: this program cannot be started again (errno {notClosed})",
                $"See that {Environment.ProcessPath} can be executed, or set {DiagnosticPort.Variable}=0 in the environment."));
        }

        try
        {
            return await CommandTree.RunAsync(arguments, context, stop.Token);
        }
        catch (Exception unexpected)
        {
            var failure = new CommandException(
                ExitCode.Failed,
                $"unexpected {unexpected.GetType().Name}: {unexpected.Message}",
                "This is a defect. Please report it with the version ('hipaafs --version') and what was asked for.",
                unexpected);
            return (int)context.OpenOutput(arguments.Contains("--json")).Failure(failure);
        }

        // A signal asks for an orderly end. Whoever presses Ctrl-C a second time does not want to wait for it.
        void StopOnce(PosixSignalContext signal)
        {
            signal.Cancel = signal.Signal == PosixSignal.SIGTERM || !stop.IsCancellationRequested;
            stop.Cancel();
        }
    }
}
