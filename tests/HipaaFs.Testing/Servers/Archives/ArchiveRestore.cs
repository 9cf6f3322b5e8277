using System.Globalization;

namespace HipaaFs.Testing.Servers.Archives;

/// <summary>What became of a request to restore one version of an object.</summary>
/// <param name="Version">The version it is for.</param>
/// <param name="Speed">The speed it goes at.</param>
/// <param name="Days">The days the copy is to stay.</param>
/// <param name="Until">When the copy goes away; null while the restore is under way.</param>
internal sealed record ArchiveRestore(string Version, ArchiveSpeed Speed, int Days, DateTimeOffset? Until)
{
    /// <summary>The header that says so.</summary>
    public string Header => Until is { } until
        ? string.Create(CultureInfo.InvariantCulture, $"x-amz-restore: ongoing-request=\"false\", expiry-date=\"{until:R}\"")
        : "x-amz-restore: ongoing-request=\"true\"";

    /// <summary>The same with a copy that stays so many days from now: S3 rounds up to the next midnight.</summary>
    public ArchiveRestore ReadableFor(int days, DateTimeOffset now) =>
        this with { Days = days, Until = new DateTimeOffset(now.UtcDateTime.Date, TimeSpan.Zero).AddDays(days + 1) };
}
