using System.Security.Cryptography;
using HipaaFs.Platform;
using Xunit;

namespace HipaaFs.Crypto.Tests;

public sealed class KeyRingTests : IDisposable
{
    private static readonly Guid Volume = Guid.NewGuid();

    private readonly PassphraseKeyWrapper _one = new("one"u8, 1000);
    private readonly PassphraseKeyWrapper _two = new("two"u8, 1000);
    private readonly KeyRing _ring = KeyRing.Create(Volume);

    public void Dispose()
    {
        _ring.Dispose();
        _one.Dispose();
        _two.Dispose();
    }

    [Fact]
    public void Create_ANewRing_HasTheRootDomainOnly()
    {
        KeyRingEpoch epoch = Assert.Single(_ring.Epochs);

        Assert.Equal(Volume, _ring.VolumeId);
        Assert.Equal(1UL, _ring.Generation);
        Assert.Empty(_ring.Wraps);
        Assert.Equal(DomainId.Root, epoch.Domain);
        Assert.True(epoch.IsCurrent && epoch.IsOpen);
        Assert.Equal(epoch.Id, _ring.CurrentEpoch(DomainId.Root));
        Assert.Equal(32, _ring.RootKey(epoch.Id).Length);
    }

    [Fact]
    public void Encode_WithoutAWrap_Throws() => Assert.Throws<InvalidOperationException>(_ring.Encode);

    [Fact]
    public async Task Unlock_WithAnyOfItsKeys_GivesTheSameRing()
    {
        await _ring.AddWrapAsync(_one, "first");
        await _ring.AddWrapAsync(_two, "recovery");
        byte[] document = _ring.Encode();

        foreach (IKeyWrapper key in new IKeyWrapper[] { _one, _two })
        {
            using KeyRing opened = await Unlock(document, key);
            EpochId epoch = opened.CurrentEpoch(DomainId.Root);
            Assert.Equal(_ring.RootKey(epoch), opened.RootKey(epoch));
            Assert.Equal(document, opened.Encode());
            Assert.Equal(["first", "recovery"], opened.Wraps.Select(wrap => wrap.Label));
        }
    }

    [Fact]
    public async Task Unlock_ARingWithTwoKindsOfKey_OpensWithEither()
    {
        using var directory = new TemporaryDirectory();
        FileKeyWrapper file = FileKeyWrapper.Create(directory["a.key"]).Value!;
        await _ring.AddWrapAsync(file, "file");
        await _ring.AddWrapAsync(_one, "recovery");
        byte[] document = _ring.Encode();

        (await Unlock(document, file)).Dispose();
        (await Unlock(document, _one)).Dispose();
        Assert.Equal(["file", "passphrase"], _ring.Wraps.Select(wrap => wrap.Kind));
    }

    [Fact]
    public async Task Unlock_WithAnotherKey_SaysWhichWayItFails()
    {
        await _ring.AddWrapAsync(_one, "first");
        byte[] document = _ring.Encode();

        Assert.Equal(KeyError.WrongKey, await UnlockError(document, _two));
        Assert.Equal(KeyError.NoSuchWrap, await UnlockError(document, new FileKeyWrapper("/nonexistent/key")));
    }

    [Fact]
    public async Task Unlock_WithADamagedOrMissingKeyFile_SaysSo()
    {
        using var directory = new TemporaryDirectory();
        await _ring.AddWrapAsync(FileKeyWrapper.Create(directory["a.key"]).Value!, "file");
        byte[] document = _ring.Encode();

        Assert.Equal(KeyError.KeyMissing, await UnlockError(document, new FileKeyWrapper(directory["none"])));
        Assert.Equal(KeyError.KeyDamaged, await UnlockError(document, new FileKeyWrapper(directory.WritePrivate("bad", "x"))));
        Assert.Equal(KeyError.WrongKey, await UnlockError(document, FileKeyWrapper.Create(directory["b.key"]).Value!));
    }

    [Fact]
    public async Task AddWrap_WithAMissingKey_ChangesNothing()
    {
        KeyWrapResult<KeyRingWrap> wrap = await _ring.AddWrapAsync(new FileKeyWrapper("/nonexistent/key"), "file");

        Assert.Equal(KeyError.KeyMissing, wrap.Error);
        Assert.Empty(_ring.Wraps);
    }

    [Fact]
    public async Task AddWrap_LongLabel_Throws() =>
        await Assert.ThrowsAsync<ArgumentOutOfRangeException>(async () => await _ring.AddWrapAsync(_one, new string('ä', 65)));

    [Fact]
    public async Task AddWrap_OfAProviderWhoseWrapsDoNotFit_Throws()
    {
        var provider = new OversizedKeyWrapper();

        await Assert.ThrowsAsync<InvalidOperationException>(async () => await _ring.AddWrapAsync(provider, "big"));
        Assert.Empty(_ring.Wraps);
    }

    [Fact]
    public async Task RemoveWrap_OneOfTwo_ClosesTheRingToItsKey()
    {
        KeyRingWrap first = (await _ring.AddWrapAsync(_one, "first")).Value!;
        await _ring.AddWrapAsync(_two, "second");

        Assert.Equal(WrapRemoval.Removed, _ring.RemoveWrap(first.Id));
        Assert.Equal(KeyError.WrongKey, await UnlockError(_ring.Encode(), _one));
        (await Unlock(_ring.Encode(), _two)).Dispose();
    }

    [Fact]
    public async Task RemoveWrap_TheLastOrUnknown_ChangesNothing()
    {
        KeyRingWrap only = (await _ring.AddWrapAsync(_one, "only")).Value!;
        byte[] document = _ring.Encode();

        Assert.Equal(WrapRemoval.LastWrap, _ring.RemoveWrap(only.Id));
        Assert.Equal(WrapRemoval.NotFound, _ring.RemoveWrap(WrapId.NewRandom()));
        Assert.Equal(document, _ring.Encode());
    }

    [Fact]
    public async Task Change_AfterEncode_BeginsTheNextGeneration()
    {
        await _ring.AddWrapAsync(_one, "first");
        byte[] first = _ring.Encode();
        await _ring.AddWrapAsync(_two, "second");
        byte[] second = _ring.Encode();

        KeyRingDocument document = Parse(second);
        Assert.Equal(2UL, document.Generation);
        Assert.Equal(SHA256.HashData(first), document.Previous.ToArray());
        Assert.Equal(SHA256.HashData(second), document.Hash.ToArray());
        Assert.Equal(new byte[32], Parse(first).Previous.ToArray());
    }

    [Fact]
    public async Task NextGeneration_BeforeOrAfterAChange_CountsOnce()
    {
        await _ring.AddWrapAsync(_one, "first");
        _ring.NextGeneration();
        Assert.Equal(1UL, _ring.Generation);

        _ring.Encode();
        _ring.NextGeneration();
        _ring.NextGeneration();
        _ring.BeginEpoch(DomainId.Root);
        Assert.Equal(2UL, _ring.Generation);

        using KeyRing opened = await Unlock(_ring.Encode(), _one);
        Assert.Equal(2UL, opened.Generation);
        opened.NextGeneration();
        Assert.Equal(3UL, opened.Generation);
    }

    [Fact]
    public async Task BeginEpoch_OfADomain_KeepsOldKeys()
    {
        await _ring.AddWrapAsync(_one, "first");
        EpochId before = _ring.CurrentEpoch(DomainId.Root);
        EpochId after = _ring.BeginEpoch(DomainId.Root);

        Assert.NotEqual(before, after);
        Assert.Equal(after, _ring.CurrentEpoch(DomainId.Root));
        using KeyRing opened = await Unlock(_ring.Encode(), _one);
        Assert.Equal(_ring.RootKey(before), opened.RootKey(before));
        Assert.Equal(_ring.RootKey(after), opened.RootKey(after));
        Assert.Equal([false, true], opened.Epochs.Select(epoch => epoch.IsCurrent));
    }

    [Fact]
    public async Task OpenNames_AcrossEpochsAndGenerations_GivesTheSameTags()
    {
        await _ring.AddWrapAsync(_one, "first");
        using NameCodec before = _ring.OpenNames(DomainId.Root);
        _ring.BeginEpoch(DomainId.Root);
        using KeyRing opened = await Unlock(_ring.Encode(), _one);
        using NameCodec after = opened.OpenNames(DomainId.Root);

        Assert.Equal(before.Tag(1, "a"u8), after.Tag(1, "a"u8));
    }

    [Fact]
    public void AddDomain_OfTheVolume_HasKeysOfItsOwn()
    {
        DomainId domain = _ring.AddDomain();
        using NameCodec root = _ring.OpenNames(DomainId.Root);
        using NameCodec names = _ring.OpenNames(domain);

        Assert.Equal(new DomainId(1), domain);
        Assert.False(_ring.RootKey(_ring.CurrentEpoch(DomainId.Root)).SequenceEqual(_ring.RootKey(_ring.CurrentEpoch(domain))));
        Assert.NotEqual(root.Tag(1, "a"u8), names.Tag(1, "a"u8));
    }

    [Fact]
    public async Task AddDomain_WithItsOwnKey_StaysClosedToTheVolumesKey()
    {
        await _ring.AddWrapAsync(_one, "volume");
        KeyRingWrap wrap = (await _ring.AddDomainAsync(_two, "domain")).Value!;
        EpochId epoch = _ring.CurrentEpoch(new DomainId(1));
        byte[] document = _ring.Encode();
        using KeyRing opened = await Unlock(document, _one);

        Assert.Equal(1u, wrap.Guard);
        Assert.False(opened.Holds(epoch));
        Assert.True(opened.Holds(opened.CurrentEpoch(DomainId.Root)));
        Assert.Throws<KeyNotFoundException>(() => opened.OpenNames(new DomainId(1)));
        Assert.Throws<KeyNotFoundException>(() => opened.BeginEpoch(new DomainId(1)));
        Assert.Equal(document, opened.Encode());

        Assert.Equal(KeyError.WrongKey, await opened.UnlockDomainsAsync(_one));
        Assert.Equal(KeyError.None, await opened.UnlockDomainsAsync(_two));
        Assert.Equal(KeyError.NoSuchWrap, await opened.UnlockDomainsAsync(_two));
        Assert.Equal(_ring.RootKey(epoch), opened.RootKey(epoch));
        Assert.Equal(KeyError.WrongKey, await UnlockError(document, _two));
    }

    [Fact]
    public async Task AddDomain_WhoseKeyIsMissing_LeavesNoTrace()
    {
        await _ring.AddWrapAsync(_one, "volume");
        byte[] document = _ring.Encode();

        Assert.Equal(KeyError.KeyMissing, (await _ring.AddDomainAsync(new FileKeyWrapper("/nonexistent/key"), "domain")).Error);
        Assert.Equal(document, _ring.Encode());
        Assert.True((await _ring.AddDomainAsync(_two, "domain")).Succeeded);
    }

    [Fact]
    public void OpenSegment_OfAnEpochItHolds_OpensWhatItSealed()
    {
        var header = new SegmentHeader(SegmentId.NewRandom(), _ring.CurrentEpoch(DomainId.Root), RecordClass.Data);
        byte[] frame = new byte[17];
        using SegmentCipher sealing = _ring.OpenSegment(header);
        sealing.SealFrame(0, "x"u8, frame);

        Assert.True(_ring.TryOpenSegment(header, out SegmentCipher? opening));
        Assert.True(opening.TryOpenFrame(0, frame, new byte[1]));
        opening.Dispose();
    }

    [Fact]
    public void OpenSegment_OfAnUnknownEpoch_IsNotFound()
    {
        var header = new SegmentHeader(SegmentId.NewRandom(), EpochId.NewRandom(), RecordClass.Data);

        Assert.False(_ring.TryOpenSegment(header, out _));
        Assert.Throws<KeyNotFoundException>(() => _ring.OpenSegment(header));
        Assert.Throws<KeyNotFoundException>(() => _ring.CurrentEpoch(new DomainId(7)));
        Assert.Throws<KeyNotFoundException>(() => _ring.OpenNames(new DomainId(7)));
    }

    [Fact]
    public void Dispose_ARing_TakesItsKeysAway()
    {
        EpochId epoch = _ring.CurrentEpoch(DomainId.Root);
        _ring.Dispose();

        Assert.Throws<KeyNotFoundException>(() => _ring.RootKey(epoch));
    }

    [Fact]
    public async Task Ring_OfManyDomains_OpensThemAll()
    {
        await _ring.AddWrapAsync(_one, "first");
        for (int i = 0; i < 200; i++)
        {
            _ring.AddDomain();
        }

        using KeyRing opened = await Unlock(_ring.Encode(), _one);
        Assert.Equal(201, opened.Epochs.Count(epoch => epoch.IsOpen));
    }

    private static KeyRingDocument Parse(byte[] bytes)
    {
        Assert.True(KeyRingDocument.TryParse(bytes, out KeyRingDocument? document, out KeyRingError error), error.ToString());
        return document;
    }

    private static async Task<KeyRing> Unlock(byte[] bytes, IKeyWrapper key)
    {
        KeyWrapResult<KeyRing> ring = await Parse(bytes).UnlockAsync(key);
        Assert.Equal(KeyError.None, ring.Error);
        return ring.Value!;
    }

    private static async Task<KeyError> UnlockError(byte[] bytes, IKeyWrapper key) => (await Parse(bytes).UnlockAsync(key)).Error;
}
