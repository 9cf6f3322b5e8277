using System.Diagnostics.CodeAnalysis;
using HipaaFs.Storage;

namespace HipaaFs.Cli.Policies;

/// <summary>Reads one of <c>transitions:</c>.</summary>
internal static class TransitionReader
{
    /// <summary>Its keys.</summary>
    public static readonly string[] Keys = ["tier", "store", "after", "since", "min_size"];

    private static readonly PolicyNodeReader<TimeSpan> After =
        PolicyReaders.Text<TimeSpan>(PolicyTexts.Duration(TimeSpan.FromMinutes(1), TimeSpan.FromDays(36_500)));

    private static readonly PolicyNodeReader<long> Size = PolicyReaders.Scalar<long>(ScalarKinds.Text | ScalarKinds.Number, PolicyTexts.Size);

    /// <summary>Reads a transition.</summary>
    public static bool TryRead(PolicyReading reading, PolicyNode node, string label, [MaybeNullWhen(false)] out Transition value)
    {
        value = null;
        if (!reading.TryMapping(node, label, Keys, out PolicyMapping? mapping))
        {
            return false;
        }

        bool read = reading.TryOptional(mapping, label, "tier", PolicyReaders.Word(PolicyWords.Tiers), out Placed<StorageTier>? tier)
            & reading.TryOptional(mapping, label, "store", PolicyReaders.Text<string>(PolicyTexts.Name), out Placed<string>? store)
            & reading.TryRequired(mapping, label, "after", After, out Placed<TimeSpan> after)
            & reading.TryOptional(mapping, label, "since", PolicyReaders.Word(PolicyWords.Clocks), out Placed<TransitionClock>? since)
            & reading.TryOptional(mapping, label, "min_size", Size, out Placed<long>? size);
        if (mapping.Find("tier") is null && mapping.Find("store") is null)
        {
            reading.Report(mapping.Place, $"{label}: expected 'tier', 'store' or both");
            return false;
        }

        value = new Transition(node.Place, after, since?.Value ?? TransitionClock.Write, size?.Value ?? 0) { Tier = tier, Store = store };
        return read;
    }
}
