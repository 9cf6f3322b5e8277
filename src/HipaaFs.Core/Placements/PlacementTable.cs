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
        _hasArchive = All.Any(HasArchiveTier);
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

    /// <summary>The placement that a file gets when it is assigned one: what came down by age, or is in an archive, stays there, or goes to the step of the new one that is at the same places; what the former one had in another tier goes back.</summary>
    internal uint Resettle(uint current, uint assigned)
    {
        if (Find(current) is not { } there || (there.Origin is null && !there.IsArchive) || Find(assigned) is not { } wanted)
        {
            return assigned;
        }

        if (there.Origin == assigned && there.IsTier && !wanted.Steps.Any(step => step.Placement == current))
        {
            return assigned;
        }

        return there.Origin == assigned ? current : wanted.Steps.Select(static step => step.Placement).Where(step => Find(step)?.PlacesLike(there) == true).FirstOrDefault(assigned);
    }

    /// <summary>Whether there is a border at all.</summary>
    internal bool HasBorders => _placements.Any(static placement => placement is not { Border.Length: 0 });

    /// <summary>Whether data of a placement lies in an archive.</summary>
    internal bool HasArchive => _hasArchive;

    /// <summary>Whether files may not be renamed or linked from one placement to another.</summary>
    internal bool IsBorderBetween(uint left, uint right) => left != right && Find(left)?.Border != Find(right)?.Border;

    /// <summary>Whether data of one placement lies where that of another does. One that is not known is like itself only.</summary>
    internal bool AreAlike(uint left, uint right) => left == right || (Find(left) is { } one && Find(right) is { } other && one.PlacesLike(other));

    /// <summary>
    /// How many bytes at the beginning of files of a placement may be in segments of another, for all where there are any: heads of archived files stay online, in segments of where they were written to
    /// or of a step before the archive.
    /// </summary>
    internal IReadOnlyDictionary<(uint File, uint Segment), long> FindHeads()
    {
        var heads = new Dictionary<(uint File, uint Segment), long>();
        foreach (Placement archive in All.Where(placement => placement.Head > 0 && Find(placement.EndOfOrigin) is not null))
        {
            Placement origin = Find(archive.EndOfOrigin)!;
            Placement[] before =
            [
                .. origin.Steps.TakeWhile(step => step.Placement != archive.Number).Select(step => Find(step.Placement)).OfType<Placement>().Append(origin)
                    .Where(one => !one.IsArchive && one.Border == archive.Border),
            ];
            foreach (Placement there in All.Where(there => Array.Exists(before, there.PlacesLike)))
            {
                heads[(archive.Number, there.Number)] = archive.Head;
            }
        }

        return heads;
    }

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
        _hasArchive |= HasArchiveTier(placement);
    }

    private static bool HasArchiveTier(Placement placement) => placement.Tiers.Values.Contains(StorageTier.Archive);
}
