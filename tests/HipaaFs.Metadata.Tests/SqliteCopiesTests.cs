using HipaaFs.Crypto;
using HipaaFs.Metadata.Sqlite;
using HipaaFs.Metadata.Sqlite.Tables;
using Microsoft.Data.Sqlite;
using SQLitePCL;
using Xunit;

namespace HipaaFs.Metadata.Tests;

/// <summary>Copies of segments in the SQLite engine: its index and its counts, older schemas, and commits that fail.</summary>
public sealed class SqliteCopiesTests : IDisposable
{
    private readonly SqliteDirectories _directories = new();
    private readonly SqliteFaults _faults = new();

    public void Dispose() => _directories.Dispose();

    [Fact]
    public async Task Open_SchemaOfVersionThree_HasEverySegmentInStoreZero()
    {
        string directory = _directories.Create();
        SegmentRow staged = Segment(SegmentState.Staged, 0, 10);
        SegmentRow[] live = [Segment(SegmentState.Live, 0, 20), Segment(SegmentState.Live, 0, 30), Segment(SegmentState.Live, 9, 40)];
        SegmentRow gone = Segment(SegmentState.Live, 9, 50);
        await using (SqliteMetadataStore old = _directories.Open(directory))
        {
            foreach (SegmentRow row in (SegmentRow[])[staged, .. live, gone])
            {
                SqliteVolume.Ok(await old.AddSegmentAsync(default, row));
            }

            SqliteVolume.Ok(await old.CondemnSegmentAsync(default, gone.Id, default));
        }

        Execute(directory, OlderSchemas.ToVersion3);

        await using SqliteMetadataStore store = _directories.Open(directory);
        Assert.Equal(0u, await CopiesAsync(store, staged.Id));
        await Assert.AllAsync(live, async row => Assert.Equal(SegmentCopies.Own, await CopiesAsync(store, row.Id)));
        Assert.Equal(SegmentCopies.Own, await CopiesAsync(store, gone.Id));
        CopyGroup[] expected =
        [
            new(SegmentState.Live, 0, 1, new CopySum(2, 50)),
            new(SegmentState.Live, 9, 1, new CopySum(1, 40)),
            new(SegmentState.Condemned, 9, 1, new CopySum(1, 50)),
        ];
        Assert.Equal(expected, SqliteVolume.Ok(await store.SumCopiesAsync()).Groups);
        Assert.Equal([live[2].Id], SqliteVolume.Ok(await store.ListLackingAsync(9, 0b11, null, 9)).Select(row => row.Id));
        SqliteVolume.Ok(await store.UpdateSegmentAsync(default, staged with { State = SegmentState.Live, Copies = 2 }));
        Assert.Equal(2u, await CopiesAsync(store, staged.Id));
        Assert.Equal(new CopySum(1, 10), SqliteVolume.Ok(await store.SumCopiesAsync()).OfStore(1));
    }

    [Theory]
    [InlineData(raw.SQLITE_FULL)]
    [InlineData(raw.SQLITE_IOERR)]
    public async Task SetCopies_WhoseCommitFailsOnce_IsDoneAgain(int code)
    {
        string directory = _directories.Create();
        SegmentRow row = Segment(SegmentState.Live, 3, 100);
        await using (SqliteMetadataStore store = _directories.Open(directory, faults: _faults))
        {
            SqliteVolume.Ok(await store.AddSegmentAsync(default, row));
            SqliteVolume.Ok(await store.MakeDurableAsync(store.Applied));
            SqliteVolume.Ok(await store.SetCopiesAsync(new OperationId(1, 1), row.Id, 0b110, 0));
            CommitSequence last = SqliteVolume.Ok(await store.SetCopiesAsync(new OperationId(1, 2), row.Id, 0b1000, 0b1)).Sequence;
            int commits = 0;
            _faults.BeforeCommit = () => ++commits == 1 ? code : 0;

            SqliteVolume.Ok(await store.MakeDurableAsync(store.Applied));

            Assert.Equal((2, false), (commits, store.Failure.IsCancellationRequested));
            await AssertAsync(store);
            Assert.Equal(last, SqliteVolume.Ok(await store.SetCopiesAsync(new OperationId(1, 2), row.Id, 0b1000, 0b1)).Sequence);
        }

        await using SqliteMetadataStore again = _directories.Open(directory);
        await AssertAsync(again);

        async Task AssertAsync(SqliteMetadataStore store)
        {
            Assert.Equal(0b1110u, await CopiesAsync(store, row.Id));
            Assert.Equal([new CopyGroup(SegmentState.Live, 3, 0b1110, new CopySum(1, 100))], SqliteVolume.Ok(await store.SumCopiesAsync()).Groups);
        }
    }

    [Fact]
    public async Task SetCopies_WhoseCommitsFail_AreThoseOfTheLastCommit()
    {
        string directory = _directories.Create();
        SegmentRow row = Segment(SegmentState.Live, 3, 100);
        await using (SqliteMetadataStore store = _directories.Open(directory, faults: _faults))
        {
            SqliteVolume.Ok(await store.AddSegmentAsync(default, row));
            SqliteVolume.Ok(await store.SetCopiesAsync(default, row.Id, 0b10, 0));
            SqliteVolume.Ok(await store.MakeDurableAsync(store.Applied));
            SqliteVolume.Ok(await store.SetCopiesAsync(default, row.Id, 0b100, 0b11));
            SqliteVolume.Ok(await store.AddSegmentAsync(default, Segment(SegmentState.Live, 3, 1)));
            _faults.BeforeCommit = () => raw.SQLITE_FULL;

            Assert.Equal(MetadataError.Failed, (await store.MakeDurableAsync(store.Applied)).Error);
            Assert.Equal(MetadataError.Failed, (await store.SetCopiesAsync(default, row.Id, 0b100, 0)).Error);
            Assert.Equal(MetadataError.Failed, (await store.SumCopiesAsync()).Error);
        }

        await using SqliteMetadataStore again = _directories.Open(directory);
        Assert.Equal(0b11u, await CopiesAsync(again, row.Id));
        Assert.Equal([new CopyGroup(SegmentState.Live, 3, 0b11, new CopySum(1, 100))], SqliteVolume.Ok(await again.SumCopiesAsync()).Groups);
    }

    [Fact]
    public async Task SetCopies_OpenedForReading_IsRefusedAndTheRestAnswers()
    {
        string directory = _directories.Create();
        SegmentRow row = Segment(SegmentState.Live, 3, 100);
        await using (SqliteMetadataStore store = _directories.Open(directory))
        {
            SqliteVolume.Ok(await store.AddSegmentAsync(default, row));
        }

        await using SqliteMetadataStore reading = SqliteDirectories.Open(new SqliteMetadataOptions { Directory = directory, ReadOnly = true });

        Assert.Equal(MetadataError.ReadOnly, (await reading.SetCopiesAsync(default, row.Id, 0b10, 0)).Error);
        Assert.Equal(row.Id, Assert.Single(SqliteVolume.Ok(await reading.ListLackingAsync(3, 0b10, null, 9))).Id);
        Assert.Equal(new CopySum(1, 100), SqliteVolume.Ok(await reading.SumCopiesAsync()).OfStore(0));
    }

    [Theory]
    [InlineData(CopiesIndex.NextGroup, "state=? AND placement=? AND copies>?", "state=? AND placement>?")]
    [InlineData(
        CopiesIndex.NextInGroup, "state=? AND placement=? AND copies=? AND changed=? AND id>?", "state=? AND placement=? AND copies=? AND changed>?")]
    public async Task Queries_OfCopies_SeekInTheirIndexAndSortNothing(string sql, string first, string second)
    {
        string directory = _directories.Create();
        await _directories.Open(directory).DisposeAsync();
        using SqliteConnection connection = Connect(directory);
        using SqliteCommand command = connection.CreateCommand();
        command.CommandText = "EXPLAIN QUERY PLAN " + sql;
        var plan = new List<string>();
        using SqliteDataReader reader = command.ExecuteReader();
        while (reader.Read())
        {
            plan.Add(reader.GetString(3));
        }

        string[] seeks = plan.FindAll(static step => step.Contains("segment", StringComparison.Ordinal)).ToArray();
        Assert.Equal(2, seeks.Length);
        Assert.EndsWith($"INDEX segment_copies ({first})", seeks[0], StringComparison.Ordinal);
        Assert.EndsWith($"INDEX segment_copies ({second})", seeks[1], StringComparison.Ordinal);
        Assert.DoesNotContain(plan, static step => step.Contains("TEMP B-TREE", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Misplaced_OfManyFiles_GoesThroughBothTablesInTheirOrder()
    {
        string directory = _directories.Create();
        await _directories.Open(directory).DisposeAsync();
        using SqliteConnection connection = Connect(directory);
        using SqliteCommand command = connection.CreateCommand();
        command.CommandText = "EXPLAIN QUERY PLAN " + SqliteMetadataStore.Misplaced;
        var plan = new List<string>();
        using SqliteDataReader reader = command.ExecuteReader();
        while (reader.Read())
        {
            plan.Add(reader.GetString(3));
        }

        Assert.Equal(6, plan.Count(static step => step.StartsWith("SEARCH", StringComparison.Ordinal)));
        Assert.DoesNotContain(plan, static step => step.Contains("SCAN", StringComparison.Ordinal) || step.Contains("TEMP B-TREE", StringComparison.Ordinal));
    }

    private static SegmentRow Segment(SegmentState state, uint placement, long length) => new()
    {
        Id = SegmentId.NewRandom(),
        State = state,
        Class = RecordClass.Data,
        Placement = placement,
        ObjectLength = length,
    };

    private static async Task<ulong> CopiesAsync(SqliteMetadataStore store, SegmentId segment) =>
        SqliteVolume.Ok(await store.GetSegmentAsync(segment)).Copies;

    private static SqliteConnection Connect(string directory)
    {
        var connection = new SqliteConnection($"Data Source={Path.Combine(directory, SqliteMetadataOptions.FileName)};Pooling=False");
        connection.Open();
        return connection;
    }

    private static void Execute(string directory, string sql)
    {
        using SqliteConnection connection = Connect(directory);
        using SqliteCommand command = connection.CreateCommand();
        command.CommandText = sql;
        command.ExecuteNonQuery();
    }
}
