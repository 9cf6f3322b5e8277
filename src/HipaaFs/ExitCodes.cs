using System.Diagnostics;

namespace HipaaFs.Cli;

/// <summary>The words by which JSON output names the exit codes.</summary>
internal static class ExitCodes
{
    /// <summary>The stable word of a code, as in <c>error.code</c>.</summary>
    public static string ToWord(ExitCode code) => code switch
    {
        ExitCode.Done => "done",
        ExitCode.Failed => "failed",
        ExitCode.Usage => "usage",
        ExitCode.Configuration => "configuration",
        ExitCode.Key => "key",
        ExitCode.Store => "store",
        ExitCode.Integrity => "integrity",
        ExitCode.HeldByAnother => "held",
        ExitCode.NotFound => "not_found",
        ExitCode.Incomplete => "incomplete",
        ExitCode.Refused => "refused",
        ExitCode.UnsupportedFormat => "unsupported_format",
        _ => throw new UnreachableException(),
    };

    /// <summary>The code of a word; <see cref="ExitCode.Failed"/> for a word of a newer version.</summary>
    public static ExitCode FromWord(string? word)
    {
        foreach (ExitCode code in Enum.GetValues<ExitCode>())
        {
            if (ToWord(code) == word)
            {
                return code;
            }
        }

        return ExitCode.Failed;
    }
}
