using HipaaFs.Placements;

namespace HipaaFs.Cli.Placing;

/// <summary>Where the steps of a policy lead, by numbers of their own until the placements have theirs.</summary>
internal sealed class StepTargets
{
    private const uint First = 1U << 31; // No volume has so many placements.

    private readonly List<Placement> _targets = [];

    /// <summary>Where one of its numbers leads.</summary>
    public Placement this[uint number] => _targets[(int)(number - First)];

    /// <summary>Whether a number is one of these.</summary>
    public static bool Has(uint number) => number >= First;

    /// <summary>The number of a target; the same for all that are alike.</summary>
    public uint Add(Placement target)
    {
        if (Find(target) is { } number)
        {
            return number;
        }

        _targets.Add(target with { Steps = [], Origin = null });
        return First + (uint)_targets.Count - 1;
    }

    /// <summary>The number of a target that is like a placement, whatever comes after it and where its files come from; null when there is none.</summary>
    public uint? Find(Placement placement)
    {
        int index = _targets.FindIndex(target => target.IsSameAs(placement with { Steps = [], Origin = null }));
        return index < 0 ? null : First + (uint)index;
    }
}
