namespace HipaaFs.Testing.Mounts;

/// <summary>Runs shell and Python text in a directory, each in a child process with a time limit.</summary>
public static class Shell
{
    // Debian's interpreter sees Debian's packages (cryptography); another python3 on PATH need not.
    private static readonly string PythonProgram = File.Exists("/usr/bin/python3") ? "/usr/bin/python3" : "python3";

    /// <summary>Runs a script in bash with -e, -u and pipefail.</summary>
    public static Task<ProcessOutcome> RunAsync(string script, string directory, TimeSpan? timeout = null)
    {
        return ChildProcess.RunAsync(
            "bash",
            ["-euo", "pipefail", "-c", script],
            new ChildProcessOptions { WorkingDirectory = directory, Timeout = timeout ?? ChildProcess.DefaultTimeout });
    }

    /// <summary>Runs a script as <see cref="RunAsync"/> does; the test fails unless it succeeds. Returns its output.</summary>
    public static async Task<string> CheckAsync(string script, string directory, TimeSpan? timeout = null)
    {
        ProcessOutcome outcome = await RunAsync(script, directory, timeout);
        return outcome.EnsureSucceeded().Text;
    }

    /// <summary>Runs Python text; its arguments are in sys.argv.</summary>
    public static Task<ProcessOutcome> PythonAsync(string script, string directory, TimeSpan? timeout = null, params string[] arguments)
    {
        return ChildProcess.RunAsync(
            PythonProgram,
            ["-c", script, .. arguments],
            new ChildProcessOptions { WorkingDirectory = directory, Timeout = timeout ?? ChildProcess.DefaultTimeout });
    }

    /// <summary>Runs a Python file; its arguments are in sys.argv.</summary>
    public static Task<ProcessOutcome> PythonFileAsync(string path, string directory, TimeSpan? timeout = null, params string[] arguments)
    {
        return ChildProcess.RunAsync(
            PythonProgram,
            [path, .. arguments],
            new ChildProcessOptions { WorkingDirectory = directory, Timeout = timeout ?? ChildProcess.DefaultTimeout });
    }

    /// <summary>The interpreter that <see cref="PythonAsync"/> uses.</summary>
    public static string Python => PythonProgram;
}
