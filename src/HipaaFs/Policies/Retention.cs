using System.Globalization;

namespace HipaaFs.Cli.Policies;

/// <summary>How long nobody can change or delete a file (write once, read many).</summary>
/// <param name="Mode">Who can end it.</param>
/// <param name="Grace">How long after its last change a file can still be changed.</param>
/// <param name="Period">How long it holds from then; null when <paramref name="Until"/> says it.</param>
/// <param name="Until">The last day on which it holds; null when <paramref name="Period"/> says it.</param>
internal sealed record Retention(RetentionMode Mode, TimeSpan Grace, CalendarPeriod? Period, Placed<DateOnly>? Until)
{
    /// <summary>One line for people.</summary>
    public override string ToString()
    {
        string end = Period is { } period ? $"for {period}" : string.Create(CultureInfo.InvariantCulture, $"until {Until!.Value.Value:yyyy-MM-dd}");
        string grace = Grace == TimeSpan.Zero ? "" : $", grace {PolicyWords.Of(Grace)}";
        return $"{PolicyWords.Of(Mode)} {end}{grace}";
    }
}
