namespace HipaaFs.Cli.Placing;

/// <summary>A placement.</summary>
/// <param name="Number">Its number, or the one that it gets.</param>
/// <param name="Action">"keep", "define" or "redefine": its data stays as it is, and the stores get what they lack.</param>
/// <param name="Primary">The store that data goes to first.</param>
/// <param name="Sync">Those that have it before it counts as uploaded.</param>
/// <param name="Async">Those that get it later.</param>
/// <param name="Regions">The regions that bound it; empty for none.</param>
internal sealed record PlannedPlacement(
    uint Number, string Action, string Primary, IReadOnlyList<string> Sync, IReadOnlyList<string> Async, string Regions)
{
    /// <summary>The tiers of those that do not keep it hot, by their names.</summary>
    public IReadOnlyDictionary<string, string> Tiers { get; init; } = new Dictionary<string, string>();

    /// <summary>When those of <see cref="Async"/> get their copies, in UTC, by their names; one that is not named gets them at any time.</summary>
    public IReadOnlyDictionary<string, IReadOnlyList<string>> Windows { get; init; } = new Dictionary<string, IReadOnlyList<string>>();

    /// <summary>Where its files go by age, in words: "placement 4 after 30d".</summary>
    public IReadOnlyList<string> Steps { get; init; } = [];

    /// <summary>Number of the placement that its files come from by age; null when they are made in this one.</summary>
    public uint? Origin { get; init; }
}
