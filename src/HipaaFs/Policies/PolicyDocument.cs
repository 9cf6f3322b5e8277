namespace HipaaFs.Cli.Policies;

/// <summary>A policy file, understood. What could not be read of it is missing and was reported.</summary>
internal sealed record PolicyDocument
{
    /// <summary>The layout of policy.yaml that this version reads.</summary>
    public const int Version = 1;

    /// <summary>The currency of every price and budget; null when there is none.</summary>
    public string? Currency { get; init; }

    /// <summary>The region of the machines that mount, where staging and cache are; null when it is not said.</summary>
    public Placed<string>? HostRegion { get; init; }

    /// <summary>The stores, in the order of the file.</summary>
    public IReadOnlyList<PolicyStore> Stores { get; init; } = [];

    /// <summary>The stores that get change stream and key ring; null when it is not said.</summary>
    public IReadOnlyList<Placed<string>>? MetadataStores { get; init; }

    /// <summary>When and how fast transitions move data; null for always and without limit.</summary>
    public MoverOptions? Mover { get; init; }

    /// <summary>The classes of recovery, by name.</summary>
    public IReadOnlyDictionary<string, RecoveryClass> RecoveryClasses { get; init; } = new Dictionary<string, RecoveryClass>();

    /// <summary>What holds at the root of the volume, as far as no rule for <c>/</c> says otherwise.</summary>
    public PolicyEntries Defaults { get; init; } = new();

    /// <summary>Where <c>defaults:</c> stands; the file's begin without it.</summary>
    public PolicyPlace DefaultsPlace { get; init; }

    /// <summary>The keys of the file whose values could not be read, so that nothing can be said of what they lack.</summary>
    public IReadOnlySet<string> Unreadable { get; init; } = new HashSet<string>();

    /// <summary>The rules, in the order of the file, a directory once.</summary>
    public IReadOnlyList<PolicyRule> Rules { get; init; } = [];

    /// <summary>The store of a name; null when there is none.</summary>
    public PolicyStore? FindStore(string name)
    {
        foreach (PolicyStore store in Stores)
        {
            if (store.Name == name)
            {
                return store;
            }
        }

        return null;
    }
}
