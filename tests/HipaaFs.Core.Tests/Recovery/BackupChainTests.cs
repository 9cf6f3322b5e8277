using HipaaFs.ChangeStream;
using HipaaFs.Crypto;
using HipaaFs.Metadata;
using HipaaFs.Recovery;
using HipaaFs.Storage;
using HipaaFs.Testing.Storage;
using HipaaFs.Volumes;

namespace HipaaFs.Core.Tests.Recovery;

/// <summary>Which objects of a change stream a restore follows.</summary>
public sealed class BackupChainTests : IDisposable
{
    private readonly ScratchDirectory _scratch = new();
    private readonly KeyRing _ring = KeyRing.Create(Guid.NewGuid());
    private readonly FaultingObjectStore _store = new(new MemoryObjectStore());
    private readonly byte[] _nothing = new byte[32];

    public void Dispose()
    {
        _ring.Dispose();
        _scratch.Dispose();
    }

    [Fact]
    public async Task Follow_StoreFailing_Throws()
    {
        byte[] first = await PutAsync(1, 0, _nothing, isPoint: true);
        await PutAsync(1, 1, first, isPoint: true);
        _store.Add(new StoreFault(StoreFaultKind.Fail) { Verb = StoreVerb.Read, Skip = 1 });
        VolumeException failed = await Assert.ThrowsAsync<VolumeException>(FollowAsync);

        Assert.Equal(VolumeFailure.Store, failed.Failure);
    }

    [Fact]
    public async Task Follow_ObjectGone_EndsBeforeIt()
    {
        byte[] first = await PutAsync(1, 0, _nothing, isPoint: true);
        byte[] second = await PutAsync(1, 1, first, isPoint: true);
        await PutAsync(1, 2, second, isPoint: true);
        await _store.DeleteAsync(StoreLayout.Stream(1, 1, full: false), EntityTag.Any, default);
        BackupChain chain = (await FollowAsync())!;

        Assert.Equal([10], await ContentsAsync(chain));
        Assert.Equal(1, chain.Unfollowed);
    }

    [Fact]
    public async Task Follow_FencedSessionWroteOn_TakesTheNewerSession()
    {
        byte[] first = await PutAsync(1, 0, _nothing, isPoint: true);
        byte[] shared = await PutAsync(1, 1, first, isPoint: true);
        byte[] late = await PutAsync(1, 2, shared, isPoint: true);
        await PutAsync(1, 3, late, isPoint: true);
        byte[] newer = await PutAsync(2, 0, shared, isPoint: true);
        await PutAsync(2, 1, newer, isPoint: true);
        BackupChain chain = (await FollowAsync())!;

        Assert.Equal([10, 11, 20, 21], await ContentsAsync(chain));
        Assert.Equal(0, chain.Unfollowed);
    }

    [Fact]
    public async Task Follow_NewerSessionCutOffBehindTheFork_EndsAtThePointBeforeTheFork()
    {
        byte[] first = await PutAsync(1, 0, _nothing, isPoint: true);
        await PutAsync(1, 1, first, isPoint: true);
        await PutAsync(2, 0, first, isPoint: false);
        BackupChain chain = (await FollowAsync())!;

        Assert.Equal([10], await ContentsAsync(chain));
        Assert.Equal(0, chain.Unfollowed);
    }

    [Fact]
    public async Task Follow_PublicationCutOff_EndsAtThePointBeforeAndLosesNothing()
    {
        byte[] first = await PutAsync(1, 0, _nothing, isPoint: true);
        byte[] begun = await PutAsync(1, 1, first, isPoint: false);
        await PutAsync(1, 2, begun, isPoint: false);
        BackupChain chain = (await FollowAsync())!;

        Assert.Equal([10], await ContentsAsync(chain));
        Assert.Equal(0, chain.Unfollowed);
    }

    [Fact]
    public async Task Follow_FullPublicationCutOffBehindIt_LosesNothing()
    {
        await PutAsync(1, 0, _nothing, isPoint: true);
        byte[] begun = await PutAsync(2, 0, _nothing, isPoint: false);
        await PutAsync(2, 1, begun, isPoint: false);
        BackupChain chain = (await FollowAsync())!;

        Assert.Equal([10], await ContentsAsync(chain));
        Assert.Equal(0, chain.Unfollowed);
    }

    [Fact]
    public async Task Follow_WithoutAPoint_IsNone()
    {
        await PutAsync(1, 0, _nothing, isPoint: false);

        Assert.Null(await FollowAsync());
    }

    // Its one batch is its session and number.
    private async Task<byte[]> PutAsync(ulong session, ulong number, byte[] previous, bool isPoint)
    {
        var writer = new StreamObjectWriter(_ring, _store, _scratch.FullPath);
        bool full = !previous.AsSpan().ContainsAnyExcept((byte)0);
        StoreResult<byte[]> put = await writer.PutAsync(
            StoreLayout.Stream(session, number, full),
            new StreamPreamble(previous, new CommitSequence((session * 10) + number), isPoint),
            [new ChangeBatch(default, default, new[] { (byte)((session * 10) + number) })],
            default);
        Assert.True(put.Succeeded);
        return put.Value;
    }

    private async Task<BackupChain?> FollowAsync()
    {
        StoreResult<ObjectPage> page = await _store.ListAsync(StoreLayout.StreamPrefix, null, 100, default);
        return await BackupChain.FollowAsync(
            new StreamObjectReader(_ring, _store), [.. page.Value.Objects], 0, new Progress<RestoreProgress>(), default);
    }

    private async Task<byte[]> ContentsAsync(BackupChain chain)
    {
        var contents = new List<byte>();
        for (int i = 0; i < chain.Objects.Count; i++)
        {
            StreamObject opened = await chain.ReadAsync(new StreamObjectReader(_ring, _store), i, default);
            contents.Add(Assert.Single(Assert.Single(opened.Batches).ToArray()));
        }

        return [.. contents];
    }
}
