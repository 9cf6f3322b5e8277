using System.Globalization;
using System.Runtime.InteropServices;
using HipaaFs.Platform.Interop;

namespace HipaaFs.Platform;

/// <summary>The socket on which the .NET runtime takes orders from every process of the same user: dump the memory, load a profiler, trace.</summary>
/// <remarks>
/// The runtime opens it before it runs the first instruction of a program, and listens to one thing only: the environment. No setting of
/// runtimeconfig.json closes it, and PR_SET_DUMPABLE does not, for the process then dumps itself. So a program has to begin anew.
/// </remarks>
public static class DiagnosticPort
{
    /// <summary>The variable that decides. Who sets it, to 1 for a profiler say, is obeyed.</summary>
    public const string Variable = "DOTNET_EnableDiagnostics";

    // Field 22 of proc(5) stat, counted from behind the name of the program, which may hold blanks.
    private const int StartTimeField = 19;

    /// <summary>Begins this process anew with the port closed, under the same id. Returns only when nothing is to be done, with 0, or with the errno why it cannot be done.</summary>
    /// <param name="commandLine">The program and its arguments; the program is a full path.</param>
    public static int Close(IReadOnlyList<string> commandLine)
    {
        if (!OperatingSystem.IsLinux() || Environment.GetEnvironmentVariable(Variable) is not null)
        {
            return 0;
        }

        if (LibC.setenv(Variable, "0", 1) != 0)
        {
            return Marshal.GetLastPInvokeError();
        }

        foreach (string path in Endpoints())
        {
            File.Delete(path); // Who is replaced removes nothing at its end.
        }

        LibC.execv(commandLine[0], [.. commandLine, null]);
        return Marshal.GetLastPInvokeError();
    }

    // The port itself, and the pipes on which the runtime waits for a debugger.
    private static IEnumerable<string> Endpoints()
    {
        string stat = File.ReadAllText("/proc/self/stat");
        string started = stat[(stat.LastIndexOf(')') + 2)..].Split(' ')[StartTimeField];
        string process = string.Create(CultureInfo.InvariantCulture, $"{Environment.ProcessId}-{started}");
        string directory = Path.GetTempPath();
        return
        [
            Path.Combine(directory, $"dotnet-diagnostic-{process}-socket"),
            Path.Combine(directory, $"clr-debug-pipe-{process}-in"),
            Path.Combine(directory, $"clr-debug-pipe-{process}-out"),
        ];
    }
}
