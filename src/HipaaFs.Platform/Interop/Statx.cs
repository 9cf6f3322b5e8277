using System.Runtime.InteropServices;

namespace HipaaFs.Platform.Interop;

/// <summary>struct statx of linux/stat.h, as far as it is read; 256 bytes.</summary>
[StructLayout(LayoutKind.Explicit, Size = 256)]
internal struct Statx
{
    [FieldOffset(28)]
    internal ushort stx_mode;

    [FieldOffset(16)]
    internal uint stx_nlink;

    [FieldOffset(20)]
    internal uint stx_uid;

    [FieldOffset(24)]
    internal uint stx_gid;

    [FieldOffset(32)]
    internal ulong stx_ino;

    [FieldOffset(40)]
    internal long stx_size;

    [FieldOffset(96)]
    internal StatxTimestamp stx_ctime;

    [FieldOffset(112)]
    internal StatxTimestamp stx_mtime;

    [FieldOffset(136)]
    internal uint stx_dev_major;

    [FieldOffset(140)]
    internal uint stx_dev_minor;
}
