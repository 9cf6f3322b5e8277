using System.Globalization;
using HipaaFs.Cli.Output;

namespace HipaaFs.Cli.Control;

/// <summary>A snapshot as the commands show it.</summary>
/// <param name="Name">Its name: that of its directory in <c>.snapshots</c>.</param>
/// <param name="CreatedAt">When it was taken.</param>
/// <param name="Automatic">Whether it has no label of its own, but is named by its time.</param>
internal sealed record SnapshotLine(string Name, DateTimeOffset CreatedAt, bool Automatic)
{
    /// <summary>Name and time for a person, as <c>NAME of TIME</c>.</summary>
    public string Describe() => string.Create(CultureInfo.InvariantCulture, $"{TerminalText.Escape(Name)} of {CreatedAt.UtcDateTime:yyyy-MM-dd HH:mm:ss}Z");
}
