using Microsoft.Extensions.Logging;

namespace HipaaFs.Fuse;

/// <summary>Takes one message at a time from a request thread and sees to it that it is answered exactly once.</summary>
/// <remarks>
/// The library answers by itself what is malformed (EINVAL, EIO), unknown (ENOSYS), INIT and DESTROY, and carries out INTERRUPT.
/// All else goes to the handler. Large requests beyond the pool's limit wait in the pool and are served by the thread pool.
/// </remarks>
internal sealed partial class FuseDispatcher
{
    // From this payload on a request counts against the limit of large ones.
    internal const int LargePayload = 64 * 1024;

    private readonly IFuseHandler _handler;
    private readonly FuseRequestPool _pool;
    private readonly InterruptWatch _watch;
    private readonly ILogger _logger;
    private readonly bool _setXattrExtended;

    internal FuseDispatcher(IFuseHandler handler, FuseRequestPool pool, InterruptWatch watch, bool setXattrExtended, ILogger logger)
    {
        _watch = watch;
        _handler = handler;
        _pool = pool;
        _setXattrExtended = setXattrExtended;
        _logger = logger;
    }

    /// <summary>Serves the message just read into <paramref name="request"/>.
    /// Returns true when the request is finished and the caller may use it again, false when it is on its own way.</summary>
    internal bool Dispatch(FuseRequest request, int length, FuseDevice device)
    {
        int errno = request.Parse(length, _setXattrExtended);
        request.Begin(device, this);
        if (errno != 0)
        {
            LogRejected(_logger, request.Opcode, request.Unique, errno);
            request.Complete(errno);
            return true;
        }

        switch (request.Opcode)
        {
            case FuseOpcode.Interrupt:
                Interrupt(request);
                return true;
            case FuseOpcode.NotifyReply:
            case FuseOpcode.Destroy:
                request.Complete(0);
                return true;
            case FuseOpcode.Init:
                request.Complete(Errno.EIO);
                return true;
        }

        if (request.AnswerSize > LargePayload || request.Data.Length > LargePayload)
        {
            return ServeLarge(request);
        }

        return Serve(request);
    }

    /// <summary>Goes on with a request whose task has ended after it had suspended.</summary>
    internal void Resumed(FuseRequest request, ValueTask pending)
    {
        Conclude(request, pending);
        _pool.Return(request);
    }

    /// <summary>A large request that had to wait has been given its turn.</summary>
    internal void ServeWaiting(FuseRequest request)
    {
        if (Serve(request))
        {
            _pool.Return(request);
        }
    }

    /// <summary>Notes a reply the kernel did not take.</summary>
    internal void ReplyFailed(FuseOpcode opcode, ulong unique, int errno)
    {
        // ENOENT: the caller was killed meanwhile. ENODEV and ECONNABORTED: the mount is gone.
        if (errno is not (Errno.ENOENT or Errno.ENODEV or Errno.ECONNABORTED))
        {
            LogReplyFailed(_logger, opcode, unique, errno);
        }
    }

    private bool ServeLarge(FuseRequest request)
    {
        request.IsLarge = true;

        // The data of a WRITE is here already: making it wait would save nothing.
        if (!_pool.TryEnterLarge(request, isWrite: !request.Data.IsEmpty))
        {
            return false;
        }

        return Serve(request);
    }

    private bool Serve(FuseRequest request)
    {
        ValueTask task;
        try
        {
            task = _handler.ServeAsync(request);
        }
        catch (Exception exception)
        {
            task = ValueTask.FromException(exception);
        }

        if (!task.IsCompleted)
        {
            request.Suspend(task);
            return false;
        }

        Conclude(request, task);
        return true;
    }

    private void Conclude(FuseRequest request, ValueTask ended)
    {
        try
        {
            ended.GetAwaiter().GetResult();
        }
        catch (Exception exception)
        {
            LogUnexpected(_logger, request.Opcode, request.Unique, exception);
            if (!request.IsCompleted)
            {
                request.Complete(Errno.EIO);
            }
        }

        if (!request.IsCompleted)
        {
            if (request.Opcode is not (FuseOpcode.Forget or FuseOpcode.BatchForget))
            {
                LogForgotten(_logger, request.Opcode, request.Unique);
            }

            request.Complete(Errno.EIO);
        }

        if (request.IsLarge)
        {
            request.IsLarge = false;
            _pool.LeaveLarge(isWrite: !request.Data.IsEmpty);
        }

        request.EndService();
    }

    // A request that is not found has been answered, or another thread is between reading and parsing it. The kernel sends the
    // INTERRUPT again after EAGAIN in the second case and drops it in the first.
    private void Interrupt(FuseRequest request)
    {
        ulong target = request.Argument<FuseInterruptIn>().Unique;
        bool found = _pool.Find(target) is { } interrupted && _watch.Signalled(interrupted, target);
        request.CompleteWithoutReply();
        if (!found)
        {
            request.Send(Errno.EAGAIN);
        }
    }

    [LoggerMessage(100, LogLevel.Error, "FUSE {Opcode} request {Unique} failed unexpectedly")]
    private static partial void LogUnexpected(ILogger logger, FuseOpcode opcode, ulong unique, Exception exception);

    [LoggerMessage(101, LogLevel.Error, "FUSE {Opcode} request {Unique} was not completed by its handler")]
    private static partial void LogForgotten(ILogger logger, FuseOpcode opcode, ulong unique);

    [LoggerMessage(102, LogLevel.Warning, "FUSE reply to {Opcode} request {Unique} was refused by the kernel, errno {Errno}")]
    private static partial void LogReplyFailed(ILogger logger, FuseOpcode opcode, ulong unique, int errno);

    [LoggerMessage(103, LogLevel.Debug, "FUSE {Opcode} request {Unique} was rejected, errno {Errno}")]
    private static partial void LogRejected(ILogger logger, FuseOpcode opcode, ulong unique, int errno);
}
