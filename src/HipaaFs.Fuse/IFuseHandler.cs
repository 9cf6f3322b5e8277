namespace HipaaFs.Fuse;

/// <summary>Answers the requests of one FUSE connection.</summary>
public interface IFuseHandler
{
    /// <summary>Serves one request and completes it exactly once, before the returned task ends.</summary>
    /// <remarks>
    /// Called on a request thread, by several at a time. What completes synchronously is answered inline; when it suspends the
    /// thread reads on and the request is completed from wherever the task goes on. It must not block. After the task has ended
    /// neither the request nor any memory taken from it may be touched: both are reused. An exception is logged and answered EIO.
    /// </remarks>
    ValueTask ServeAsync(FuseRequest request);

    /// <summary>Called once, before the first request, with what the kernel granted.</summary>
    void Initialized(FuseNegotiated negotiated);

    /// <summary>Called once, after the last request has been completed and the connection is gone.</summary>
    void Destroyed();
}
