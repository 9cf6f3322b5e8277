using System.Runtime.InteropServices;
using HipaaFs.Platform.Interop;
using Microsoft.Win32.SafeHandles;

namespace HipaaFs.Platform;

/// <summary>Reads that never wait for a disk (preadv2(2) with RWF_NOWAIT).</summary>
public static class PageCacheRead
{
    private const int NoWait = 8; // RWF_NOWAIT

    // Set once when the kernel or the file system does not know the flag.
    private static volatile bool s_isUnsupported;

    /// <summary>Reads what of a range is in the page cache, from its beginning. Where the system cannot tell it reads the range, waiting if need be.</summary>
    /// <returns>Bytes read: less than asked for when the rest would have to come from the disk, or at the end of the file.</returns>
    public static int Read(SafeFileHandle file, Span<byte> destination, long offset)
    {
        if (s_isUnsupported || !OperatingSystem.IsLinux() || destination.IsEmpty)
        {
            return RandomAccess.Read(file, destination, offset);
        }

        nint read = ReadNoWait(file, destination, offset);
        if (read >= 0)
        {
            return (int)read;
        }

        int error = Marshal.GetLastPInvokeError();
        if (error is LibC.EAGAIN or LibC.EINTR)
        {
            return 0;
        }

        s_isUnsupported = error is LibC.EOPNOTSUPP or LibC.ENOSYS or LibC.EINVAL;
        return RandomAccess.Read(file, destination, offset);
    }

    private static unsafe nint ReadNoWait(SafeFileHandle file, Span<byte> destination, long offset)
    {
        fixed (byte* first = destination)
        {
            var vector = new LibC.IoVector { Base = first, Length = (nuint)destination.Length };
            return LibC.preadv2(file, &vector, 1, offset, NoWait);
        }
    }
}
