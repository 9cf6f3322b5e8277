using System.Runtime.InteropServices;
using HipaaFs.Fuzz.Fuse;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;

namespace HipaaFs.Fuse.Tests;

/// <summary>Sessions whose kernel is a socket.</summary>
public sealed class FuseSessionTests
{
    private const int OutHeaderSize = 16;

    [Fact]
    public async Task Session_FromInitToEnd_AnswersAndTellsTheHandler()
    {
        using var kernel = new KernelSocket();
        var handler = new DelegateHandler(request =>
        {
            request.Reply(new FuseStatFs { NameLength = 255 });
            request.Complete(0);
        });
        FuseSession session = Attach(kernel, handler);

        FuseInitOut answer = MemoryMarshal.Read<FuseInitOut>(kernel.Receive()[OutHeaderSize..]);
        Assert.Equal((7U, 45U, 1U << 20, (ushort)256), (answer.Major, answer.Minor, answer.MaxWrite, answer.MaxPages));
        Assert.Equal((ushort)24, answer.MaxBackground);
        Assert.Equal((ushort)18, answer.CongestionThreshold);
        Assert.Equal(session.Negotiated, handler.Negotiated);

        session.Start();
        kernel.Send(FuseMessages.BuildFor(FuseOpcode.StatFs, 8, 1));
        Assert.Equal(255U, MemoryMarshal.Read<FuseStatFs>(kernel.Receive()[OutHeaderSize..]).NameLength);
        Assert.False(handler.IsDestroyed);
        kernel.Close();

        await session.WaitAsync(TestContext.Current.CancellationToken);
        Assert.True(handler.IsDestroyed);
    }

    [Fact]
    public void Attach_NewerMajor_AsksForOurs()
    {
        using var kernel = new KernelSocket();
        kernel.Send(FuseMessages.Build(FuseOpcode.Init, FuseMessages.Bytes(new FuseInitIn { Major = 8, Minor = 1 })));

        FuseSession session = Attach(kernel, new DelegateHandler(request => request.Complete(0)));

        Assert.Equal(7U, MemoryMarshal.Read<FuseInitOut>(kernel.Receive()[OutHeaderSize..]).Major);
        Assert.Equal(45, session.Negotiated.Minor);
    }

    [Theory]
    [InlineData(30)]
    [InlineData(0)]
    public void Attach_OldKernel_IsRefusedWithTheReason(uint minor)
    {
        using var kernel = new KernelSocket();
        kernel.Send(FuseMessages.Build(FuseOpcode.Init, FuseMessages.Bytes(new FuseInitIn { Major = 7, Minor = minor })));

        FuseMountException exception = Assert.Throws<FuseMountException>(
            () => FuseSession.Attach(kernel.Device, new DelegateHandler(request => { }), new FuseSessionOptions(), NullLogger.Instance));

        Assert.Equal(FuseMountFailure.KernelTooOld, exception.Reason);
    }

    [Fact]
    public void Attach_InitOfOlderShape_IsUnderstood()
    {
        using var kernel = new KernelSocket();
        kernel.Send(FuseMessages.Build(FuseOpcode.Init, FuseMessages.Bytes(new FuseInitIn { Major = 7, Minor = 31, MaxReadahead = 4096 })[..16]));

        FuseSession session = FuseSession.Attach(
            kernel.Device, new DelegateHandler(request => { }), new FuseSessionOptions(), NullLogger.Instance);

        Assert.Equal((31, 4096), (session.Negotiated.Minor, session.Negotiated.MaxReadaheadBytes));
    }

    [Fact]
    public async Task End_WithSuspendedRequest_AwaitsIt()
    {
        using var kernel = new KernelSocket();
        var entered = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var gate = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var handler = new DelegateHandler(async request =>
        {
            entered.SetResult();
            await gate.Task;
            request.Complete(0);
        });
        FuseSession session = Attach(kernel, handler);
        session.Start();
        kernel.Send(FuseMessages.BuildFor(FuseOpcode.StatFs, 8, 1));
        await entered.Task;
        kernel.Close();

        Assert.False(session.WaitAsync(TestContext.Current.CancellationToken).IsCompleted);
        gate.SetResult();

        await session.WaitAsync(TestContext.Current.CancellationToken);
        Assert.True(handler.IsDestroyed);
    }

    [Fact]
    public async Task End_WithARequestThatWaitsForEver_InterruptsIt()
    {
        using var kernel = new KernelSocket();
        var entered = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var handler = new DelegateHandler(async request =>
        {
            CancellationToken interrupted = request.Interrupted;
            entered.SetResult();
            await Task.Delay(Timeout.Infinite, interrupted).ContinueWith(_ => { }, TaskScheduler.Default);
            request.Complete(Errno.EINTR);
        });
        FuseSession session = Attach(kernel, handler);
        session.Start();
        kernel.Send(FuseMessages.BuildFor(FuseOpcode.StatFs, 8, 1));
        await entered.Task;
        kernel.Close();

        await session.WaitAsync(TestContext.Current.CancellationToken).WaitAsync(TimeSpan.FromMinutes(2), TestContext.Current.CancellationToken);
        Assert.True(handler.IsDestroyed);
    }

    [Fact]
    public async Task Notify_Messages_HaveTheKernelsForm()
    {
        using var kernel = new KernelSocket();
        FuseSession session = Attach(kernel, new DelegateHandler(request => request.Complete(0)));
        kernel.Receive();

        Assert.Equal(0, session.NotifyInvalidateInode(5, 4096, -1));
        AssertNotification(kernel, 2, FuseMessages.Bytes(new FuseNotifyInvalidateInodeOut { NodeId = 5, Offset = 4096, Length = -1 }));
        Assert.Equal(0, session.NotifyInvalidateEntry(1, "abc"u8));
        AssertNotification(kernel, 3, [.. FuseMessages.Bytes(new FuseNotifyInvalidateEntryOut { Parent = 1, NameLength = 3 }), .. "abc\0"u8]);
        Assert.Equal(0, session.NotifyExpireEntry(1, "abc"u8));
        AssertNotification(kernel, 3, [.. FuseMessages.Bytes(new FuseNotifyInvalidateEntryOut { Parent = 1, NameLength = 3, Flags = 1 }), .. "abc\0"u8]);
        Assert.Equal(0, session.NotifyDelete(1, 5, "abc"u8));
        AssertNotification(kernel, 6, [.. FuseMessages.Bytes(new FuseNotifyDeleteOut { Parent = 1, Child = 5, NameLength = 3 }), .. "abc\0"u8]);
        Assert.Equal(0, session.NotifyStore(5, 7, "data"u8));
        AssertNotification(kernel, 4, [.. FuseMessages.Bytes(new FuseNotifyStoreOut { NodeId = 5, Offset = 7, Size = 4 }), .. "data"u8]);
        Assert.Equal(0, session.NotifyPoll(77));
        AssertNotification(kernel, 1, FuseMessages.Bytes(77UL));
        Assert.Equal(0, session.NotifyResend());
        AssertNotification(kernel, 7, []);
        Assert.Equal(0, session.NotifyIncrementEpoch());
        AssertNotification(kernel, 8, []);
        Assert.Equal(0, session.NotifyPrune([3, 4]));
        AssertNotification(kernel, 9, [.. FuseMessages.Bytes(new FuseNotifyPruneOut { Count = 2 }), .. FuseMessages.Bytes(3UL), .. FuseMessages.Bytes(4UL)]);

        await session.DisposeAsync();
        Assert.Equal(Errno.ENOTCONN, session.NotifyPoll(77));
    }

    [Fact]
    public async Task Start_Twice_Throws()
    {
        using var kernel = new KernelSocket();
        FuseSession session = Attach(kernel, new DelegateHandler(request => request.Complete(0)));
        session.Start();

        Assert.Throws<InvalidOperationException>(session.Start);
        kernel.Close();
        await session.WaitAsync(TestContext.Current.CancellationToken);
    }

    private static FuseSession Attach(KernelSocket kernel, IFuseHandler handler)
    {
        kernel.Send(FuseMessages.Build(
            FuseOpcode.Init,
            FuseMessages.Bytes(new FuseInitIn { Major = 7, Minor = 45, Flags = 0x7FFFFFFF, Flags2 = uint.MaxValue, MaxReadahead = 131072 })));
        return FuseSession.Attach(kernel.Device, handler, new FuseSessionOptions { Threads = 1 }, NullLogger.Instance);
    }

    private static void AssertNotification(KernelSocket kernel, int code, byte[] body)
    {
        ReadOnlySpan<byte> message = kernel.Receive();
        FuseOutHeader head = MemoryMarshal.Read<FuseOutHeader>(message);
        Assert.Equal((0UL, code, (uint)message.Length), (head.Unique, head.Error, head.Length));
        Assert.Equal(body, message[OutHeaderSize..].ToArray());
    }
}
