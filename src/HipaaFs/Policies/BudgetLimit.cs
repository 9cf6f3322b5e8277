using System.Globalization;
using HipaaFs.Cli.Configuration;

namespace HipaaFs.Cli.Policies;

/// <summary>What may be used in a day or a month of the calendar, in UTC.</summary>
/// <param name="Requests">Requests to stores; null for no limit.</param>
/// <param name="Bytes">Bytes sent to and read from stores; null for no limit.</param>
/// <param name="Money">What the price tables make of it, in the policy's currency; null for no limit.</param>
internal sealed record BudgetLimit(long? Requests, long? Bytes, Placed<decimal>? Money)
{
    /// <summary>One line for people.</summary>
    public override string ToString() => string.Join(", ", new[]
    {
        Requests is { } requests ? string.Create(CultureInfo.InvariantCulture, $"{requests} requests") : null,
        Bytes is { } bytes ? ByteSize.FormatExact(bytes) : null,
        Money is { } money ? string.Create(CultureInfo.InvariantCulture, $"{money.Value} of money") : null,
    }.OfType<string>());
}
