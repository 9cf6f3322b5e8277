using HipaaFs.Crypto;
using HipaaFs.Metadata;
using HipaaFs.Metadata.Changes;
using HipaaFs.Recovery;
using HipaaFs.Scrubbing;
using HipaaFs.Segments;
using HipaaFs.Staging;
using HipaaFs.Storage;
using HipaaFs.Volumes;

namespace HipaaFs.Checking;

/// <summary>Makes the rows again of segments that files refer to and no row knows, from what staging or the store has of them.</summary>
/// <remarks>Used once. From the store a segment is taken only when every byte of it is authentic; what staging has of one that was being written is what there is.</remarks>
internal sealed class UnknownSegments
{
    private readonly VolumeRows _rows;
    private readonly KeyRing _ring;
    private readonly StagingArea _staging;
    private readonly IObjectStore _store;
    private readonly Timestamp _now;

    internal UnknownSegments(VolumeRows rows, KeyRing ring, StagingArea staging, IObjectStore store, Timestamp now)
    {
        _rows = rows;
        _ring = ring;
        _staging = staging;
        _store = store;
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
            if (FindStaged(row) is { } staged)
            {
                found.Add(staged);
            }
            else if (await FindStoredAsync(row, cancel) is { } stored)
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

    private SegmentRow? FindStaged(SegmentRow row)
    {
        string path = _staging.PathOf(row.Id);
        if (!File.Exists(path))
        {
            return null;
        }

        using FileStream file = File.OpenRead(path);
        byte[] header = new byte[SegmentFormat.HeaderSize];
        if (file.ReadAtLeast(header, header.Length, throwOnEndOfStream: false) < header.Length || WithHeader(row, header) is not { } known)
        {
            return null;
        }

        SegmentRow unfinished = known with { State = SegmentState.Staged };
        byte[] trailer = new byte[SegmentFormat.TrailerSize];
        file.Position = Math.Max(0, file.Length - trailer.Length);
        bool ended = file.ReadAtLeast(trailer, trailer.Length, throwOnEndOfStream: false) == trailer.Length
            & SegmentTrailer.TryRead(trailer, out SegmentTrailer read)
            & SegmentFormat.TryPlaintextLength((long)read.IndexOffset, out long plaintext);
        SegmentRow finished = unfinished with { ObjectLength = file.Length, PlaintextLength = plaintext };
        return ended && read.ObjectLength == (ulong)file.Length && HasEnds(finished, path) ? finished : HasEnds(unfinished, path) ? unfinished : null;
    }

    private bool HasEnds(SegmentRow row, string path)
    {
        if (!SegmentFile.TryOpen(row, path, _ring, out SegmentFile? opened))
        {
            return false;
        }

        using (opened)
        {
            return opened.HasEnds();
        }
    }

    private async Task<SegmentRow?> FindStoredAsync(SegmentRow row, CancellationToken cancel)
    {
        StoreResult<SegmentRow> found = await StoredSegment.FindAsync(_store, row, cancel);
        byte[] header = new byte[SegmentFormat.HeaderSize];
        StoreResult<int> read = found.Succeeded
            ? await _store.ReadAsync(StoreLayout.Segment(row.Id), EntityTag.Any, 0, header, cancel)
            : found.Failure!;
        if (!read.Succeeded)
        {
            return Absent(read.Error);
        }

        if (WithHeader(found.Value, header.AsSpan(0, read.Value)) is not { } known)
        {
            return null;
        }

        StoreResult<SegmentDamage?> damage = await new StoredSegmentAudit(_store, _ring, new ScrubPace(0, TimeProvider.System)).RunAsync(known, cancel);
        if (!damage.Succeeded)
        {
            return Absent(damage.Error);
        }

        return damage.Value is null ? known : null;
    }

    private static SegmentRow? Absent(StoreError error) => error is StoreError.NotFound or StoreError.Corrupt
        ? null
        : throw new VolumeException(VolumeFailure.Store, $"look for segments in the store: {error}", "make the store reachable and try again");

    // The ring knows whose epoch it is.
    private SegmentRow? WithHeader(SegmentRow row, ReadOnlySpan<byte> content)
    {
        if (!SegmentHeader.TryRead(content, out SegmentHeader header, out _) || header.Segment != row.Id || header.Class != RecordClass.Data)
        {
            return null;
        }

        foreach (KeyRingEpoch epoch in _ring.Epochs)
        {
            if (epoch.Id == header.Epoch && epoch.IsOpen)
            {
                return row with { Epoch = header.Epoch, Class = header.Class, Domain = epoch.Domain };
            }
        }

        return null;
    }
}
