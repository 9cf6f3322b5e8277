using HipaaFs.Cli.Output;
using HipaaFs.Platform;

namespace HipaaFs.Cli;

/// <summary>What a command sees of the world outside: streams, environment, clock. Tests give it others.</summary>
internal sealed class CommandContext
{
    /// <summary>Where results go.</summary>
    public required TextWriter Out { get; init; }

    /// <summary>Where errors, warnings and progress go.</summary>
    public required TextWriter Error { get; init; }

    /// <summary>Reads an environment variable; null when it is not set.</summary>
    public Func<string, string?> Environment { get; init; } = System.Environment.GetEnvironmentVariable;

    /// <summary>The names of all environment variables.</summary>
    public IReadOnlyCollection<string> EnvironmentNames { get; init; } = [];

    /// <summary>The clock of everything the command starts.</summary>
    public TimeProvider Time { get; init; } = TimeProvider.System;

    /// <summary>Whether <see cref="Error"/> is a terminal that can redraw a progress bar.</summary>
    public bool IsTerminal { get; init; }

    /// <summary>Asks for a secret without showing it; null when there is nobody to ask.</summary>
    public Func<string, string?> AskSecret { get; init; } = static _ => null;

    /// <summary>Makes the output of one run, in JSON or for people.</summary>
    public CommandOutput OpenOutput(bool json) => new(this, json);

    /// <summary>The context of the real process.</summary>
    public static CommandContext OfProcess() => new()
    {
        Out = Console.Out,
        Error = Console.Error,
        EnvironmentNames = [.. System.Environment.GetEnvironmentVariables().Keys.Cast<string>()],
        Time = new KernelClock(),
        IsTerminal = !Console.IsErrorRedirected,
        AskSecret = TerminalPrompt.AskSecret,
    };
}
