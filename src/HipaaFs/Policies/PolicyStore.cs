using HipaaFs.Storage;

namespace HipaaFs.Cli.Policies;

/// <summary>A store that a policy names.</summary>
/// <param name="Name">What the policy calls it.</param>
/// <param name="Place">Where it begins.</param>
internal sealed record PolicyStore(string Name, PolicyPlace Place)
{
    /// <summary>Where it is; null when that could not be read.</summary>
    public StoreUrl? Url { get; init; }

    /// <summary>The region in which it keeps data, in the words of the policy; null when that could not be read.</summary>
    public string? Region { get; init; }

    /// <summary>Whether an agreement lets it hold protected health information; true when what it says could not be read.</summary>
    public bool HasBaa { get; init; }

    /// <summary>That agreement, in words for people; null without.</summary>
    public string? Baa { get; init; }

    /// <summary>What it charges; null when the policy does not say.</summary>
    public Placed<StorePrices>? Prices { get; init; }

    /// <summary>What may be used of it; null for no limit.</summary>
    public PolicyBudget? Budget { get; init; }
}
