using System.Globalization;
using System.Text.RegularExpressions;

namespace HipaaFs.Transitions;

/// <summary>A part of the day, on some days of the week, in UTC.</summary>
/// <param name="FirstDay">The first of the days on which it begins; 0 is Monday.</param>
/// <param name="LastDay">The last of them, after which the week goes on.</param>
/// <param name="From">The minute of the day at which it begins.</param>
/// <param name="To">The minute at which it ends; of the next day when it is not above <paramref name="From"/>.</param>
public readonly partial record struct TimeWindow(int FirstDay, int LastDay, int From, int To)
{
    private static readonly string[] Days = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];

    /// <summary>Reads <c>20:00-06:00</c> or <c>mon-fri 20:00-06:00</c>; says what is wrong, or null.</summary>
    public static string? TryParse(string text, out TimeWindow value)
    {
        value = default;
        Match match = Form().Match(text);
        if (!match.Success)
        {
            return "is no window; write 20:00-06:00 or mon-fri 20:00-06:00, in UTC";
        }

        string first = match.Groups["first"] is { Success: true } one ? one.Value : Days[0];
        string last = match.Groups["last"] is { Success: true } other ? other.Value : match.Groups["first"].Success ? first : Days[^1];
        int from = Minute(match.Groups["from"].Value);
        int to = Minute(match.Groups["to"].Value);
        value = new TimeWindow(Array.IndexOf(Days, first), Array.IndexOf(Days, last), from, to);
        return from == to ? "begins and ends at the same minute; write 00:00-24:00 for all day" : null;
    }

    /// <summary>Whether a moment lies in one of some windows, as <see cref="TryParse"/> reads them; where there are none it always does. What cannot be read is never open.</summary>
    public static bool AreOpenAt(IReadOnlyList<string> windows, DateTimeOffset moment)
    {
        bool isOpen = windows.Count == 0;
        foreach (string text in windows)
        {
            isOpen |= TryParse(text, out TimeWindow window) is null && window.Contains(moment);
        }

        return isOpen;
    }

    /// <summary>Whether a moment lies in it.</summary>
    public bool Contains(DateTimeOffset moment)
    {
        DateTimeOffset utc = moment.ToUniversalTime();
        int minute = (utc.Hour * 60) + utc.Minute;
        int today = ((int)utc.DayOfWeek + 6) % Days.Length;
        bool isOverMidnight = To <= From;
        return (BeginsOn(today) && minute >= From && (isOverMidnight || minute < To))
            || (isOverMidnight && BeginsOn((today + Days.Length - 1) % Days.Length) && minute < To);
    }

    /// <summary>As <see cref="TryParse"/> reads it.</summary>
    public override string ToString()
    {
        string days = FirstDay == 0 && LastDay == Days.Length - 1 ? ""
            : FirstDay == LastDay ? Days[FirstDay] + " "
            : $"{Days[FirstDay]}-{Days[LastDay]} ";
        return string.Create(CultureInfo.InvariantCulture, $"{days}{From / 60:00}:{From % 60:00}-{To / 60:00}:{To % 60:00}");
    }

    // The week goes on after the last day: sat-mon is three days.
    private bool BeginsOn(int day) => FirstDay <= LastDay ? day >= FirstDay && day <= LastDay : day >= FirstDay || day <= LastDay;

    private static int Minute(string text) =>
        (int.Parse(text.AsSpan(0, 2), CultureInfo.InvariantCulture) * 60) + int.Parse(text.AsSpan(3), CultureInfo.InvariantCulture);

    [GeneratedRegex(
        @"^((?<first>mon|tue|wed|thu|fri|sat|sun)(-(?<last>mon|tue|wed|thu|fri|sat|sun))? )?(?<from>([01][0-9]|2[0-3]):[0-5][0-9])-(?<to>([01][0-9]|2[0-3]):[0-5][0-9]|24:00)\z")]
    private static partial Regex Form();
}
