using System.Net.Sockets;
using System.Runtime.InteropServices;
using HipaaFs.Fuse;
using HipaaFs.Fuse.Interop;

namespace HipaaFs.Fuzz.Fuse;

/// <summary>Plays the kernel's side of a FUSE connection over a socket that keeps message boundaries.</summary>
internal sealed unsafe class KernelSocket : IDisposable
{
    private const int BufferSize = 2 << 20;

    private readonly Socket _kernel;
    private readonly byte[] _received = new byte[BufferSize];

    internal KernelSocket()
    {
        int* sockets = stackalloc int[2];
        if (LibC.socketpair(LibC.AF_UNIX, LibC.SOCK_SEQPACKET | LibC.SOCK_CLOEXEC, 0, sockets) != 0)
        {
            throw new IOException($"socketpair: errno {Marshal.GetLastPInvokeError()}");
        }

        Grow(sockets[0]);
        Grow(sockets[1]);
        _kernel = new Socket(new SafeSocketHandle(sockets[0], ownsHandle: true));
        Device = new FuseDevice(new SafeDescriptor(sockets[1]));
    }

    /// <summary>The server's end.</summary>
    internal FuseDevice Device { get; }

    internal void Send(ReadOnlySpan<byte> message)
    {
        _kernel.Send(message);
    }

    /// <summary>Waits for the next reply. The result is valid until the next call.</summary>
    internal ReadOnlySpan<byte> Receive(TimeSpan? patience = null)
    {
        _kernel.ReceiveTimeout = (int)(patience ?? TimeSpan.FromMinutes(2)).TotalMilliseconds;
        int length = _kernel.Receive(_received);
        return _received.AsSpan(0, length);
    }

    /// <summary>Whether a reply waits.</summary>
    internal bool HasReply() => _kernel.Poll(0, SelectMode.SelectRead);

    /// <summary>Ends the connection, as unmounting does.</summary>
    internal void Close()
    {
        _kernel.Dispose();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _kernel.Dispose();
        Device.Dispose();
    }

    // SO_SNDBUFFORCE and SO_RCVBUFFORCE need root; without it large replies do not fit and tests of them are skipped.
    private static void Grow(int socket)
    {
        const int SendBuffer = 7;
        const int SendBufferForce = 32;
        const int ReceiveBufferForce = 33;
        int size = BufferSize;
        _ = LibC.setsockopt(socket, LibC.SOL_SOCKET, SendBufferForce, &size, sizeof(int));
        _ = LibC.setsockopt(socket, LibC.SOL_SOCKET, ReceiveBufferForce, &size, sizeof(int));
        _ = LibC.setsockopt(socket, LibC.SOL_SOCKET, SendBuffer, &size, sizeof(int));
    }
}
