using System.Net;
using System.Net.Sockets;

namespace HipaaFs.Testing.Servers;

/// <summary>Finds ports on loopback that nobody uses now.</summary>
public static class LoopbackPorts
{
    private const int Lowest = 20_000;
    private const int Highest = 31_000; // Below the ports that Linux gives out by itself, so that nobody takes one by chance.

    /// <summary>The first of a run of free ports.</summary>
    public static int FindRun(int length)
    {
        for (int tries = 0; tries < 100; tries++)
        {
            int first = Random.Shared.Next(Lowest, Highest - length);
            if (Enumerable.Range(first, length).All(IsFree))
            {
                return first;
            }
        }

        throw new InvalidOperationException($"no {length} free ports in a row on loopback");
    }

    private static bool IsFree(int port)
    {
        try
        {
            using var listener = new TcpListener(IPAddress.Loopback, port);
            listener.Start();
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }
}
