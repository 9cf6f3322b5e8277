using System.Runtime.InteropServices;
using HipaaFs.Platform.Interop;
using Microsoft.Win32.SafeHandles;

namespace HipaaFs.Platform;

/// <summary>An exclusive lock on a file, held by this process until it is disposed or the process ends (flock(2)).</summary>
/// <remarks>The file's content is free for the holder, who writes there who they are for those who are refused.</remarks>
public sealed class FileLock : IDisposable
{
    private const int MaxDescriptionLength = 4096;

    private readonly SafeFileHandle _file;

    private FileLock(SafeFileHandle file) => _file = file;

    /// <summary>Takes the lock without waiting. Returns null when another process, or another lock of this one, holds it.</summary>
    /// <exception cref="IOException">The file cannot be opened or locked for another reason.</exception>
    public static FileLock? TryAcquire(string path)
    {
        SafeFileHandle file = Open(path);
        if (!OperatingSystem.IsLinux() || LibC.flock(file, LibC.LOCK_EX | LibC.LOCK_NB) == 0)
        {
            return new FileLock(file);
        }

        int error = Marshal.GetLastPInvokeError();
        file.Dispose();
        return error == LibC.EAGAIN ? null : throw new IOException($"flock: errno {error}", error);
    }

    /// <summary>Reads what the holder wrote by <see cref="Describe"/>; empty when nobody ever did. For those who were refused: the base class library cannot open a file that is locked.</summary>
    /// <exception cref="IOException">There is no such file, or it cannot be read.</exception>
    public static byte[] ReadHolder(string path)
    {
        using SafeFileHandle file = DurableFile.OpenRead(path);
        byte[] content = new byte[MaxDescriptionLength];
        return content[..RandomAccess.Read(file, content, 0)];
    }

    /// <summary>Replaces the content of the lock file, which a refused process reads to name the holder.</summary>
    /// <param name="holder">At most 4096 bytes.</param>
    public void Describe(ReadOnlySpan<byte> holder)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(holder.Length, MaxDescriptionLength);
        RandomAccess.SetLength(_file, 0);
        RandomAccess.Write(_file, holder, 0);
    }

    /// <summary>Makes the content survive a power cut.</summary>
    /// <exception cref="IOException">The disk does not take it.</exception>
    public void Sync() => DurableFile.SyncData(_file);

    /// <summary>Releases the lock. The file stays: removing it would let two processes lock two different files of one name.</summary>
    public void Dispose() => _file.Dispose();

    private static SafeFileHandle Open(string path)
    {
        if (!OperatingSystem.IsLinux())
        {
            return File.OpenHandle(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        }

        // File.OpenHandle takes its own advisory lock on Linux, which would refuse readers of the content.
        int fd = LibC.open(path, LibC.O_RDWR | LibC.O_CREAT | LibC.O_CLOEXEC, 0x180);
        return fd >= 0
            ? new SafeFileHandle(fd, ownsHandle: true)
            : throw new IOException($"open lock file: errno {Marshal.GetLastPInvokeError()}", Marshal.GetLastPInvokeError());
    }
}
