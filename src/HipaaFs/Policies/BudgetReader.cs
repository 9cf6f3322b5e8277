using System.Diagnostics.CodeAnalysis;

namespace HipaaFs.Cli.Policies;

/// <summary>Reads <c>budget:</c>.</summary>
internal static class BudgetReader
{
    /// <summary>Its keys.</summary>
    public static readonly string[] Keys = ["day", "month", "warn_at", "stop"];

    /// <summary>The keys of a limit.</summary>
    public static readonly string[] LimitKeys = ["requests", "bytes", "money"];

    private const double WarnAt = 0.8;

    private static readonly PolicyNodeReader<long> Requests = PolicyReaders.Number(PolicyTexts.Count(1, long.MaxValue));
    private static readonly PolicyNodeReader<long> Bytes = PolicyReaders.Scalar<long>(ScalarKinds.Text | ScalarKinds.Number, PolicyTexts.Size);
    private static readonly PolicyNodeReader<decimal> Money = PolicyReaders.Number<decimal>(PolicyTexts.Money);
    private static readonly PolicyNodeReader<IReadOnlyList<Placed<BudgetStop>>> Stops = PolicyReaders.List(PolicyReaders.Word(PolicyWords.Stops), 0);

    /// <summary>Reads a budget.</summary>
    public static bool TryRead(PolicyReading reading, PolicyNode node, string label, [MaybeNullWhen(false)] out PolicyBudget value)
    {
        value = null;
        if (!reading.TryMapping(node, label, Keys, out PolicyMapping? mapping))
        {
            return false;
        }

        bool read = reading.TryOptional(mapping, label, "day", TryReadLimit, out Placed<BudgetLimit>? day)
            & reading.TryOptional(mapping, label, "month", TryReadLimit, out Placed<BudgetLimit>? month)
            & reading.TryOptional(mapping, label, "warn_at", PolicyReaders.Text<double>(PolicyTexts.Share), out Placed<double>? warnAt)
            & reading.TryOptional(mapping, label, "stop", Stops, out Placed<IReadOnlyList<Placed<BudgetStop>>>? stops);
        if (mapping.Find("day") is null && mapping.Find("month") is null)
        {
            reading.Report(node.Place, $"{label}: expected 'day', 'month' or both");
            return false;
        }

        value = new PolicyBudget(
            day?.Value, month?.Value, warnAt?.Value ?? WarnAt, [.. (stops?.Value ?? []).Select(static stop => stop.Value).Distinct()]);
        return read;
    }

    private static bool TryReadLimit(PolicyReading reading, PolicyNode node, string label, [MaybeNullWhen(false)] out BudgetLimit value)
    {
        value = null;
        if (!reading.TryMapping(node, label, LimitKeys, out PolicyMapping? mapping))
        {
            return false;
        }

        if (mapping.Members.Count == 0)
        {
            reading.Report(node.Place, $"{label}: expected a limit: {string.Join(", ", LimitKeys)}");
            return false;
        }

        bool read = reading.TryOptional(mapping, label, "requests", Requests, out Placed<long>? requests)
            & reading.TryOptional(mapping, label, "bytes", Bytes, out Placed<long>? bytes)
            & reading.TryOptional(mapping, label, "money", Money, out Placed<decimal>? money);
        value = new BudgetLimit(requests?.Value, bytes?.Value, money);
        return read;
    }
}
