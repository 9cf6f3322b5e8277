using System.Runtime.InteropServices;
using HipaaFs.Fuzz.Fuse;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace HipaaFs.Fuse.Tests;

/// <summary>A dispatcher whose kernel is a socket.</summary>
internal sealed unsafe class DispatcherFixture : IDisposable
{
    private const int OutHeaderSize = 16;

    internal DispatcherFixture(IFuseHandler handler, ILogger? logger = null, int maxLarge = 24, int payloadCapacity = 1 << 20, int maxRequests = 64)
    {
        Watch = new InterruptWatch(_ => CallerIsBeingKilled, TimeProvider.System);
        Pool = new FuseRequestPool(maxRequests, maxLarge, 2, payloadCapacity, TimeProvider.System);
        Dispatcher = new FuseDispatcher(handler, Pool, Watch, setXattrExtended: true, logger ?? NullLogger.Instance);
    }

    internal KernelSocket Kernel { get; } = new();

    /// <summary>Whether a signal ends the callers.</summary>
    internal bool CallerIsBeingKilled { get; set; } = true;

    internal InterruptWatch Watch { get; }

    internal FuseRequestPool Pool { get; }

    internal FuseDispatcher Dispatcher { get; }

    /// <summary>Dispatches a message on a request of its own. Returns whether it was finished at once.</summary>
    internal bool Dispatch(byte[] message)
    {
        FuseRequest request = Pool.Rent();
        message.CopyTo(new Span<byte>(request.MessageBuffer, message.Length));
        bool finished = Dispatcher.Dispatch(request, message.Length, Kernel.Device);
        if (finished)
        {
            Pool.Return(request);
        }

        return finished;
    }

    /// <summary>Dispatches and waits for the reply.</summary>
    internal (FuseOutHeader Head, byte[] Payload) Ask(byte[] message)
    {
        Dispatch(message);
        return Answer();
    }

    internal (FuseOutHeader Head, byte[] Payload) Answer()
    {
        ReadOnlySpan<byte> reply = Kernel.Receive();
        return (MemoryMarshal.Read<FuseOutHeader>(reply), reply[OutHeaderSize..].ToArray());
    }

    public void Dispose()
    {
        Kernel.Dispose();
        Watch.Dispose();
        Pool.Dispose();
    }
}
