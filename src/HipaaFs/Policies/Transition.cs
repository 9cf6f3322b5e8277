using HipaaFs.Storage;

namespace HipaaFs.Cli.Policies;

/// <summary>A step down: the primary copy of an ageing file goes to a colder tier, to another store, or both. Replicas stay as they are.</summary>
/// <param name="Place">Where the step is written.</param>
/// <param name="After">The age at which it is due, above that of the step before.</param>
/// <param name="Since">From when the age counts.</param>
/// <param name="MinSize">Files below this many bytes stay; 0 for none.</param>
internal sealed record Transition(PolicyPlace Place, Placed<TimeSpan> After, TransitionClock Since, long MinSize)
{
    /// <summary>The tier it leads to; null for the one before.</summary>
    public Placed<StorageTier>? Tier { get; init; }

    /// <summary>The store it leads to; null for the one before.</summary>
    public Placed<string>? Store { get; init; }

    /// <summary>One line for people.</summary>
    public override string ToString()
    {
        string target = string.Join(" in ", new[] { Tier is { } tier ? PolicyWords.Of(tier.Value) : null, Store?.Value }.OfType<string>());
        string size = MinSize == 0 ? "" : $" from {Configuration.ByteSize.FormatExact(MinSize)}";
        return $"{target} after {PolicyWords.Of(After.Value)} since the last {PolicyWords.Of(Since)}{size}";
    }
}
