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
    /// <summary>The variable that decides: 1 leaves the port open, for a profiler; anything else that is not 0 would leave it open too, and is not obeyed.</summary>
    public const string Variable = "DOTNET_EnableDiagnostics";

    private const string Open = "1";
    private const string Closed = "0";

    // Field 22 of proc(5) stat, counted from behind the name of the program, which may hold blanks.
    private const int StartTimeField = 19;

    /// <summary>Begins this process anew with the port closed, under the same id. Returns only when nothing is to be done, with 0, or with the errno why it cannot be done.</summary>
    /// <param name="commandLine">The program and its arguments; the program is a full path.</param>
    public static int Close(IReadOnlyList<string> commandLine)
    {
        if (!OperatingSystem.IsLinux() || Environment.GetEnvironmentVariable(Variable) is Open or Closed)
        {
            return 0;
        }

        if (LibC.setenv(Variable, Closed, 1) != 0)
        {
            return Marshal.GetLastPInvokeError();
        }

        foreach (string path in Endpoints())
        {
            Remove(path); // Who is replaced removes nothing at its end.
        }

        LibC.execv(commandLine[0], [.. commandLine, null]);
        return Marshal.GetLastPInvokeError();
    }

    private static void Remove(string path)
    {
        try
        {
            File.Delete(path);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            // Only a name stays, of what the new program does not listen to. Without a usable directory for temporary files the runtime made none.
        }
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
