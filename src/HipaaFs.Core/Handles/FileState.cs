using HipaaFs.Dirty;
using HipaaFs.Extents;
using HipaaFs.Metadata;

namespace HipaaFs.Handles;

/// <summary>What the driver knows of one inode beyond its row: who has it open, and what was written and is not applied yet.</summary>
/// <remarks>
/// <para>Lives as long as a handle, unapplied data or a running operation refers to it (<see cref="FileTable"/>).</para>
/// <para>Lock order: <see cref="ExtentGate"/>, then <see cref="Gate"/>. <see cref="Gate"/> is held over memory only, <see cref="ExtentGate"/> over I/O.</para>
/// </remarks>
internal sealed class FileState
{
    private long _dirtySince;
    private KernelPages _kernelPages;
    private bool _mayBeMapped;
    private uint _placement; // Written under Gate.
    private bool _isPlaced; // Under Gate.

    internal FileState(InodeId id, PagePool pool)
    {
        Id = id;
        Dirty = new DirtyPages(pool);
    }

    /// <summary>The inode.</summary>
    internal InodeId Id { get; }

    /// <summary>Guards everything below that says so.</summary>
    internal Lock Gate { get; } = new();

    /// <summary>
    /// Held by whoever changes what the file's extents say: writeback, truncation, hole punching, cloning. Compaction and repacking, which only change in which segment the
    /// same bytes are, do not take it.
    /// </summary>
    internal SemaphoreSlim ExtentGate { get; } = new(1, 1);

    /// <summary>References of handles, unapplied data and operations. Guarded by the <see cref="FileTable"/>.</summary>
    internal int References { get; set; }

    /// <summary>Open handles. Guarded by the <see cref="FileTable"/>.</summary>
    internal int Handles { get; set; }

    /// <summary>Whether the last name is gone and the inode goes with the last handle. Guarded by the <see cref="FileTable"/>.</summary>
    internal bool IsOrphan { get; set; }

    /// <summary>Whether size and mode below are those of the row. Guarded by <see cref="Gate"/>.</summary>
    internal bool IsLoaded { get; set; }

    /// <summary>The key domain its data is sealed in. Set with <see cref="IsLoaded"/>.</summary>
    internal Crypto.DomainId Domain { get; set; }

    /// <summary>The placement its data is written to. Set with <see cref="IsLoaded"/>, and anew by <see cref="Place"/>.</summary>
    internal uint Placement => Volatile.Read(ref _placement);

    /// <summary>Whose it is. Guarded by <see cref="Gate"/>.</summary>
    internal uint Owner { get; set; }

    /// <summary>Length that the row has. Guarded by <see cref="Gate"/>.</summary>
    internal long AppliedSize { get; set; }

    /// <summary>Length that readers see. Guarded by <see cref="Gate"/>.</summary>
    internal long Size { get; set; }

    /// <summary>Times that are ahead of the row. Guarded by <see cref="Gate"/>.</summary>
    internal PendingTimes Times { get; set; }

    /// <summary>Written bytes not sealed yet. Guarded by <see cref="Gate"/>.</summary>
    internal DirtyPages Dirty { get; }

    /// <summary>Written bytes on their way into a segment, below <see cref="Dirty"/>. Guarded by <see cref="Gate"/>; made and removed under <see cref="ExtentGate"/>.</summary>
    internal SealedWrite? InFlight { get; set; }

    /// <summary>When the oldest unapplied byte was written (<see cref="TimeProvider.GetTimestamp"/>), 0 when there is none. Written under <see cref="Gate"/>, read without.</summary>
    internal long DirtySince
    {
        get => Volatile.Read(ref _dirtySince);
        set => Volatile.Write(ref _dirtySince, value);
    }

    /// <summary>Extents in memory. Guarded by <see cref="Gate"/>.</summary>
    internal ExtentMap Extents { get; } = new();

    /// <summary>Rises with every change of the extents, so that a window loaded before one is not kept. Guarded by <see cref="Gate"/>.</summary>
    internal long ExtentVersion { get; set; }

    /// <summary>Why the last writeback failed; reported by every fsync until one succeeds. Guarded by <see cref="Gate"/>.</summary>
    internal FsError WriteError { get; set; }

    /// <summary>What was refused and the kernel has forgotten; reported by every fsync until it is written again or cut off. Guarded by <see cref="Gate"/>.</summary>
    internal LostWrites Lost { get; } = new();

    /// <summary>Bytes written since the file was opened, which decides whether it gets segments of its own. Guarded by <see cref="Gate"/>.</summary>
    internal long BytesWritten { get; set; }

    /// <summary>What the kernel may hold back of it.</summary>
    internal ref KernelPages KernelPages => ref _kernelPages;

    /// <summary>Whether somebody may have it mapped to write: it was opened to read and write. Set for good.</summary>
    internal bool MayBeMapped
    {
        get => Volatile.Read(ref _mayBeMapped);
        set => Volatile.Write(ref _mayBeMapped, value);
    }

    /// <summary>Whether anything is ahead of the row. The caller holds <see cref="Gate"/>.</summary>
    internal bool HasUnapplied => Dirty.Count > 0 || InFlight is not null || Size != AppliedSize || !Times.IsEmpty;

    /// <summary>Sets what a row says that was read when the state was there already. The caller holds <see cref="Gate"/>.</summary>
    internal void LoadPlacement(uint placement)
    {
        if (!_isPlaced)
        {
            Volatile.Write(ref _placement, placement);
        }
    }

    /// <summary>Sets what its row says from now on; rows that were read before do not count any more. Takes <see cref="Gate"/>.</summary>
    internal void Place(uint placement)
    {
        lock (Gate)
        {
            _isPlaced = true;
            Volatile.Write(ref _placement, placement);
        }
    }

    /// <summary>Has the extents read again that are in memory. Takes <see cref="Gate"/>.</summary>
    internal void ForgetExtents()
    {
        lock (Gate)
        {
            Extents.Clear();
            ExtentVersion++;
        }
    }

    /// <summary>The row's attributes as readers see them, with what is not applied yet: what the kernel is told. Takes <see cref="Gate"/>.</summary>
    internal InodeAttributes Overlay(InodeAttributes row)
    {
        _kernelPages.Tell();
        lock (Gate)
        {
            if (Lost.Error != FsError.None)
            {
                row = row with { Size = Math.Max(row.Size, Lost.End) }; // Its end was not written down, but whoever wrote it was told that it was.
            }

            if (!IsLoaded || !HasUnapplied)
            {
                return row;
            }

            long unapplied = Dirty.Bytes + (InFlight?.Pages.Bytes ?? 0);
            return row with
            {
                Size = Lost.Error == FsError.None ? Size : Math.Max(Size, Lost.End),
                AllocatedBytes = row.AllocatedBytes + unapplied,
                AccessTime = Times.Access ?? row.AccessTime,
                ModifyTime = Times.Modify ?? row.ModifyTime,
                ChangeTime = Times.Change is { } change && change.Nanoseconds > row.ChangeTime.Nanoseconds ? change : row.ChangeTime,
            };
        }
    }
}
