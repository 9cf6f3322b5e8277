using System.Runtime.InteropServices;

namespace HipaaFs.Platform.Interop;

/// <summary>struct statx_timestamp of linux/stat.h.</summary>
[StructLayout(LayoutKind.Sequential, Size = 16)]
internal struct StatxTimestamp
{
    internal long tv_sec;
    internal uint tv_nsec;

    /// <summary>Nanoseconds since 1970.</summary>
    internal readonly long Nanoseconds => unchecked((tv_sec * 1_000_000_000) + tv_nsec);
}
