using HipaaFs.ChangeStream;
using HipaaFs.Crypto;
using HipaaFs.Metadata;
using HipaaFs.Storage;
using HipaaFs.Testing.Storage;
using HipaaFs.Volumes;

namespace HipaaFs.Core.Tests.Recovery;

/// <summary>When the objects of a publication leave the local disk for the store.</summary>
public sealed class StreamSpoolTests : IDisposable
{
    private readonly ScratchDirectory _scratch = new();
    private readonly KeyRing _ring = KeyRing.Create(Guid.NewGuid());
    private readonly FaultingObjectStore _store = new(new MemoryObjectStore());

    public void Dispose()
    {
        _ring.Dispose();
        _scratch.Dispose();
    }

    [Fact]
    public async Task Add_WhileThereIsRoom_WaitsOnTheDiskUntilAllArePut()
    {
        using StreamSpool spool = Spool(static _ => true);
        await AddAsync(spool, 0);
        await AddAsync(spool, 1);
        Assert.Empty(await ListAsync());

        Assert.Equal(StoreError.None, await spool.PutAllAsync(default));
        Assert.Equal([Key(0), Key(1)], await ListAsync());
        Assert.Empty(Directory.EnumerateFiles(_scratch.FullPath));
    }

    [Fact]
    public async Task Add_WithoutRoom_PutsWhatWaitsFirst()
    {
        long asked = 0;
        using StreamSpool spool = Spool(bytes =>
        {
            asked = bytes;
            return bytes <= StreamObjectWriter.MaxPlaintext;
        });
        await AddAsync(spool, 0);
        await AddAsync(spool, 1);

        Assert.Equal([Key(0)], await ListAsync());
        Assert.InRange(asked, StreamObjectWriter.MaxPlaintext + 1, long.MaxValue); // What is there already counts twice: it took room, and it may take no more than is left.
    }

    [Fact]
    public async Task PutAll_StoreFails_KeepsTheOrderAndLeavesNothingBehind()
    {
        using (StreamSpool spool = Spool(static _ => true))
        {
            await AddAsync(spool, 0);
            await AddAsync(spool, 1);
            _store.Add(new StoreFault(StoreFaultKind.Fail) { Count = 1 });

            Assert.Equal(StoreError.Unavailable, await spool.PutAllAsync(default));
        }

        Assert.Empty(await ListAsync());
        Assert.Empty(Directory.EnumerateFiles(_scratch.FullPath));
    }

    private StreamSpool Spool(Func<long, bool> hasRoomFor) => new(new StreamObjectWriter(_ring, _store, _scratch.FullPath) { HasRoomFor = hasRoomFor });

    private static async Task AddAsync(StreamSpool spool, ulong number)
    {
        StoreResult<byte[]> added = await spool.AddAsync(Key(number), new StreamPreamble(new byte[32], new CommitSequence(1), false), [], default);
        Assert.True(added.Succeeded);
    }

    private async Task<ObjectKey[]> ListAsync() => [.. (await _store.ListAsync(StoreLayout.StreamPrefix, null, 10, default)).Value.Objects.Select(static found => found.Key)];

    private static ObjectKey Key(ulong number) => StoreLayout.Stream(1, number, full: false);
}
