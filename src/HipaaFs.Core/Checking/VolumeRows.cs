using HipaaFs.Crypto;
using HipaaFs.Metadata;
using HipaaFs.Metadata.Changes;

namespace HipaaFs.Checking;

/// <summary>All live rows of a volume in memory, as a check needs them.</summary>
internal sealed class VolumeRows
{
    /// <summary>Inodes by id.</summary>
    internal Dictionary<InodeId, InodeChange> Inodes { get; } = [];

    /// <summary>Entries.</summary>
    internal List<EntryChange> Entries { get; } = [];

    /// <summary>Extents, by inode, in file order.</summary>
    internal Dictionary<InodeId, List<Extent>> Extents { get; } = [];

    /// <summary>Extended attributes.</summary>
    internal List<XattrChange> Xattrs { get; } = [];

    /// <summary>Targets of symbolic links, by inode.</summary>
    internal Dictionary<InodeId, SymlinkChange> Targets { get; } = [];

    /// <summary>Segments by id.</summary>
    internal Dictionary<SegmentId, SegmentRow> Segments { get; } = [];

    /// <summary>Inodes without a name that are open, or were when the last session ended.</summary>
    internal HashSet<InodeId> Orphans { get; } = [];

    /// <summary>Reads them all.</summary>
    internal static async Task<VolumeRows> ReadAsync(IMetadataStore metadata, IProgress<CheckProgress> progress, CancellationToken cancel)
    {
        var rows = new VolumeRows();
        await foreach (ChangeBatch batch in metadata.DumpAsync(cancel))
        {
            if (!ChangeCodec.TryDecode(batch.Encoded, out IReadOnlyList<RowChange>? changes))
            {
                throw new InvalidOperationException("the metadata engine dumped rows that cannot be decoded");
            }

            foreach (RowChange change in changes)
            {
                rows.Add(change);
            }

            progress.Report(new CheckProgress("rows", rows.Inodes.Count, metadata.Usage.Inodes));
        }

        return rows;
    }

    private void Add(RowChange change)
    {
        if (change.Kind != ChangeKind.Upsert)
        {
            return; // History is looked at when snapshots can be read.
        }

        switch (change)
        {
            case InodeChange inode:
                Inodes[inode.Inode.Id] = inode;
                break;
            case EntryChange entry:
                Entries.Add(entry);
                break;
            case ExtentChange extent:
                ExtentsOf(extent.Inode).Add(extent.Extent);
                break;
            case SegmentChange segment:
                Segments[segment.Segment.Id] = segment.Segment;
                break;
            case XattrChange xattr:
                Xattrs.Add(xattr);
                break;
            case SymlinkChange target:
                Targets[target.Inode] = target;
                break;
            case OrphanChange orphan:
                Orphans.Add(orphan.Orphan.Inode);
                break;
            default:
                break; // Counters, sessions and settings have nothing to be compared with.
        }
    }

    private List<Extent> ExtentsOf(InodeId inode)
    {
        if (!Extents.TryGetValue(inode, out List<Extent>? extents))
        {
            Extents[inode] = extents = [];
        }

        return extents;
    }
}
