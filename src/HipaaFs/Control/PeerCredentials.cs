using System.Net.Sockets;
using System.Runtime.InteropServices;
using HipaaFs.Cli.Interop;

namespace HipaaFs.Cli.Control;

/// <summary>Who is at the other end of a Unix socket, as the kernel says (SO_PEERCRED, unix(7)).</summary>
internal readonly record struct PeerCredentials(int ProcessId, uint UserId, uint GroupId)
{
    /// <summary>Asks the kernel.</summary>
    public static PeerCredentials Of(Socket socket)
    {
        Span<byte> credentials = stackalloc byte[12]; // struct ucred
        socket.GetRawSocketOption(LibC.SOL_SOCKET, LibC.SO_PEERCRED, credentials);
        ReadOnlySpan<uint> fields = MemoryMarshal.Cast<byte, uint>(credentials);
        return new PeerCredentials((int)fields[0], fields[1], fields[2]);
    }
}
