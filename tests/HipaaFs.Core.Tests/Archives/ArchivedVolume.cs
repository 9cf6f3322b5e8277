using HipaaFs.Core.Tests.Placements;
using HipaaFs.Metadata;
using HipaaFs.Placements;
using HipaaFs.Storage;
using HipaaFs.Testing.Storage;
using HipaaFs.Volumes;

namespace HipaaFs.Core.Tests.Archives;

/// <summary>A placed volume whose store 1 is an archive, on a clock that stands still.</summary>
internal sealed class ArchivedVolume : IAsyncDisposable
{
    private ArchivedVolume(PlacedVolume placed, ArchiveShelf shelf, ManualTimeProvider time)
    {
        Placed = placed;
        Shelf = shelf;
        Time = time;
    }

    public PlacedVolume Placed { get; }

    public TestVolume Test => Placed.Test;

    public ArchiveShelf Shelf { get; }

    public ManualTimeProvider Time { get; }

    public static Placement InArchive { get; } = new() { Primary = 1, Tiers = new Dictionary<int, StorageTier> { [1] = StorageTier.Archive } };

    public static async Task<ArchivedVolume> CreateAsync(Placement? placement = null, bool moves = false, Dictionary<int, ArchiveShelf>? others = null)
    {
        var time = new ManualTimeProvider();
        var shelf = new ArchiveShelf { Moves = moves };
        var shelves = new Dictionary<int, ArchiveShelf>(others ?? []) { [1] = shelf };
        return new ArchivedVolume(await PlacedVolume.CreateAsync(placement ?? InArchive, time, shelves: shelves), shelf, time);
    }

    /// <summary>The same, with one uploaded file "placed/a" of which this machine has nothing any more.</summary>
    public static async Task<(ArchivedVolume Volume, SegmentRow Row)> CreateWithFileAsync(byte[] content, Placement? placement = null, bool moves = false)
    {
        ArchivedVolume volume = await CreateAsync(placement, moves);
        SegmentRow row = await volume.Placed.UploadAsync("a", content);
        await volume.Placed.ReopenEmptyAsync();
        return (volume, row);
    }

    public StorageTier TierOf(SegmentRow row) => Shelf.TierOf(StoreLayout.Segment(row.Id));

    /// <summary>Lets whole seconds go by, one after the other and none while a store is at work: no call times out that is being answered, and no store is away for it.</summary>
    public async Task AdvanceAsync(TimeSpan time)
    {
        for (int second = 0; second < time.TotalSeconds; second++)
        {
            await Placed.Store(0).WhenIdleAsync();
            await Placed.Store(1).WhenIdleAsync();
            Time.Advance(TimeSpan.FromSeconds(1));
        }
    }

    public async Task<FsError> TryOpenAsync(string name, OpenFlags flags = OpenFlags.Read, CancellationToken interrupted = default)
    {
        InodeAttributes inode = await Test.FileSystem.LookupAsync("placed/" + name);
        FsResult<OpenedFile> opened = await Test.FileSystem.OpenAsync(inode.Id, flags, FileSystemCalls.Someone, interrupted);
        if (opened.IsOk)
        {
            await Test.FileSystem.ReleaseAsync(opened.Value.Handle).Ok();
        }

        return opened.Error;
    }

    public ValueTask DisposeAsync() => Placed.DisposeAsync();
}
