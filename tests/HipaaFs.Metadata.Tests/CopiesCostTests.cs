using HipaaFs.Crypto;
using HipaaFs.Metadata.Sqlite;
using Xunit;

namespace HipaaFs.Metadata.Tests;

/// <summary>What it costs to ask which stores have what does not depend on how many segments there are: counted in what SQLite executes, and not in time.</summary>
public sealed class CopiesCostTests : IDisposable
{
    private const int Small = 500;
    private const int Large = 50_000;
    private const int Lacking = 5;
    private const int Page = 16;

    // The depth of a B-tree grows by the logarithm: two pages become three, or four.
    private const double MostPages = 2.1;
    private const double MostSteps = 1.1;

    private static readonly string[] Kinds =
    [
        "sums", "page of what lacks, none does", "page of what lacks, few do", "page of what lacks, all do", "page in the middle of what lacks",
        "page of what a store has, nothing", "page of what a store has, everything", "set copies", "live again",
    ];

    private readonly SqliteDirectories _directories = new();

    public void Dispose() => _directories.Dispose();

    [Fact]
    public async Task Questions_AboutCopiesOfManySegments_CostWhatThoseAboutFewDo()
    {
        Dictionary<string, StatementCost> small = await MeasureAsync(Small);
        Dictionary<string, StatementCost> large = await MeasureAsync(Large);
        foreach (string kind in Kinds)
        {
            string what = $"{kind}: {small[kind]} of {Small} segments, {large[kind]} of {Large}";
            Assert.True(large[kind].Steps > 0, what);
            Assert.True(large[kind].Steps <= small[kind].Steps * MostSteps, what);
            Assert.True(large[kind].Pages <= small[kind].Pages * MostPages, what);
            Assert.Equal(0, large[kind].Sorted);

            // The sums are a table of a row for each placement and combination of stores, and are read whole.
            Assert.True(kind == "sums" || large[kind].Scanned == 0, what);
        }
    }

    private async Task<Dictionary<string, StatementCost>> MeasureAsync(int segments)
    {
        string directory = _directories.Create();
        await using (SqliteMetadataStore filling = _directories.Open(directory))
        {
            for (int i = 0; i < segments; i++)
            {
                SqliteVolume.Ok(await filling.AddSegmentAsync(default, Segment(i)));
            }
        }

        await using SqliteMetadataStore store = SqliteDirectories.Open(new SqliteMetadataOptions { Directory = directory, KnowsStatements = true });
        var costs = new Dictionary<string, StatementCost>();
        foreach (string kind in Kinds)
        {
            await DoAsync(store, kind, segments); // What is read once is no cost of one question.
            SqliteVolume.Ok(await store.MakeDurableAsync(store.Applied));
            _ = StatementCost.Take(store.Connection);
            await DoAsync(store, kind, segments);
            SqliteVolume.Ok(await store.MakeDurableAsync(store.Applied));
            costs[kind] = StatementCost.Take(store.Connection);
        }

        return costs;
    }

    private static async Task DoAsync(SqliteMetadataStore store, string kind, int segments)
    {
        switch (kind)
        {
            case "sums":
                Assert.Equal(segments, SqliteVolume.Ok(await store.SumCopiesAsync()).OfStore(0).Segments);
                break;
            case "page of what lacks, none does":
                Assert.Empty(SqliteVolume.Ok(await store.ListLackingAsync(0, 0b11, null, Page)));
                break;
            case "page of what lacks, few do":
                Assert.Equal(Lacking, SqliteVolume.Ok(await store.ListLackingAsync(1, 0b11, null, Page)).Count);
                break;
            case "page of what lacks, all do":
                Assert.Equal(Page, SqliteVolume.Ok(await store.ListLackingAsync(1, 0b100, null, Page)).Count);
                break;
            case "page in the middle of what lacks":
                Assert.Equal(Page, SqliteVolume.Ok(await store.ListLackingAsync(0, 0b100, Segment(segments / 2), Page)).Count);
                break;
            case "page of what a store has, nothing":
                Assert.Empty(SqliteVolume.Ok(await store.ListHoldingAsync(7, null, Page)));
                break;
            case "page of what a store has, everything":
                Assert.Equal(Page, SqliteVolume.Ok(await store.ListHoldingAsync(0, null, Page)).Count);
                break;
            case "set copies":
                bool has = (SqliteVolume.Ok(await store.GetSegmentAsync(Segment(2).Id)).Copies & 0b1000) != 0;
                SqliteVolume.Ok(await store.SetCopiesAsync(default, Segment(2).Id, has ? 0u : 0b1000, has ? 0b1000u : 0));
                break;
            case "live again":
                SqliteVolume.Ok(await store.UpdateSegmentAsync(default, Segment(4)));
                break;
            default:
                throw new ArgumentOutOfRangeException(nameof(kind), kind, null);
        }
    }

    private static SegmentRow Segment(int number) => new()
    {
        Id = new SegmentId(SqliteVolume.Tag(number).Value),
        State = SegmentState.Live,
        Class = RecordClass.Data,
        ObjectLength = 1000,
        Changed = new Timestamp(number % 2 == 0 ? 7 : number), // Those of one placement are all as old as each other, as after a repair.
        Placement = (uint)number % 2,
        Copies = number < Lacking * 2 && number % 2 == 1 ? 0b01u : 0b11,
    };
}
