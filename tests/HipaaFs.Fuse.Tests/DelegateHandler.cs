namespace HipaaFs.Fuse.Tests;

/// <summary>A handler made of one function.</summary>
internal sealed class DelegateHandler : IFuseHandler
{
    private readonly Func<FuseRequest, ValueTask> _serve;

    internal DelegateHandler(Func<FuseRequest, ValueTask> serve)
    {
        _serve = serve;
    }

    internal DelegateHandler(Action<FuseRequest> serve)
        : this(request =>
        {
            serve(request);
            return ValueTask.CompletedTask;
        })
    {
    }

    internal FuseNegotiated? Negotiated { get; private set; }

    internal bool IsDestroyed { get; private set; }

    public ValueTask ServeAsync(FuseRequest request) => _serve(request);

    public void Initialized(FuseNegotiated negotiated)
    {
        Negotiated = negotiated;
    }

    public void Destroyed()
    {
        IsDestroyed = true;
    }
}
