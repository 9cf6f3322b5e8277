using System.Diagnostics.CodeAnalysis;
using HipaaFs.Storage;

namespace HipaaFs.Cli.Policies;

/// <summary>Reads <c>prices:</c> of a store.</summary>
internal static class PriceReader
{
    /// <summary>Its keys.</summary>
    public static readonly string[] Keys = ["storage", "requests", "retrieval", "egress", "minimum_days"];

    private const string Archive = "archive";

    private static readonly (string Word, StorageTier Value)[] AtOnce = [.. PolicyWords.Tiers.Where(static tier => tier.Value != StorageTier.Archive)];
    private static readonly PolicyNodeReader<decimal> Price = PolicyReaders.Number<decimal>(PolicyTexts.Price);
    private static readonly PolicyNodeReader<long> Days = PolicyReaders.Number(PolicyTexts.Count(0, 3650));

    /// <summary>Reads a price table.</summary>
    public static bool TryRead(PolicyReading reading, PolicyNode node, string label, [MaybeNullWhen(false)] out StorePrices value)
    {
        value = null;
        if (!reading.TryMapping(node, label, Keys, out PolicyMapping? mapping))
        {
            return false;
        }

        bool read = reading.TryOptional(mapping, label, "storage", Table(PolicyWords.Tiers, Price), out Placed<IReadOnlyDictionary<StorageTier, decimal>>? storage)
            & reading.TryOptional(mapping, label, "requests", Table(PolicyWords.Verbs, Price), out Placed<IReadOnlyDictionary<StoreVerb, decimal>>? requests)
            & reading.TryOptional(mapping, label, "retrieval", TryReadRetrieval, out Placed<StorePrices>? retrieval)
            & reading.TryOptional(mapping, label, "egress", Price, out Placed<decimal>? egress)
            & reading.TryOptional(mapping, label, "minimum_days", Table(PolicyWords.Tiers, Days), out Placed<IReadOnlyDictionary<StorageTier, long>>? days);
        var none = new StorePrices();
        value = (retrieval?.Value ?? none) with
        {
            Storage = storage?.Value ?? none.Storage,
            Requests = requests?.Value ?? none.Requests,
            Egress = egress?.Value ?? 0,
            MinimumDays = days?.Value ?? none.MinimumDays,
        };
        return read;
    }

    // Tiers that are read at once have one price, the archive one for each speed.
    private static bool TryReadRetrieval(PolicyReading reading, PolicyNode node, string label, [MaybeNullWhen(false)] out StorePrices value)
    {
        value = null;
        if (!reading.TryMapping(node, label, [.. PolicyWords.Tiers.Select(static tier => tier.Word)], out PolicyMapping? mapping))
        {
            return false;
        }

        bool read = TryReadRows(reading, mapping, label, AtOnce, Price, out IReadOnlyDictionary<StorageTier, decimal> atOnce)
            & reading.TryOptional(mapping, label, Archive, Table(PolicyWords.Speeds, Price), out Placed<IReadOnlyDictionary<RestoreSpeed, decimal>>? archive);
        value = new StorePrices { Retrieval = atOnce, ArchiveRetrieval = archive?.Value ?? new Dictionary<RestoreSpeed, decimal>() };
        return read;
    }

    private static PolicyNodeReader<IReadOnlyDictionary<TKey, T>> Table<TKey, T>((string Word, TKey Value)[] words, PolicyNodeReader<T> item)
        where TKey : struct, Enum =>
        (PolicyReading reading, PolicyNode node, string label, [MaybeNullWhen(false)] out IReadOnlyDictionary<TKey, T> value) =>
        {
            value = null;
            return reading.TryMapping(node, label, [.. words.Select(static word => word.Word)], out PolicyMapping? mapping)
                && TryReadRows(reading, mapping, label, words, item, out value);
        };

    private static bool TryReadRows<TKey, T>(
        PolicyReading reading,
        PolicyMapping mapping,
        string label,
        (string Word, TKey Value)[] words,
        PolicyNodeReader<T> item,
        out IReadOnlyDictionary<TKey, T> value)
        where TKey : struct, Enum
    {
        var rows = new Dictionary<TKey, T>();
        bool read = true;
        foreach ((string word, TKey key) in words)
        {
            read &= reading.TryOptional(mapping, label, word, item, out Placed<T>? found);
            if (found is { } row)
            {
                rows[key] = row.Value;
            }
        }

        value = rows;
        return read;
    }
}
