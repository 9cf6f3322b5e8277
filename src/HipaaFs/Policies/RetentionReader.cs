using System.Diagnostics.CodeAnalysis;

namespace HipaaFs.Cli.Policies;

/// <summary>Reads <c>retention:</c>.</summary>
internal static class RetentionReader
{
    /// <summary>Its keys.</summary>
    public static readonly string[] Keys = ["mode", "grace", "period", "until"];

    private static readonly PolicyNodeReader<TimeSpan> Grace =
        PolicyReaders.Text<TimeSpan>(PolicyTexts.Duration(TimeSpan.Zero, TimeSpan.FromDays(365)));

    /// <summary>Reads a retention.</summary>
    public static bool TryRead(PolicyReading reading, PolicyNode node, string label, [MaybeNullWhen(false)] out Retention value)
    {
        value = null;
        if (!reading.TryMapping(node, label, Keys, out PolicyMapping? mapping))
        {
            return false;
        }

        bool read = reading.TryRequired(mapping, label, "mode", PolicyReaders.Word(PolicyWords.RetentionModes), out Placed<RetentionMode> mode)
            & reading.TryOptional(mapping, label, "grace", Grace, out Placed<TimeSpan>? grace)
            & reading.TryOptional(mapping, label, "period", PolicyReaders.Text<CalendarPeriod>(CalendarPeriod.TryParse), out Placed<CalendarPeriod>? period)
            & reading.TryOptional(mapping, label, "until", PolicyReaders.Text<DateOnly>(PolicyTexts.Date), out Placed<DateOnly>? until);
        if (mapping.Find("period") is null == mapping.Find("until") is null)
        {
            reading.Report(mapping.Place, $"{label}: expected either 'period' or 'until'");
            return false;
        }

        value = new Retention(mode.Value, grace?.Value ?? TimeSpan.Zero, period?.Value, until);
        return read;
    }
}
