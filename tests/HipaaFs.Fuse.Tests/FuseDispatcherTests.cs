using HipaaFs.Fuzz.Fuse;
using Xunit;

namespace HipaaFs.Fuse.Tests;

public sealed class FuseDispatcherTests
{
    private const string Secret = "patient-name";

    [Fact]
    public void Dispatch_UnknownOpcode_IsAnsweredEnosys()
    {
        using var fixture = new DispatcherFixture(Unreachable());

        Assert.Equal(-Errno.ENOSYS, fixture.Ask(FuseMessages.Build((FuseOpcode)999)).Head.Error);
    }

    [Fact]
    public void Dispatch_MalformedRequest_IsAnsweredEinval()
    {
        using var fixture = new DispatcherFixture(Unreachable());

        Assert.Equal(-Errno.EINVAL, fixture.Ask(FuseMessages.Build(FuseOpcode.Read)).Head.Error);
    }

    [Fact]
    public void Dispatch_MessageWithoutHeader_IsDropped()
    {
        using var fixture = new DispatcherFixture(Unreachable());

        Assert.True(fixture.Dispatch(new byte[39]));
        Assert.False(fixture.Kernel.HasReply());
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Serve_Throws_IsLoggedWithoutNamesAndAnsweredEio(bool asynchronously)
    {
        var logger = new RecordingLogger();
        using var fixture = new DispatcherFixture(
            new DelegateHandler(async request =>
            {
                if (asynchronously)
                {
                    await Task.Yield();
                }

                throw new IOException("disk");
            }),
            logger);

        (FuseOutHeader head, _) = fixture.Ask(FuseMessages.Build(FuseOpcode.Lookup, FuseMessages.Name(Secret)));

        Assert.Equal(-Errno.EIO, head.Error);
        string line = Assert.Single(logger.Lines);
        Assert.Equal("Error 100 FUSE Lookup request 100 failed unexpectedly", line);
    }

    [Fact]
    public void Serve_ThrowsAfterCompleting_AnswersOnce()
    {
        using var fixture = new DispatcherFixture(new DelegateHandler((Action<FuseRequest>)(request =>
        {
            request.Complete(0);
            throw new IOException("late");
        })));

        Assert.Equal(0, fixture.Ask(FuseMessages.Build(FuseOpcode.StatFs)).Head.Error);
        Assert.False(fixture.Kernel.HasReply());
    }

    [Fact]
    public void Serve_ForgetsToComplete_IsLoggedAndAnsweredEio()
    {
        var logger = new RecordingLogger();
        using var fixture = new DispatcherFixture(new DelegateHandler(request => { }), logger);

        Assert.Equal(-Errno.EIO, fixture.Ask(FuseMessages.Build(FuseOpcode.StatFs)).Head.Error);
        Assert.Contains("was not completed", Assert.Single(logger.Lines), StringComparison.Ordinal);
    }

    [Fact]
    public void Forget_Completed_HasNoReply()
    {
        ulong count = 0;
        using var fixture = new DispatcherFixture(new DelegateHandler(request =>
        {
            count = request.Argument<FuseForgetIn>().LookupCount;
            request.Complete(0);
        }));

        Assert.True(fixture.Dispatch(FuseMessages.Build(FuseOpcode.Forget, FuseMessages.Bytes(new FuseForgetIn { LookupCount = 12 }))));
        Assert.Equal(12UL, count);
        Assert.False(fixture.Kernel.HasReply());
    }

    [Fact]
    public void Serve_Suspended_IsAnsweredLaterAndTheThreadIsFree()
    {
        var gate = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        using var fixture = new DispatcherFixture(new DelegateHandler(async request =>
        {
            await gate.Task;
            request.Complete(0);
        }));

        Assert.False(fixture.Dispatch(FuseMessages.Build(FuseOpcode.StatFs)));
        Assert.False(fixture.Kernel.HasReply());
        gate.SetResult();

        Assert.Equal(0, fixture.Answer().Head.Error);
        fixture.Pool.WaitForAll();
    }

    [Fact]
    public void Interrupt_OfSuspendedRequest_CancelsItsToken()
    {
        using var fixture = new DispatcherFixture(new DelegateHandler(async request =>
        {
            await Task.Delay(Timeout.Infinite, request.Interrupted).ContinueWith(_ => { }, TaskScheduler.Default);
            request.Complete(request.IsInterrupted ? Errno.EINTR : Errno.EIO);
        }));
        fixture.Dispatch(FuseMessages.BuildFor(FuseOpcode.SetLockWait, 50, 1, FuseMessages.Bytes(default(FuseLockIn))));

        fixture.Dispatch(FuseMessages.BuildFor(FuseOpcode.Interrupt, 51, 0, FuseMessages.Bytes(new FuseInterruptIn { Unique = 50 })));

        (FuseOutHeader head, _) = fixture.Answer();
        Assert.Equal((50UL, -Errno.EINTR), (head.Unique, head.Error));
    }

    [Fact]
    public void Interrupt_OfACallerThatGoesOn_IsNotSeen()
    {
        var gate = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        using var fixture = new DispatcherFixture(new DelegateHandler(async request =>
        {
            CancellationToken interrupted = request.Interrupted;
            await gate.Task;
            request.Complete(interrupted.IsCancellationRequested || request.IsInterrupted ? Errno.EINTR : 0);
        }))
        { CallerIsBeingKilled = false };
        fixture.Dispatch(FuseMessages.BuildFor(FuseOpcode.StatFs, 50, 1));
        fixture.Dispatch(FuseMessages.BuildFor(FuseOpcode.Interrupt, 51, 0, FuseMessages.Bytes(new FuseInterruptIn { Unique = 50 })));
        fixture.Watch.Look();
        gate.SetResult();

        Assert.Equal(0, fixture.Answer().Head.Error);
        fixture.Pool.WaitForAll();
        fixture.Watch.Look();
        Assert.Equal(0, fixture.Watch.Count);
    }

    [Fact]
    public void Interrupt_OfACallerThatIsKilledLater_CancelsItsToken()
    {
        using var fixture = new DispatcherFixture(new DelegateHandler(async request =>
        {
            await Task.Delay(Timeout.Infinite, request.Interrupted).ContinueWith(_ => { }, TaskScheduler.Default);
            request.Complete(request.IsInterrupted ? Errno.EINTR : Errno.EIO);
        }))
        { CallerIsBeingKilled = false };
        fixture.Dispatch(FuseMessages.BuildFor(FuseOpcode.SetLockWait, 50, 1, FuseMessages.Bytes(default(FuseLockIn))));
        fixture.Dispatch(FuseMessages.BuildFor(FuseOpcode.Interrupt, 51, 0, FuseMessages.Bytes(new FuseInterruptIn { Unique = 50 })));
        fixture.Watch.Look();
        Assert.False(fixture.Kernel.HasReply());

        fixture.CallerIsBeingKilled = true; // The kernel says nothing of it.
        fixture.Watch.Look();

        (FuseOutHeader head, _) = fixture.Answer();
        Assert.Equal((50UL, -Errno.EINTR), (head.Unique, head.Error));
    }

    [Fact]
    public void Interrupt_BeforeTheTokenIsAskedFor_IsNotLost()
    {
        var proceed = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        using var fixture = new DispatcherFixture(new DelegateHandler(async request =>
        {
            await proceed.Task;
            request.Complete(request.Interrupted.IsCancellationRequested ? Errno.EINTR : Errno.EIO);
        }));
        fixture.Dispatch(FuseMessages.BuildFor(FuseOpcode.StatFs, 50, 1));
        fixture.Dispatch(FuseMessages.BuildFor(FuseOpcode.Interrupt, 51, 0, FuseMessages.Bytes(new FuseInterruptIn { Unique = 50 })));
        proceed.SetResult();

        Assert.Equal(-Errno.EINTR, fixture.Answer().Head.Error);
    }

    [Fact]
    public void Interrupt_OfUnknownRequest_IsAnsweredEagain()
    {
        using var fixture = new DispatcherFixture(Unreachable());

        (FuseOutHeader head, _) = fixture.Ask(
            FuseMessages.BuildFor(FuseOpcode.Interrupt, 51, 0, FuseMessages.Bytes(new FuseInterruptIn { Unique = 50 })));

        Assert.Equal((51UL, -Errno.EAGAIN), (head.Unique, head.Error));
    }

    [Fact]
    public void Interrupt_OfEarlierRequestOfTheObject_DoesNotHitItsSuccessor()
    {
        var gate = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        using var fixture = new DispatcherFixture(new DelegateHandler(async request =>
        {
            if (request.Unique == 60)
            {
                await gate.Task;
            }

            request.Complete(request.IsInterrupted ? Errno.EINTR : 0);
        }));
        fixture.Ask(FuseMessages.BuildFor(FuseOpcode.StatFs, 50, 1));
        fixture.Dispatch(FuseMessages.BuildFor(FuseOpcode.StatFs, 60, 1));
        fixture.Ask(FuseMessages.BuildFor(FuseOpcode.Interrupt, 61, 0, FuseMessages.Bytes(new FuseInterruptIn { Unique = 50 })));
        gate.SetResult();

        Assert.Equal(0, fixture.Answer().Head.Error);
    }

    [Fact]
    public void LargeReads_BeyondTheLimit_WaitWithoutHoldingTheThread()
    {
        var gate = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        int running = 0;
        int most = 0;
        using var fixture = new DispatcherFixture(
            new DelegateHandler(async request =>
            {
                InterlockedMax(ref most, Interlocked.Increment(ref running));
                await gate.Task;
                Interlocked.Decrement(ref running);
                request.Complete(0);
            }),
            maxLarge: 2);
        byte[] read = FuseMessages.Bytes(new FuseReadIn { Size = 1 << 20 });
        for (ulong unique = 2; unique < 12; unique += 2)
        {
            Assert.False(fixture.Dispatch(FuseMessages.BuildFor(FuseOpcode.Read, unique, 1, read)));
        }

        Assert.Equal(2, Volatile.Read(ref running));
        gate.SetResult();
        for (int answer = 0; answer < 5; answer++)
        {
            Assert.Equal(0, fixture.Answer().Head.Error);
        }

        fixture.Pool.WaitForAll();
        Assert.Equal(2, most);
    }

    [Fact]
    public void SmallRequests_WhileLargeOnesHang_AreServed()
    {
        var gate = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        using var fixture = new DispatcherFixture(
            new DelegateHandler(async request =>
            {
                if (request.Opcode == FuseOpcode.Read)
                {
                    await gate.Task;
                }

                request.Complete(0);
            }),
            maxLarge: 1);
        byte[] read = FuseMessages.Bytes(new FuseReadIn { Size = 1 << 20 });
        fixture.Dispatch(FuseMessages.BuildFor(FuseOpcode.Read, 2, 1, read));
        fixture.Dispatch(FuseMessages.BuildFor(FuseOpcode.Read, 4, 1, read));

        Assert.Equal(6UL, fixture.Ask(FuseMessages.BuildFor(FuseOpcode.StatFs, 6, 1)).Head.Unique);
        gate.SetResult();
        fixture.Answer();
        fixture.Answer();
        fixture.Pool.WaitForAll();
    }

    [Fact]
    public unsafe void Read_CompletedSynchronously_AllocatesNothing()
    {
        var handler = new PlainReader();
        using var fixture = new DispatcherFixture(handler);
        byte[] message = FuseMessages.Build(FuseOpcode.Read, FuseMessages.Bytes(new FuseReadIn { Size = 4096 }));
        FuseRequest request = fixture.Pool.Rent();
        long allocated = -1;
        for (int round = 0; round < 200; round++)
        {
            message.CopyTo(new Span<byte>(request.MessageBuffer, message.Length));
            long before = GC.GetAllocatedBytesForCurrentThread();
            fixture.Dispatcher.Dispatch(request, message.Length, fixture.Kernel.Device);
            allocated = GC.GetAllocatedBytesForCurrentThread() - before;
            Assert.Equal(16 + 4096, fixture.Kernel.Receive().Length);
        }

        fixture.Pool.Return(request);
        Assert.Equal(0, allocated);
    }

    private static DelegateHandler Unreachable()
    {
        return new DelegateHandler((Action<FuseRequest>)(request => throw new InvalidOperationException("not for the handler")));
    }

    private static void InterlockedMax(ref int most, int value)
    {
        int seen;
        do
        {
            seen = Volatile.Read(ref most);
        }
        while (value > seen && Interlocked.CompareExchange(ref most, value, seen) != seen);
    }

    private sealed class PlainReader : IFuseHandler
    {
        public ValueTask ServeAsync(FuseRequest request)
        {
            int size = (int)request.Argument<FuseReadIn>().Size;
            request.ReservePayload(size).Span.Fill(1);
            request.SetPayloadLength(size);
            request.Complete(0);
            return ValueTask.CompletedTask;
        }

        public void Initialized(FuseNegotiated negotiated)
        {
        }

        public void Destroyed()
        {
        }
    }
}
