using HipaaFs.Testing.Metadata;

namespace HipaaFs.Metadata.Tests;

/// <summary>Every call takes 5 ms more and completes on another thread, as over a network.</summary>
public sealed class SqliteDelayedConformanceTests : MetadataStoreConformance
{
    private readonly SqliteDirectories _directories = new();

    protected override int RandomSteps => 100;

    protected override ValueTask<IMetadataStore> OpenAsync() =>
        new(new InterposedMetadataStore(_directories.Open(), static async _ => await Task.Delay(5)));

    protected override ValueTask CleanUpAsync()
    {
        _directories.Dispose();
        return ValueTask.CompletedTask;
    }
}
