using System.Globalization;
using HipaaFs.Crypto;
using HipaaFs.Metadata.Sqlite;
using Xunit;

namespace HipaaFs.Metadata.Tests;

/// <summary>What an operation on a name costs does not depend on how many others the directory has: counted in what SQLite executes, and not in time.</summary>
/// <remarks>HIPAAFS_DIRECTORY_ENTRIES (100000) is the size of the large one.</remarks>
public sealed class DirectoryCostTests : IDisposable
{
    private const int Small = 1000;
    private const int Samples = 50;
    private const int Spare = 17;
    private const int Beside = 5; // From the place of the renaming one to one that no kind has.

    // The depth of a B-tree grows by the logarithm: two pages become three, or four.
    private const double MostPages = 2.1;
    private const double MostSteps = 1.1;

    private static readonly string[] Kinds =
    [
        "lookup", "lookup of nothing", "page of a listing", "page from a cookie", "find by inode", "lookup in a snapshot", "page in a snapshot",
        "create", "create of a taken name", "link", "rename", "rename over another", "chmod", "unlink", "rmdir that is refused",
    ];

    private readonly SqliteDirectories _directories = new();
    private ulong _operation = 1_000_000_000;

    private static int Large =>
        int.TryParse(Environment.GetEnvironmentVariable("HIPAAFS_DIRECTORY_ENTRIES"), CultureInfo.InvariantCulture, out int entries) ? entries : 100_000;

    public void Dispose() => _directories.Dispose();

    [Fact]
    public async Task Operations_OnNamesOfALargeDirectory_CostWhatThoseOfASmallOneDo()
    {
        Dictionary<string, StatementCost> small = await MeasureAsync(Small);
        Dictionary<string, StatementCost> large = await MeasureAsync(Large);
        foreach (string kind in Kinds)
        {
            string what = $"{kind}: {small[kind]} of {Small} entries, {large[kind]} of {Large}";
            Assert.True(large[kind].Steps > 0, what);
            Assert.True(large[kind].Steps <= small[kind].Steps * MostSteps, what);
            Assert.True(large[kind].Pages <= small[kind].Pages * MostPages, what);
            Assert.Equal(0, large[kind].Scanned);
            Assert.Equal(0, large[kind].Sorted);
        }
    }

    private async Task<Dictionary<string, StatementCost>> MeasureAsync(int entries)
    {
        string directory = _directories.Create();
        await using (SqliteMetadataStore filling = _directories.Open(directory))
        {
            var volume = new SqliteVolume(filling);
            await volume.CreateRootAsync();
            SqliteVolume.Ok(await filling.CreateAsync(new CreateRequest
            {
                Operation = Next(),
                Parent = InodeId.Root,
                Name = Name(entries * 2),
                NewInode = new InodeId(500),
                Mode = ModeBits.Directory | 0x1C0,
            }));
            for (int i = 0; i < entries; i++)
            {
                await volume.CreateAsync(i);
            }
        }

        // Nothing of what was made is in memory any more, and next to nothing will be.
        var options = new SqliteMetadataOptions { Directory = directory, CachedInodes = 1, KnowsStatements = true };
        await using SqliteMetadataStore store = SqliteDirectories.Open(options);
        SnapshotRow snapshot = SqliteVolume.Ok(await store.CreateSnapshotAsync(Next(), default, default)).Value;
        var costs = new Dictionary<string, StatementCost>();
        for (int number = 0; number < Kinds.Length; number++)
        {
            string kind = Kinds[number];
            await DoAsync(store, snapshot, kind, entries, At(number, Spare)); // What is read once is no cost of one operation.
            SqliteVolume.Ok(await store.MakeDurableAsync(store.Applied));
            _ = StatementCost.Take(store.Connection);
            for (int i = 0; i < Samples; i++)
            {
                await DoAsync(store, snapshot, kind, entries, At(i, number));
            }

            SqliteVolume.Ok(await store.MakeDurableAsync(store.Applied));
            costs[kind] = StatementCost.Take(store.Connection);
        }

        return costs;

        // Each kind has names of its own in every stretch, so that none meets what another one left.
        int At(int stretch, int place) => (int)((long)entries * stretch / Samples) + place;
    }

    private async Task DoAsync(SqliteMetadataStore store, SnapshotRow snapshot, string kind, int entries, int number)
    {
        var page = new DirectoryEntry[16];
        NameTag tag = SqliteVolume.Tag(number);
        IMetadataView then = store.OpenSnapshot(snapshot.Id);
        switch (kind)
        {
            case "lookup":
                SqliteVolume.Ok(await store.LookupAsync(InodeId.Root, tag));
                break;
            case "lookup of nothing":
                Assert.Equal(MetadataError.NotFound, (await store.LookupAsync(InodeId.Root, SqliteVolume.Tag(entries + 1 + number))).Error);
                break;
            case "page of a listing":
                SqliteVolume.Ok(await store.ReadDirectoryAsync(InodeId.Root, Early(number, entries), page));
                break;
            case "page from a cookie":
                SqliteVolume.Ok(await store.ReadDirectoryFromAsync(InodeId.Root, Early(number, entries).High64, page));
                break;
            case "find by inode":
                SqliteVolume.Ok(await store.FindEntryAsync(Inode(number)));
                break;
            case "lookup in a snapshot":
                SqliteVolume.Ok(await then.LookupAsync(InodeId.Root, tag));
                break;
            case "page in a snapshot":
                SqliteVolume.Ok(await then.ReadDirectoryAsync(InodeId.Root, Early(number, entries), page));
                break;
            case "create":
                SqliteVolume.Ok(await store.CreateAsync(CreateOf(entries * 4 + number)));
                break;
            case "create of a taken name":
                Assert.Equal(MetadataError.Exists, (await store.CreateAsync(CreateOf(entries * 6 + number) with { Name = Name(number) })).Error);
                break;
            case "link":
                SqliteVolume.Ok(await store.LinkAsync(new LinkRequest { Operation = Next(), Inode = Inode(number), Parent = InodeId.Root, Name = Name(entries * 8 + number) }));
                break;
            case "rename":
                SqliteVolume.Ok(await store.RenameAsync(RenameOf(number, entries * 10 + number)));
                break;
            case "rename over another":
                SqliteVolume.Ok(await store.RenameAsync(RenameOf(number, number + Beside)));
                break;
            case "chmod":
                SqliteVolume.Ok(await store.SetAttributesAsync(new SetAttributesRequest
                {
                    Operation = Next(),
                    Inode = Inode(number),
                    Mask = AttributeMask.Mode,
                    Mode = ModeBits.File | 0x1A4,
                }));
                break;
            case "unlink":
                SqliteVolume.Ok(await store.UnlinkAsync(new UnlinkRequest { Operation = Next(), Parent = InodeId.Root, Name = tag }));
                break;
            case "rmdir that is refused":
                Assert.NotEqual(
                    MetadataError.None,
                    (await store.UnlinkAsync(new UnlinkRequest { Operation = Next(), Parent = InodeId.Root, Name = tag, Directory = true })).Error);
                break;
            default:
                throw new ArgumentOutOfRangeException(nameof(kind), kind, null);
        }
    }

    private CreateRequest CreateOf(int number) => new()
    {
        Operation = Next(),
        Parent = InodeId.Root,
        Name = Name(number),
        NewInode = Inode(number),
        Mode = ModeBits.File | 0x180,
    };

    private RenameRequest RenameOf(int from, int to) => new()
    {
        Operation = Next(),
        Parent = InodeId.Root,
        Name = SqliteVolume.Tag(from),
        NewParent = InodeId.Root,
        NewName = Name(to),
    };

    private OperationId Next() => new(2, ++_operation);

    // Of so many entries a full page is left behind this one.
    private static NameTag Early(int number, int entries) => new(new UInt128(ulong.MaxValue / 10 * 9 / (ulong)entries * (ulong)number, 0));

    private static EntryName Name(int number) => new(SqliteVolume.Tag(number), BitConverter.GetBytes(number));

    private static InodeId Inode(int number) => new((ulong)number + 1000);
}
