using HipaaFs.Storage;

namespace HipaaFs.Placements;

/// <summary>The placements of a volume by number.</summary>
/// <remarks>Thread-safe; replaced as a whole when one is defined.</remarks>
internal sealed class PlacementTable
{
    private const string UnknownBorder = "?";

    private volatile Placement?[] _placements; // The number of each is its place.
    private volatile bool _hasArchive;

    /// <param name="home">Number of the volume's home, the only store of placement 0.</param>
    /// <param name="placements">Those beside number 0, the first of them number 1; null is one that is not known.</param>
    internal PlacementTable(int home, IReadOnlyList<Placement?> placements)
    {
        _placements = [new Placement { Primary = home }, .. placements];
        _hasArchive = All.Any(IsArchive);
    }

    /// <summary>All that are known.</summary>
    internal IEnumerable<Placement> All => _placements.OfType<Placement>();

    /// <summary>All of them; the number of each is its place. One that is not known is like no other.</summary>
    internal IReadOnlyList<Placement> Numbered =>
        [.. _placements.Select(static (placement, number) => placement ?? new Placement { Number = (uint)number, Border = UnknownBorder })];

    /// <summary>How many there are, those among them that are not known: the next number.</summary>
    internal int Count => _placements.Length;

    /// <summary>The placement of a number; null when the volume has none such, or it is not known.</summary>
    internal Placement? Find(uint number)
    {
        Placement?[] placements = _placements;
        return number < placements.Length ? placements[number] : null;
    }

    /// <summary>The placement of a file that gets a name in a directory of a placement.</summary>
    internal uint Resolve(uint directory, ReadOnlySpan<byte> name)
    {
        if (Find(directory) is not { } placement)
        {
            return directory;
        }

        for (int i = 0; i < placement.Patterns.Count; i++)
        {
            PlacementPattern pattern = placement.Patterns[i];
            if (pattern.Matches(name) && Find(pattern.Placement)?.Border == placement.Border)
            {
                return pattern.Placement;
            }
        }

        return directory;
    }

    /// <summary>The placement that a file gets when it is assigned one: what came down by age stays there, or goes to the step of the new one that is at the same places.</summary>
    internal uint Resettle(uint current, uint assigned)
    {
        if (Find(current) is not { Origin: { } origin } there || Find(assigned) is not { } wanted)
        {
            return assigned;
        }

        return origin == assigned ? current : wanted.Steps.Select(static step => step.Placement).Where(step => Find(step)?.PlacesLike(there) == true).FirstOrDefault(assigned);
    }

    /// <summary>Whether there is a border at all.</summary>
    internal bool HasBorders => _placements.Any(static placement => placement is not { Border.Length: 0 });

    /// <summary>Whether data of a placement lies in an archive.</summary>
    internal bool HasArchive => _hasArchive;

    /// <summary>Whether files may not be renamed or linked from one placement to another.</summary>
    internal bool IsBorderBetween(uint left, uint right) => left != right && Find(left)?.Border != Find(right)?.Border;

    /// <summary>Whether data of one placement lies where that of another does. One that is not known is like itself only.</summary>
    internal bool AreAlike(uint left, uint right) => left == right || (Find(left) is { } one && Find(right) is { } other && one.PlacesLike(other));

    /// <summary>Has placement 0 follow the volume's home. One caller at a time.</summary>
    internal void SetHome(int home) => Set(new Placement { Primary = home }.After(Find(0)));

    /// <summary>Defines the next one, or one that is there anew. One caller at a time.</summary>
    internal void Set(Placement placement)
    {
        Placement?[] placements = [.. _placements];
        if (placement.Number < placements.Length)
        {
            placements[placement.Number] = placement;
        }

        _placements = placement.Number < placements.Length ? placements : [.. placements, placement];
        _hasArchive |= IsArchive(placement);
    }

    private static bool IsArchive(Placement placement) => placement.Tiers.Values.Contains(StorageTier.Archive);
}
