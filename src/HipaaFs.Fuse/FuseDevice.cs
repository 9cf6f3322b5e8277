using System.Runtime.InteropServices;
using HipaaFs.Fuse.Interop;

namespace HipaaFs.Fuse;

/// <summary>One descriptor of a FUSE connection: whole messages in, whole messages out.</summary>
/// <remarks>
/// A reply must go to the descriptor its request came from: the kernel keeps one table of pending requests each.
/// Failures are negative errno values, since most are expected. The descriptor is not closed before all threads have left.
/// </remarks>
internal sealed unsafe class FuseDevice : IDisposable
{
    private const string Path = "/dev/fuse";

    private readonly SafeDescriptor _descriptor;
    private readonly int _fd;

    /// <summary>Takes over a descriptor that keeps message boundaries: /dev/fuse, or a SOCK_SEQPACKET socket in tests.</summary>
    internal FuseDevice(SafeDescriptor descriptor)
    {
        _descriptor = descriptor;
        _fd = descriptor.Number;
    }

    /// <summary>Opens /dev/fuse, not yet connected to a mount. Returns null and the errno when it cannot.</summary>
    internal static FuseDevice? Open(out int errno, bool nonBlocking = false)
    {
        int fd = LibC.open(Path, LibC.O_RDWR | LibC.O_CLOEXEC | (nonBlocking ? LibC.O_NONBLOCK : 0), 0);
        errno = fd < 0 ? Marshal.GetLastPInvokeError() : 0;
        return fd < 0 ? null : new FuseDevice(new SafeDescriptor(fd));
    }

    /// <summary>The descriptor's number, for the mount option <c>fd=</c>.</summary>
    internal int Number => _fd;

    /// <summary>Opens a further queue of the same connection (FUSE_DEV_IOC_CLONE). Returns null where that is not possible.</summary>
    internal FuseDevice? Clone(bool nonBlocking)
    {
        FuseDevice? clone = Open(out _, nonBlocking);
        if (clone is null)
        {
            return null;
        }

        uint source = (uint)_fd;
        if (LibC.ioctl(clone._fd, LibC.FUSE_DEV_IOC_CLONE, &source) == 0)
        {
            return clone;
        }

        clone.Dispose();
        return null;
    }

    /// <summary>Waits for one message. Returns its length, 0 at the end of a socket, or a negative errno.</summary>
    internal int Read(byte* buffer, int capacity)
    {
        nint length = LibC.read(_fd, buffer, (nuint)capacity);
        return length >= 0 ? (int)length : -Marshal.GetLastPInvokeError();
    }

    /// <summary>Whether a message waits to be read.</summary>
    internal bool HasMessage()
    {
        LibC.PollDescriptor poll = new() { Descriptor = _fd, Events = LibC.POLLIN };
        return LibC.poll(&poll, 1, 0) == 1 && (poll.ReturnedEvents & LibC.POLLIN) != 0;
    }

    /// <summary>Sends one message. Returns 0 or a negative errno.</summary>
    internal int Write(void* message, int length)
    {
        while (true)
        {
            nint written = LibC.write(_fd, message, (nuint)length);
            if (written >= 0)
            {
                return written == length ? 0 : -Errno.EIO;
            }

            int errno = Marshal.GetLastPInvokeError();
            if (errno != Errno.EINTR)
            {
                return -errno;
            }
        }
    }

    /// <summary>Sends one message that is gathered from several places. Returns 0 or a negative errno.</summary>
    internal int Write(LibC.IoVector* vectors, int count)
    {
        nint written = LibC.writev(_fd, vectors, count);
        return written >= 0 ? 0 : -Marshal.GetLastPInvokeError();
    }

    /// <summary>An ioctl on the device. Returns its result or a negative errno.</summary>
    internal int Control(uint request, void* argument)
    {
        int result = LibC.ioctl(_fd, request, argument);
        return result >= 0 ? result : -Marshal.GetLastPInvokeError();
    }

    /// <summary>Keeps the descriptor open until <see cref="Release"/>, for calls from outside the request threads. Returns false once it is closed.</summary>
    internal bool TryKeepOpen()
    {
        if (_descriptor.IsClosed)
        {
            return false;
        }

        bool kept = false;
        try
        {
            _descriptor.DangerousAddRef(ref kept);
        }
        catch (ObjectDisposedException)
        {
            // Closed between the question and the attempt: the answer is the same.
            return false;
        }

        return kept;
    }

    /// <summary>Ends <see cref="TryKeepOpen"/>.</summary>
    internal void Release()
    {
        _descriptor.DangerousRelease();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _descriptor.Dispose();
    }
}
