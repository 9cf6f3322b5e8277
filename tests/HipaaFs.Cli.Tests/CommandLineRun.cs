using System.Text.Json;
using HipaaFs.Cli.Commands;

namespace HipaaFs.Cli.Tests;

/// <summary>One command line run inside the test process, and what came of it.</summary>
internal sealed class CommandLineRun
{
    private CommandLineRun(ExitCode code, string output, string error)
    {
        Code = code;
        Output = output;
        Error = error;
    }

    public ExitCode Code { get; }

    public string Output { get; }

    public string Error { get; }

    public JsonElement Json => JsonDocument.Parse(Output).RootElement;

    public static Task<CommandLineRun> OfAsync(params string[] arguments) => OfAsync(new Dictionary<string, string>(), arguments);

    public static async Task<CommandLineRun> OfAsync(IReadOnlyDictionary<string, string> environment, params string[] arguments)
    {
        using var output = new StringWriter();
        using var error = new StringWriter();
        var context = new CommandContext
        {
            Out = output,
            Error = error,
            Environment = name => environment.GetValueOrDefault(name),
            EnvironmentNames = [.. environment.Keys],
        };
        int code = await CommandTree.RunAsync(arguments, context, CancellationToken.None);
        return new CommandLineRun((ExitCode)code, output.ToString(), error.ToString());
    }
}
