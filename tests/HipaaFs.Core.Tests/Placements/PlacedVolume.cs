using HipaaFs.Metadata;
using HipaaFs.Placements;
using HipaaFs.Storage;
using HipaaFs.Testing.Storage;

namespace HipaaFs.Core.Tests.Placements;

/// <summary>A volume on three stores, on a clock that stands still: what is in the directory "placed" goes to a placement of the test's own, number 1.</summary>
internal sealed class PlacedVolume : IAsyncDisposable
{
    private PlacedVolume(TestVolume test) => Test = test;

    public TestVolume Test { get; }

    public InodeId Directory { get; private set; }

    public Replicator Replicator => Test.Volume.Parts.Writer!.Replicator;

    /// <param name="placement">Number 1.</param>
    /// <param name="time">The clock; null is one that stands still.</param>
    /// <param name="isRemote">Whether a copy of the volume has further stores of its own; else it knows those of this one.</param>
    /// <param name="shelves">The storage classes of the further stores that have them, by number; null for none.</param>
    public static async Task<PlacedVolume> CreateAsync(
        Placement placement, TimeProvider? time = null, bool isRemote = true, IReadOnlyDictionary<int, ArchiveShelf>? shelves = null)
    {
        TestVolume test = await TestVolume.CreateAsync(new TestVolumeOptions { Time = time ?? new ManualTimeProvider() });
        foreach ((int number, ArchiveShelf shelf) in shelves ?? new Dictionary<int, ArchiveShelf>())
        {
            test.Shelves[number] = shelf;
        }

        var placed = new PlacedVolume(test);
        await placed.RegisterAsync("second", isRemote);
        await placed.RegisterAsync("third", isRemote);
        await test.Volume.DefinePlacementAsync(placement with { Number = 1 }, default);
        placed.Directory = (await test.FileSystem.MakeDirectoryAsync("placed")).Id;
        await placed.AssignAsync(placed.Directory, 1);
        return placed;
    }

    public async Task<AssignmentProgress> AssignAsync(InodeId directory, uint placement, params InodeId[] except) =>
        (await Test.Volume.AssignPlacementAsync(directory, placement, except.ToHashSet(), null, default)).Ok();

    public async Task<RegisteredStore> RegisterAsync(string name, bool isRemote = true)
    {
        int number = Test.Volume.Parts.Stores.All.Count;
        string directory = Test.MemberDirectory(number);
        System.IO.Directory.CreateDirectory(directory);
        StoreUrl url = isRemote ? TestVolume.RemoteUrl(number) : StoreUrl.Parse("file://" + directory);
        return await Test.Volume.RegisterStoreAsync(name, url, "eu-de", default);
    }

    /// <summary>Writes a file into the directory and finishes its segment. Its upload has begun.</summary>
    public async Task<SegmentRow> WriteAsync(string name, byte[] content)
    {
        InodeId inode = await Test.FileSystem.PutAsync(name, content, Directory);
        await Test.FileSystem.SyncAsync(default).Ok();
        Assert.Equal(FsError.None, await Test.Volume.Parts.Writer!.Writeback.FinishSegmentsAsync());
        MetadataResult<ExtentPage> extents = await Test.Volume.Parts.Metadata.GetExtentsAsync(inode, 0, content.Length, 1);
        return await RowAsync(extents.Value.Extents[0].Segment);
    }

    /// <summary>The same, and waits for the upload.</summary>
    public async Task<SegmentRow> UploadAsync(string name, byte[] content)
    {
        SegmentRow row = await WriteAsync(name, content);
        Assert.True(await Test.Volume.Parts.Writer!.Uploader.WaitUntilUploadedAsync(default));
        return await RowAsync(row.Id);
    }

    public async Task<SegmentRow> RowAsync(Crypto.SegmentId segment) => (await Test.Volume.Parts.Metadata.GetSegmentAsync(segment)).Value;

    public async Task<ulong> CopiesAsync(SegmentRow row) => (await RowAsync(row.Id)).Copies;

    /// <summary>The path of a segment's object in a store.</summary>
    public string ObjectPath(int store, SegmentRow row) => Path.Combine(Test.MemberDirectory(store), "seg", row.Id.ToString()[..2], row.Id.ToString());

    /// <summary>Numbers of the stores that have a segment's object.</summary>
    public int[] Having(SegmentRow row) => [.. Enumerable.Range(0, 3).Where(store => File.Exists(ObjectPath(store, row)))];

    public Task<byte[]> ReadAsync(string name) => Test.FileSystem.GetAsync("placed/" + name);

    /// <summary>The mover, which from here on moves when the test says so.</summary>
    public async Task<PlacementMover> HoldMoverAsync()
    {
        PlacementMover mover = Test.Volume.Parts.Writer!.Mover;
        var held = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        mover.BeforeRound = stop =>
        {
            held.TrySetResult();
            return Task.Delay(Timeout.Infinite, stop);
        };
        mover.Wake();
        await held.Task;
        return mover;
    }

    /// <summary>Opens the volume again without what it had cached.</summary>
    public async Task ReopenEmptyAsync()
    {
        await Test.StopAsync();
        System.IO.Directory.Delete(Test.CacheDirectory, recursive: true);
        await Test.OpenAsync();
    }

    public FaultingObjectStore Store(int number) => number == 0 ? Test.Store : Test.Members[number];

    public static StoreFault Dead => new(StoreFaultKind.Fail);

    public ValueTask DisposeAsync() => Test.DisposeAsync();
}
