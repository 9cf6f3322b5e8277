using System.ComponentModel;
using System.Diagnostics;

namespace HipaaFs.Benchmarks.NullFileSystem;

/// <summary>Runs programs of the system.</summary>
internal static class Commands
{
    /// <summary>Runs a program and returns what it printed, or null when it is missing or fails.</summary>
    internal static string? TryRun(string program, params string[] arguments)
    {
        var start = new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true };
        try
        {
            using Process process = Process.Start(start)!;
            Task<string> errors = process.StandardError.ReadToEndAsync();
            string output = process.StandardOutput.ReadToEnd();
            process.WaitForExit();
            errors.Wait();
            return process.ExitCode == 0 ? output : null;
        }
        catch (Win32Exception)
        {
            // The program is not installed.
            return null;
        }
    }
}
