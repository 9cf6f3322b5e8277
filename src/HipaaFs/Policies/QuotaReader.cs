using System.Diagnostics.CodeAnalysis;

namespace HipaaFs.Cli.Policies;

/// <summary>Reads <c>quota:</c>.</summary>
internal static class QuotaReader
{
    /// <summary>Its keys.</summary>
    public static readonly string[] Keys = ["bytes", "files", "each_user", "users"];

    /// <summary>The keys of a limit for a user.</summary>
    public static readonly string[] LimitKeys = ["bytes", "files"];

    private static readonly PolicyNodeReader<long> Bytes = PolicyReaders.Scalar<long>(ScalarKinds.Text | ScalarKinds.Number, PolicyTexts.Size);
    private static readonly PolicyNodeReader<long> Files = PolicyReaders.Number(PolicyTexts.Count(1, long.MaxValue));

    /// <summary>Reads a quota.</summary>
    public static bool TryRead(PolicyReading reading, PolicyNode node, string label, [MaybeNullWhen(false)] out PolicyQuota value)
    {
        value = null;
        if (!reading.TryMapping(node, label, Keys, out PolicyMapping? mapping))
        {
            return false;
        }

        if (mapping.Members.Count == 0)
        {
            reading.Report(node.Place, $"{label}: expected a limit: {string.Join(", ", Keys)}");
            return false;
        }

        bool read = TryReadAmounts(reading, mapping, label, out QuotaLimit total)
            & reading.TryOptional(mapping, label, "each_user", TryReadLimit, out Placed<QuotaLimit>? eachUser)
            & reading.TryOptional(mapping, label, "users", TryReadUsers, out Placed<IReadOnlyDictionary<string, QuotaLimit>>? users);
        value = new PolicyQuota(total, eachUser?.Value, users?.Value ?? new Dictionary<string, QuotaLimit>());
        return read;
    }

    private static bool TryReadUsers(
        PolicyReading reading, PolicyNode node, string label, [MaybeNullWhen(false)] out IReadOnlyDictionary<string, QuotaLimit> value)
    {
        var users = new Dictionary<string, QuotaLimit>(StringComparer.Ordinal);
        value = users;
        if (!reading.TryNamed(node, label, out PolicyMapping? mapping))
        {
            return false;
        }

        bool read = true;
        foreach (PolicyMember member in mapping.Members)
        {
            if (PolicyTexts.User(member.Key, out _) is { } problem)
            {
                reading.Report(member.Place, $"{label}: '{member.Key}' {problem}");
                read = false;
            }
            else if (TryReadLimit(reading, member.Value, PolicyReading.Join(label, member.Key), out QuotaLimit? limit))
            {
                users[member.Key] = limit;
            }
            else
            {
                read = false;
            }
        }

        return read;
    }

    private static bool TryReadLimit(PolicyReading reading, PolicyNode node, string label, [MaybeNullWhen(false)] out QuotaLimit value)
    {
        value = null;
        if (!reading.TryMapping(node, label, LimitKeys, out PolicyMapping? mapping))
        {
            return false;
        }

        if (mapping.Members.Count > 0)
        {
            return TryReadAmounts(reading, mapping, label, out value);
        }

        reading.Report(node.Place, $"{label}: expected 'bytes', 'files' or both");
        return false;
    }

    private static bool TryReadAmounts(PolicyReading reading, PolicyMapping mapping, string label, out QuotaLimit value)
    {
        bool read = reading.TryOptional(mapping, label, "bytes", Bytes, out Placed<long>? bytes)
            & reading.TryOptional(mapping, label, "files", Files, out Placed<long>? files);
        value = new QuotaLimit(bytes?.Value, files?.Value);
        return read;
    }
}
