using System.Runtime.InteropServices;

namespace HipaaFs.Platform.Interop;

/// <summary>struct timespec of a 64-bit Linux.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct Timespec
{
    internal long tv_sec;
    internal long tv_nsec;
}
