using System.Collections.Concurrent;
using HipaaFs.Metadata;

namespace HipaaFs.Handles;

/// <summary>
/// The last attributes of inodes that have no row any more and that the kernel still knows: a removed directory that is open or somebody's working directory, a removed
/// file that somebody has by a path descriptor (O_PATH) alone.
/// </summary>
/// <remarks>Thread-safe. Bounded by what the kernel holds: it forgets a removed inode as soon as nobody uses it.</remarks>
internal sealed class GoneInodes
{
    private readonly ConcurrentDictionary<ulong, InodeAttributes> _gone = new();

    /// <summary>Keeps the attributes of an inode that has just gone.</summary>
    internal void Add(InodeAttributes last) => _gone[last.Id.Value] = last with { LinkCount = 0 };

    /// <summary>The attributes of an inode that is gone.</summary>
    internal bool TryGet(InodeId inode, out InodeAttributes last) => _gone.TryGetValue(inode.Value, out last);

    /// <summary>Changes the attributes of an inode that is gone; the caller has seen that it is.</summary>
    internal InodeAttributes Change(InodeAttributes last, AttributeChange change, Timestamp now)
    {
        InodeAttributes changed = last with
        {
            Mode = change.Mode is { } mode ? (last.Mode & ModeBits.TypeMask) | (mode & ModeBits.PermissionMask) : last.Mode,
            Uid = change.UserId ?? last.Uid,
            Gid = change.GroupId ?? last.Gid,
            AccessTime = change.AccessTime ?? last.AccessTime,
            ModifyTime = change.ModifyTime ?? last.ModifyTime,
            ChangeTime = change.ChangeTime ?? now,
        };
        _gone.TryUpdate(last.Id.Value, changed, last);
        return changed;
    }

    /// <summary>Lets an inode go that the kernel has forgotten.</summary>
    internal void Remove(InodeId inode) => _gone.TryRemove(inode.Value, out _);
}
