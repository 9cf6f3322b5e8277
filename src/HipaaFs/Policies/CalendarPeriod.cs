using System.Globalization;

namespace HipaaFs.Cli.Policies;

/// <summary>A length of time in days or in years of the calendar.</summary>
internal readonly record struct CalendarPeriod(int Years, int Days)
{
    private const int MostYears = 200;
    private const int DaysOfYear = 365;

    /// <summary>The least number of days that it has.</summary>
    public int LeastDays => (Years * DaysOfYear) + Days;

    /// <summary>Reads <c>10y</c> or <c>90d</c>; says what is wrong, or null.</summary>
    public static string? TryParse(string text, out CalendarPeriod value)
    {
        value = default;
        if (text.Length < 2 || text[^1] is not ('y' or 'd')
            || !int.TryParse(text.AsSpan(0, text.Length - 1), NumberStyles.None, CultureInfo.InvariantCulture, out int number))
        {
            return "is no period; write 10y or 90d";
        }

        bool years = text[^1] == 'y';
        if (number < 1 || number > (years ? MostYears : MostYears * DaysOfYear))
        {
            return $"must be from 1d to {MostYears}y";
        }

        value = years ? new CalendarPeriod(number, 0) : new CalendarPeriod(0, number);
        return null;
    }

    /// <summary>As <see cref="TryParse"/> reads it.</summary>
    public override string ToString() =>
        Years > 0 ? string.Create(CultureInfo.InvariantCulture, $"{Years}y") : string.Create(CultureInfo.InvariantCulture, $"{Days}d");
}
