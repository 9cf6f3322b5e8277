using HipaaFs.Volumes;

namespace HipaaFs.Cli.Volumes;

/// <summary>The one table from what a volume says when it cannot be opened or made to the exit codes of the command line.</summary>
internal static class VolumeFailures
{
    /// <summary>The failure as a command shows it.</summary>
    public static CommandException ToCommand(VolumeException failure) =>
        new(ToExitCode(failure.Failure), failure.Message, ToSentence(failure.Action), failure);

    // Others may follow it.
    private static string ToSentence(string action) => char.ToUpperInvariant(action[0]) + action[1..] + (action[^1] is '.' or '?' or '!' ? string.Empty : ".");

    /// <summary>The exit code of a failure.</summary>
#pragma warning disable CS8524 // No default arm on purpose: a new failure must not compile before it has its exit code.
    public static ExitCode ToExitCode(VolumeFailure failure) => failure switch
    {
        VolumeFailure.Configuration => ExitCode.Configuration,
        VolumeFailure.Key => ExitCode.Key,
        VolumeFailure.Store => ExitCode.Store,
        VolumeFailure.Integrity => ExitCode.Integrity,
        VolumeFailure.HeldByAnother => ExitCode.HeldByAnother,
        VolumeFailure.NotFound => ExitCode.NotFound,
        VolumeFailure.UnsupportedFormat => ExitCode.UnsupportedFormat,
        VolumeFailure.NoSpace => ExitCode.Failed,
        VolumeFailure.NotEmpty => ExitCode.Usage,
        VolumeFailure.Refused => ExitCode.Refused,
        VolumeFailure.Io => ExitCode.Failed,
    };
#pragma warning restore CS8524
}
