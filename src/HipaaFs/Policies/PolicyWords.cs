using System.Globalization;
using HipaaFs.Storage;

namespace HipaaFs.Cli.Policies;

/// <summary>The words by which a policy names the members of enumerations.</summary>
internal static class PolicyWords
{
    /// <summary>Tiers.</summary>
    public static readonly (string Word, StorageTier Value)[] Tiers =
        [("hot", StorageTier.Hot), ("cool", StorageTier.Cool), ("cold", StorageTier.Cold), ("archive", StorageTier.Archive)];

    /// <summary>Speeds of a recall.</summary>
    public static readonly (string Word, RestoreSpeed Value)[] Speeds =
        [("bulk", RestoreSpeed.Bulk), ("standard", RestoreSpeed.Standard), ("expedited", RestoreSpeed.Expedited)];

    /// <summary>Requests, as far as stores charge them apart.</summary>
    public static readonly (string Word, StoreVerb Value)[] Verbs =
    [
        ("read", StoreVerb.Read), ("put", StoreVerb.Put), ("get_properties", StoreVerb.GetProperties), ("list", StoreVerb.List),
        ("delete", StoreVerb.Delete), ("set_tier", StoreVerb.SetTier), ("restore", StoreVerb.Restore),
    ];

    /// <summary>Classifications.</summary>
    public static readonly (string Word, Classification Value)[] Classifications =
    [
        ("phi", Classification.Phi), ("limited", Classification.Limited),
        ("deidentified", Classification.Deidentified), ("public", Classification.Public),
    ];

    /// <summary>What opening an archived file does.</summary>
    public static readonly (string Word, ArchiveOpening Value)[] Openings =
        [("fail", ArchiveOpening.Fail), ("recall", ArchiveOpening.Recall), ("block", ArchiveOpening.Block)];

    /// <summary>What fsync waits for.</summary>
    public static readonly (string Word, DurabilityLevel Value)[] Durabilities =
        [("local", DurabilityLevel.Local), ("remote", DurabilityLevel.Remote)];

    /// <summary>When replicas get data.</summary>
    public static readonly (string Word, ReplicaMode Value)[] ReplicaModes =
        [("async", ReplicaMode.Async), ("sync", ReplicaMode.Sync)];

    /// <summary>From when an age counts.</summary>
    public static readonly (string Word, TransitionClock Value)[] Clocks =
        [("write", TransitionClock.Write), ("read", TransitionClock.Read)];

    /// <summary>Who can end a retention.</summary>
    public static readonly (string Word, RetentionMode Value)[] RetentionModes =
        [("governance", RetentionMode.Governance), ("compliance", RetentionMode.Compliance)];

    /// <summary>What stops when a budget is used up.</summary>
    public static readonly (string Word, BudgetStop Value)[] Stops =
        [("replication", BudgetStop.Replication), ("recall", BudgetStop.Recall)];

    /// <summary>The word of a tier.</summary>
    public static string Of(StorageTier value) => Find(Tiers, value);

    /// <summary>The word of a classification.</summary>
    public static string Of(Classification value) => Find(Classifications, value);

    /// <summary>The word of what opening does.</summary>
    public static string Of(ArchiveOpening value) => Find(Openings, value);

    /// <summary>The word of what fsync waits for.</summary>
    public static string Of(DurabilityLevel value) => Find(Durabilities, value);

    /// <summary>The word of a replica's mode.</summary>
    public static string Of(ReplicaMode value) => Find(ReplicaModes, value);

    /// <summary>The word of a clock.</summary>
    public static string Of(TransitionClock value) => Find(Clocks, value);

    /// <summary>The word of a retention's mode.</summary>
    public static string Of(RetentionMode value) => Find(RetentionModes, value);

    /// <summary>The word of what stops.</summary>
    public static string Of(BudgetStop value) => Find(Stops, value);

    /// <summary>A length of time in its largest whole unit.</summary>
    public static string Of(TimeSpan value)
    {
        (long Ticks, string Unit)[] units =
            [(TimeSpan.TicksPerDay, "d"), (TimeSpan.TicksPerHour, "h"), (TimeSpan.TicksPerMinute, "m"), (TimeSpan.TicksPerSecond, "s")];
        foreach ((long ticks, string unit) in units)
        {
            if (value.Ticks % ticks == 0)
            {
                return string.Create(CultureInfo.InvariantCulture, $"{value.Ticks / ticks}{unit}");
            }
        }

        return string.Create(CultureInfo.InvariantCulture, $"{value.TotalMilliseconds}ms");
    }

    private static string Find<T>((string Word, T Value)[] words, T value)
        where T : struct, Enum => words.Single(word => EqualityComparer<T>.Default.Equals(word.Value, value)).Word;
}
