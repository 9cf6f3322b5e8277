using HipaaFs.Crypto;
using HipaaFs.Metadata;

namespace HipaaFs.Testing.Metadata;

/// <summary>Sizes and extents in the memory engine.</summary>
internal sealed class MemoryContent
{
    private readonly MemoryTables _tables;
    private readonly MemoryNamespace _names;

    public MemoryContent(MemoryTables tables, MemoryNamespace names)
    {
        _tables = tables;
        _names = names;
    }

    public MetadataResult<InodeAttributes> SetAttributes(SetAttributesRequest request)
    {
        if (_names.Find(request.Inode) is not { } inode)
        {
            return MetadataError.NotFound;
        }

        AttributeMask mask = request.Mask;
        bool domain = mask.HasFlag(AttributeMask.Domain) && request.Domain != inode.Domain;
        MetadataError error = (request.ExpectedVersion ?? inode.Version) != inode.Version ? MetadataError.Conflict
            : mask.HasFlag(AttributeMask.Size) && inode.IsDirectory ? MetadataError.IsADirectory
            : mask.HasFlag(AttributeMask.Size) && (!inode.IsFile || request.Size < 0) ? MetadataError.Conflict
            : domain && !inode.IsDirectory ? MetadataError.NotADirectory
            : domain && !_names.IsEmpty(inode.Id) ? MetadataError.DirectoryNotEmpty
            : MetadataError.None;
        if (error != MetadataError.None)
        {
            return error;
        }

        if (mask.HasFlag(AttributeMask.Size))
        {
            Cut(inode.Id, request.Size, long.MaxValue);
        }

        return Finish(inode with
        {
            Mode = mask.HasFlag(AttributeMask.Mode)
                ? (inode.Mode & ModeBits.TypeMask) | (request.Mode & ModeBits.PermissionMask) : inode.Mode,
            Uid = mask.HasFlag(AttributeMask.Uid) ? request.Uid : inode.Uid,
            Gid = mask.HasFlag(AttributeMask.Gid) ? request.Gid : inode.Gid,
            Size = mask.HasFlag(AttributeMask.Size) ? request.Size : inode.Size,
            AccessTime = mask.HasFlag(AttributeMask.AccessTime) ? request.AccessTime : inode.AccessTime,
            ModifyTime = mask.HasFlag(AttributeMask.ModifyTime) ? request.ModifyTime : inode.ModifyTime,
            ChangeTime = mask.HasFlag(AttributeMask.ChangeTime) ? request.ChangeTime
                : mask.HasFlag(AttributeMask.KeepChangeTime) ? inode.ChangeTime : request.Now,
            BirthTime = mask.HasFlag(AttributeMask.BirthTime) ? request.BirthTime : inode.BirthTime,
            Placement = mask.HasFlag(AttributeMask.Placement) ? request.Placement : inode.Placement,
            Domain = mask.HasFlag(AttributeMask.Domain) ? request.Domain : inode.Domain,
            Flags = (((inode.Flags | request.SetFlags) & ~request.ClearFlags) & ~InodeFlags.HasXattrs)
                | (inode.Flags & InodeFlags.HasXattrs),
        });
    }

    public MetadataResult<InodeAttributes> Write(WriteExtentsRequest request)
    {
        MetadataError error = CheckFile(request.Inode, out InodeAttributes inode);
        if (error != MetadataError.None)
        {
            return error;
        }

        long end = 0;
        foreach (Extent extent in request.Extents.Span)
        {
            bool usable = _tables.Segments.Find(extent.Segment.Value)?.State is SegmentState.Staged or SegmentState.Live;
            if (!usable || extent.Length <= 0 || extent.FileOffset < end)
            {
                return MetadataError.Conflict;
            }

            end = extent.End;
        }

        if ((request.ExpectedVersion ?? inode.Version) != inode.Version)
        {
            return MetadataError.Conflict;
        }

        foreach (Extent extent in request.Extents.Span)
        {
            Cut(inode.Id, extent.FileOffset, extent.End);
            Insert(inode.Id, extent);
        }

        long size = request.SizeMode == SizeMode.Exact ? request.Size : Math.Max(inode.Size, request.Size);
        if (size < inode.Size)
        {
            Cut(inode.Id, size, long.MaxValue);
        }

        return Finish(inode with
        {
            Size = size,
            Mode = inode.Mode & ~(request.ClearModeBits & ModeBits.PermissionMask),
            AccessTime = request.AccessTime ?? inode.AccessTime,
            ModifyTime = request.ModifyTime ?? inode.ModifyTime,
            ChangeTime = request.ChangeTime ?? inode.ChangeTime,
        });
    }

    public MetadataResult<InodeAttributes> Deallocate(DeallocateRequest request)
    {
        MetadataError error = CheckFile(request.Inode, out InodeAttributes inode);
        if (error != MetadataError.None)
        {
            return error;
        }

        if (request.Offset < 0 || request.Length <= 0)
        {
            return MetadataError.Conflict;
        }

        Cut(inode.Id, request.Offset, End(request.Offset, request.Length));
        return Finish(inode with
        {
            Size = Math.Max(inode.Size, request.NewSize ?? 0),
            ModifyTime = request.Now,
            ChangeTime = request.Now,
        });
    }

    public MetadataResult<InodeAttributes> Clone(CloneExtentsRequest request)
    {
        MetadataError error = CheckFile(request.Source, out InodeAttributes source);
        if (error != MetadataError.None)
        {
            return error;
        }

        error = CheckFile(request.Target, out InodeAttributes target);
        if (error != MetadataError.None)
        {
            return error;
        }

        bool overlaps = source.Id == target.Id && Math.Abs(request.SourceOffset - request.TargetOffset) < request.Length;
        if (request.SourceOffset < 0 || request.TargetOffset < 0 || request.Length <= 0 || overlaps
            || request.TargetOffset > long.MaxValue - request.Length)
        {
            return MetadataError.Conflict;
        }

        if (source.Domain != target.Domain)
        {
            return MetadataError.CrossesDomain;
        }

        long end = End(request.SourceOffset, request.Length);
        List<Extent> pieces = Overlapping(source.Id, request.SourceOffset, end)
            .Select(extent => Part(extent, Math.Max(extent.FileOffset, request.SourceOffset), Math.Min(extent.End, end)))
            .ToList();
        Cut(target.Id, request.TargetOffset, request.TargetOffset + request.Length);
        foreach (Extent piece in pieces)
        {
            Insert(target.Id, piece with { FileOffset = piece.FileOffset - request.SourceOffset + request.TargetOffset });
        }

        return Finish(target with
        {
            Size = Math.Max(target.Size, request.NewSize ?? 0),
            ModifyTime = request.Now,
            ChangeTime = request.Now,
        });
    }

    public MetadataResult<RelocationOutcome> Relocate(RelocateRequest request)
    {
        Relocation[] runs = request.Runs.ToArray();
        HashSet<SegmentId> originals = runs.Select(run => run.From).ToHashSet();
        for (int i = 0; i < runs.Length; i++)
        {
            Relocation run = runs[i];
            bool follows = i == 0 || run.From.Value > runs[i - 1].From.Value || (run.From == runs[i - 1].From && run.FromOffset >= runs[i - 1].FromEnd);
            bool usable = _tables.Segments.Find(run.To.Value)?.State is SegmentState.Staged or SegmentState.Live;
            if (!follows || !usable || originals.Contains(run.To) || run.Length <= 0 || run.FromOffset < 0 || run.ToOffset < 0)
            {
                return MetadataError.Conflict;
            }

            if (_tables.Segments.Find(run.From.Value) is { } from && from.Domain != _tables.Segments.Find(run.To.Value)!.Value.Domain)
            {
                return MetadataError.CrossesDomain;
            }
        }

        bool IsMeant(InodeId inode) => request.OfPlacement is null || _tables.Inodes.Find(inode)?.Value.Placement == request.OfPlacement;
        var live = _tables.Extents.Rows.Where(row => IsMeant(row.Key.Inode) && runs.Any(run => Touches(row.Value.Value, run))).ToList();
        var past = _tables.Extents.Past.Where(row => IsMeant(row.Key.Inode) && runs.Any(run => Touches(row.Row.Value, run))).ToList();
        foreach (((InodeId inode, _), MemoryRow<Extent> row) in live)
        {
            foreach (Extent piece in Split(row.Value, runs))
            {
                _tables.Extents.Set((inode, piece.FileOffset), new(piece, row.Born));
            }
        }

        foreach (((InodeId inode, _), MemoryRow<Extent> row, ulong died) in past)
        {
            foreach (Extent piece in Split(row.Value, runs))
            {
                _tables.Extents.MovePast((inode, piece.FileOffset), new(piece, row.Born), died);
            }
        }

        return new RelocationOutcome(
            live.Select(row => row.Key.Inode).Concat(past.Select(row => row.Key.Inode)).Distinct().ToList(), live.Count, past.Count);
    }

    private static bool Touches(Extent extent, Relocation run) =>
        extent.Segment == run.From && extent.PlaintextOffset < run.FromEnd && extent.PlaintextOffset + extent.Length > run.FromOffset;

    // Cut wherever a run begins or ends; then every piece is in one run or in none. What continues the piece before it is joined again.
    private static List<Extent> Split(Extent extent, Relocation[] runs)
    {
        long start = extent.PlaintextOffset;
        var cuts = new SortedSet<long>([start, start + extent.Length]);
        Relocation[] touching = runs.Where(run => Touches(extent, run)).ToArray();
        cuts.UnionWith(touching.SelectMany(run => new[] { run.FromOffset, run.FromEnd }).Where(cut => cut > start && cut < start + extent.Length));
        var pieces = new List<Extent>();
        foreach ((long from, long to) in cuts.Zip(cuts.Skip(1)))
        {
            var piece = new Extent(extent.FileOffset + from - start, to - from, extent.Segment, from);
            Relocation? run = touching.Where(run => Touches(piece, run)).Select(run => (Relocation?)run).SingleOrDefault();
            piece = run is { } moved ? piece with { Segment = moved.To, PlaintextOffset = moved.ToOffset + from - moved.FromOffset } : piece;
            if (pieces.Count > 0 && Continues(pieces[^1], piece))
            {
                pieces[^1] = pieces[^1] with { Length = pieces[^1].Length + piece.Length };
            }
            else
            {
                pieces.Add(piece);
            }
        }

        return pieces;
    }

    public List<Extent> Overlapping(InodeId inode, long start, long end) => _tables.Extents.Rows
        .Where(row => row.Key.Inode == inode && row.Value.Value.End > start && row.Key.Offset < end)
        .Select(row => row.Value.Value)
        .ToList();

    public static long End(long offset, long length) => length > long.MaxValue - offset ? long.MaxValue : offset + length;

    private static Extent Part(Extent extent, long from, long to) =>
        new(from, to - from, extent.Segment, extent.PlaintextOffset + from - extent.FileOffset);

    private void Cut(InodeId inode, long start, long end)
    {
        foreach (Extent extent in Overlapping(inode, start, end))
        {
            _tables.RemoveExtent((inode, extent.FileOffset));
            if (extent.FileOffset < start)
            {
                Put(inode, Part(extent, extent.FileOffset, start));
            }

            if (extent.End > end)
            {
                Put(inode, Part(extent, end, extent.End));
            }
        }
    }

    private void Insert(InodeId inode, Extent extent)
    {
        if (_tables.Extents.Find((inode, extent.End)) is { Value: var next } && Continues(extent, next))
        {
            _tables.RemoveExtent((inode, next.FileOffset));
            extent = extent with { Length = extent.Length + next.Length };
        }

        foreach (Extent before in Overlapping(inode, extent.FileOffset - 1, extent.FileOffset))
        {
            if (Continues(before, extent))
            {
                _tables.RemoveExtent((inode, before.FileOffset));
                extent = before with { Length = before.Length + extent.Length };
            }
        }

        Put(inode, extent);
    }

    private static bool Continues(Extent first, Extent second) =>
        first.End == second.FileOffset && first.Segment == second.Segment
        && first.PlaintextOffset + first.Length == second.PlaintextOffset
        && first.Length + second.Length <= Extent.MaxLength;

    private void Put(InodeId inode, Extent extent) =>
        _tables.Extents.Set((inode, extent.FileOffset), new(extent, _tables.Epoch));

    private InodeAttributes Finish(InodeAttributes inode) => _names.Update(inode with
    {
        AllocatedBytes = Overlapping(inode.Id, 0, long.MaxValue).Sum(extent => extent.Length),
    });

    private MetadataError CheckFile(InodeId id, out InodeAttributes inode)
    {
        inode = _names.Find(id) ?? default;
        return inode.Id != id ? MetadataError.NotFound
            : inode.IsDirectory ? MetadataError.IsADirectory
            : inode.IsFile ? MetadataError.None
            : MetadataError.Conflict;
    }
}
