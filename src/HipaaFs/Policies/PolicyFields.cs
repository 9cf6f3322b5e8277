using System.Globalization;
using HipaaFs.Cli.Configuration;
using HipaaFs.Storage;

namespace HipaaFs.Cli.Policies;

/// <summary>Every field of <c>defaults:</c>, rules and patterns, in the order in which docs/policy.md explains them.</summary>
internal static class PolicyFields
{
    private const PolicyScopes Everywhere = PolicyScopes.Directory | PolicyScopes.Pattern;

    /// <summary>The kind of data.</summary>
    public static readonly PolicyField<Classification> Classification = new(
        "classification", PolicyScopes.Directory, Policies.Classification.Phi, PolicyReaders.Word(PolicyWords.Classifications), PolicyWords.Of);

    /// <summary>The key domain; null for the volume's own.</summary>
    public static readonly PolicyField<string?> Domain = new(
        "domain", PolicyScopes.Directory, null, PolicyReaders.Text<string?>(PolicyTexts.Name!), static name => name!)
    { WithoutValue = "the volume's own" };

    /// <summary>The regions that data may be in; null for all.</summary>
    public static readonly PolicyField<IReadOnlyList<Placed<string>>?> Regions = new(
        "regions", PolicyScopes.Directory, null, PolicyReaders.List(PolicyReaders.Text<string>(PolicyTexts.Region), 1)!, static regions => Join(regions!))
    { WithoutValue = "all" };

    /// <summary>How long nothing can be changed; null for no such time.</summary>
    public static readonly PolicyField<Retention?> Retention = new(
        "retention", PolicyScopes.Directory, null, PolicyReaders.OrNone<Retention>(RetentionReader.TryRead), static retention => retention!.ToString());

    /// <summary>The store that data goes to first; null when nothing says it, which a sound policy does.</summary>
    public static readonly PolicyField<string?> Primary = new(
        "placement.primary", Everywhere, null, PolicyReaders.Text<string?>(PolicyTexts.Name!), static name => name!);

    /// <summary>The tier that new data is put in.</summary>
    public static readonly PolicyField<StorageTier> Tier = new(
        "placement.tier", Everywhere, StorageTier.Hot, PolicyReaders.Word(PolicyWords.Tiers), PolicyWords.Of);

    /// <summary>The further copies.</summary>
    public static readonly PolicyField<IReadOnlyList<Placed<Replica>>> Replicas = new(
        "placement.replicas", Everywhere, [], PolicyReaders.List<Replica>(ReplicaReader.TryRead, 0), Join);

    /// <summary>The ways down as data ages.</summary>
    public static readonly PolicyField<IReadOnlyList<Placed<Transition>>> Transitions = new(
        "transitions", Everywhere, [], PolicyReaders.List<Transition>(TransitionReader.TryRead, 0), Join);

    /// <summary>The group of <c>hipaafs cost</c> in which this is counted; null for none.</summary>
    public static readonly PolicyField<string?> CostClass = new(
        "cost_class", Everywhere, null, PolicyReaders.OrNone(PolicyReaders.Text<string>(PolicyTexts.Name)), static name => name!);

    /// <summary>What opening an archived file does.</summary>
    public static readonly PolicyField<ArchiveOpening> ArchiveOnOpen = new(
        "archive.on_open", PolicyScopes.Directory, ArchiveOpening.Fail, PolicyReaders.Word(PolicyWords.Openings), PolicyWords.Of);

    /// <summary>The bytes at the beginning of a file that stay at hand; null for none.</summary>
    public static readonly PolicyField<long?> ArchiveKeepHead = new(
        "archive.keep_head",
        PolicyScopes.Directory,
        null,
        PolicyReaders.ValueOrNone(PolicyReaders.Scalar<long>(ScalarKinds.Text | ScalarKinds.Number, PolicyTexts.Size)),
        static bytes => ByteSize.FormatExact(bytes!.Value));

    /// <summary>The programs that never cause a recall.</summary>
    public static readonly PolicyField<IReadOnlyList<Placed<string>>> ArchiveBlockedPrograms = new(
        "archive.blocked_programs", PolicyScopes.Directory, [], PolicyReaders.List(PolicyReaders.Text<string>(PolicyTexts.Program), 0), Join);

    /// <summary>What fsync(2) waits for.</summary>
    public static readonly PolicyField<DurabilityLevel> Durability = new(
        "durability", PolicyScopes.Directory, DurabilityLevel.Local, PolicyReaders.Word(PolicyWords.Durabilities), PolicyWords.Of);

    /// <summary>The class of recovery; null for none.</summary>
    public static readonly PolicyField<string?> Recovery = new(
        "recovery", PolicyScopes.Directory, null, PolicyReaders.OrNone(PolicyReaders.Text<string>(PolicyTexts.Name)), static name => name!);

    /// <summary>The last day for which the persons concerned agreed; null when there is none.</summary>
    public static readonly PolicyField<DateOnly?> ConsentExpires = new(
        "consent_expires",
        PolicyScopes.Directory,
        null,
        PolicyReaders.ValueOrNone(PolicyReaders.Text<DateOnly>(PolicyTexts.Date)),
        static day => day!.Value.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture));

    /// <summary>What holds for files by their names.</summary>
    public static readonly PolicyField<IReadOnlyList<Placed<FilePattern>>> Files = new(
        "files", PolicyScopes.Directory, [], PolicyReaders.List<FilePattern>(FilePatternReader.TryRead, 0), Join);

    /// <summary>What may be stored below; null for no limit.</summary>
    public static readonly PolicyField<PolicyQuota?> Quota = new(
        "quota", PolicyScopes.Tree, null, QuotaReader.TryRead!, static quota => quota!.ToString());

    /// <summary>What may be used for the tree below; null for no limit.</summary>
    public static readonly PolicyField<PolicyBudget?> Budget = new(
        "budget", PolicyScopes.Tree, null, BudgetReader.TryRead!, static budget => budget!.ToString());

    /// <summary>All of them.</summary>
    public static readonly IReadOnlyList<PolicyField> All =
    [
        Classification, Domain, Regions, Retention,
        Primary, Tier, Replicas, Transitions, CostClass,
        ArchiveOnOpen, ArchiveKeepHead, ArchiveBlockedPrograms,
        Durability, Recovery, ConsentExpires, Files,
        Quota, Budget,
    ];

    /// <summary>The keys that fields of some scopes begin with, each once.</summary>
    public static IReadOnlyList<string> Heads(PolicyScopes scopes) =>
        [.. All.Where(field => (field.Scopes & scopes) != 0).Select(static field => field.Head).Distinct()];

    private static string Join<T>(IReadOnlyList<Placed<T>> items) =>
        items.Count == 0 ? "none" : string.Join("; ", items.Select(static item => item.Value!.ToString()));
}
