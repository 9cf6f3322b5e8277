using System.IO.Pipes;
using HipaaFs.Cli.Interop;
using HipaaFs.Cli.Output;
using Microsoft.Win32.SafeHandles;

namespace HipaaFs.Cli.Daemon;

/// <summary>The daemon's side of its start: leaves the terminal, and reports once over the inherited pipe.</summary>
internal sealed class DaemonProcess : IDisposable
{
    /// <summary>The hidden option by which the launcher names the pipe.</summary>
    public const string ReportOption = "--report-fd";

    private readonly AnonymousPipeClientStream _reports;

    private DaemonProcess(AnonymousPipeClientStream reports) => _reports = reports;

    /// <summary>Opens the pipe on which the launcher waits.</summary>
    public static DaemonProcess Open(string reportDescriptor) => new(new AnonymousPipeClientStream(PipeDirection.Out, reportDescriptor));

    /// <summary>Makes this process a daemon: a session of its own, no terminal, no directory kept busy.</summary>
    /// <remarks>Called before anything touches the console, which would keep the caller's terminal or pipes open for ever.</remarks>
    public static void LeaveTerminal()
    {
        _ = LibC.setsid(); // Fails only for a group leader, which already has what it is asked for.
        using (SafeFileHandle nothing = File.OpenHandle("/dev/null", FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite))
        {
            int fd = (int)nothing.DangerousGetHandle();
            for (int standard = 0; standard <= 2; standard++)
            {
                _ = LibC.dup2(fd, standard);
            }
        }

        Environment.CurrentDirectory = "/";
    }

    /// <summary>Tells the command that waits that the mount answers.</summary>
    public void Ready(DaemonReport report) => Send(JsonEnvelope.Result(report, JsonOutput.Default.DaemonReport));

    /// <summary>Tells the command that waits why there is no mount.</summary>
    public void Failed(CommandException failure) => Send(JsonEnvelope.Failure(failure));

    /// <summary>Closes the pipe.</summary>
    public void Dispose() => _reports.Dispose();

    private void Send(ReadOnlyMemory<byte> line)
    {
        try
        {
            _reports.Write(line.Span);
        }
        catch (IOException)
        {
            // The command was ended while it waited; the mount stays, as it would a moment later.
        }
        finally
        {
            _reports.Dispose();
        }
    }
}
