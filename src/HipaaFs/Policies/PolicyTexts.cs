using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using HipaaFs.Cli.Configuration;
using HipaaFs.Placements;

namespace HipaaFs.Cli.Policies;

/// <summary>The forms that single values of a policy have. Each is a form of docs/policy.schema.json too.</summary>
internal static partial class PolicyTexts
{
    private const int LongestPath = 4095; // PATH_MAX without its terminator.
    private const int LongestName = 255; // NAME_MAX.

    /// <summary>The name of a store, a key domain, a class of recovery or cost.</summary>
    public static string? Name(string text, out string value)
    {
        value = text;
        return text == "none" ? "is no name; it stands for nothing"
            : NameForm().IsMatch(text) ? null : "is no name; write up to 32 small letters, digits and hyphens, a letter first";
    }

    /// <summary>The name of a region, as its provider or the law writes it; compared letter by letter.</summary>
    public static string? Region(string text, out string value)
    {
        value = text;
        return RegionForm().IsMatch(text) ? null : "is no region; write up to 64 letters, digits, hyphens and underscores, a letter first";
    }

    /// <summary>A user's name or number.</summary>
    public static string? User(string text, out string value)
    {
        value = text;
        return UserForm().IsMatch(text) ? null : "is neither a user's name nor a number";
    }

    /// <summary>The name or number of an agreement, in words for people.</summary>
    public static string? Agreement(string text, out string value)
    {
        value = text;
        return text == "none" ? "is no agreement; leave the key out where there is none"
            : text.Any(char.IsControl) ? "holds control characters"
            : text.Any(char.IsLetterOrDigit) ? null : "is empty";
    }

    /// <summary>An ISO 4217 currency.</summary>
    public static string? Currency(string text, out string value)
    {
        value = text;
        return CurrencyForm().IsMatch(text) ? null : "is no currency; write its three capitals, as EUR";
    }

    /// <summary>The path of a directory in the volume.</summary>
    public static string? Directory(string text, out string value)
    {
        value = text;
        if (!text.StartsWith('/'))
        {
            return "is no path in the volume; it begins with '/', which is the volume's root";
        }

        if (FindTextProblem(text, LongestPath) is { } problem)
        {
            return problem;
        }

        foreach (string name in text == "/" ? [] : text[1..].Split('/'))
        {
            if (name is "" or "." or "..")
            {
                return "must be written in full: no '.', no '..', no '/' twice or at the end";
            }

            if (Encoding.UTF8.GetByteCount(name) > LongestName)
            {
                return $"has a name above {LongestName} bytes";
            }
        }

        return null;
    }

    /// <summary>A pattern of file names.</summary>
    public static string? Pattern(string text, out NamePattern value)
    {
        value = NamePattern.Any;
        return FindTextProblem(text, LongestName) ?? NamePattern.TryParse(text, out value);
    }

    /// <summary>The name or absolute path of a program.</summary>
    public static string? Program(string text, out string value)
    {
        value = text;
        return text.Length == 0 || (text.Contains('/') && !text.StartsWith('/')) || text.EndsWith('/')
            ? "is neither the name nor the absolute path of a program"
            : FindTextProblem(text, LongestPath);
    }

    /// <summary>A price, in the currency of the policy.</summary>
    public static string? Price(string text, out decimal value) =>
        !DecimalForm().IsMatch(text) || !decimal.TryParse(text, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out value)
            ? Fail("is no price; write a number such as 0.023", out value)
            : value >= 1_000_000_000 ? "is no price; it must be below 1000000000" : null;

    /// <summary>A price above nothing.</summary>
    public static string? Money(string text, out decimal value) =>
        Price(text, out value) ?? (value == 0 ? "must be above 0" : null);

    /// <summary>A whole number in a range.</summary>
    public static SettingReader<long> Count(long least, long most) => (string text, out long value) =>
        !DigitsForm().IsMatch(text) || !long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out value)
            ? Fail("is no whole number", out value)
            : value < least || value > most ? string.Create(CultureInfo.InvariantCulture, $"must be from {least} to {most}") : null;

    /// <summary>An amount of bytes above 0.</summary>
    public static string? Size(string text, out long value) =>
        !SizeForm().IsMatch(text) || !ByteSize.TryParse(text, out value)
            ? Fail("is no size; write 512MiB, 10GiB or a number of bytes", out value)
            : value == 0 ? "must be above 0" : null;

    /// <summary>A length of time in a range.</summary>
    public static SettingReader<TimeSpan> Duration(TimeSpan least, TimeSpan most) => (string text, out TimeSpan value) =>
        DurationForm().IsMatch(text)
            ? SettingReaders.Duration(least, most)(text, out value)
            : Fail("is no length of time; write 30s, 5m, 12h or 30d", out value);

    /// <summary>A share above 0 and below 1, as <c>80%</c>.</summary>
    public static string? Share(string text, out double value) =>
        !ShareForm().IsMatch(text) ? Fail("is no share; write 80%", out value)
            : SettingReaders.Share(text, out value) ?? (value == 0 ? "must be above 0%" : null);

    /// <summary>A day of the calendar.</summary>
    public static string? Date(string text, out DateOnly value) =>
        DateOnly.TryParseExact(text, "yyyy-MM-dd", CultureInfo.InvariantCulture, DateTimeStyles.None, out value)
            ? null : "is no day; write year, month and day, as 2031-05-01";

    private static string? FindTextProblem(string text, int mostBytes) =>
        text.Any(char.IsControl) ? "holds control characters"
            : !IsUnicode(text) ? "is no valid Unicode"
            : Encoding.UTF8.GetByteCount(text) > mostBytes ? $"is above {mostBytes} bytes" : null;

    private static bool IsUnicode(string text)
    {
        ReadOnlySpan<char> rest = text;
        while (rest.Length > 0)
        {
            if (Rune.DecodeFromUtf16(rest, out _, out int taken) != System.Buffers.OperationStatus.Done)
            {
                return false;
            }

            rest = rest[taken..];
        }

        return true;
    }

    private static string Fail<T>(string problem, out T value)
    {
        value = default!;
        return problem;
    }

    [GeneratedRegex(@"^[a-z][a-z0-9-]{0,31}\z")]
    private static partial Regex NameForm();

    [GeneratedRegex(@"^[A-Za-z][A-Za-z0-9_-]{0,63}\z")]
    private static partial Regex RegionForm();

    [GeneratedRegex(@"^([a-z_][a-z0-9_.-]{0,31}|[0-9]{1,10})\z")]
    private static partial Regex UserForm();

    [GeneratedRegex(@"^[A-Z]{3}\z")]
    private static partial Regex CurrencyForm();

    [GeneratedRegex(@"^[0-9]+(\.[0-9]+)?\z")]
    private static partial Regex DecimalForm();

    [GeneratedRegex(@"^[0-9]+\z")]
    private static partial Regex DigitsForm();

    [GeneratedRegex(@"^([0-9]+|[0-9]+(\.[0-9]+)?(KiB|MiB|GiB|TiB|PiB|KB|MB|GB|TB))\z")]
    private static partial Regex SizeForm();

    [GeneratedRegex(@"^[0-9]+(\.[0-9]+)?(ms|s|m|h|d)\z")]
    private static partial Regex DurationForm();

    [GeneratedRegex(@"^[0-9]+(\.[0-9]+)?%\z")]
    private static partial Regex ShareForm();
}
