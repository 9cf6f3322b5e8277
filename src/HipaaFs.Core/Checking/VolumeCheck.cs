using System.Globalization;
using HipaaFs.ChangeStream;
using HipaaFs.Crypto;
using HipaaFs.Metadata;
using HipaaFs.Metadata.Changes;
using HipaaFs.Metadata.Sqlite;
using HipaaFs.Names;
using HipaaFs.Platform;
using HipaaFs.Sessions;
using HipaaFs.Staging;
using HipaaFs.Storage;
using HipaaFs.Volumes;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace HipaaFs.Checking;

/// <summary>Checks a volume that is not mounted: that names, inodes, extents, segments, staging and store fit together.</summary>
public sealed class VolumeCheck
{
    private readonly CheckFindings _findings;
    private readonly VolumeOptions _options;
    private readonly IProgress<CheckProgress> _progress;

    private VolumeCheck(VolumeOptions options, bool repair, IProgress<CheckProgress> progress)
    {
        _options = options;
        _findings = new CheckFindings(repair);
        _progress = progress;
    }

    /// <summary>Checks a volume and, if asked to, repairs what can be repaired. With a key everything sealed in the metadata and in staging is opened too.</summary>
    /// <exception cref="VolumeException">It is held by another, or cannot be opened at all.</exception>
    public static async Task<CheckReport> RunAsync(
        VolumeOptions options, IKeyWrapper? key, bool repair, IProgress<CheckProgress> progress, CancellationToken cancel)
    {
        using KeyRing? ring = key is null ? null : await VolumeRing.UnlockAsync(options.Directory, options.VolumeId, key, cancel);
        var holder = new SessionHolder(Environment.MachineName, Environment.ProcessId, 0, TimeProvider.System.GetUtcNow());
        using FileLock held = VolumeDirectory.Lock(options.Directory, holder);
        return await new VolumeCheck(options, repair, progress).RunAsync(ring, cancel);
    }

    private async Task<CheckReport> RunAsync(KeyRing? ring, CancellationToken cancel)
    {
        ILoggerFactory loggers = NullLoggerFactory.Instance;
        await using SqliteMetadataStore metadata = VolumeDirectory.OpenMetadata(
            new SqliteMetadataOptions { Directory = _options.Directory, ReadOnly = !_findings.MayRepair }, loggers, TimeProvider.System);
        MetadataResult<bool> file = await metadata.VerifyFileAsync(cancel);
        if (!file.Succeeded || !file.Value)
        {
            _findings.Add(CheckKind.DatabaseDamaged, "metadata.db");
            return new CheckReport(0, 0, _findings.All);
        }

        VolumeRows rows = await VolumeRows.ReadAsync(metadata, _progress, cancel);
        using VolumeNames? names = ring is null ? null : new VolumeNames(ring);
        CheckNames(rows, names);
        AttributeCheck.Run(rows, names, _findings);
        CheckExtents(rows);
        await using MeteringObjectStore store = VolumeStore.Open(_options.Store, create: false, loggers, TimeProvider.System);
        await new SegmentCheck(rows, _findings, _progress).RunAsync(new StagingArea(_options.Staging), ring, store, cancel);
        await RepairAsync(metadata, cancel);
        return new CheckReport(rows.Inodes.Count, rows.Segments.Count, _findings.All);
    }

    private void CheckNames(VolumeRows rows, VolumeNames? names)
    {
        if (!rows.Inodes.ContainsKey(InodeId.Root))
        {
            _findings.Add(CheckKind.RootMissing, "inode 1");
        }

        var links = new Dictionary<InodeId, uint>();
        var children = new Dictionary<InodeId, uint>();
        foreach (EntryChange entry in rows.Entries)
        {
            bool sound = rows.Inodes.TryGetValue(entry.Inode, out InodeChange? named)
                && rows.Inodes.TryGetValue(entry.Parent, out InodeChange? parent)
                && parent.Inode.IsDirectory;
            if (!sound)
            {
                _findings.Add(CheckKind.DanglingEntry, $"entry of inode {entry.Inode} in {entry.Parent}", entry with { Kind = ChangeKind.Tombstone });
                continue;
            }

            links[entry.Inode] = links.GetValueOrDefault(entry.Inode) + 1;
            if (named!.Inode.IsDirectory)
            {
                children[entry.Parent] = children.GetValueOrDefault(entry.Parent) + 1;
            }

            if (names is not null && names.TryOpen(rows.Inodes[entry.Parent].Inode.Domain, entry.Parent, entry.Name) is null)
            {
                _findings.Add(CheckKind.NameNotAuthentic, $"name of inode {entry.Inode} in {entry.Parent}");
            }
        }

        foreach (InodeChange inode in rows.Inodes.Values)
        {
            CheckLinks(inode, links.GetValueOrDefault(inode.Inode.Id), children.GetValueOrDefault(inode.Inode.Id), rows.Orphans);
        }
    }

    private void CheckLinks(InodeChange row, uint names, uint directories, HashSet<InodeId> orphans)
    {
        InodeAttributes inode = row.Inode;
        bool isRoot = inode.Id == InodeId.Root;
        bool isOrphan = orphans.Contains(inode.Id);
        if (names == 0 && !isRoot && !isOrphan)
        {
            _findings.Add(CheckKind.UnnamedInode, $"inode {inode.Id}");
            return;
        }

        uint expected = inode.IsDirectory ? (isOrphan ? inode.LinkCount : 2 + directories) : names;
        if (inode.LinkCount != expected)
        {
            _findings.Add(
                CheckKind.WrongLinkCount,
                $"inode {inode.Id}: {inode.LinkCount} instead of {expected}",
                row with { Inode = inode with { LinkCount = expected } });
        }
    }

    private void CheckExtents(VolumeRows rows)
    {
        foreach ((InodeId inode, List<Extent> extents) in rows.Extents)
        {
            if (!rows.Inodes.TryGetValue(inode, out InodeChange? owner) || !owner.Inode.IsFile)
            {
                _findings.Add(CheckKind.ExtentsOverlap, $"extents of inode {inode}, which is no file");
                continue;
            }

            extents.Sort(static (left, right) => left.FileOffset.CompareTo(right.FileOffset));
            long end = 0;
            foreach (Extent extent in extents)
            {
                if (extent.FileOffset < end || extent.Length <= 0)
                {
                    _findings.Add(CheckKind.ExtentsOverlap, Place(inode, extent));
                }

                end = extent.End;
                CheckSegmentOf(rows, inode, extent);
            }
        }
    }

    private void CheckSegmentOf(VolumeRows rows, InodeId inode, Extent extent)
    {
        if (!rows.Segments.TryGetValue(extent.Segment, out SegmentRow segment) || segment.State == SegmentState.Condemned)
        {
            _findings.Add(CheckKind.SegmentUnknown, $"{Place(inode, extent)}, segment {extent.Segment}");
            return;
        }

        bool isFinished = segment.ObjectLength > 0;
        if (isFinished && extent.PlaintextOffset + extent.Length > segment.PlaintextLength)
        {
            _findings.Add(CheckKind.ExtentOutOfSegment, $"{Place(inode, extent)}, segment {extent.Segment}");
        }
    }

    private async Task RepairAsync(SqliteMetadataStore metadata, CancellationToken cancel)
    {
        if (_findings.Repairs.Count == 0)
        {
            return;
        }

        ChangeBatch batch = ChangeCodec.Encode(metadata.Applied, metadata.Applied, _findings.Repairs);
        MetadataResult<Applied> loaded = await metadata.LoadAsync(batch, cancel);

        // Repairs are not changes of the stream: the next publication begins a new one, with all rows.
        await metadata.SetSettingAsync(OperationId.None, PublishedPoint.Setting, null, cancel);
        MetadataResult<CommitSequence> durable = await metadata.MakeDurableAsync(metadata.Applied, cancel);
        if (!loaded.Succeeded || !durable.Succeeded)
        {
            throw new VolumeException(
                VolumeFailure.Io, $"write the repairs: {(loaded.Succeeded ? durable.Error : loaded.Error)}", "make room on the disk of the volume and try again");
        }
    }

    private static string Place(InodeId inode, Extent extent) =>
        string.Create(CultureInfo.InvariantCulture, $"inode {inode} at {extent.FileOffset}, {extent.Length} bytes");
}
