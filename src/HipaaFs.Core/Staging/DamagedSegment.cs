using HipaaFs.Metadata;

namespace HipaaFs.Staging;

/// <summary>An unfinished segment of which everything readable was copied out, and not everything was readable.</summary>
/// <param name="Runs">What cannot be read.</param>
/// <param name="Uses">What referred to it then, snapshots included, in the order of inodes and offsets.</param>
internal sealed record DamagedSegment(IReadOnlyList<DamagedRun> Runs, IReadOnlyList<SegmentUse> Uses)
{
    /// <summary>Whether another try is of no use: nothing was overwritten or removed since, and what is not authentic does not become so.</summary>
    internal bool IsFinal(IReadOnlyList<SegmentUse> uses) =>
        Runs.All(static run => run.Error == FsError.NotAuthentic) && Uses.SequenceEqual(InOrder(uses));

    /// <summary>Uses in the order in which they are compared.</summary>
    internal static IReadOnlyList<SegmentUse> InOrder(IEnumerable<SegmentUse> uses) =>
        [.. uses.OrderBy(static use => use.Inode).ThenBy(static use => use.Extent.FileOffset).ThenBy(static use => use.Extent.Length).ThenBy(static use => use.Extent.PlaintextOffset)];
}
