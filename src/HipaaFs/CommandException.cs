namespace HipaaFs.Cli;

/// <summary>A command that cannot go on: what was being done, what stands in the way, and what to do now.</summary>
internal sealed class CommandException : Exception
{
    /// <summary>Creates the failure; <paramref name="message"/> says what was being done to what, <paramref name="action"/> what to do now.</summary>
    public CommandException(ExitCode code, string message, string action, Exception? cause = null)
        : base(message, cause)
    {
        Code = code;
        Action = action;
    }

    /// <summary>The exit code of the process.</summary>
    public ExitCode Code { get; }

    /// <summary>What the user can do about it; never empty.</summary>
    public string Action { get; }

    /// <summary>Every single thing that is wrong, where there are several; empty when the message says it all.</summary>
    public IReadOnlyList<string> Problems { get; init; } = [];
}
