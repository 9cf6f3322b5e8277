using System.Runtime.CompilerServices;

namespace HipaaFs.Fuse;

/// <summary>Agrees with the kernel on version, limits and capabilities: the INIT request.</summary>
internal static unsafe class FuseHandshake
{
    internal const uint Major = 7;
    internal const uint Minor = 45;
    internal const uint OldestMinor = 31;

    // Splicing and rings would need another data path; DAX belongs to virtiofs.
    private const FuseCapabilities NeverAsked = FuseCapabilities.SpliceRead | FuseCapabilities.SpliceWrite | FuseCapabilities.SpliceMove
        | FuseCapabilities.MapAlignment | FuseCapabilities.InodeDax | FuseCapabilities.OverIoUring | FuseCapabilities.FileOps;

    private const FuseCapabilities AlwaysAsked = FuseCapabilities.BigWrites | FuseCapabilities.MaxPages
        | FuseCapabilities.InitExtended | FuseCapabilities.SetXattrExtended;

    /// <summary>Reads INIT and decides. <see cref="Answer"/> then completes it.</summary>
    /// <exception cref="FuseMountException">The connection ended, or the kernel is too old.</exception>
    internal static FuseNegotiated Receive(FuseDevice device, FuseRequest request, FuseSessionOptions options)
    {
        while (true)
        {
            int length = device.Read(request.MessageBuffer, request.MessageCapacity);
            if (length is -Errno.EINTR or -Errno.ENOENT or -Errno.EAGAIN)
            {
                continue;
            }

            if (length <= 0)
            {
                throw new FuseMountException(FuseMountFailure.Other, $"the kernel closed the new FUSE connection (errno {-length})", -length);
            }

            int errno = request.Parse(length, setXattrExtended: true);
            if (errno != 0 || request.Opcode != FuseOpcode.Init)
            {
                throw new FuseMountException(FuseMountFailure.Other, "the kernel did not start with INIT");
            }

            FuseInitIn init = ReadInit(request, length);
            if (init.Major > Major)
            {
                // The kernel starts again with the version it is offered.
                Send(device, request.Unique, new FuseInitOut { Major = Major, Minor = Minor });
                continue;
            }

            if (init.Major < Major || init.Minor < OldestMinor)
            {
                throw new FuseMountException(
                    FuseMountFailure.KernelTooOld,
                    $"the kernel speaks FUSE {init.Major}.{init.Minor}; {Major}.{OldestMinor} (Linux 5.4) or newer is needed");
            }

            return Negotiate(init, options);
        }
    }

    /// <summary>Sends the answer to INIT; the kernel's requests follow.</summary>
    internal static void Answer(FuseDevice device, FuseRequest request, FuseNegotiated negotiated, FuseSessionOptions options)
    {
        int congestion = options.CongestionThreshold > 0 ? options.CongestionThreshold : options.MaxBackground * 3 / 4;
        var answer = new FuseInitOut
        {
            Major = Major,
            Minor = (uint)negotiated.Minor,
            MaxReadahead = (uint)negotiated.MaxReadaheadBytes,
            Flags = (uint)negotiated.Capabilities,
            Flags2 = (uint)((ulong)negotiated.Capabilities >> 32),
            MaxBackground = (ushort)options.MaxBackground,
            CongestionThreshold = (ushort)Math.Max(1, congestion),
            MaxWrite = (uint)negotiated.MaxRequestBytes,
            MaxPages = (ushort)(negotiated.MaxRequestBytes / RequestBlock.PageSize),
            TimeGranularity = (uint)options.TimeGranularity,
            MaxStackDepth = negotiated.Has(FuseCapabilities.Passthrough) ? (uint)options.MaxStackDepth : 0,
            RequestTimeout = negotiated.Has(FuseCapabilities.RequestTimeout) ? (ushort)options.RequestTimeoutSeconds : (ushort)0,
        };
        Send(device, request.Unique, answer);
    }

    internal static FuseNegotiated Negotiate(in FuseInitIn init, FuseSessionOptions options)
    {
        var offered = (FuseCapabilities)(init.Flags | ((ulong)init.Flags2 << 32));
        FuseCapabilities wanted = (options.Capabilities | AlwaysAsked) & ~NeverAsked;
        if (options.RequestTimeoutSeconds > 0)
        {
            wanted |= FuseCapabilities.RequestTimeout;
        }

        // The kernel ignores passthrough beside a write-back cache; say so in what is reported.
        if ((wanted & FuseCapabilities.WritebackCache) != 0)
        {
            wanted &= ~FuseCapabilities.Passthrough;
        }

        FuseCapabilities granted = wanted & offered;
        const int PagesWithoutNegotiation = 32;
        int limit = (granted & FuseCapabilities.MaxPages) != 0
            ? options.MaxRequestBytes
            : Math.Min(options.MaxRequestBytes, PagesWithoutNegotiation * RequestBlock.PageSize);
        long readahead = options.ReadAheadKilobytes > 0 ? options.ReadAheadKilobytes * 1024L : int.MaxValue;
        return new FuseNegotiated
        {
            Minor = (int)Math.Min(init.Minor, Minor),
            KernelMinor = (int)init.Minor,
            Offered = offered,
            Capabilities = granted,
            MaxRequestBytes = limit,
            MaxReadaheadBytes = (int)Math.Min(readahead, Math.Min(init.MaxReadahead, int.MaxValue)),
            MaxBackground = options.MaxBackground,
        };
    }

    // Before 7.36 the message ends after the first flags; what is missing is zero.
    private static FuseInitIn ReadInit(FuseRequest request, int length)
    {
        const int HeaderSize = 40;
        FuseInitIn init = default;
        int size = Math.Min(length - HeaderSize, sizeof(FuseInitIn));
        Unsafe.CopyBlock(&init, request.MessageBuffer + HeaderSize, (uint)size);
        return init;
    }

    private static void Send(FuseDevice device, ulong unique, in FuseInitOut answer)
    {
        byte* message = stackalloc byte[sizeof(FuseOutHeader) + sizeof(FuseInitOut)];
        int length = sizeof(FuseOutHeader) + sizeof(FuseInitOut);
        *(FuseOutHeader*)message = new FuseOutHeader { Length = (uint)length, Error = 0, Unique = unique };
        *(FuseInitOut*)(message + sizeof(FuseOutHeader)) = answer;
        int failure = device.Write(message, length);
        if (failure < 0)
        {
            throw new FuseMountException(FuseMountFailure.Other, $"the kernel refused the answer to INIT (errno {-failure})", -failure);
        }
    }
}
