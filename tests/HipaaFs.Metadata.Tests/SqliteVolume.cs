using HipaaFs.Crypto;
using Xunit;

namespace HipaaFs.Metadata.Tests;

/// <summary>The few operations the tests of the SQLite engine need, on one store.</summary>
internal sealed class SqliteVolume
{
    private ulong _operation;

    public SqliteVolume(IMetadataStore store) => Store = store;

    public IMetadataStore Store { get; }

    public static NameTag Tag(int number) => new(new UInt128((ulong)number * 0x9E3779B97F4A7C15, (ulong)number));

    public async Task CreateRootAsync() => Ok(await Store.CreateAsync(new CreateRequest
    {
        NewInode = InodeId.Root,
        Mode = ModeBits.Directory | 0x1C0,
    }));

    public async Task<MetadataResult<Applied<DirectoryEntry>>> TryCreateAsync(int number) => await Store.CreateAsync(new CreateRequest
    {
        Operation = new OperationId(1, ++_operation),
        Parent = InodeId.Root,
        Name = new EntryName(Tag(number), BitConverter.GetBytes(number)),
        NewInode = new InodeId((ulong)number + 1000),
        Mode = ModeBits.File | 0x180,
        Now = new Timestamp(number),
    });

    public async Task<CommitSequence> CreateAsync(int number) => Ok(await TryCreateAsync(number)).Sequence;

    public async Task<bool> ExistsAsync(int number) => (await Store.LookupAsync(InodeId.Root, Tag(number))).Succeeded;

    public async Task<SegmentId> AddSegmentAsync()
    {
        SegmentId id = SegmentId.NewRandom();
        Ok(await Store.AddSegmentAsync(default, new SegmentRow { Id = id, State = SegmentState.Live, Class = RecordClass.Data }));
        return id;
    }

    public async Task WriteAsync(int number, params Extent[] extents) => Ok(await Store.WriteExtentsAsync(new WriteExtentsRequest
    {
        Inode = new InodeId((ulong)number + 1000),
        Extents = extents,
        Size = extents[^1].End,
    }));

    public async Task SyncAsync() => Ok(await Store.MakeDurableAsync(Store.Applied));

    public static T Ok<T>(MetadataResult<T> result)
    {
        Assert.Equal(MetadataError.None, result.Error);
        return result.Value;
    }
}
