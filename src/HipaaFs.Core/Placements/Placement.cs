using System.Collections.Immutable;
using System.Numerics;
using System.Text.Json;
using System.Text.Json.Serialization;
using HipaaFs.Archives;
using HipaaFs.Metadata;
using HipaaFs.Names;
using HipaaFs.Storage;
using HipaaFs.Transitions;

namespace HipaaFs.Placements;

/// <summary>Where data goes: a numbered list of stores. Inodes and segments name it by its number.</summary>
/// <remarks>A segment is live once the primary and every synchronous replica have it; the others get their copies later.</remarks>
public sealed record Placement
{
    /// <summary>Its number; 0 is that of everything about which nothing is said: the volume's home alone.</summary>
    [JsonIgnore]
    public uint Number { get; init; }

    /// <summary>Number of the store that data goes to first and is read from first.</summary>
    public int Primary { get; init; }

    /// <summary>Numbers of the stores that have data before it counts as uploaded.</summary>
    public IReadOnlyList<int> Sync { get; init => field = value ?? []; } = []; // A setting that does not say it reads as null.

    /// <summary>Numbers of the stores that get data later. One of them stands in for a primary that is away.</summary>
    public IReadOnlyList<int> Async { get; init => field = value ?? []; } = [];

    /// <summary>
    /// The tiers of what lies in its stores, by their numbers, where it is not hot; of stores too that it named before, as long as they may have something of it. Data of another tier is
    /// another placement's: what was put once does not change its tier by this.
    /// </summary>
    public IReadOnlyDictionary<int, StorageTier> Tiers { get; init => field = value ?? NoTiers; } = NoTiers;

    /// <summary>When the stores of <see cref="Async"/> get their copies, by their numbers, as <see cref="TimeWindow.TryParse"/> reads it; one that is not named gets them at any time.</summary>
    public IReadOnlyDictionary<int, IReadOnlyList<string>> Windows { get; init => field = value ?? NoWindows; } = NoWindows;

    /// <summary>What becomes of requests for its files when they are archived.</summary>
    [JsonIgnore]
    public ArchiveBehaviour Archive { get; init; } = ArchiveBehaviour.Default;

    /// <summary><see cref="Archive"/> as settings keep it; null is the usual.</summary>
    [JsonInclude]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    internal byte[]? SealedArchive { get; init; }

    /// <summary>
    /// Where files made in its directories go by their names: the first that matches decides, and what none matches stays here. A pattern counts only when
    /// its placement has the same <see cref="Border"/>.
    /// </summary>
    [JsonIgnore]
    public IReadOnlyList<PlacementPattern> Patterns { get; init; } = [];

    /// <summary>What becomes of its files as they age. A step to a placement that is not defined (yet) is not taken.</summary>
    public IReadOnlyList<PlacementStep> Steps { get; init => field = value ?? []; } = [];

    /// <summary>When the first of <see cref="Steps"/> that counts reads was defined; null without one. What was read before that, nobody noted: no age by reading begins earlier.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public DateTimeOffset? ReadsNotedSince { get; init; }

    /// <summary>Number of the placement that its files were written to and came from by age, and go back to when they are written again; null when they are written to this one.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public uint? Origin { get; init; }

    /// <summary>Whether it is where data of <see cref="Origin"/> is meant to be, and what is written waits there only: where that one has another tier, its files follow, unlike those that came down by age.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public bool IsTier { get; init; }

    /// <summary>Number of the placement that files in it were written to.</summary>
    [JsonIgnore]
    internal uint EndOfOrigin => Origin ?? Number;

    /// <summary>Nothing is renamed or linked from a directory into one whose placement says something else here: a program copies it then. Empty for none; the regions, sorted, by convention.</summary>
    public string Border { get; init => field = value ?? string.Empty; } = string.Empty;

    /// <summary>The directories with quotas that its data lies in, by their paths when the quotas were set, the outermost first: each sums up the placements that name it.</summary>
    [JsonIgnore]
    public IReadOnlyList<string> Trees { get; init; } = [];

    /// <summary><see cref="Trees"/> as settings keep them.</summary>
    [JsonInclude]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    internal byte[]? SealedTrees { get; init; }

    /// <summary><see cref="Patterns"/> as settings keep them: what files are called is nobody's business.</summary>
    [JsonInclude]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    internal byte[]? SealedPatterns { get; init; }

    /// <summary>Whether data goes to an archive first.</summary>
    [JsonIgnore]
    internal bool IsArchive => TierOf(Primary) == StorageTier.Archive;

    /// <summary>Bytes at the beginning of its files that stay where they were when they came down to its archive; 0 for none.</summary>
    [JsonIgnore]
    internal long Head => IsArchive && Origin is not null ? Archive.KeepHead : 0;

    /// <summary>All its stores, in the order in which they are read.</summary>
    [JsonIgnore]
    internal IEnumerable<int> Stores => [Primary, .. Sync, .. Async];

    /// <summary>How old the note of a file's last use may be before reading it makes a new one: an eighth of the shortest age that counts, at most a day. Null: reads are not noted.</summary>
    [JsonIgnore]
    internal TimeSpan? ReadNoteAge
    {
        get
        {
            TimeSpan? age = null;
            for (int i = 0; i < Steps.Count; i++)
            {
                if (Steps[i].CountsReads)
                {
                    TimeSpan shortest = age ?? LongestReadNoteAge;
                    TimeSpan eighth = Steps[i].After / 8;
                    age = eighth < shortest ? eighth : shortest;
                }
            }

            return age;
        }
    }

    /// <summary>The stores that should have each of its segments, as a mask.</summary>
    [JsonIgnore]
    internal ulong Wanted => Stores.Aggregate(0UL, static (mask, store) => mask | SegmentCopies.In(store));

    /// <summary>The stores that get no copies at a moment, as a mask.</summary>
    internal ulong ClosedAt(DateTimeOffset moment)
    {
        ulong closed = 0;
        foreach ((int store, IReadOnlyList<string> windows) in Windows)
        {
            closed |= Async.Contains(store) && !TimeWindow.AreOpenAt(windows, moment) ? SegmentCopies.In(store) : 0;
        }

        return closed;
    }

    /// <summary>The tier of what lies in a store.</summary>
    public StorageTier TierOf(int store) => Tiers.GetValueOrDefault(store);

    /// <summary>Whether nothing that was put by a former one would be in another tier by this one.</summary>
    public bool HasTiersOf(Placement former) =>
        Stores.All(store => TierOf(store) == former.TierOf(store) || !(former.Stores.Contains(store) || former.Tiers.ContainsKey(store)));

    /// <summary>
    /// This one in the place of a former one, null for none: what is left in stores that it names no more is in the tiers it was put to, and reads are noted since they were first to be.
    /// </summary>
    internal Placement After(Placement? former, DateTimeOffset? now = null)
    {
        var tiers = new SortedDictionary<int, StorageTier>();
        foreach (int store in former?.Tiers.Keys.Concat(former.Stores).Except(Stores) ?? [])
        {
            tiers[store] = former!.TierOf(store);
        }

        foreach ((int store, StorageTier tier) in Tiers)
        {
            tiers[store] = tier;
        }

        return this with { Tiers = tiers, ReadsNotedSince = ReadNoteAge is not { } age ? null : age < former?.ReadNoteAge ? now : former?.ReadsNotedSince ?? now }; // Notes that were made more seldom say too little.
    }

    /// <summary>Whether another one says the same of where data goes, whatever its number.</summary>
    public bool IsSameAs(Placement other) =>
        PlacesLike(other)
        && Archive.IsSameAs(other.Archive)
        && Origin == other.Origin
        && IsTier == other.IsTier
        && Steps.SequenceEqual(other.Steps)
        && Windows.Count == other.Windows.Count
        && Windows.All(windows => other.Windows.TryGetValue(windows.Key, out IReadOnlyList<string>? others) && windows.Value.SequenceEqual(others))
        && Trees.SequenceEqual(other.Trees)
        && Patterns.Count == other.Patterns.Count
        && Patterns.Zip(other.Patterns).All(static pair => pair.First.Placement == pair.Second.Placement && pair.First.Match.SequenceEqual(pair.Second.Match));

    /// <summary>Whether data of another one lies at the same places, in the same tiers, and must stay inside the same border: nothing has to be moved from one to the other.</summary>
    public bool PlacesLike(Placement other) =>
        Primary == other.Primary
        && Sync.SequenceEqual(other.Sync)
        && Async.SequenceEqual(other.Async)
        && Stores.All(store => TierOf(store) == other.TierOf(store))
        && Border == other.Border;

    /// <summary>As JSON, names sealed.</summary>
    internal byte[] ToJson(VolumeNames names) => JsonSerializer.SerializeToUtf8Bytes(
        this with
        {
            SealedPatterns = PlacementPattern.Seal(Patterns, names),
            SealedTrees = Trees.Count == 0 ? null : SealedSetting.Seal(TreesLabel, Trees, PlacementContext.Default.IReadOnlyListString, names),
            SealedArchive = Archive.IsSameAs(ArchiveBehaviour.Default) ? null : SealedSetting.Seal(ArchiveLabel, Archive, PlacementContext.Default.ArchiveBehaviour, names),
        },
        PlacementContext.Default.Placement);

    /// <summary>Reads what <see cref="ToJson"/> wrote. Null when it makes no sense.</summary>
    internal static Placement? TryParse(ReadOnlySpan<byte> json, uint number, VolumeNames names)
    {
        try
        {
            return JsonSerializer.Deserialize(json, PlacementContext.Default.Placement) is { } read
                && read.IsSound
                && PlacementPattern.TryOpen(read.SealedPatterns, names) is { } patterns
                && (read.SealedTrees is null ? [] : SealedSetting.TryOpen(TreesLabel, read.SealedTrees, PlacementContext.Default.IReadOnlyListString, names)) is { } trees
                && (read.SealedArchive is null ? ArchiveBehaviour.Default : SealedSetting.TryOpen(ArchiveLabel, read.SealedArchive, PlacementContext.Default.ArchiveBehaviour, names)) is { } archive
                && Enum.IsDefined(archive.OnOpen)
                && archive.KeepHead >= 0
                    ? read with { Number = number, Patterns = patterns, SealedPatterns = null, Trees = trees, SealedTrees = null, Archive = archive, SealedArchive = null }
                    : null;
        }
        catch (JsonException)
        {
            return null; // Told by who reads the settings.
        }
    }

    /// <summary>What is wrong with it where so many stores are known; null when nothing is.</summary>
    /// <param name="stores">The stores of the volume; the number of each is its place.</param>
    /// <param name="placements">How many placements it has, this one included.</param>
    internal string? FindProblem(IReadOnlyList<MemberStore> stores, int placements)
    {
        foreach (int store in Stores)
        {
            if (store < 0 || store >= stores.Count || stores[store].IsRemoved)
            {
                return $"the volume has no store {store}";
            }
        }

        foreach (PlacementPattern pattern in Patterns)
        {
            string? problem = pattern.FindProblem(placements);
            if (problem is not null)
            {
                return problem;
            }
        }

        return IsSound ? null : "a store is named twice, or a tier or an age makes no sense";
    }

    private static TimeSpan LongestReadNoteAge => TimeSpan.FromDays(1);

    private static ReadOnlySpan<byte> TreesLabel => "hipaafs placement trees"u8;

    private static ReadOnlySpan<byte> ArchiveLabel => "hipaafs placement archive"u8;

    private static IReadOnlyDictionary<int, StorageTier> NoTiers => ImmutableDictionary<int, StorageTier>.Empty;

    private static IReadOnlyDictionary<int, IReadOnlyList<string>> NoWindows => ImmutableDictionary<int, IReadOnlyList<string>>.Empty;

    private bool IsSound =>
        Stores.All(static store => store is >= 0 and <= SegmentCopies.HighestStore)
        && Tiers.Values.All(Enum.IsDefined)
        && Steps.All(static step => step.After > TimeSpan.Zero && step.LeastBytes >= 0)
        && BitOperations.PopCount(Wanted) == 1 + Sync.Count + Async.Count;
}
