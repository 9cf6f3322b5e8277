using HipaaFs.Testing.Storage;
using Microsoft.Extensions.Logging.Abstractions;

namespace HipaaFs.Storage.Tests;

public sealed class LocalDirectoryStoreConformanceTests : ObjectStoreConformance
{
    private readonly ScratchDirectory _root = new();

    public override async ValueTask DisposeAsync()
    {
        await base.DisposeAsync();
        _root.Dispose();
    }

    protected override ValueTask<IObjectStore> OpenAsync() =>
        ValueTask.FromResult<IObjectStore>(LocalDirectoryStore.Open(_root.FullPath, create: false, TimeProvider.System, NullLogger.Instance));
}
