using HipaaFs.Crypto;
using HipaaFs.Metadata.Sqlite;
using SQLitePCL;
using Xunit;

namespace HipaaFs.Metadata.Tests;

/// <summary>What a full or broken disk does to the SQLite engine.</summary>
public sealed class SqliteFailureTests : IDisposable
{
    private readonly SqliteDirectories _directories = new();
    private readonly SqliteFaults _faults = new();

    public void Dispose() => _directories.Dispose();

    [Theory]
    [InlineData(raw.SQLITE_FULL)]
    [InlineData(raw.SQLITE_IOERR)]
    public async Task Commit_FailingOnce_IsDoneAgain(int code)
    {
        string directory = _directories.Create();
        await using (SqliteMetadataStore store = _directories.Open(directory, faults: _faults))
        {
            var volume = new SqliteVolume(store);
            await volume.CreateRootAsync();
            await volume.SyncAsync();
            var answers = new List<CommitSequence>();
            for (int i = 0; i < 50; i++)
            {
                answers.Add(await volume.CreateAsync(i));
            }

            FailCommits(code, 1);
            await volume.SyncAsync();

            Assert.True(store.Durable >= answers[^1]);
            Assert.False(store.Failure.IsCancellationRequested);
            Assert.Equal(51, store.Usage.Inodes);
            Assert.Equal(await StatAsync(store, 1049), (await store.LookupAsync(InodeId.Root, SqliteVolume.Tag(49))).Value.Inode);
            var batches = new List<ChangeBatch>();
            await foreach (ChangeBatch batch in store.ChangesSinceAsync(default))
            {
                batches.Add(batch);
            }

            Assert.Equal(answers[^1], batches[^1].Last);
        }

        await using SqliteMetadataStore again = _directories.Open(directory);
        Assert.True(await new SqliteVolume(again).ExistsAsync(0) && await new SqliteVolume(again).ExistsAsync(49));
        Assert.Equal(51, again.Usage.Inodes);
    }

    [Fact]
    public async Task Commit_FailingOnce_LeavesASegmentCondemnedByTheSameOperation()
    {
        await using SqliteMetadataStore store = _directories.Open(_directories.Create(), faults: _faults);
        var volume = new SqliteVolume(store);
        await volume.CreateRootAsync();
        SegmentId segment = await volume.AddSegmentAsync();
        await volume.SyncAsync();
        await volume.CreateAsync(1);
        CommitSequence condemned = SqliteVolume.Ok(await store.CondemnSegmentAsync(default, segment, default)).Sequence;
        await volume.CreateAsync(2);

        FailCommits(raw.SQLITE_IOERR, 1);
        await volume.SyncAsync();

        Assert.Equal(condemned, SqliteVolume.Ok(await store.GetSegmentAsync(segment)).Condemned);
    }

    [Fact]
    public async Task Commit_FailingForEver_LosesWhatIsNotDurableAndSaysSo()
    {
        string directory = _directories.Create();
        await using (SqliteMetadataStore store = _directories.Open(directory, faults: _faults))
        {
            var volume = new SqliteVolume(store);
            await volume.CreateRootAsync();
            await volume.CreateAsync(1);
            await volume.SyncAsync();
            CommitSequence durable = store.Durable;
            await volume.CreateAsync(2);
            FailCommits(raw.SQLITE_FULL, int.MaxValue);

            Assert.Equal(MetadataError.Failed, (await store.MakeDurableAsync(store.Applied)).Error);

            await WaitForFailureAsync(store);
            Assert.Equal(durable, store.Durable);
            Assert.Equal(MetadataError.Failed, (await store.GetInodeAsync(InodeId.Root)).Error);
            Assert.Equal(MetadataError.Failed, (await volume.TryCreateAsync(3)).Error);
            Assert.Equal(MetadataError.Failed, (await store.MakeDurableAsync(durable)).Error);
        }

        await using SqliteMetadataStore again = _directories.Open(directory);
        var reopened = new SqliteVolume(again);
        Assert.True(await reopened.ExistsAsync(1));
        Assert.False(await reopened.ExistsAsync(2));
    }

    [Fact]
    public async Task Commit_OnAFullDisk_GivesUpTheBallast()
    {
        string directory = _directories.Create();
        string ballast = Path.Combine(directory, "ballast");
        var time = new ManualTimeProvider();
        var options = new SqliteMetadataOptions
        {
            Directory = directory,
            BallastPath = ballast,
            BallastBytes = 1 << 20,
            Faults = _faults,
        };
        await using SqliteMetadataStore store = SqliteDirectories.Open(options, time);
        var volume = new SqliteVolume(store);
        await volume.CreateRootAsync();
        Assert.True(File.Exists(ballast));

        // Full until the ballast is gone, as a real disk is.
        _faults.BeforeCommit = () => File.Exists(ballast) ? raw.SQLITE_FULL : 0;
        await volume.CreateAsync(1);
        await volume.SyncAsync();

        Assert.False(File.Exists(ballast));
        Assert.True(await volume.ExistsAsync(1));
        _faults.BeforeCommit = null;
        await volume.CreateAsync(2);
        time.Fire();
        Assert.True(File.Exists(ballast));
    }

    [Fact]
    public async Task Operation_WithoutRoom_AnswersNoSpaceAndKeepsTheOthers()
    {
        await using SqliteMetadataStore store = _directories.Open(faults: _faults);
        var volume = new SqliteVolume(store);
        await volume.CreateRootAsync();
        await volume.CreateAsync(1);
        VolumeUsage before = store.Usage;

        _faults.AfterOperation = static () => raw.SQLITE_FULL;
        Assert.Equal(MetadataError.NoSpace, (await volume.TryCreateAsync(2)).Error);
        _faults.AfterOperation = null;

        Assert.True(await volume.ExistsAsync(1));
        Assert.False(await volume.ExistsAsync(2));
        Assert.Equal(before, store.Usage);
        await volume.CreateAsync(2);
        await volume.SyncAsync();
    }

    [Fact]
    public async Task Operation_FailingOnce_IsDoneAgain()
    {
        await using SqliteMetadataStore store = _directories.Open(faults: _faults);
        var volume = new SqliteVolume(store);
        await volume.CreateRootAsync();
        int failures = 1;
        _faults.AfterOperation = () => failures-- > 0 ? raw.SQLITE_IOERR : 0;

        await volume.CreateAsync(1);

        Assert.True(await volume.ExistsAsync(1));
        Assert.Equal(2, store.Usage.Inodes);
    }

    [Fact]
    public async Task Operation_EndingUnexpectedly_LeavesNothingBehind()
    {
        await using SqliteMetadataStore store = _directories.Open(faults: _faults);
        var volume = new SqliteVolume(store);
        await volume.CreateRootAsync();
        await volume.CreateAsync(1);
        _faults.AfterOperation = static () => throw new InvalidOperationException();

        await Assert.ThrowsAsync<InvalidOperationException>(() => volume.CreateAsync(2));
        _faults.AfterOperation = null;

        Assert.True(await volume.ExistsAsync(1));
        Assert.False(await volume.ExistsAsync(2));
        Assert.Equal(2, store.Usage.Inodes);
    }

    [Fact]
    public async Task Sync_Failing_FailsTheStore()
    {
        await using SqliteMetadataStore store = _directories.Open(faults: _faults);
        var volume = new SqliteVolume(store);
        await volume.CreateRootAsync();
        await volume.SyncAsync();
        CommitSequence durable = store.Durable;
        await volume.CreateAsync(1);
        _faults.BeforeSync = static () => true;

        Assert.Equal(MetadataError.Failed, (await store.MakeDurableAsync(store.Applied)).Error);

        // What the kernel did with the pages is unknown: a second, successful sync would prove nothing.
        _faults.BeforeSync = null;
        await WaitForFailureAsync(store);
        Assert.Equal(MetadataError.Failed, (await store.MakeDurableAsync(store.Applied)).Error);
        Assert.Equal(durable, store.Durable);
    }

    [Fact]
    public async Task LargeBatch_FailingToCommit_AnswersFailed()
    {
        var options = new SqliteMetadataOptions { Directory = _directories.Create(), MaxBatchOperations = 5, Faults = _faults };
        await using SqliteMetadataStore store = SqliteDirectories.Open(options);
        var volume = new SqliteVolume(store);
        await volume.CreateRootAsync();
        FailCommits(raw.SQLITE_FULL, int.MaxValue);
        for (int i = 0; i < 3; i++)
        {
            await volume.CreateAsync(i);
        }

        Assert.Equal(MetadataError.Failed, (await volume.TryCreateAsync(4)).Error);
    }

    private static async Task<InodeAttributes> StatAsync(SqliteMetadataStore store, ulong inode) =>
        SqliteVolume.Ok(await store.GetInodeAsync(new InodeId(inode)));

    // The token is cancelled on another thread, so that no callback runs under the store's lock.
    private static async Task WaitForFailureAsync(SqliteMetadataStore store)
    {
        var failed = new TaskCompletionSource();
        await using CancellationTokenRegistration registration = store.Failure.Register(failed.SetResult);
        await failed.Task.WaitAsync(TimeSpan.FromMinutes(2));
    }

    private void FailCommits(int code, int times) => _faults.BeforeCommit = () => times-- > 0 ? code : 0;
}
