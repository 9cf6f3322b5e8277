using System.Globalization;

namespace HipaaFs.Cli.Output;

/// <summary>Counted things as people write them: <c>1 file</c>, <c>2 files</c>.</summary>
internal static class CountText
{
    /// <summary>Writes a count with its word.</summary>
    /// <param name="count">How many.</param>
    /// <param name="one">The word for one.</param>
    /// <param name="many">The word for another number; null where it is the former with an s.</param>
    public static string Format(long count, string one, string? many = null) =>
        string.Create(CultureInfo.InvariantCulture, $"{count} {(count == 1 ? one : many ?? one + "s")}");
}
