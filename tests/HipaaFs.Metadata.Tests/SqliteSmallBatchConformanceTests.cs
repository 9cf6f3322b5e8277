using HipaaFs.Metadata.Sqlite;
using HipaaFs.Testing.Metadata;

namespace HipaaFs.Metadata.Tests;

/// <summary>Every third operation commits, caches hold next to nothing, and checkpoints come all the time.</summary>
public sealed class SqliteSmallBatchConformanceTests : MetadataStoreConformance
{
    private readonly SqliteDirectories _directories = new();

    protected override ValueTask<IMetadataStore> OpenAsync()
    {
        var time = new ManualTimeProvider();
        var options = new SqliteMetadataOptions
        {
            Directory = _directories.Create(),
            MaxBatchOperations = 3,
            CachedInodes = 1,
            CheckpointBytes = 1,
        };
        int calls = 0;
        return new(new InterposedMetadataStore(SqliteDirectories.Open(options, time), _ =>
        {
            if (++calls % 20 == 0)
            {
                time.Fire();
            }

            return ValueTask.CompletedTask;
        }));
    }

    protected override ValueTask CleanUpAsync()
    {
        _directories.Dispose();
        return ValueTask.CompletedTask;
    }
}
