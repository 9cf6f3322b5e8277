using HipaaFs.Cli.Policies;
using HipaaFs.Placements;
using HipaaFs.Storage;

namespace HipaaFs.Cli.Placing;

/// <summary>Which of a volume's stores the stores of a policy are.</summary>
internal sealed class PolicyStoreMatch
{
    private readonly Dictionary<string, int> _numbers;

    private PolicyStoreMatch(Dictionary<string, int> numbers, IReadOnlyList<PolicyStore> added, IReadOnlyList<RegisteredStore> left)
    {
        _numbers = numbers;
        Added = added;
        Left = left;
    }

    /// <summary>The stores that the volume does not know yet, in the order in which they get their numbers.</summary>
    public IReadOnlyList<PolicyStore> Added { get; }

    /// <summary>The stores of the volume that the policy does not name.</summary>
    public IReadOnlyList<RegisteredStore> Left { get; }

    /// <summary>The number that a store of the policy has, or gets.</summary>
    public int NumberOf(string name) => _numbers[name];

    /// <summary>Compares names and places.</summary>
    /// <param name="document">The policy.</param>
    /// <param name="known">The volume's stores by number; those that were removed are left out of every comparison.</param>
    /// <param name="isRemoved">Whether one was removed.</param>
    /// <exception cref="CommandException">The volume's own store is not among them, or a name or a place means another store than before.</exception>
    public static PolicyStoreMatch Of(PolicyDocument document, IReadOnlyList<RegisteredStore> known, Func<RegisteredStore, bool> isRemoved)
    {
        var numbers = new Dictionary<string, int>(StringComparer.Ordinal);
        var added = new List<PolicyStore>();
        var problems = new List<string>();
        RegisteredStore[] usable = [.. known.Where(store => !isRemoved(store))];
        foreach (PolicyStore store in document.Stores)
        {
            RegisteredStore? same = Array.Find(usable, other => StoreUrl.Parse(other.Url).IsSamePlace(store.Url!));
            RegisteredStore? named = Array.Find(usable, other => other.Name == store.Name && !IsUnnamed(other));
            if (same is not null && same.Name != store.Name && !IsUnnamed(same))
            {
                problems.Add($"stores.{store.Name}: the volume knows {same.Url} as {same.Name}; call it that");
            }
            else if (named is not null && named != same)
            {
                problems.Add($"stores.{store.Name}: in the volume that is {named.Url}; give the new place a name of its own, then 'hipaafs store migrate' moves the data there");
            }

            numbers[store.Name] = same?.Number ?? known.Count + added.Count;
            if (same is null)
            {
                added.Add(store);
            }
        }

        RegisteredStore[] left = [.. usable.Where(other => !numbers.ContainsValue(other.Number))];
        if (left.Any(static store => store.Number == 0))
        {
            problems.Add($"stores: the volume's own, {known[0].Url}, is not among them; change stream and key ring go there");
        }

        return problems.Count == 0
            ? new PolicyStoreMatch(numbers, added, [.. left.Where(static store => store.Number != 0)])
            : throw new CommandException(
                ExitCode.Refused, "take the stores of the policy for those of the volume: they do not fit", "Correct what is listed in the policy; 'hipaafs store status' shows the volume's stores.")
            {
                Problems = problems,
            };
    }

    private static bool IsUnnamed(RegisteredStore store) => store is { Number: 0, Name: RegisteredStore.Unnamed };
}
