using System.Globalization;
using HipaaFs.Cli.Policies;
using HipaaFs.Crypto;

namespace HipaaFs.Cli.Configuration;

/// <summary>The ways in which the text of a setting is read.</summary>
internal static class SettingReaders
{
    /// <summary>Any text that is not empty.</summary>
    public static string? Text(string text, out string value)
    {
        value = text;
        return text.Length == 0 ? "is empty" : null;
    }

    /// <summary>A volume id.</summary>
    public static string? Identifier(string text, out Guid value) =>
        Guid.TryParseExact(text, "D", out value) ? null : "is no volume id (8-4-4-4-12 hexadecimal digits)";

    /// <summary>An amount of bytes of at least <paramref name="least"/>.</summary>
    public static SettingReader<long> Size(long least) => (string text, out long value) =>
        !ByteSize.TryParse(text, out value) ? "is no size; write 512MiB, 10GiB or a number of bytes"
            : value < least ? $"is below the least possible, {ByteSize.FormatExact(least)}" : null;

    /// <summary>An amount of bytes, or null for <c>none</c>.</summary>
    public static SettingReader<long?> OptionalSize(long least) => (string text, out long? value) =>
    {
        value = null;
        if (text == "none")
        {
            return null;
        }

        string? problem = Size(least)(text, out long bytes);
        value = bytes;
        return problem;
    };

    /// <summary>The name of a region as a policy writes it, or null for <c>none</c>.</summary>
    public static string? OptionalRegion(string text, out string? value)
    {
        value = null;
        return text == "none" ? null : PolicyTexts.Region(text, out value);
    }

    /// <summary>A share of a whole, as <c>5%</c> or <c>0.05</c>; below 1.</summary>
    public static string? Share(string text, out double value)
    {
        bool percent = text.EndsWith('%');
        string number = percent ? text[..^1].TrimEnd() : text;
        if (!double.TryParse(number, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out value))
        {
            return "is no share; write 5% or 0.05";
        }

        value = percent ? value / 100 : value;
        return value < 1 ? null : "must be below 100%";
    }

    /// <summary>A whole number in a range.</summary>
    public static SettingReader<int> Number(int least, int most) => (string text, out int value) =>
        !int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out value) ? "is no whole number"
            : value < least || value > most ? $"must be from {least} to {most}" : null;

    /// <summary>A length of time in a range.</summary>
    public static SettingReader<TimeSpan> Duration(TimeSpan least, TimeSpan most) => (string text, out TimeSpan value) =>
        !DurationText.TryParse(text, out value) ? "is no length of time; write 30s, 5m or 12h"
            : value < least || value > most ? $"must be from {DurationText.Format(least)} to {DurationText.Format(most)}" : null;

    /// <summary>One word of a list.</summary>
    public static SettingReader<string> Choice(params string[] words) => (string text, out string value) =>
    {
        value = text;
        return words.Contains(text, StringComparer.Ordinal) ? null : $"must be one of {string.Join(", ", words)}";
    };
}
