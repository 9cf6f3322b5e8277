using System.Globalization;

namespace HipaaFs.Cli.Configuration;

/// <summary>Lengths of time as people write them: <c>500ms</c>, <c>30s</c>, <c>5m</c>, <c>12h</c>, <c>7d</c>.</summary>
internal static class DurationText
{
    private static readonly (string Suffix, TimeSpan Unit)[] Units =
    [
        ("ms", TimeSpan.FromMilliseconds(1)), ("s", TimeSpan.FromSeconds(1)), ("m", TimeSpan.FromMinutes(1)),
        ("h", TimeSpan.FromHours(1)), ("d", TimeSpan.FromDays(1)),
    ];

    /// <summary>Reads a length of time; a number without a unit is refused, because nobody remembers which one it would be.</summary>
    public static bool TryParse(string text, out TimeSpan duration)
    {
        string trimmed = text.Trim();
        foreach ((string suffix, TimeSpan unit) in Units)
        {
            if (trimmed.EndsWith(suffix, StringComparison.OrdinalIgnoreCase)
                && double.TryParse(trimmed[..^suffix.Length], NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out double amount)
                && amount * unit.TotalDays < 36_500)
            {
                duration = amount * unit;
                return true;
            }
        }

        duration = default;
        return false;
    }

    /// <summary>Writes an age for people: the largest unit and one below it.</summary>
    public static string Format(TimeSpan duration) => duration switch
    {
        { TotalSeconds: < 1 } => $"{duration.TotalMilliseconds:0} ms",
        { TotalMinutes: < 1 } => $"{duration.TotalSeconds:0} s",
        { TotalHours: < 1 } => $"{duration.Minutes} min {duration.Seconds} s",
        { TotalDays: < 1 } => $"{duration.Hours} h {duration.Minutes} min",
        _ => $"{duration.Days} d {duration.Hours} h",
    };
}
