using System.Runtime.InteropServices;
using HipaaFs.Fuzz.Fuse;
using Xunit;

namespace HipaaFs.Fuse.Tests;

public sealed class FuseRequestReplyTests
{
    [Fact]
    public void Complete_Error_SendsOnlyTheHeader()
    {
        using var fixture = new DispatcherFixture(new DelegateHandler(request =>
        {
            request.Reply(new FuseAttrOut());
            request.Complete(Errno.EACCES);
        }));

        (FuseOutHeader head, byte[] payload) = fixture.Ask(FuseMessages.Build(FuseOpcode.GetAttr, FuseMessages.Bytes(default(FuseGetAttrIn))));

        Assert.Equal((16U, -Errno.EACCES, 100UL), (head.Length, head.Error, head.Unique));
        Assert.Empty(payload);
    }

    [Fact]
    public void Reply_TwoStructures_FollowEachOther()
    {
        using var fixture = new DispatcherFixture(new DelegateHandler(request =>
        {
            request.Reply(new FuseEntryOut { NodeId = 42 }, new FuseOpenOut { Handle = 43 });
            request.Complete(0);
        }));

        (FuseOutHeader head, byte[] payload) = fixture.Ask(
            FuseMessages.Build(FuseOpcode.Create, FuseMessages.Bytes(default(FuseCreateIn)), FuseMessages.Name("f")));

        Assert.Equal((uint)(16 + 128 + 16), head.Length);
        Assert.Equal(42UL, MemoryMarshal.Read<FuseEntryOut>(payload).NodeId);
        Assert.Equal(43UL, MemoryMarshal.Read<FuseOpenOut>(payload.AsSpan(128)).Handle);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2048)]
    [InlineData(2049)]
    [InlineData(4096)]
    [InlineData(1 << 20)]
    public void Read_OfAnySize_IsAnsweredWhole(int size)
    {
        using var fixture = new DispatcherFixture(new DelegateHandler(request =>
        {
            FuseReadIn read = request.Argument<FuseReadIn>();
            Memory<byte> payload = request.ReservePayload((int)read.Size);
            payload.Span.Fill(0x42);
            request.SetPayloadLength(payload.Length);

            // The arguments are still there after the payload has been written.
            request.Complete(request.Argument<FuseReadIn>().Flags == 77 ? 0 : Errno.EIO);
        }));

        (FuseOutHeader head, byte[] payload) = fixture.Ask(
            FuseMessages.Build(FuseOpcode.Read, FuseMessages.Bytes(new FuseReadIn { Size = (uint)size, Flags = 77 })));

        Assert.Equal((0, size), (head.Error, payload.Length));
        Assert.True(payload.AsSpan().IndexOfAnyExcept((byte)0x42) < 0);
    }

    [Fact]
    public void GetXattr_LargeValueOfLongName_DoesNotOverlap()
    {
        string name = "user." + new string('x', 250);
        using var fixture = new DispatcherFixture(new DelegateHandler(request =>
        {
            request.ReservePayloadSpan(65536).Fill(1);
            request.SetPayloadLength(65536);
            request.Complete(request.Name(0).Length == name.Length && !request.Name(0).Contains((byte)1) ? 0 : Errno.EIO);
        }));

        (FuseOutHeader head, byte[] payload) = fixture.Ask(
            FuseMessages.Build(FuseOpcode.GetXattr, FuseMessages.Bytes(new FuseGetXattrIn { Size = 65536 }), FuseMessages.Name(name)));

        Assert.Equal((0, 65536), (head.Error, payload.Length));
    }

    [Fact]
    public void Write_OfTheLargestSize_HasRoomForItsReply()
    {
        using var fixture = new DispatcherFixture(new DelegateHandler(request =>
        {
            request.Reply(new FuseWriteOut { Size = (uint)request.Data.Length });
            request.Complete(0);
        }));

        (FuseOutHeader head, byte[] payload) = fixture.Ask(
            FuseMessages.Build(FuseOpcode.Write, FuseMessages.Bytes(new FuseWriteIn { Size = 1 << 20 }), new byte[1 << 20]));

        Assert.Equal(0, head.Error);
        Assert.Equal(1U << 20, MemoryMarshal.Read<FuseWriteOut>(payload).Size);
    }

    [Fact]
    public void ReservePayload_BeyondTheBlock_Throws()
    {
        Exception? thrown = null;
        using var fixture = new DispatcherFixture(new DelegateHandler(request =>
        {
            thrown = Record.Exception(() => request.ReservePayload((1 << 20) + 1));
            request.Complete(0);
        }));

        fixture.Ask(FuseMessages.Build(FuseOpcode.StatFs));

        Assert.IsType<ArgumentOutOfRangeException>(thrown);
    }

    [Fact]
    public void SetPayloadLength_BeyondTheReservation_Throws()
    {
        Exception? thrown = null;
        using var fixture = new DispatcherFixture(new DelegateHandler(request =>
        {
            request.ReservePayload(10);
            thrown = Record.Exception(() => request.SetPayloadLength(11));
            request.Complete(0);
        }));

        fixture.Ask(FuseMessages.Build(FuseOpcode.StatFs));

        Assert.IsType<ArgumentOutOfRangeException>(thrown);
    }

    [Fact]
    public void Complete_Twice_ThrowsAndAnswersOnce()
    {
        Exception? thrown = null;
        using var fixture = new DispatcherFixture(new DelegateHandler(request =>
        {
            request.Complete(0);
            thrown = Record.Exception(() => request.Complete(0));
        }));

        fixture.Ask(FuseMessages.Build(FuseOpcode.StatFs));

        Assert.IsType<InvalidOperationException>(thrown);
        Assert.False(fixture.Kernel.HasReply());
    }

    [Fact]
    public void Reply_Ioctl_IsHeadAndData()
    {
        using var fixture = new DispatcherFixture(new DelegateHandler(request =>
        {
            request.Reply(new FuseIoctlOut { Result = 3 }, request.Data);
            request.Complete(0);
        }));

        (_, byte[] payload) = fixture.Ask(
            FuseMessages.Build(FuseOpcode.Ioctl, FuseMessages.Bytes(new FuseIoctlIn { InSize = 4, OutSize = 4 }), [1, 2, 3, 4]));

        Assert.Equal(3, MemoryMarshal.Read<FuseIoctlOut>(payload).Result);
        Assert.Equal(new byte[] { 1, 2, 3, 4 }, payload[16..]);
    }
}
