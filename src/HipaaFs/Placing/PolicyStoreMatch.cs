using HipaaFs.Cli.Policies;
using HipaaFs.Placements;
using HipaaFs.Storage;

namespace HipaaFs.Cli.Placing;

/// <summary>Which of a volume's stores the stores of a policy are.</summary>
internal sealed class PolicyStoreMatch
{
    private readonly Dictionary<string, int> _numbers;

    private PolicyStoreMatch(Dictionary<string, int> numbers, int home, IReadOnlyList<PolicyStore> added, IReadOnlyList<RegisteredStore> left)
    {
        _numbers = numbers;
        Home = home;
        Added = added;
        Left = left;
    }

    /// <summary>The stores that the volume does not know yet, in the order in which they get their numbers.</summary>
    public IReadOnlyList<PolicyStore> Added { get; }

    /// <summary>The stores of the volume that the policy does not name.</summary>
    public IReadOnlyList<RegisteredStore> Left { get; }

    /// <summary>The number of the volume's home, which has change stream and key ring.</summary>
    public int Home { get; }

    /// <summary>The number that a store of the policy has; of one that was added, most likely gets.</summary>
    public int NumberOf(string name) => _numbers[name];

    /// <summary>Compares names and places.</summary>
    /// <param name="document">The policy.</param>
    /// <param name="known">The volume's stores, but for those that were removed.</param>
    /// <param name="home">The number of its home.</param>
    /// <exception cref="CommandException">The volume's home is not among them, or a name or a place means another store than before.</exception>
    public static PolicyStoreMatch Of(PolicyDocument document, IReadOnlyList<RegisteredStore> known, int home)
    {
        var numbers = new Dictionary<string, int>(StringComparer.Ordinal);
        var added = new List<PolicyStore>();
        var problems = new List<string>();
        int next = 1 + known.Max(static store => store.Number);
        foreach (PolicyStore store in document.Stores)
        {
            RegisteredStore? same = known.FirstOrDefault(other => other.Problem is null && StoreUrl.Parse(other.Url).IsSamePlace(store.Url!));
            RegisteredStore? named = known.FirstOrDefault(other => other.Name == store.Name && !IsUnnamed(other));
            if (same is not null && same.Name != store.Name && !IsUnnamed(same))
            {
                problems.Add($"stores.{store.Name}: the volume knows {same.Url} as {same.Name}; call it that");
            }
            else if (named?.Problem is { } unusable)
            {
                problems.Add($"stores.{store.Name}: {unusable}");
            }
            else if (named is not null && named != same)
            {
                problems.Add($"stores.{store.Name}: in the volume that is {named.Url}; give the new place a name of its own, then 'hipaafs store migrate' moves the data there");
            }

            numbers[store.Name] = same?.Number ?? next + added.Count;
            if (same is null)
            {
                added.Add(store);
            }
        }

        RegisteredStore[] left = [.. known.Where(other => !numbers.ContainsValue(other.Number))];
        if (left.FirstOrDefault(store => store.Number == home) is { } missing)
        {
            problems.Add($"stores: the volume's home, {missing.Url}, is not among them; change stream and key ring go there");
        }

        return problems.Count == 0
            ? new PolicyStoreMatch(numbers, home, added, [.. left.Where(store => store.Number != home)])
            : throw new CommandException(
                ExitCode.Refused, "take the stores of the policy for those of the volume: they do not fit", "Correct what is listed in the policy; 'hipaafs store status' shows the volume's stores.")
            {
                Problems = problems,
            };
    }

    private static bool IsUnnamed(RegisteredStore store) => store is { Number: 0, Name: RegisteredStore.Unnamed };
}
