#pragma warning disable CS1591 // The fields are those of linux/fuse.h, in its order, with their words spelled out.
#pragma warning disable CA1051 // A wire structure is its fields.
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

// The mirror of linux/fuse.h (7.31 to 7.45), in the order of the header. AbiTests compares it with the C compiler's view.
namespace HipaaFs.Fuse;

/// <summary><c>struct fuse_attr</c>: Attributes of an inode.</summary>
[StructLayout(LayoutKind.Sequential)]
public struct FuseAttr
{
    public ulong Inode;
    public ulong Size;
    public ulong Blocks;
    public ulong AccessTime;
    public ulong ModifyTime;
    public ulong ChangeTime;
    public uint AccessTimeNanoseconds;
    public uint ModifyTimeNanoseconds;
    public uint ChangeTimeNanoseconds;
    public uint Mode;
    public uint LinkCount;
    public uint Uid;
    public uint Gid;
    public uint DeviceNumber;
    public uint BlockSize;
    public FuseAttrFlags Flags;
}

/// <summary><c>struct fuse_sx_time</c>: A time in statx(2) form.</summary>
[StructLayout(LayoutKind.Sequential)]
public struct FuseStatxTime
{
    public long Seconds;
    public uint Nanoseconds;
    public int Reserved;
}

/// <summary><c>struct fuse_statx</c>: Attributes in statx(2) form.</summary>
[StructLayout(LayoutKind.Sequential)]
public struct FuseStatx
{
    public uint Mask;
    public uint BlockSize;
    public ulong Attributes;
    public uint LinkCount;
    public uint Uid;
    public uint Gid;
    public ushort Mode;
    public ushort Spare0;
    public ulong Inode;
    public ulong Size;
    public ulong Blocks;
    public ulong AttributesMask;
    public FuseStatxTime AccessTime;
    public FuseStatxTime BirthTime;
    public FuseStatxTime ChangeTime;
    public FuseStatxTime ModifyTime;
    public uint DeviceNumberMajor;
    public uint DeviceNumberMinor;
    public uint DeviceMajor;
    public uint DeviceMinor;
    public FuseSpare14 Spare2;
}

/// <summary><c>struct fuse_kstatfs</c>: File system statistics.</summary>
[StructLayout(LayoutKind.Sequential)]
public struct FuseStatFs
{
    public ulong Blocks;
    public ulong BlocksFree;
    public ulong BlocksAvailable;
    public ulong Files;
    public ulong FilesFree;
    public uint BlockSize;
    public uint NameLength;
    public uint FragmentSize;
    public uint Padding;
    public ulong Spare0;
    public ulong Spare1;
    public ulong Spare2;
}

/// <summary><c>struct fuse_file_lock</c>: A byte range lock; <c>Type</c> is F_RDLCK 0, F_WRLCK 1 or F_UNLCK 2, <c>End</c> is inclusive.</summary>
[StructLayout(LayoutKind.Sequential)]
public struct FuseFileLock
{
    public ulong Start;
    public ulong End;
    public uint Type;
    public uint Pid;
}

/// <summary><c>struct fuse_entry_out</c>: Answer to LOOKUP and to all that create: the inode, its generation and how long name and attributes stay valid. <c>NodeId</c> 0 is a cached negative entry.</summary>
[StructLayout(LayoutKind.Sequential)]
public partial struct FuseEntryOut
{
    public ulong NodeId;
    public ulong Generation;
    public ulong EntryValid;
    public ulong AttributesValid;
    public uint EntryValidNanoseconds;
    public uint AttributesValidNanoseconds;
    public FuseAttr Attributes;
}

/// <summary><c>struct fuse_forget_in</c>: FORGET.</summary>
[StructLayout(LayoutKind.Sequential)]
public struct FuseForgetIn
{
    public ulong LookupCount;
}

/// <summary><c>struct fuse_forget_one</c>: One inode of BATCH_FORGET.</summary>
[StructLayout(LayoutKind.Sequential)]
public struct FuseForgetOne
{
    public ulong NodeId;
    public ulong LookupCount;
}

/// <summary><c>struct fuse_batch_forget_in</c>: BATCH_FORGET.</summary>
[StructLayout(LayoutKind.Sequential)]
public struct FuseBatchForgetIn
{
    public uint Count;
    public uint Padding;
}

/// <summary><c>struct fuse_getattr_in</c>: GETATTR.</summary>
[StructLayout(LayoutKind.Sequential)]
public struct FuseGetAttrIn
{
    public FuseGetAttrFlags Flags;
    public uint Padding;
    public ulong Handle;
}

/// <summary><c>struct fuse_attr_out</c>: Answer to GETATTR and SETATTR.</summary>
[StructLayout(LayoutKind.Sequential)]
public partial struct FuseAttrOut
{
    public ulong AttributesValid;
    public uint AttributesValidNanoseconds;
    public uint Padding;
    public FuseAttr Attributes;
}

/// <summary><c>struct fuse_statx_in</c>: STATX.</summary>
[StructLayout(LayoutKind.Sequential)]
public struct FuseStatxIn
{
    public FuseGetAttrFlags Flags;
    public uint Reserved;
    public ulong Handle;
    public uint StatxFlags;
    public uint StatxMask;
}

/// <summary><c>struct fuse_statx_out</c>: Answer to STATX.</summary>
[StructLayout(LayoutKind.Sequential)]
public partial struct FuseStatxOut
{
    public ulong AttributesValid;
    public uint AttributesValidNanoseconds;
    public uint Flags;
    public ulong Spare0;
    public ulong Spare1;
    public FuseStatx Stat;
}

/// <summary><c>struct fuse_mknod_in</c>: MKNOD.</summary>
[StructLayout(LayoutKind.Sequential)]
public struct FuseMkNodIn
{
    public uint Mode;
    public uint DeviceNumber;
    public uint Umask;
    public uint Padding;
}

/// <summary><c>struct fuse_mkdir_in</c>: MKDIR.</summary>
[StructLayout(LayoutKind.Sequential)]
public struct FuseMkDirIn
{
    public uint Mode;
    public uint Umask;
}

/// <summary><c>struct fuse_rename_in</c>: RENAME.</summary>
[StructLayout(LayoutKind.Sequential)]
public struct FuseRenameIn
{
    public ulong NewParent;
}

/// <summary><c>struct fuse_rename2_in</c>: RENAME2; flags are those of renameat2(2).</summary>
[StructLayout(LayoutKind.Sequential)]
public struct FuseRename2In
{
    public ulong NewParent;
    public uint Flags;
    public uint Padding;
}

/// <summary><c>struct fuse_link_in</c>: LINK.</summary>
[StructLayout(LayoutKind.Sequential)]
public struct FuseLinkIn
{
    public ulong OldNodeId;
}

/// <summary><c>struct fuse_setattr_in</c>: SETATTR.</summary>
[StructLayout(LayoutKind.Sequential)]
public struct FuseSetAttrIn
{
    public FuseSetAttrValid Valid;
    public uint Padding;
    public ulong Handle;
    public ulong Size;
    public ulong LockOwner;
    public ulong AccessTime;
    public ulong ModifyTime;
    public ulong ChangeTime;
    public uint AccessTimeNanoseconds;
    public uint ModifyTimeNanoseconds;
    public uint ChangeTimeNanoseconds;
    public uint Mode;
    public uint Unused4;
    public uint Uid;
    public uint Gid;
    public uint Unused5;
}

/// <summary><c>struct fuse_open_in</c>: OPEN and OPENDIR; <c>Flags</c> are those of open(2).</summary>
[StructLayout(LayoutKind.Sequential)]
public struct FuseOpenIn
{
    public uint Flags;
    public FuseOpenRequestFlags OpenFlags;
}

/// <summary><c>struct fuse_create_in</c>: CREATE and TMPFILE; <c>Flags</c> are those of open(2).</summary>
[StructLayout(LayoutKind.Sequential)]
public struct FuseCreateIn
{
    public uint Flags;
    public uint Mode;
    public uint Umask;
    public FuseOpenRequestFlags OpenFlags;
}

/// <summary><c>struct fuse_open_out</c>: Answer to OPEN and OPENDIR, and the second half of the answer to CREATE and TMPFILE.</summary>
[StructLayout(LayoutKind.Sequential)]
public struct FuseOpenOut
{
    public ulong Handle;
    public FuseOpenReplyFlags Flags;
    public int BackingId;
}

/// <summary><c>struct fuse_release_in</c>: RELEASE and RELEASEDIR.</summary>
[StructLayout(LayoutKind.Sequential)]
public struct FuseReleaseIn
{
    public ulong Handle;
    public uint Flags;
    public FuseReleaseFlags ReleaseFlags;
    public ulong LockOwner;
}

/// <summary><c>struct fuse_flush_in</c>: FLUSH.</summary>
[StructLayout(LayoutKind.Sequential)]
public struct FuseFlushIn
{
    public ulong Handle;
    public uint Unused;
    public uint Padding;
    public ulong LockOwner;
}

/// <summary><c>struct fuse_read_in</c>: READ, READDIR and READDIRPLUS; <c>Flags</c> are those of the open file.</summary>
[StructLayout(LayoutKind.Sequential)]
public struct FuseReadIn
{
    public ulong Handle;
    public ulong Offset;
    public uint Size;
    public FuseReadFlags ReadFlags;
    public ulong LockOwner;
    public uint Flags;
    public uint Padding;
}

/// <summary><c>struct fuse_write_in</c>: WRITE; <c>Flags</c> are those of the open file.</summary>
[StructLayout(LayoutKind.Sequential)]
public struct FuseWriteIn
{
    public ulong Handle;
    public ulong Offset;
    public uint Size;
    public FuseWriteFlags WriteFlags;
    public ulong LockOwner;
    public uint Flags;
    public uint Padding;
}

/// <summary><c>struct fuse_write_out</c>: Answer to WRITE and COPY_FILE_RANGE.</summary>
[StructLayout(LayoutKind.Sequential)]
public struct FuseWriteOut
{
    public uint Size;
    public uint Padding;
}

/// <summary><c>struct fuse_fsync_in</c>: FSYNC and FSYNCDIR.</summary>
[StructLayout(LayoutKind.Sequential)]
public struct FuseFsyncIn
{
    public ulong Handle;
    public FuseFsyncFlags Flags;
    public uint Padding;
}

/// <summary><c>struct fuse_setxattr_in</c>: SETXATTR; <c>Flags</c> are XATTR_CREATE 1 and XATTR_REPLACE 2.</summary>
[StructLayout(LayoutKind.Sequential)]
public struct FuseSetXattrIn
{
    public uint Size;
    public uint Flags;
    public FuseSetXattrFlags SetXattrFlags;
    public uint Padding;
}

/// <summary><c>struct fuse_getxattr_in</c>: GETXATTR and LISTXATTR; size 0 asks for the size.</summary>
[StructLayout(LayoutKind.Sequential)]
public struct FuseGetXattrIn
{
    public uint Size;
    public uint Padding;
}

/// <summary><c>struct fuse_getxattr_out</c>: Answer to GETXATTR and LISTXATTR of size 0.</summary>
[StructLayout(LayoutKind.Sequential)]
public struct FuseGetXattrOut
{
    public uint Size;
    public uint Padding;
}

/// <summary><c>struct fuse_lk_in</c>: GETLK, SETLK and SETLKW.</summary>
[StructLayout(LayoutKind.Sequential)]
public struct FuseLockIn
{
    public ulong Handle;
    public ulong Owner;
    public FuseFileLock Lock;
    public FuseLockFlags Flags;
    public uint Padding;
}

/// <summary><c>struct fuse_lk_out</c>: Answer to GETLK.</summary>
[StructLayout(LayoutKind.Sequential)]
public struct FuseLockOut
{
    public FuseFileLock Lock;
}

/// <summary><c>struct fuse_access_in</c>: ACCESS.</summary>
[StructLayout(LayoutKind.Sequential)]
public struct FuseAccessIn
{
    public uint Mask;
    public uint Padding;
}

/// <summary><c>struct fuse_init_in</c>: INIT.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct FuseInitIn
{
    public uint Major;
    public uint Minor;
    public uint MaxReadahead;
    public uint Flags;
    public uint Flags2;
    public uint Unused0;
    public uint Unused1;
    public uint Unused2;
    public uint Unused3;
    public uint Unused4;
    public uint Unused5;
    public uint Unused6;
    public uint Unused7;
    public uint Unused8;
    public uint Unused9;
    public uint Unused10;
}

/// <summary><c>struct fuse_init_out</c>: Answer to INIT.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct FuseInitOut
{
    public uint Major;
    public uint Minor;
    public uint MaxReadahead;
    public uint Flags;
    public ushort MaxBackground;
    public ushort CongestionThreshold;
    public uint MaxWrite;
    public uint TimeGranularity;
    public ushort MaxPages;
    public ushort MapAlignment;
    public uint Flags2;
    public uint MaxStackDepth;
    public ushort RequestTimeout;
    public ushort Unused0;
    public uint Unused1;
    public uint Unused2;
    public uint Unused3;
    public uint Unused4;
    public uint Unused5;
}

/// <summary><c>struct fuse_interrupt_in</c>: INTERRUPT.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct FuseInterruptIn
{
    public ulong Unique;
}

/// <summary><c>struct fuse_bmap_in</c>: BMAP.</summary>
[StructLayout(LayoutKind.Sequential)]
public struct FuseBMapIn
{
    public ulong Block;
    public uint BlockSize;
    public uint Padding;
}

/// <summary><c>struct fuse_bmap_out</c>: Answer to BMAP.</summary>
[StructLayout(LayoutKind.Sequential)]
public struct FuseBMapOut
{
    public ulong Block;
}

/// <summary><c>struct fuse_ioctl_in</c>: IOCTL.</summary>
[StructLayout(LayoutKind.Sequential)]
public struct FuseIoctlIn
{
    public ulong Handle;
    public FuseIoctlFlags Flags;
    public uint Command;
    public ulong Argument;
    public uint InSize;
    public uint OutSize;
}

/// <summary><c>struct fuse_ioctl_out</c>: Head of the answer to IOCTL.</summary>
[StructLayout(LayoutKind.Sequential)]
public struct FuseIoctlOut
{
    public int Result;
    public FuseIoctlFlags Flags;
    public uint InVectors;
    public uint OutVectors;
}

/// <summary><c>struct fuse_poll_in</c>: POLL.</summary>
[StructLayout(LayoutKind.Sequential)]
public struct FusePollIn
{
    public ulong Handle;
    public ulong KernelHandle;
    public FusePollFlags Flags;
    public uint Events;
}

/// <summary><c>struct fuse_poll_out</c>: Answer to POLL.</summary>
[StructLayout(LayoutKind.Sequential)]
public struct FusePollOut
{
    public uint ReadyEvents;
    public uint Padding;
}

/// <summary><c>struct fuse_notify_poll_wakeup_out</c>: Notification: events for a poll.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct FuseNotifyPollOut
{
    public ulong KernelHandle;
}

/// <summary><c>struct fuse_fallocate_in</c>: FALLOCATE; mode as in fallocate(2).</summary>
[StructLayout(LayoutKind.Sequential)]
public struct FuseFallocateIn
{
    public ulong Handle;
    public ulong Offset;
    public ulong Length;
    public uint Mode;
    public uint Padding;
}

/// <summary><c>struct fuse_in_header</c>: Head of every request.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct FuseInHeader
{
    public uint Length;
    public FuseOpcode Opcode;
    public ulong Unique;
    public ulong NodeId;
    public uint Uid;
    public uint Gid;
    public uint Pid;
    public ushort ExtensionLength;
    public ushort Padding;
}

/// <summary><c>struct fuse_out_header</c>: Head of every reply and notification.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct FuseOutHeader
{
    public uint Length;
    public int Error;
    public ulong Unique;
}

/// <summary><c>struct fuse_dirent</c>: Head of an entry of READDIR; the name follows.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct FuseDirectoryEntry
{
    public ulong Inode;
    public ulong Offset;
    public uint NameLength;
    public uint Type;
}

/// <summary><c>struct fuse_notify_inval_inode_out</c>: Notification: drop pages and attributes.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct FuseNotifyInvalidateInodeOut
{
    public ulong NodeId;
    public long Offset;
    public long Length;
}

/// <summary><c>struct fuse_notify_inval_entry_out</c>: Notification: drop or expire a name.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct FuseNotifyInvalidateEntryOut
{
    public ulong Parent;
    public uint NameLength;
    public uint Flags;
}

/// <summary><c>struct fuse_notify_delete_out</c>: Notification: a name is gone.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct FuseNotifyDeleteOut
{
    public ulong Parent;
    public ulong Child;
    public uint NameLength;
    public uint Padding;
}

/// <summary><c>struct fuse_notify_store_out</c>: Notification: put data in the page cache.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct FuseNotifyStoreOut
{
    public ulong NodeId;
    public ulong Offset;
    public uint Size;
    public uint Padding;
}

/// <summary><c>struct fuse_notify_prune_out</c>: Notification: forget unused inodes.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct FuseNotifyPruneOut
{
    public uint Count;
    public uint Padding;
    public ulong Spare;
}

/// <summary><c>struct fuse_backing_map</c>: Argument of FUSE_DEV_IOC_BACKING_OPEN.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct FuseBackingMap
{
    public int FileDescriptor;
    public uint Flags;
    public ulong Padding;
}

/// <summary><c>struct fuse_lseek_in</c>: LSEEK (SEEK_DATA 3, SEEK_HOLE 4).</summary>
[StructLayout(LayoutKind.Sequential)]
public struct FuseLseekIn
{
    public ulong Handle;
    public ulong Offset;
    public uint Whence;
    public uint Padding;
}

/// <summary><c>struct fuse_lseek_out</c>: Answer to LSEEK.</summary>
[StructLayout(LayoutKind.Sequential)]
public struct FuseLseekOut
{
    public ulong Offset;
}

/// <summary><c>struct fuse_copy_file_range_in</c>: COPY_FILE_RANGE and COPY_FILE_RANGE_64; the header names the source inode.</summary>
[StructLayout(LayoutKind.Sequential)]
public struct FuseCopyFileRangeIn
{
    public ulong HandleIn;
    public ulong OffsetIn;
    public ulong NodeIdOut;
    public ulong HandleOut;
    public ulong OffsetOut;
    public ulong Length;
    public ulong Flags;
}

/// <summary><c>struct fuse_copy_file_range_out</c>: Answer to COPY_FILE_RANGE_64.</summary>
[StructLayout(LayoutKind.Sequential)]
public struct FuseCopyFileRangeOut
{
    public ulong BytesCopied;
}

/// <summary><c>struct fuse_setupmapping_in</c>: SETUPMAPPING (virtiofs).</summary>
[StructLayout(LayoutKind.Sequential)]
public struct FuseSetupMappingIn
{
    public ulong Handle;
    public ulong FileOffset;
    public ulong Length;
    public ulong Flags;
    public ulong MapOffset;
}

/// <summary><c>struct fuse_removemapping_in</c>: REMOVEMAPPING (virtiofs).</summary>
[StructLayout(LayoutKind.Sequential)]
public struct FuseRemoveMappingIn
{
    public uint Count;
}

/// <summary><c>struct fuse_syncfs_in</c>: SYNCFS.</summary>
[StructLayout(LayoutKind.Sequential)]
public struct FuseSyncFsIn
{
    public ulong Padding;
}

/// <summary><c>struct fuse_ext_header</c>: Head of an extension of a create request.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct FuseExtensionHeader
{
    public uint Size;
    public uint Type;
}

/// <summary>Fourteen reserved words at the end of <see cref="FuseStatx"/>.</summary>
[InlineArray(14)]
public struct FuseSpare14
{
    private ulong _element;
}
