using System.Globalization;

namespace HipaaFs.Cli.Output;

/// <summary>Amounts of money as people write them: <c>12.50</c>, and <c>&lt;0.01</c> for what is not nothing and less than a cent.</summary>
internal static class MoneyText
{
    /// <summary>Writes an amount, rounded to cents.</summary>
    public static string Format(decimal amount) =>
        amount < 0 ? $"-{FormatPositive(-amount)}" : FormatPositive(amount);

    /// <summary>Writes a change, with its sign.</summary>
    public static string FormatChange(decimal amount) => amount > 0 ? $"+{FormatPositive(amount)}" : Format(amount);

    private static string FormatPositive(decimal amount) => amount is > 0 and < 0.01m ? "<0.01" : amount.ToString("0.00", CultureInfo.InvariantCulture);
}
