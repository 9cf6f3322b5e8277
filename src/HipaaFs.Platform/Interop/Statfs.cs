using System.Runtime.InteropServices;

namespace HipaaFs.Platform.Interop;

/// <summary>struct statfs of statfs(2) on 64-bit Linux; 120 bytes.</summary>
[StructLayout(LayoutKind.Explicit, Size = 120)]
internal struct Statfs
{
    [FieldOffset(0)]
    internal long f_type;

    [FieldOffset(8)]
    internal long f_bsize;

    [FieldOffset(16)]
    internal ulong f_blocks;

    [FieldOffset(32)]
    internal ulong f_bavail;

    [FieldOffset(72)]
    internal long f_frsize;

    /// <summary>The unit of the block counts in bytes; kernels before 2.6 left f_frsize zero.</summary>
    internal readonly long BlockSize => f_frsize > 0 ? f_frsize : f_bsize;
}
