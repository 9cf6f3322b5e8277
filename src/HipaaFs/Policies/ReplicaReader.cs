using System.Diagnostics.CodeAnalysis;
using HipaaFs.Storage;
using HipaaFs.Transitions;

namespace HipaaFs.Cli.Policies;

/// <summary>Reads one of <c>replicas:</c>.</summary>
internal static class ReplicaReader
{
    /// <summary>Its keys.</summary>
    public static readonly string[] Keys = ["store", "mode", "tier", "windows"];

    /// <summary>Reads a list of windows.</summary>
    public static readonly PolicyNodeReader<IReadOnlyList<Placed<TimeWindow>>> Windows =
        PolicyReaders.List(PolicyReaders.Text<TimeWindow>(TimeWindow.TryParse), 1);

    /// <summary>Reads a replica.</summary>
    public static bool TryRead(PolicyReading reading, PolicyNode node, string label, [MaybeNullWhen(false)] out Replica value)
    {
        value = null;
        if (!reading.TryMapping(node, label, Keys, out PolicyMapping? mapping))
        {
            return false;
        }

        bool read = reading.TryRequired(mapping, label, "store", PolicyReaders.Text<string>(PolicyTexts.Name), out Placed<string> store)
            & reading.TryOptional(mapping, label, "mode", PolicyReaders.Word(PolicyWords.ReplicaModes), out Placed<ReplicaMode>? mode)
            & reading.TryOptional(mapping, label, "tier", PolicyReaders.Word(PolicyWords.Tiers), out Placed<StorageTier>? tier)
            & reading.TryOptional(mapping, label, "windows", Windows, out Placed<IReadOnlyList<Placed<TimeWindow>>>? windows);
        if (windows is { } some && mode?.Value == ReplicaMode.Sync)
        {
            reading.Report(some.Place, $"{label}.windows: a sync replica gets data at once; windows are for async ones");
            return false;
        }

        value = new Replica(store, mode?.Value ?? ReplicaMode.Async, tier ?? new Placed<StorageTier>(StorageTier.Hot, store.Place), windows?.Value ?? []);
        return read;
    }
}
