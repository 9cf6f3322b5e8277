using System.Globalization;
using HipaaFs.Crypto;
using HipaaFs.Metadata;
using HipaaFs.Metadata.Changes;

namespace HipaaFs.Checking;

/// <summary>Checks that the runs of a file's bytes lie one after another in it, and that its size and its allocated bytes are those of its runs.</summary>
/// <remarks>Used once. What is put right is right in the rows that later checks see, too.</remarks>
internal sealed class ExtentCheck
{
    private readonly VolumeRows _rows;
    private readonly CheckFindings _findings;

    private ExtentCheck(VolumeRows rows, CheckFindings findings)
    {
        _rows = rows;
        _findings = findings;
    }

    /// <summary>Checks all extents.</summary>
    internal static void Run(VolumeRows rows, CheckFindings findings) => new ExtentCheck(rows, findings).Run();

    private void Run()
    {
        foreach (InodeChange inode in _rows.Inodes.Values)
        {
            if (inode.Inode.IsFile)
            {
                CheckFile(inode);
            }
            else if (inode.Inode.AllocatedBytes != 0 && !_rows.Extents.ContainsKey(inode.Inode.Id))
            {
                AddWrongAllocated(inode, 0);
            }
        }

        foreach (InodeId inode in _rows.Extents.Keys)
        {
            if (!_rows.Inodes.TryGetValue(inode, out InodeChange? owner) || !owner.Inode.IsFile)
            {
                _findings.Add(CheckKind.StrayExtents, $"extents of inode {inode}, which is no file");
            }
        }
    }

    private void CheckFile(InodeChange file)
    {
        InodeId id = file.Inode.Id;
        List<BornExtent> extents = _rows.Extents.GetValueOrDefault(id, []);
        extents.Sort(static (left, right) => left.Extent.FileOffset.CompareTo(right.Extent.FileOffset));
        List<BornExtent>? resolved = IsSound(extents) ? null : Resolve(id, extents);
        if (resolved is not null && _findings.MayRepair)
        {
            _rows.Extents[id] = extents = resolved;
        }

        long end = extents.Count == 0 ? 0 : extents[^1].Extent.End;
        if (end > file.Inode.Size)
        {
            _findings.Add(CheckKind.WrongSize, $"inode {id}: {file.Inode.Size} instead of {end} or more", file, inode => inode with { Size = end });
        }

        long allocated = 0;
        foreach (BornExtent extent in extents)
        {
            allocated += extent.Extent.Length;
        }

        if (resolved is not null || _rows.Made.Contains(id))
        {
            _findings.Repair(file, inode => inode with { AllocatedBytes = allocated }); // Part of putting something else right.
        }
        else if (file.Inode.AllocatedBytes != allocated)
        {
            AddWrongAllocated(file, allocated);
        }
    }

    private void AddWrongAllocated(InodeChange row, long allocated) => _findings.Add(
        CheckKind.WrongAllocatedBytes,
        $"inode {row.Inode.Id}: {row.Inode.AllocatedBytes} instead of {allocated}",
        row,
        inode => inode with { AllocatedBytes = allocated });

    private static bool IsSound(List<BornExtent> extents)
    {
        long end = 0;
        foreach (BornExtent extent in extents)
        {
            if (extent.Extent.Length <= 0 || extent.Extent.FileOffset < end)
            {
                return false;
            }

            end = extent.Extent.End;
        }

        return true;
    }

    // Answers the runs without overlaps and has their rows written.
    private List<BornExtent> Resolve(InodeId inode, List<BornExtent> extents)
    {
        var resolved = new List<BornExtent>();
        foreach (BornExtent extent in extents)
        {
            if (extent.Extent.Length <= 0)
            {
                _findings.AddSettled(CheckKind.ExtentsOverlap, string.Create(CultureInfo.InvariantCulture, $"inode {inode} at {extent.Extent.FileOffset}, a run of {extent.Extent.Length} bytes"));
            }
        }

        List<BornExtent> sound = extents.FindAll(static extent => extent.Extent.Length > 0);
        int first = 0;
        while (first < sound.Count)
        {
            int next = first + 1;
            for (long end = sound[first].Extent.End; next < sound.Count && sound[next].Extent.FileOffset < end; next++)
            {
                end = Math.Max(end, sound[next].Extent.End);
            }

            if (next - first == 1)
            {
                resolved.Add(sound[first]);
            }
            else
            {
                resolved.AddRange(Lay(inode, sound.GetRange(first, next - first)));
            }

            first = next;
        }

        WriteRows(inode, extents, resolved);
        return resolved;
    }

    // The newest run is laid last, and takes from those below it what it covers: the newer epoch, else the segment begun later, else what begins later in the file.
    private List<BornExtent> Lay(InodeId inode, List<BornExtent> runs)
    {
        List<BornExtent> laid = [];
        foreach (BornExtent top in runs.OrderBy(static run => run.Born).ThenBy(run => BegunOf(run.Extent.Segment)).ThenBy(static run => run.Extent.FileOffset))
        {
            var left = new List<BornExtent>();
            foreach (BornExtent below in laid)
            {
                Cut(inode, below, top, left);
            }

            left.Add(top);
            laid = left;
        }

        laid.Sort(static (left, right) => left.Extent.FileOffset.CompareTo(right.Extent.FileOffset));
        return laid;
    }

    private void Cut(InodeId inode, BornExtent below, BornExtent top, List<BornExtent> left)
    {
        long from = Math.Max(below.Extent.FileOffset, top.Extent.FileOffset);
        long to = Math.Min(below.Extent.End, top.Extent.End);
        if (from >= to)
        {
            left.Add(below);
            return;
        }

        string which = below.Born != top.Born || BegunOf(below.Extent.Segment) != BegunOf(top.Extent.Segment)
            ? "which is newer"
            : "which begins later; neither is known to be newer";
        _findings.AddSettled(CheckKind.ExtentsOverlap, string.Create(
            CultureInfo.InvariantCulture,
            $"inode {inode} at {from}, {to - from} bytes: in segment {below.Extent.Segment} and in segment {top.Extent.Segment}, {which} and kept"));
        if (below.Extent.FileOffset < from)
        {
            left.Add(Part(below, below.Extent.FileOffset, from));
        }

        if (to < below.Extent.End)
        {
            left.Add(Part(below, to, below.Extent.End));
        }
    }

    private void WriteRows(InodeId inode, List<BornExtent> old, List<BornExtent> resolved)
    {
        var before = old.ToDictionary(static extent => extent.Extent.FileOffset, static extent => extent.Extent);
        foreach (BornExtent extent in resolved)
        {
            if (!before.Remove(extent.Extent.FileOffset, out Extent was) || was != extent.Extent)
            {
                _findings.Repair(new ExtentChange(ChangeKind.Upsert, inode, extent.Extent, default));
            }
        }

        foreach (Extent gone in before.Values)
        {
            _findings.Repair(new ExtentChange(ChangeKind.Tombstone, inode, gone, default));
        }
    }

    private Timestamp BegunOf(SegmentId segment) => _rows.Segments.TryGetValue(segment, out SegmentRow row) ? row.Created : default;

    private static BornExtent Part(BornExtent extent, long from, long to) => extent with
    {
        Extent = new Extent(from, to - from, extent.Extent.Segment, extent.Extent.PlaintextOffset + (from - extent.Extent.FileOffset)),
    };
}
