using System.Diagnostics;
using System.IO.Pipes;
using System.Text;
using System.Text.Json;
using HipaaFs.Cli.Interop;
using HipaaFs.Cli.Output;

namespace HipaaFs.Cli.Daemon;

/// <summary>Starts this program a second time as a daemon and waits until it says that the mount answers, or why it does not.</summary>
/// <remarks>
/// The two talk over inherited pipes: one on which the daemon reports, and where a passphrase is needed one on which it gets it.
/// Neither a secret nor a report ever stands in the arguments, the environment or a file.
/// </remarks>
internal sealed class DaemonLauncher
{
    private readonly IReadOnlyList<string> _arguments;

    /// <summary>Creates the launcher of a command line, which gets the descriptors of the pipes added.</summary>
    public DaemonLauncher(IReadOnlyList<string> arguments) => _arguments = arguments;

    /// <summary>Starts the daemon.</summary>
    /// <exception cref="CommandException">The daemon's own reason not to start, or that it ended without one.</exception>
    public async Task<DaemonReport> StartAsync(string? passphrase, CancellationToken cancel)
    {
        KeepDescriptorsToOurselves();
        using var reports = new AnonymousPipeServerStream(PipeDirection.In, HandleInheritability.Inheritable);
        using AnonymousPipeServerStream? secrets = passphrase is null
            ? null
            : new AnonymousPipeServerStream(PipeDirection.Out, HandleInheritability.Inheritable);
        ProcessStartInfo start = Describe();
        start.ArgumentList.Add(DaemonProcess.ReportOption);
        start.ArgumentList.Add(reports.GetClientHandleAsString());
        if (secrets is not null)
        {
            start.ArgumentList.Add("--key");
            start.ArgumentList.Add($"passphrase:fd:{secrets.GetClientHandleAsString()}");
        }

        using Process daemon = Process.Start(start)!;
        reports.DisposeLocalCopyOfClientHandle();
        if (secrets is not null)
        {
            secrets.DisposeLocalCopyOfClientHandle();
            SendPassphrase(secrets, passphrase!);
        }

        await using CancellationTokenRegistration stop = cancel.Register(() => LibC.kill(daemon.Id, LibC.SIGTERM));
        return await ReadReportAsync(reports, daemon);
    }

    // What the caller left open besides the standard streams ends with this process and is not for the daemon, which may live for months. A kernel
    // older than 5.11 does not know the flag: there the daemon keeps them, as any program would.
    private static void KeepDescriptorsToOurselves()
    {
        const uint firstOfTheCaller = 3;
        const int closeOnExec = 4; // CLOSE_RANGE_CLOEXEC
        _ = LibC.close_range(firstOfTheCaller, uint.MaxValue, closeOnExec);
    }

    private static void SendPassphrase(AnonymousPipeServerStream pipe, string passphrase)
    {
        byte[] bytes = Encoding.UTF8.GetBytes(passphrase);
        try
        {
            pipe.Write(bytes);
        }
        catch (IOException)
        {
            // The daemon ended before it read; its report says why.
        }
        finally
        {
            System.Security.Cryptography.CryptographicOperations.ZeroMemory(bytes);
            pipe.Dispose();
        }
    }

    private ProcessStartInfo Describe()
    {
        IReadOnlyList<string> commandLine = OwnProgram.CommandLine(_arguments);

        // The runtime keeps copies of the standard streams it was started with, so the daemon must never see those of the caller:
        // it would hold a terminal or a pipe open for as long as it lives. It gets pipes that lead nowhere once this process ends.
        var start = new ProcessStartInfo(commandLine[0])
        {
            UseShellExecute = false,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        foreach (string argument in commandLine.Skip(1))
        {
            start.ArgumentList.Add(argument);
        }

        return start;
    }

    private static async Task<DaemonReport> ReadReportAsync(AnonymousPipeServerStream reports, Process daemon)
    {
        using var reader = new StreamReader(reports, Encoding.UTF8);
        string? line = await reader.ReadLineAsync(CancellationToken.None);
        if (line is not null)
        {
            using JsonDocument report = JsonDocument.Parse(line);
            return JsonEnvelope.ReadResult(report.RootElement, JsonOutput.Default.DaemonReport);
        }

        await daemon.WaitForExitAsync(CancellationToken.None);
        throw new CommandException(
            ExitCode.Failed,
            $"start the daemon: it ended without a reason, exit code {daemon.ExitCode}",
            "Run the same command with --foreground to see what it prints.");
    }
}
