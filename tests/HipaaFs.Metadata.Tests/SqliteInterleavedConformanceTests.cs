using HipaaFs.Metadata.Sqlite;
using HipaaFs.Testing.Metadata;
using Xunit;

namespace HipaaFs.Metadata.Tests;

/// <summary>Before every call another session makes an inode and gives it up again.</summary>
public sealed class SqliteInterleavedConformanceTests : MetadataStoreConformance
{
    private readonly SqliteDirectories _directories = new();

    protected override async ValueTask<IMetadataStore> OpenAsync()
    {
        SqliteMetadataStore store = _directories.Open();
        var session = new SessionId(70_000);
        InodeRange range = (await store.ReserveInodesAsync(session, 100_000)).Value;
        ulong used = 0;
        return new InterposedMetadataStore(store, async other =>
        {
            ulong number = Interlocked.Increment(ref used) - 1;
            var inode = new InodeId(range.First.Value + number);
            MetadataResult<Applied<DirectoryEntry>> created = await other.CreateAsync(new CreateRequest
            {
                Operation = new OperationId(session.Value, number * 2),
                NewInode = inode,
                Mode = ModeBits.File,
                Session = session,
            });
            MetadataResult<Applied> released = await other.ReleaseOrphanAsync(new OperationId(session.Value, (number * 2) + 1), inode);
            Assert.True(created.Succeeded && released.Succeeded);
        });
    }

    protected override ValueTask CleanUpAsync()
    {
        _directories.Dispose();
        return ValueTask.CompletedTask;
    }
}
