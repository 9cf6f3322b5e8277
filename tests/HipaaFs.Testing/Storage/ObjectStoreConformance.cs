using System.Security.Cryptography;
using HipaaFs.Storage;
using Xunit;

namespace HipaaFs.Testing.Storage;

/// <summary>What every store must do, whatever it is made of. An adapter's tests inherit this and say how to open it.</summary>
public abstract class ObjectStoreConformance : IAsyncLifetime
{
    private const string Letters = "abcdefghijklmnopqrstuvwxyz";

    private readonly ScratchDirectory _scratch = new();
    private IObjectStore? _store;

    /// <summary>The store under test, empty at the start of each test.</summary>
    protected IObjectStore Store => _store!;

    /// <summary>How many writers race where a test lets them.</summary>
    protected virtual int Rivals => 8;

    /// <summary>Whether a delete can tell that there was nothing to delete. Not where its answer may get lost: what the repeat no longer finds counts as deleted.</summary>
    protected virtual bool KnowsWhatItDeleted => true;

    /// <summary>Whether objects of <see cref="Store"/> can be locked. Not where its bucket or container was made without, whatever the protocol can.</summary>
    protected virtual bool HasLocks => Store.Capabilities.Locks;

    private static ObjectRetention ForADay { get; } = new(RetentionMode.Compliance, DateTimeOffset.UtcNow.AddDays(1));

    private static ObjectRetention ForAWeek { get; } = new(RetentionMode.Compliance, DateTimeOffset.UtcNow.AddDays(7));

    /// <summary>Opens the store of this test; a second call opens another client of the same objects.</summary>
    protected abstract ValueTask<IObjectStore> OpenAsync();

    /// <summary>Opens a store whose objects can be locked; one per test, closed by the test. Skips the test where there is none.</summary>
    protected virtual ValueTask<IObjectStore> OpenLockableAsync()
    {
        Assert.SkipUnless(HasLocks, "this store has no locks");
        return OpenAsync();
    }

    public virtual async ValueTask InitializeAsync() => _store = await OpenAsync();

    public virtual async ValueTask DisposeAsync()
    {
        await Store.DisposeAsync();
        _scratch.Dispose();
        GC.SuppressFinalize(this);
    }

    [Fact]
    public async Task Put_ThenRead_ReturnsTheBytes()
    {
        byte[] content = RandomNumberGenerator.GetBytes(100_000);
        ObjectProperties put = (await Store.PutAsync(Key("seg/ab/one"), content, PutCondition.None, default)).Value;

        Assert.Equal(content.Length, put.Length);
        Assert.Equal(Key("seg/ab/one"), put.Key);
        Assert.False(put.Tag.IsAny);
        Assert.Equal(content, await ReadAllAsync(Key("seg/ab/one")));
    }

    [Fact]
    public async Task Put_Nothing_IsAnEmptyObject()
    {
        ObjectProperties put = (await Store.PutAsync(Key("empty"), default, PutCondition.IfAbsent, default)).Value;

        Assert.Equal(0, put.Length);
        Assert.Equal(0, (await Store.ReadAsync(Key("empty"), put.Tag, 0, new byte[10], default)).Value);
    }

    [Theory]
    [InlineData(0, 1)]
    [InlineData(0, 1000)]
    [InlineData(1, 998)]
    [InlineData(999, 1)]
    [InlineData(500, 0)]
    public async Task Read_RangeInside_FillsTheDestination(int offset, int length)
    {
        byte[] content = await PutAsync("range", 1000);
        byte[] read = new byte[length];

        Assert.Equal(length, (await Store.ReadAsync(Key("range"), EntityTag.Any, offset, read, default)).Value);
        Assert.Equal(content[offset..(offset + length)], read);
    }

    [Theory]
    [InlineData(990, 10)]
    [InlineData(0, 1000)]
    [InlineData(1000, 0)]
    [InlineData(1001, 0)]
    [InlineData(1L << 40, 0)]
    public async Task Read_PastEndOfObject_ReturnsWhatThereIs(long offset, int expected)
    {
        byte[] content = await PutAsync("range", 1000);
        byte[] read = new byte[2000];

        Assert.Equal(expected, (await Store.ReadAsync(Key("range"), EntityTag.Any, offset, read, default)).Value);
        Assert.Equal(content[(1000 - expected)..], read[..expected]);
        Assert.All(read[expected..], value => Assert.Equal(0, value));
    }

    [Fact]
    public async Task Read_NegativeOffset_Throws()
    {
        await PutAsync("range", 10);
        await Assert.ThrowsAnyAsync<ArgumentException>(async () => await Store.ReadAsync(Key("range"), EntityTag.Any, -1, new byte[1], default));
    }

    [Fact]
    public async Task Put_DefaultKey_Throws()
    {
        await Assert.ThrowsAnyAsync<ArgumentException>(async () => await Store.PutAsync(default, new byte[1], PutCondition.None, default));
    }

    [Fact]
    public async Task Absent_ReadAndLookUp_AreNotFound()
    {
        await PutAsync("seg/ab/one", 10);
        foreach (string key in new[] { "none", "seg", "seg/ab", "seg/ab/on", "seg/ab/one/two", "seg/cd/one" })
        {
            Assert.Equal(StoreError.NotFound, (await Store.ReadAsync(Key(key), EntityTag.Any, 0, new byte[1], default)).Error);
            Assert.Equal(StoreError.NotFound, (await Store.GetPropertiesAsync(Key(key), default)).Error);
        }
    }

    [Fact]
    public async Task Put_OverAnObject_ReplacesItWholly()
    {
        await PutAsync("one", 5000);
        byte[] shorter = await PutAsync("one", 17);

        Assert.Equal(shorter, await ReadAllAsync(Key("one")));
        Assert.Equal(17, (await Store.GetPropertiesAsync(Key("one"), default)).Value.Length);
    }

    [Fact]
    public async Task Put_AgainAndAgain_ChangesTheTagEachTime()
    {
        var tags = new HashSet<EntityTag>();
        for (int i = 0; i < 40; i++)
        {
            Assert.True(tags.Add((await Store.PutAsync(Key("one"), RandomNumberGenerator.GetBytes(64), PutCondition.None, default)).Value.Tag));
            if (i % 2 == 1)
            {
                await Store.DeleteAsync(Key("one"), EntityTag.Any, default);
            }
        }
    }

    [Fact]
    public async Task Read_NamedVersion_OnlyWhileItIsThere()
    {
        byte[] first = RandomNumberGenerator.GetBytes(64);
        EntityTag tag = (await Store.PutAsync(Key("one"), first, PutCondition.None, default)).Value.Tag;
        byte[] read = new byte[64];
        Assert.Equal(64, (await Store.ReadAsync(Key("one"), tag, 0, read, default)).Value);
        Assert.Equal(first, read);

        byte[] second = await PutAsync("one", 64);
        Assert.Equal(StoreError.VersionChanged, (await Store.ReadAsync(Key("one"), tag, 0, read, default)).Error);
        Assert.Equal(64, (await Store.ReadAsync(Key("one"), EntityTag.Any, 0, read, default)).Value);
        Assert.Equal(second, read);
    }

    [Fact]
    public async Task Properties_AgreeInPutLookUpAndListing()
    {
        ObjectProperties put = (await Store.PutAsync(Key("seg/ab/one"), new byte[321], PutCondition.IfAbsent, default)).Value;

        ObjectProperties kept = put with { Sha256 = default };
        Assert.Equal(kept, (await Store.GetPropertiesAsync(Key("seg/ab/one"), default)).Value);
        Assert.Equal(kept, Assert.Single((await Store.ListAsync("seg/", null, 10, default)).Value.Objects));
        Assert.Equal(StorageTier.Hot, put.Tier);
        Assert.Equal(RestoreState.None, put.Restore);
    }

    [Fact]
    public async Task PutIfAbsent_OverAnObject_LeavesIt()
    {
        byte[] content = await PutAsync("one", 100);

        Assert.Equal(StoreError.AlreadyExists, (await Store.PutAsync(Key("one"), new byte[100], PutCondition.IfAbsent, default)).Error);
        Assert.Equal(StoreError.AlreadyExists, (await PutFileAsync("one", new byte[100], PutCondition.IfAbsent)).Error);
        Assert.Equal(content, await ReadAllAsync(Key("one")));
    }

    [Fact]
    public async Task PutIfAbsent_AfterDelete_Succeeds()
    {
        await PutAsync("one", 100);
        await Store.DeleteAsync(Key("one"), EntityTag.Any, default);

        Assert.True((await Store.PutAsync(Key("one"), new byte[3], PutCondition.IfAbsent, default)).Succeeded);
    }

    [Fact]
    public async Task PutIfAbsent_RacingWriters_ExactlyOneWins()
    {
        await using IObjectStore other = await OpenAsync();
        for (int round = 0; round < 5; round++)
        {
            ObjectKey key = Key($"session/{round}");
            byte[][] contents = [.. Enumerable.Range(0, Rivals).Select(_ => RandomNumberGenerator.GetBytes(1000))];
            StoreResult<ObjectProperties>[] results = await Task.WhenAll(contents.Select((content, rival) => Task.Run(async () =>
                rival % 3 == 2
                    ? await PutFileAsync(key.Value, content, PutCondition.IfAbsent)
                    : await (rival % 3 == 1 ? other : Store).PutAsync(key, content, PutCondition.IfAbsent, default))));

            int winner = Array.FindIndex(results, result => result.Succeeded);
            Assert.Equal(1, results.Count(result => result.Succeeded));
            Assert.Equal(Rivals - 1, results.Count(result => result.Error == StoreError.AlreadyExists));
            Assert.Equal(contents[winner], await ReadAllAsync(key));
        }
    }

    [Fact]
    public async Task Put_WhileOthersRead_IsSeenWholeOrNotAtAll()
    {
        const int length = 200_000;
        byte[] Pattern(int round) => [.. Enumerable.Repeat((byte)round, length)];
        await Store.PutAsync(Key("one"), Pattern(0), PutCondition.None, default);
        Task writer = Task.Run(async () =>
        {
            for (int round = 1; round <= 30; round++)
            {
                Assert.True((await Store.PutAsync(Key("one"), Pattern(round), PutCondition.None, default)).Succeeded);
            }
        });

        byte[] read = new byte[length + 1];
        while (!writer.IsCompleted)
        {
            StoreResult<int> result = await Store.ReadAsync(Key("one"), EntityTag.Any, 0, read, default);
            if (result.Error.IsTransient())
            {
                continue; // A server that notices the change while it answers breaks off; that is no torn read.
            }

            Assert.Equal(length, result.Value);
            Assert.Equal(-1, read.AsSpan(0, length).IndexOfAnyExcept(read[0]));
            await Task.Yield();
        }

        await writer;
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(9_000_001)]
    public async Task PutFile_ThenRead_ReturnsTheBytes(int length)
    {
        byte[] content = RandomNumberGenerator.GetBytes(length);
        StoreResult<ObjectProperties> put = await PutFileAsync("seg/cd/file", content, PutCondition.IfAbsent);

        Assert.Equal(length, put.Value.Length);
        Assert.Equal(put.Value with { Sha256 = default }, (await Store.GetPropertiesAsync(Key("seg/cd/file"), default)).Value);
        Assert.Equal(content, await ReadAllAsync(Key("seg/cd/file")));
    }

    [Fact]
    public async Task Put_Answer_SaysWhatWasTaken()
    {
        byte[] content = RandomNumberGenerator.GetBytes(70_000);
        ObjectProperties memory = (await Store.PutAsync(Key("one"), content, PutCondition.None, default)).Value;
        ObjectProperties file = (await PutFileAsync("two", content, PutCondition.IfAbsent)).Value;

        Assert.Equal(SHA256.HashData(content), memory.Sha256.ToArray());
        Assert.True(file.Sha256.IsEmpty ? Store.Capabilities.Local : file.Sha256.Span.SequenceEqual(SHA256.HashData(content)));
        Assert.True((await Store.GetPropertiesAsync(Key("one"), default)).Value.Sha256.IsEmpty);
    }

    [Fact]
    public async Task PutFile_OverAnObject_ReplacesIt()
    {
        await PutAsync("one", 1000);
        EntityTag former = (await Store.GetPropertiesAsync(Key("one"), default)).Value.Tag;
        byte[] content = RandomNumberGenerator.GetBytes(1000);

        Assert.NotEqual(former, (await PutFileAsync("one", content, PutCondition.None)).Value.Tag);
        Assert.Equal(content, await ReadAllAsync(Key("one")));
    }

    [Fact]
    public async Task PutFile_SourceRemovedAfterwards_ObjectStays()
    {
        byte[] content = RandomNumberGenerator.GetBytes(5000);
        UploadSource source = await SourceAsync(content);
        EntityTag tag = (await Store.PutFileAsync(Key("one"), source, PutOptions.Default, default)).Value.Tag;
        File.Delete(source.Path);

        Assert.Equal(content, await ReadAllAsync(Key("one")));
        Assert.Equal(tag, (await Store.GetPropertiesAsync(Key("one"), default)).Value.Tag);
    }

    [Fact]
    public async Task PutFile_SourceMissingOrOfOtherLength_IsInvalid()
    {
        UploadSource source = await SourceAsync(new byte[100]);

        Assert.Equal(StoreError.InvalidRequest, (await Store.PutFileAsync(Key("one"), source with { Length = 99 }, PutOptions.Default, default)).Error);
        Assert.Equal(StoreError.InvalidRequest, (await Store.PutFileAsync(Key("one"), source with { Length = 101 }, PutOptions.Default, default)).Error);
        Assert.Equal(
            StoreError.InvalidRequest,
            (await Store.PutFileAsync(Key("one"), source with { Path = source.Path + ".missing" }, PutOptions.Default, default)).Error);
        Assert.Equal(StoreError.NotFound, (await Store.GetPropertiesAsync(Key("one"), default)).Error);
    }

    [Fact]
    public async Task List_IsInByteOrder()
    {
        string[] keys = ["a-b/c", "a.b", "a/b", "a/b-c", "a0", "a_b", "ab", "b/a/a/a", "b/a-a", "z", "0"];
        foreach (string key in keys)
        {
            await PutAsync(key, 1);
        }

        Array.Sort(keys, StringComparer.Ordinal);
        Assert.Equal(keys, await ListAllAsync(string.Empty, 100));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    [InlineData(7)]
    [InlineData(1000)]
    public async Task List_InPages_ShowsEveryObjectOnce(int limit)
    {
        string[] keys = [.. Letters.Select((letter, i) => i % 3 == 0 ? $"seg/{letter}/x" : i % 3 == 1 ? $"seg/{letter}-y" : $"seg/k/{letter}")];
        await Parallel.ForEachAsync(keys, async (key, _) => await PutAsync(key, 1));

        Array.Sort(keys, StringComparer.Ordinal);
        Assert.Equal(keys, await ListAllAsync(string.Empty, limit));
    }

    [Theory]
    [InlineData("", 6)]
    [InlineData("seg", 5)]
    [InlineData("seg/", 4)]
    [InlineData("seg/a", 3)]
    [InlineData("seg/ab/", 2)]
    [InlineData("seg/ab/one", 1)]
    [InlineData("seg/ab/one1", 0)]
    [InlineData("t", 0)]
    public async Task List_ByPrefix_TakesAnyCharacters(string prefix, int expected)
    {
        string[] keys = ["seg/ab/one", "seg/ab/two", "seg/ac/one", "seg/b", "seg-x", "keyring/1"];
        foreach (string key in keys)
        {
            await PutAsync(key, 1);
        }

        string[] listed = await ListAllAsync(prefix, 2);
        Assert.Equal(expected, listed.Length);
        Assert.Equal(keys.Where(key => key.StartsWith(prefix, StringComparison.Ordinal)).Order(StringComparer.Ordinal), listed);
    }

    [Theory]
    [InlineData("a", 4)]
    [InlineData("b/1", 3)]
    [InlineData("b/15", 3)]
    [InlineData("b/2", 2)]
    [InlineData("b/2/x", 2)]
    [InlineData("b0", 1)]
    [InlineData("c", 0)]
    [InlineData("zz", 0)]
    public async Task List_After_ShowsGreaterKeysOnly(string after, int expected)
    {
        foreach (string key in new[] { "b/1", "b/2", "b/3", "c" })
        {
            await PutAsync(key, 1);
        }

        ObjectPage page = (await Store.ListAsync(string.Empty, Key(after), 10, default)).Value;
        Assert.Equal(expected, page.Objects.Count);
        Assert.All(page.Objects, found => Assert.True(found.Key > Key(after)));
    }

    [Fact]
    public async Task List_EmptyStore_IsAnEmptyLastPage()
    {
        ObjectPage page = (await Store.ListAsync(string.Empty, null, 10, default)).Value;
        Assert.Empty(page.Objects);
        Assert.False(page.More);
    }

    [Fact]
    public async Task Delete_Object_RemovesItEverywhere()
    {
        await PutAsync("seg/ab/one", 10);
        await ReadAllAsync(Key("seg/ab/one"));

        Assert.True((await Store.DeleteAsync(Key("seg/ab/one"), EntityTag.Any, default)).Value);
        Assert.Equal(StoreError.NotFound, (await Store.ReadAsync(Key("seg/ab/one"), EntityTag.Any, 0, new byte[1], default)).Error);
        Assert.Equal(StoreError.NotFound, (await Store.GetPropertiesAsync(Key("seg/ab/one"), default)).Error);
        Assert.Empty(await ListAllAsync(string.Empty, 10));
    }

    [Fact]
    public async Task Delete_AbsentObject_IsFalseAndNoError()
    {
        StoreResult<bool> any = await Store.DeleteAsync(Key("none"), EntityTag.Any, default);
        StoreResult<bool> named = await Store.DeleteAsync(Key("none/at/all"), new EntityTag("some"), default);

        Assert.True(any.Succeeded && named.Succeeded);
        Assert.False(KnowsWhatItDeleted && (any.Value || named.Value));
    }

    [Fact]
    public async Task Delete_OfAnotherVersion_LeavesTheObject()
    {
        EntityTag former = (await Store.PutAsync(Key("one"), new byte[8], PutCondition.None, default)).Value.Tag;
        byte[] content = await PutAsync("one", 8);

        Assert.Equal(StoreError.VersionChanged, (await Store.DeleteAsync(Key("one"), former, default)).Error);
        Assert.Equal(content, await ReadAllAsync(Key("one")));

        EntityTag current = (await Store.GetPropertiesAsync(Key("one"), default)).Value.Tag;
        Assert.True((await Store.DeleteAsync(Key("one"), current, default)).Value);
    }

    [Fact]
    public async Task SecondClient_SeesEveryChangeAtOnce()
    {
        await using IObjectStore other = await OpenAsync();
        for (int round = 0; round < 10; round++)
        {
            byte[] content = await PutAsync("keyring/1", 100);
            Assert.Equal(content, await ReadAllAsync(Key("keyring/1"), other));
            Assert.Single((await other.ListAsync("keyring/", null, 10, default)).Value.Objects);

            Assert.True((await other.DeleteAsync(Key("keyring/1"), EntityTag.Any, default)).Value);
            Assert.Equal(StoreError.NotFound, (await Store.ReadAsync(Key("keyring/1"), EntityTag.Any, 0, new byte[1], default)).Error);
        }
    }

    [Fact]
    public async Task ManyAtOnce_EveryObjectKeepsItsOwnBytes()
    {
        await Parallel.ForEachAsync(Enumerable.Range(0, 100), async (i, _) =>
        {
            ObjectKey key = Key($"seg/{i % 7}/{i}");
            byte[] content = RandomNumberGenerator.GetBytes(1000 + i);
            Assert.Null((await Store.PutAsync(key, content, PutCondition.IfAbsent, default)).Failure);
            Assert.Equal(content, await ReadAllAsync(key));
            if (i % 2 == 0)
            {
                Assert.True((await Store.DeleteAsync(key, EntityTag.Any, default)).Value);
            }
        });

        Assert.Equal(50, (await ListAllAsync("seg/", 9)).Length);
    }

    [Fact]
    public async Task Cancelled_BeforeTheStart_Throws()
    {
        var cancelled = new CancellationToken(canceled: true);
        UploadSource source = await SourceAsync(new byte[10]);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await Store.ReadAsync(Key("one"), EntityTag.Any, 0, new byte[1], cancelled));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await Store.PutAsync(Key("one"), new byte[1], PutCondition.None, cancelled));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await Store.PutFileAsync(Key("one"), source, PutOptions.Default, cancelled));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await Store.GetPropertiesAsync(Key("one"), cancelled));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await Store.ListAsync(string.Empty, null, 1, cancelled));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await Store.DeleteAsync(Key("one"), EntityTag.Any, cancelled));
        Assert.Empty(await ListAllAsync(string.Empty, 10));
    }

    [Fact]
    public async Task Tiers_AreThereOrUnsupported()
    {
        await PutAsync("one", 1);
        UploadSource source = await SourceAsync(new byte[10]);
        if (Store.Capabilities.Tiers)
        {
            Assert.Equal(StorageTier.Cool, (await Store.PutFileAsync(Key("two"), source, new PutOptions { Tier = StorageTier.Cool }, default)).Value.Tier);
            Assert.Equal(StorageTier.Cool, (await Store.SetTierAsync(Key("one"), StorageTier.Cool, default)).Value.Tier);
            Assert.Equal(StorageTier.Hot, (await Store.SetTierAsync(Key("one"), StorageTier.Hot, default)).Value.Tier);
            return;
        }

        Assert.Equal(StoreError.Unsupported, (await Store.SetTierAsync(Key("one"), StorageTier.Archive, default)).Error);
        Assert.Equal(StoreError.Unsupported, (await Store.RestoreAsync(Key("one"), new RestoreRequest(RestoreSpeed.Bulk, 1), default)).Error);
        Assert.Equal(
            StoreError.Unsupported, (await Store.PutFileAsync(Key("two"), source, new PutOptions { Tier = StorageTier.Cool }, default)).Error);
    }

    [Fact]
    public async Task Locks_WhereThereAreNone_AreUnsupported()
    {
        Assert.SkipWhen(HasLocks, "this store has locks");
        byte[] content = await PutAsync("one", 100);
        UploadSource source = await SourceAsync(new byte[10]);

        Assert.Equal(StoreError.Unsupported, (await Store.SetRetentionAsync(Key("one"), ForADay, default)).Error);
        Assert.Equal(StoreError.Unsupported, (await Store.SetLegalHoldAsync(Key("one"), isHeld: true, default)).Error);
        foreach (ObjectProtection protection in new ObjectProtection[] { new() { Retention = ForADay }, new() { LegalHold = true } })
        {
            Assert.Equal(StoreError.Unsupported, (await Store.PutFileAsync(Key("two"), source, new PutOptions { Protection = protection }, default)).Error);
        }

        Assert.Equal(content, await ReadAllAsync(Key("one")));
        Assert.Equal(["one"], await ListAllAsync(string.Empty, 10));
    }

    [Theory]
    [InlineData(100)]
    [InlineData(6_000_000)] // In parts, where the store is opened so.
    public async Task PutFile_UnderALock_IsUnderItFromTheStart(int length)
    {
        await using IObjectStore store = await OpenLockableAsync();
        byte[] content = RandomNumberGenerator.GetBytes(length);
        var protection = new ObjectProtection { Retention = ForADay, LegalHold = true };
        ObjectProperties put = (await store.PutFileAsync(Key("one"), await SourceAsync(content), new PutOptions { Protection = protection }, default)).Value;

        Assert.Equal(protection, put.Protection);
        Assert.Equal(protection, (await store.GetPropertiesAsync(Key("one"), default)).Value.Protection);
        Assert.Equal(ObjectProtection.None, Assert.Single((await store.ListAsync("one", null, 10, default)).Value.Objects).Protection);
        Assert.Equal(StoreError.Retained, (await store.DeleteAsync(Key("one"), EntityTag.Any, default)).Error);
        Assert.Equal(StoreError.Retained, (await store.DeleteAsync(Key("one"), put.Tag, default)).Error);
        Assert.Equal(new ObjectProtection { Retention = ForADay }, (await store.SetLegalHoldAsync(Key("one"), isHeld: false, default)).Value.Protection);
        Assert.Equal(StoreError.Retained, (await store.DeleteAsync(Key("one"), EntityTag.Any, default)).Error);
        Assert.Equal(content, await ReadAllAsync(Key("one"), store));
    }

    [Fact]
    public async Task Retention_ThatNobodyMayShorten_IsOnlyProlonged()
    {
        await using IObjectStore store = await OpenLockableAsync();
        byte[] content = [1, 2, 3];
        await store.PutAsync(Key("one"), content, PutCondition.None, default);

        Assert.Equal(ForADay, (await store.SetRetentionAsync(Key("one"), ForADay, default)).Value.Protection.Retention);
        Assert.Equal(ForAWeek, (await store.SetRetentionAsync(Key("one"), ForAWeek, default)).Value.Protection.Retention);
        Assert.Equal(ForAWeek, (await store.SetRetentionAsync(Key("one"), ForAWeek, default)).Value.Protection.Retention);
        foreach (ObjectRetention? weaker in new[] { ForADay, new ObjectRetention(RetentionMode.Governance, ForAWeek.Until), null })
        {
            Assert.Equal(StoreError.Retained, (await store.SetRetentionAsync(Key("one"), weaker, default)).Error);
        }

        Assert.Equal(new ObjectProtection { Retention = ForAWeek }, (await store.GetPropertiesAsync(Key("one"), default)).Value.Protection);
        Assert.Equal(StoreError.Retained, (await store.DeleteAsync(Key("one"), EntityTag.Any, default)).Error);
        Assert.Equal(content, await ReadAllAsync(Key("one"), store));
    }

    [Fact]
    public async Task Retention_ThatMayBeShortened_IsWhatWasSetLast()
    {
        await using IObjectStore store = await OpenLockableAsync();
        await store.PutAsync(Key("one"), new byte[3], PutCondition.None, default);
        var week = new ObjectRetention(RetentionMode.Governance, ForAWeek.Until);
        var day = new ObjectRetention(RetentionMode.Governance, ForADay.Until);

        Assert.Equal(week, (await store.SetRetentionAsync(Key("one"), week, default)).Value.Protection.Retention);
        Assert.Equal(StoreError.Retained, (await store.DeleteAsync(Key("one"), EntityTag.Any, default)).Error);
        Assert.Equal(day, (await store.SetRetentionAsync(Key("one"), day, default)).Value.Protection.Retention);
        Assert.Equal(ForADay, (await store.SetRetentionAsync(Key("one"), ForADay, default)).Value.Protection.Retention);
    }

    [Fact]
    public async Task Retention_ThatMayBeEnded_LetsTheObjectGo()
    {
        await using IObjectStore store = await OpenLockableAsync();
        await store.PutAsync(Key("one"), new byte[3], PutCondition.None, default);
        await store.SetRetentionAsync(Key("one"), new ObjectRetention(RetentionMode.Governance, ForAWeek.Until), default);
        await EndRetentionAsync(store, Key("one"));
    }

    [Fact]
    public async Task LegalHold_UntilItIsReleased_KeepsTheObject()
    {
        await using IObjectStore store = await OpenLockableAsync();
        byte[] content = [1, 2, 3];
        await store.PutAsync(Key("one"), content, PutCondition.None, default);

        Assert.Equal(new ObjectProtection { LegalHold = true }, (await store.SetLegalHoldAsync(Key("one"), isHeld: true, default)).Value.Protection);
        Assert.True((await store.SetLegalHoldAsync(Key("one"), isHeld: true, default)).Value.Protection.LegalHold);
        Assert.Equal(StoreError.Retained, (await store.DeleteAsync(Key("one"), EntityTag.Any, default)).Error);
        Assert.Equal(content, await ReadAllAsync(Key("one"), store));
        Assert.Equal(ObjectProtection.None, (await store.SetLegalHoldAsync(Key("one"), isHeld: false, default)).Value.Protection);
        Assert.True((await store.DeleteAsync(Key("one"), EntityTag.Any, default)).Value);
    }

    [Fact]
    public async Task Locks_OfAnAbsentObject_AreNotFound()
    {
        await using IObjectStore store = await OpenLockableAsync();
        Assert.Equal(StoreError.NotFound, (await store.SetRetentionAsync(Key("none"), ForADay, default)).Error);
        Assert.Equal(StoreError.NotFound, (await store.SetLegalHoldAsync(Key("none"), isHeld: true, default)).Error);
    }

    [Fact]
    public async Task Probe_OfTheStore_AgreesWithItsCapabilities()
    {
        StoreResult<StoreCapabilities> probed = await StoreProbe.RunAsync(Store, default);

        Assert.Equal(Store.Capabilities with { Locks = HasLocks }, probed.Value);
        Assert.Empty(await ListAllAsync(string.Empty, 10));
    }

    /// <summary>Ends a retention that may be ended, after which the object can be deleted. For servers that cannot end one this says what they answer.</summary>
    protected virtual async Task EndRetentionAsync(IObjectStore store, ObjectKey key)
    {
        Assert.Equal(ObjectProtection.None, (await store.SetRetentionAsync(key, retention: null, default)).Value.Protection);
        Assert.True((await store.DeleteAsync(key, EntityTag.Any, default)).Value);
    }

    protected static ObjectKey Key(string key) => new(key);

    /// <summary>Puts random bytes from memory.</summary>
    protected async Task<byte[]> PutAsync(string key, int length)
    {
        byte[] content = RandomNumberGenerator.GetBytes(length);
        Assert.True((await Store.PutAsync(Key(key), content, PutCondition.None, default)).Succeeded);
        return content;
    }

    /// <summary>Puts bytes from a new file.</summary>
    protected async Task<StoreResult<ObjectProperties>> PutFileAsync(string key, byte[] content, PutCondition condition)
    {
        return await Store.PutFileAsync(Key(key), await SourceAsync(content), new PutOptions { Condition = condition }, default);
    }

    /// <summary>Writes a file to hand over.</summary>
    protected async Task<UploadSource> SourceAsync(byte[] content)
    {
        string path = _scratch[Guid.NewGuid().ToString("N")];
        await File.WriteAllBytesAsync(path, content);
        return new UploadSource(path, content.Length) { Sha256 = SHA256.HashData(content), Md5 = HashMd5(content) };
    }

    /// <summary>Reads a whole object in pieces of odd length.</summary>
    protected async Task<byte[]> ReadAllAsync(ObjectKey key, IObjectStore? store = null)
    {
        var whole = new MemoryStream();
        byte[] piece = new byte[65_537];
        int read;
        do
        {
            read = (await (store ?? Store).ReadAsync(key, EntityTag.Any, whole.Length, piece, default)).Value;
            whole.Write(piece, 0, read);
        }
        while (read == piece.Length);
        return whole.ToArray();
    }

    /// <summary>Lists all keys of a prefix page by page, checking each page.</summary>
    protected async Task<string[]> ListAllAsync(string prefix, int limit)
    {
        var keys = new List<string>();
        ObjectKey? after = null;
        ObjectPage page;
        do
        {
            page = (await Store.ListAsync(prefix, after, limit, default)).Value;
            Assert.True(page.Objects.Count <= limit);
            Assert.True(page.Objects.Count > 0 || !page.More);
            keys.AddRange(page.Objects.Select(found => found.Key.Value));
            after = page.Objects.Count > 0 ? page.Objects[^1].Key : after;
        }
        while (page.More);
        return [.. keys];
    }

#pragma warning disable CA5351 // Protocols of stores ask for MD5 against damage in transit, not against an attacker.
    private static byte[] HashMd5(byte[] content) => MD5.HashData(content);
#pragma warning restore CA5351
}
