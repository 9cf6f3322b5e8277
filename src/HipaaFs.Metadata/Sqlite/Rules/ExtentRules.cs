using HipaaFs.Metadata.Sqlite.Tables;

namespace HipaaFs.Metadata.Sqlite.Rules;

/// <summary>Changes which bytes of which segments a file consists of. Cost follows the extents touched, not those a file has.</summary>
/// <remarks>Every operation checks all it needs before it writes the first row.</remarks>
internal sealed class ExtentRules
{
    private const int PageSize = 1000;

    private readonly LiveTables _tables;
    private readonly List<ExtentRow> _scratch = [];

    public ExtentRules(LiveTables tables) => _tables = tables;

    public MetadataResult<InodeAttributes> Write(WriteExtentsRequest request)
    {
        MetadataError error = FindFile(request.Inode, out InodeRow row);
        if (error != MetadataError.None)
        {
            return error;
        }

        InodeAttributes inode = row.Attributes;
        if (request.ExpectedVersion is { } version && version != inode.Version)
        {
            return MetadataError.Conflict;
        }

        long end = 0;
        foreach (Extent extent in request.Extents.Span)
        {
            if (extent.Length <= 0 || extent.FileOffset < end || !_tables.Segments.IsUsable(extent.Segment))
            {
                return MetadataError.Conflict;
            }

            end = extent.End;
        }

        long allocated = inode.AllocatedBytes;
        foreach (Extent extent in request.Extents.Span)
        {
            allocated += extent.Length + Place(inode.Id, extent, isFirst: allocated == 0);
        }

        long size = request.SizeMode == SizeMode.Exact ? request.Size : Math.Max(inode.Size, request.Size);
        if (size < inode.Size)
        {
            allocated -= Cut(inode.Id, size, long.MaxValue);
        }

        return _tables.Inodes.Update(row, inode with
        {
            Size = size,
            AllocatedBytes = allocated,
            Mode = inode.Mode & ~(request.ClearModeBits & ModeBits.PermissionMask),
            AccessTime = request.AccessTime ?? inode.AccessTime,
            ModifyTime = request.ModifyTime ?? inode.ModifyTime,
            ChangeTime = request.ChangeTime ?? inode.ChangeTime,
        });
    }

    public MetadataResult<InodeAttributes> Deallocate(DeallocateRequest request)
    {
        MetadataError error = FindFile(request.Inode, out InodeRow row);
        if (error != MetadataError.None)
        {
            return error;
        }

        if (request.Offset < 0 || request.Length <= 0)
        {
            return MetadataError.Conflict;
        }

        InodeAttributes inode = row.Attributes;
        long freed = Cut(inode.Id, request.Offset, EndOf(request.Offset, request.Length));
        return _tables.Inodes.Update(row, inode with
        {
            Size = Math.Max(inode.Size, request.NewSize ?? 0),
            AllocatedBytes = inode.AllocatedBytes - freed,
            ModifyTime = request.Now,
            ChangeTime = request.Now,
        });
    }

    public MetadataResult<InodeAttributes> Clone(CloneExtentsRequest request)
    {
        MetadataError error = FindFile(request.Source, out InodeRow source);
        if (error == MetadataError.None)
        {
            error = FindFile(request.Target, out _);
        }

        if (error != MetadataError.None)
        {
            return error;
        }

        bool overlaps = request.Source == request.Target
            && Math.Abs(request.SourceOffset - request.TargetOffset) < request.Length;
        if (request.SourceOffset < 0 || request.TargetOffset < 0 || request.Length <= 0 || overlaps
            || request.TargetOffset > long.MaxValue - request.Length)
        {
            return MetadataError.Conflict;
        }

        _tables.Inodes.TryGet(request.Target, out InodeRow target);
        InodeAttributes inode = target.Attributes;
        if (inode.Domain != source.Attributes.Domain)
        {
            return MetadataError.CrossesDomain;
        }

        long sourceEnd = EndOf(request.SourceOffset, request.Length);
        List<Extent> pieces = ReadPieces(request.Source, request.SourceOffset, sourceEnd);
        long allocated = inode.AllocatedBytes - Cut(inode.Id, request.TargetOffset, request.TargetOffset + request.Length);
        foreach (Extent piece in pieces)
        {
            Insert(inode.Id, piece with { FileOffset = piece.FileOffset - request.SourceOffset + request.TargetOffset });
            allocated += piece.Length;
        }

        return _tables.Inodes.Update(target, inode with
        {
            Size = Math.Max(inode.Size, request.NewSize ?? 0),
            AllocatedBytes = allocated,
            ModifyTime = request.Now,
            ChangeTime = request.Now,
        });
    }

    // Answers the change of allocated bytes by what was there before. A file without extents needs no search.
    private long Place(InodeId inode, in Extent extent, bool isFirst)
    {
        if (isFirst)
        {
            _tables.Extents.Insert(inode, extent);
            return 0;
        }

        long freed = Cut(inode, extent.FileOffset, extent.End);
        Insert(inode, extent);
        return -freed;
    }

    /// <summary>Makes a hole of [start, end) and answers how many bytes extents covered in it.</summary>
    public long Cut(InodeId inode, long start, long end)
    {
        long freed = 0;
        do
        {
            _scratch.Clear();
            _tables.Extents.ReadOverlapping(inode, start, end, PageSize, _scratch);
            foreach (ExtentRow row in _scratch)
            {
                freed += CutOne(row, start, end);
            }
        }
        while (_scratch.Count == PageSize);

        return freed;
    }

    private long CutOne(in ExtentRow row, long start, long end)
    {
        Extent extent = row.Extent;
        long from = Math.Max(start, extent.FileOffset);
        long to = Math.Min(end, extent.End);
        if (from > extent.FileOffset)
        {
            _tables.Extents.Resize(row, from - extent.FileOffset);
        }
        else
        {
            _tables.Extents.Delete(row);
        }

        if (to < extent.End)
        {
            _tables.Extents.Insert(row.Inode, Part(extent, to, extent.End));
        }

        return to - from;
    }

    // The range is a hole. What continues a neighbour, in the file and in the segment, becomes part of it.
    private void Insert(InodeId inode, Extent extent)
    {
        if (_tables.Extents.TryGet(inode, extent.End, out ExtentRow next) && Continues(extent, next.Extent))
        {
            _tables.Extents.Delete(next);
            extent = extent with { Length = extent.Length + next.Extent.Length };
        }

        if (_tables.Extents.TryGetBefore(inode, extent.FileOffset, out ExtentRow before) && Continues(before.Extent, extent))
        {
            _tables.Extents.Resize(before, before.Extent.Length + extent.Length);
            return;
        }

        _tables.Extents.Insert(inode, extent);
    }

    private List<Extent> ReadPieces(InodeId inode, long start, long end)
    {
        _scratch.Clear();
        _tables.Extents.ReadOverlapping(inode, start, end, int.MaxValue, _scratch);
        var pieces = new List<Extent>(_scratch.Count);
        foreach (ExtentRow row in _scratch)
        {
            pieces.Add(Part(row.Extent, Math.Max(start, row.Extent.FileOffset), Math.Min(end, row.Extent.End)));
        }

        return pieces;
    }

    private MetadataError FindFile(InodeId inode, out InodeRow row)
    {
        if (!_tables.Inodes.TryGet(inode, out row))
        {
            return MetadataError.NotFound;
        }

        if (row.Attributes.IsFile)
        {
            return MetadataError.None;
        }

        return row.Attributes.IsDirectory ? MetadataError.IsADirectory : MetadataError.Conflict;
    }

    private static bool Continues(in Extent first, in Extent second) =>
        first.End == second.FileOffset
        && first.Segment == second.Segment
        && first.PlaintextOffset + first.Length == second.PlaintextOffset
        && first.Length + second.Length <= Extent.MaxLength;

    private static Extent Part(in Extent extent, long from, long to) => new(
        from, to - from, extent.Segment, extent.PlaintextOffset + (from - extent.FileOffset));

    private static long EndOf(long offset, long length) => length > long.MaxValue - offset ? long.MaxValue : offset + length;
}
