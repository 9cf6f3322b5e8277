namespace HipaaFs.Cli.Daemon;

/// <summary>How this program is started once more.</summary>
internal static class OwnProgram
{
    /// <summary>The program, by its full path, and its arguments: this process is hipaafs itself, or in development <c>dotnet hipaafs.dll</c>.</summary>
    public static IReadOnlyList<string> CommandLine(IReadOnlyList<string> arguments)
    {
        string program = Environment.ProcessPath ?? throw new InvalidOperationException("this process has no path");
        return Path.GetFileNameWithoutExtension(program) == "dotnet"
            ? [program, typeof(OwnProgram).Assembly.Location, .. arguments]
            : [program, .. arguments];
    }
}
