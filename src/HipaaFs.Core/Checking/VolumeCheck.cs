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
    private readonly List<CheckFinding> _findings = [];
    private readonly List<RowChange> _repairs = [];
    private readonly VolumeOptions _options;
    private readonly bool _repair;
    private readonly IProgress<CheckProgress> _progress;

    private VolumeCheck(VolumeOptions options, bool repair, IProgress<CheckProgress> progress)
    {
        _options = options;
        _repair = repair;
        _progress = progress;
    }

    /// <summary>Checks a volume and, if asked to, repairs what can be repaired. With a key the names are opened too.</summary>
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
            new SqliteMetadataOptions { Directory = _options.Directory, ReadOnly = !_repair }, loggers, TimeProvider.System);
        MetadataResult<bool> file = await metadata.VerifyFileAsync(cancel);
        if (!file.Succeeded || !file.Value)
        {
            Find(CheckKind.DatabaseDamaged, "metadata.db");
            return new CheckReport(0, 0, _findings);
        }

        VolumeRows rows = await VolumeRows.ReadAsync(metadata, _progress, cancel);
        CheckNames(rows, ring);
        CheckExtents(rows);
        await CheckSegmentsAsync(rows, loggers, cancel);
        await RepairAsync(metadata, cancel);
        return new CheckReport(rows.Inodes.Count, rows.Segments.Count, _findings);
    }

    private void CheckNames(VolumeRows rows, KeyRing? ring)
    {
        if (!rows.Inodes.ContainsKey(InodeId.Root))
        {
            Find(CheckKind.RootMissing, "inode 1");
        }

        using VolumeNames? names = ring is null ? null : new VolumeNames(ring);
        var links = new Dictionary<InodeId, uint>();
        var children = new Dictionary<InodeId, uint>();
        foreach (EntryChange entry in rows.Entries)
        {
            bool sound = rows.Inodes.TryGetValue(entry.Inode, out InodeChange? named)
                && rows.Inodes.TryGetValue(entry.Parent, out InodeChange? parent)
                && parent.Inode.IsDirectory;
            if (!sound)
            {
                Repair(CheckKind.DanglingEntry, $"entry of inode {entry.Inode} in {entry.Parent}", entry with { Kind = ChangeKind.Tombstone });
                continue;
            }

            links[entry.Inode] = links.GetValueOrDefault(entry.Inode) + 1;
            if (named!.Inode.IsDirectory)
            {
                children[entry.Parent] = children.GetValueOrDefault(entry.Parent) + 1;
            }

            if (names is not null && names.TryOpen(rows.Inodes[entry.Parent].Inode.Domain, entry.Parent, entry.Name) is null)
            {
                Find(CheckKind.NameNotAuthentic, $"name of inode {entry.Inode} in {entry.Parent}");
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
            Find(CheckKind.UnnamedInode, $"inode {inode.Id}");
            return;
        }

        uint expected = inode.IsDirectory ? (isOrphan ? inode.LinkCount : 2 + directories) : names;
        if (inode.LinkCount != expected)
        {
            Repair(
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
                Find(CheckKind.ExtentsOverlap, $"extents of inode {inode}, which is no file");
                continue;
            }

            extents.Sort(static (left, right) => left.FileOffset.CompareTo(right.FileOffset));
            long end = 0;
            foreach (Extent extent in extents)
            {
                if (extent.FileOffset < end || extent.Length <= 0)
                {
                    Find(CheckKind.ExtentsOverlap, Place(inode, extent));
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
            Find(CheckKind.SegmentUnknown, $"{Place(inode, extent)}, segment {extent.Segment}");
            return;
        }

        bool isFinished = segment.ObjectLength > 0;
        if (isFinished && extent.PlaintextOffset + extent.Length > segment.PlaintextLength)
        {
            Find(CheckKind.ExtentOutOfSegment, $"{Place(inode, extent)}, segment {extent.Segment}");
        }
    }

    private async Task CheckSegmentsAsync(VolumeRows rows, ILoggerFactory loggers, CancellationToken cancel)
    {
        var staged = new Dictionary<SegmentId, string>();
        foreach ((SegmentId id, string path) in new StagingArea(_options.Staging).Scan())
        {
            staged[id] = path;
            if (!rows.Segments.ContainsKey(id))
            {
                // A process that was killed between sealing and applying leaves it; the next mount removes it.
                FindUnknownStaging(id, path);
            }
        }

        await using MeteringObjectStore store = VolumeStore.Open(_options.Store, create: false, loggers, TimeProvider.System);
        long done = 0;
        foreach (SegmentRow segment in rows.Segments.Values)
        {
            _progress.Report(new CheckProgress("segments", ++done, rows.Segments.Count));
            if (segment.State == SegmentState.Condemned || staged.ContainsKey(segment.Id))
            {
                continue;
            }

            await CheckStoredAsync(store, segment, cancel);
        }
    }

    private async Task CheckStoredAsync(MeteringObjectStore store, SegmentRow segment, CancellationToken cancel)
    {
        StoreResult<ObjectProperties> found = await store.GetPropertiesAsync(StoreLayout.Segment(segment.Id), cancel);
        if (!found.Succeeded && found.Error != StoreError.NotFound)
        {
            throw new VolumeException(VolumeFailure.Store, $"check segment {segment.Id} in the store: {found.Error}", "make the store reachable and try again");
        }

        if (!found.Succeeded)
        {
            Find(segment.State == SegmentState.Staged ? CheckKind.StagingMissing : CheckKind.SegmentMissing, $"segment {segment.Id}");
        }
        else if (segment.ObjectLength > 0 && found.Value.Length != segment.ObjectLength)
        {
            Find(CheckKind.SegmentShort, $"segment {segment.Id}: {found.Value.Length} bytes instead of {segment.ObjectLength}");
        }
    }

    private void FindUnknownStaging(SegmentId id, string path)
    {
        if (_repair)
        {
            File.Delete(path);
        }

        _findings.Add(new CheckFinding(CheckKind.StagingUnknown, $"segment {id}", _repair));
    }

    private void Find(CheckKind kind, string subject) => _findings.Add(new CheckFinding(kind, subject, Repaired: false));

    private void Repair(CheckKind kind, string subject, RowChange repair)
    {
        _repairs.Add(repair);
        _findings.Add(new CheckFinding(kind, subject, _repair));
    }

    private async Task RepairAsync(SqliteMetadataStore metadata, CancellationToken cancel)
    {
        if (!_repair || _repairs.Count == 0)
        {
            return;
        }

        ChangeBatch batch = ChangeCodec.Encode(metadata.Applied, metadata.Applied, _repairs);
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
