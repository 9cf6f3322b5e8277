namespace HipaaFs.Placements;

/// <summary>The placements of a volume by number.</summary>
/// <remarks>Thread-safe; replaced as a whole when one is defined.</remarks>
internal sealed class PlacementTable
{
    private volatile Placement[] _placements;

    internal PlacementTable(IReadOnlyList<Placement> placements) => _placements = [Placement.Own, .. placements];

    /// <summary>All of them; the number of each is its place.</summary>
    internal IReadOnlyList<Placement> All => _placements;

    /// <summary>The placement of a number; null when the volume has none such.</summary>
    internal Placement? Find(uint number)
    {
        Placement[] placements = _placements;
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

    /// <summary>Whether there is a border at all.</summary>
    internal bool HasBorders => _placements.Any(static placement => placement.Border.Length > 0);

    /// <summary>Whether files may not be renamed or linked from one placement to another.</summary>
    internal bool IsBorderBetween(uint left, uint right) => left != right && Find(left)?.Border != Find(right)?.Border;

    /// <summary>Defines the next one, or one that is there anew. One caller at a time.</summary>
    internal void Set(Placement placement)
    {
        Placement[] placements = _placements;
        _placements = placement.Number == placements.Length
            ? [.. placements, placement]
            : [.. placements.Select(old => old.Number == placement.Number ? placement : old)];
    }
}
