using System.Globalization;

namespace HipaaFs.Cli.Configuration;

/// <summary>Amounts of bytes as people write them: <c>512MiB</c>, <c>10GiB</c>, <c>1.5TiB</c>, <c>4096</c>.</summary>
/// <remarks>KiB, MiB, GiB, TiB and K, M, G, T are powers of 1024; KB, MB, GB, TB are powers of 1000. Case does not matter.</remarks>
internal static class ByteSize
{
    private static readonly (string Suffix, long Factor)[] Units =
    [
        ("kib", 1L << 10), ("mib", 1L << 20), ("gib", 1L << 30), ("tib", 1L << 40), ("pib", 1L << 50),
        ("kb", 1_000), ("mb", 1_000_000), ("gb", 1_000_000_000), ("tb", 1_000_000_000_000),
        ("k", 1L << 10), ("m", 1L << 20), ("g", 1L << 30), ("t", 1L << 40),
        ("b", 1),
    ];

    /// <summary>Reads an amount; false when the text is none or does not fit 63 bits.</summary>
    public static bool TryParse(string text, out long bytes)
    {
        bytes = 0;
        string number = text.Trim();
        long factor = 1;
        foreach ((string suffix, long unit) in Units)
        {
            if (number.EndsWith(suffix, StringComparison.OrdinalIgnoreCase))
            {
                number = number[..^suffix.Length].TrimEnd();
                factor = unit;
                break;
            }
        }

        if (!decimal.TryParse(number, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out decimal amount)
            || amount > (decimal)long.MaxValue / factor)
        {
            return false;
        }

        bytes = (long)(amount * factor);
        return true;
    }

    /// <summary>Writes an amount with the largest binary unit that keeps it readable.</summary>
    public static string Format(long bytes)
    {
        string[] units = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"];
        int unit = 0;
        double amount = bytes;
        while (amount >= 1024 && unit < units.Length - 1)
        {
            amount /= 1024;
            unit++;
        }

        return string.Create(CultureInfo.InvariantCulture, $"{amount:0.##} {units[unit]}");
    }

    /// <summary>Writes an amount so that <see cref="TryParse"/> reads the same number back.</summary>
    public static string FormatExact(long bytes)
    {
        foreach ((string suffix, long unit) in new[] { ("TiB", 1L << 40), ("GiB", 1L << 30), ("MiB", 1L << 20), ("KiB", 1L << 10) })
        {
            if (bytes > 0 && bytes % unit == 0)
            {
                return (bytes / unit).ToString(CultureInfo.InvariantCulture) + suffix;
            }
        }

        return bytes.ToString(CultureInfo.InvariantCulture);
    }
}
