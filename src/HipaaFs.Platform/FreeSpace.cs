using System.ComponentModel;
using System.Runtime.InteropServices;
using HipaaFs.Platform.Interop;

namespace HipaaFs.Platform;

/// <summary>How much room the file system of a path has.</summary>
/// <param name="Available">Bytes this user may still use; reserves for root are not counted.</param>
/// <param name="Total">Bytes in all.</param>
public readonly record struct FreeSpace(long Available, long Total)
{
    /// <summary>Asks the file system of a path, or of its nearest parent that exists.</summary>
    /// <exception cref="IOException">The file system did not answer; its HResult is errno.</exception>
    public static FreeSpace Of(string path)
    {
        string existing = FileSystemKind.Nearest(path);
        if (!OperatingSystem.IsLinux())
        {
            var drive = new DriveInfo(existing);
            return new FreeSpace(drive.AvailableFreeSpace, drive.TotalSize);
        }

        if (LibC.statfs(existing, out Statfs status) == 0)
        {
            return new FreeSpace(Bytes(status.f_bavail, status.BlockSize), Bytes(status.f_blocks, status.BlockSize));
        }

        int error = Marshal.GetLastPInvokeError();
        throw new IOException($"statfs: {new Win32Exception(error).Message}", error);
    }

    // Some network file systems answer "unlimited" with block counts whose bytes do not fit.
    private static long Bytes(ulong blocks, long blockSize) => (long)UInt128.Min((UInt128)blocks * (ulong)blockSize, long.MaxValue);
}
