using HipaaFs.Fuse;

namespace HipaaFs.Fuzz.Fuse;

/// <summary>Looks at every byte a request offers and answers with as much as it asks for.</summary>
internal sealed class TouchingHandler : IFuseHandler
{
    internal long Checksum { get; private set; }

    /// <inheritdoc/>
    public ValueTask ServeAsync(FuseRequest request)
    {
        for (int index = 0; index < request.NameCount; index++)
        {
            Touch(request.Name(index));
        }

        Touch(request.Data);
        foreach (FuseForgetOne forget in request.Forgets)
        {
            Checksum += (long)forget.LookupCount;
        }

        request.TryGetSupplementaryGroup(out uint group);
        Checksum += group;
        switch (request.Opcode)
        {
            case FuseOpcode.ReadDir:
            case FuseOpcode.ReadDirPlus:
                WriteDirectory(request);
                break;
            case FuseOpcode.Create:
                request.Reply(new FuseEntryOut(), new FuseOpenOut());
                break;
            case FuseOpcode.Ioctl:
                request.Reply(new FuseIoctlOut(), new byte[request.Argument<FuseIoctlIn>().OutSize]);
                break;
            default:
                request.ReservePayloadSpan(request.AnswerSize).Fill(0x5A);
                request.SetPayloadLength(request.AnswerSize);
                break;
        }

        request.Complete(0);
        return ValueTask.CompletedTask;
    }

    /// <inheritdoc/>
    public void Initialized(FuseNegotiated negotiated)
    {
    }

    /// <inheritdoc/>
    public void Destroyed()
    {
    }

    private static void WriteDirectory(FuseRequest request)
    {
        FuseDirectoryWriter writer = request.WriteDirectory();
        bool fits = true;
        for (ulong offset = 1; fits && offset < 100; offset++)
        {
            fits = request.Opcode == FuseOpcode.ReadDirPlus
                ? writer.TryAddPlus(new FuseEntryOut { NodeId = offset }, offset, "entry"u8)
                : writer.TryAdd(offset, offset, 8, "entry"u8);
        }

        writer.Finish();
    }

    private void Touch(ReadOnlySpan<byte> bytes)
    {
        foreach (byte value in bytes)
        {
            Checksum += value;
        }
    }
}
