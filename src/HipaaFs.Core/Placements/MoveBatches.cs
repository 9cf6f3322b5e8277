using HipaaFs.Compaction;
using HipaaFs.Crypto;
using HipaaFs.Metadata;

namespace HipaaFs.Placements;

/// <summary>Gathers what is to be moved until it is worth a segment: what goes to an archive by directory, so that a study is a few objects to bring back, and in larger ones.</summary>
/// <remarks>Bounded: when more than <see cref="MostUses"/> runs wait, the largest batch goes as it is. Not thread-safe.</remarks>
internal sealed class MoveBatches
{
    /// <summary>Runs that wait at most.</summary>
    internal const int MostUses = 100_000;

    /// <summary>Bytes at which a batch for an archive goes.</summary>
    internal const long ArchiveBytes = 256L << 20;

    private readonly Dictionary<MoveTarget, (List<SegmentUse> Uses, long Bytes)> _batches = [];
    private readonly HashSet<(uint Files, SegmentId Segment)> _segments = [];
    private int _uses;

    /// <summary>Whether runs of a segment wait already for files of a placement.</summary>
    internal bool Has(uint files, SegmentId segment) => _segments.Contains((files, segment));

    /// <summary>Adds runs of a segment that go to one place.</summary>
    /// <param name="to">Where they go.</param>
    /// <param name="uses">The runs.</param>
    /// <param name="mostBytes">Bytes at which a batch goes.</param>
    /// <returns>The batch that is to go now; null while none is.</returns>
    internal MoveBatch? Add(MoveTarget to, IReadOnlyList<SegmentUse> uses, long mostBytes)
    {
        (List<SegmentUse> Uses, long Bytes) batch = _batches.TryGetValue(to, out (List<SegmentUse> Uses, long Bytes) known) ? known : ([], 0);
        batch.Uses.AddRange(uses);
        batch.Bytes += SegmentMove.WithoutRepetition(uses).Sum(static use => use.Extent.Length);
        _batches[to] = batch;
        _uses += uses.Count;
        foreach (SegmentUse use in uses)
        {
            _segments.Add((to.Files, use.Extent.Segment));
        }

        return batch.Bytes >= mostBytes ? Take(to)
            : _uses > MostUses ? Take(_batches.MaxBy(static waiting => waiting.Value.Uses.Count).Key)
            : null;
    }

    /// <summary>Takes one that waits; null when none does.</summary>
    internal MoveBatch? TakeAny() => _batches.Count == 0 ? null : Take(_batches.Keys.First());

    private MoveBatch Take(MoveTarget target)
    {
        _batches.Remove(target, out (List<SegmentUse> Uses, long Bytes) batch);
        _uses -= batch.Uses.Count;
        if (_batches.Count == 0)
        {
            _segments.Clear();
        }

        return new MoveBatch(target, batch.Uses, batch.Bytes);
    }
}
