using System.ComponentModel;
using System.Diagnostics;

namespace HipaaFs.Fuse.Tests;

/// <summary>Runs programs with a time limit.</summary>
internal static class Commands
{
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(2);

    /// <summary>Runs a program to its end. Returns null when it is not installed; a program over the limit is killed.</summary>
    internal static (int ExitCode, string Output)? Run(string program, string[] arguments)
    {
        var start = new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true };
        Process? process;
        try
        {
            process = Process.Start(start)!;
        }
        catch (Win32Exception)
        {
            return null;
        }

        using (process)
        {
            Task<string> output = process.StandardOutput.ReadToEndAsync();
            Task<string> errors = process.StandardError.ReadToEndAsync();
            if (!process.WaitForExit(Limit))
            {
                process.Kill(entireProcessTree: true);
                process.WaitForExit();
                return (-1, "over the time limit");
            }

            return (process.ExitCode, output.Result + errors.Result);
        }
    }
}
