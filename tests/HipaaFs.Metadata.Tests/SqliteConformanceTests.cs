using HipaaFs.Testing.Metadata;

namespace HipaaFs.Metadata.Tests;

public sealed class SqliteConformanceTests : MetadataStoreConformance
{
    private readonly SqliteDirectories _directories = new();

    protected override ValueTask<IMetadataStore> OpenAsync() => new(_directories.Open());

    protected override ValueTask CleanUpAsync()
    {
        _directories.Dispose();
        return ValueTask.CompletedTask;
    }
}
