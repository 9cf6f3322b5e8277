using HipaaFs.Crypto;
using HipaaFs.Metadata;
using HipaaFs.Metadata.Changes;
using HipaaFs.Volumes;

namespace HipaaFs.Checking;

/// <summary>Makes the rows again of segments that files refer to and no row knows, from what staging or the store has of them.</summary>
/// <remarks>Used once.</remarks>
internal sealed class UnknownSegments
{
    private readonly VolumeRows _rows;
    private readonly SegmentSearch _search;
    private readonly Timestamp _now;

    internal UnknownSegments(VolumeRows rows, SegmentSearch search, Timestamp now)
    {
        _rows = rows;
        _search = search;
        _now = now;
    }

    /// <summary>Looks for all of them. Answers the rows of those that were found.</summary>
    /// <exception cref="VolumeException">The store cannot be read.</exception>
    internal async Task<List<SegmentRow>> FindAsync(CancellationToken cancel)
    {
        var wanted = new Dictionary<SegmentId, InodeId>();
        foreach ((InodeId inode, List<BornExtent> extents) in _rows.Extents)
        {
            foreach ((Extent extent, _) in extents)
            {
                Want(wanted, inode, extent.Segment);
            }
        }

        foreach ((SegmentId segment, InodeId inode) in _rows.PastSegments)
        {
            Want(wanted, inode, segment);
        }

        var found = new List<SegmentRow>();
        foreach ((SegmentId segment, InodeId inode) in wanted)
        {
            uint placement = _rows.Inodes.TryGetValue(inode, out InodeChange? owner) ? owner.Inode.Placement : 0;
            var row = new SegmentRow { Id = segment, Placement = placement, Created = _now, Changed = _now };
            if (_search.FindStaged(row) is { } staged)
            {
                found.Add(staged);
            }
            else if (await _search.FindStoredAsync(row, cancel) is { } stored)
            {
                found.Add(stored);
            }
        }

        return found;
    }

    private void Want(Dictionary<SegmentId, InodeId> wanted, InodeId inode, SegmentId segment)
    {
        if (!_rows.Segments.ContainsKey(segment))
        {
            wanted.TryAdd(segment, inode);
        }
    }
}
