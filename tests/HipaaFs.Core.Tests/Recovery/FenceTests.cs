using HipaaFs.Metadata;
using HipaaFs.Sessions;
using HipaaFs.Storage;
using HipaaFs.Testing;
using HipaaFs.Testing.Storage;
using HipaaFs.Volumes;

namespace HipaaFs.Core.Tests.Recovery;

public sealed class FenceTests
{
    private const int ClaimFailed = 541;

    [Fact]
    public async Task Open_OnTheSameStore_MakesTheFirstReadOnly()
    {
        await using TestVolume first = await TestVolume.CreateAsync();
        byte[] content = FileSystemCalls.RandomBytes(10_000, 1);
        await first.FileSystem.PutAsync("a", content);
        await first.DrainAsync();
        await first.FileSystem.PutAsync("late", content);
        await first.FileSystem.SyncAsync(default).Ok();
        await using TestVolume second = first.CopyFiles(sharesStore: true);
        await second.OpenAsync();
        Assert.True(second.Volume.Session > first.Volume.Session);
        string[] published = Published(first);
        string? problem = await first.Volume.DrainAsync(new Progress<DrainProgress>(), default);

        Assert.NotNull(problem);
        VolumeStatus status = first.Volume.GetStatus();
        Assert.True(status.IsReadOnly);
        Assert.Contains(Environment.MachineName, status.FencedBy, StringComparison.Ordinal);
        Assert.Equal(FsError.ReadOnly, await first.FileSystem.UnlinkAsync(InodeId.Root, "a"u8, default));
        Assert.Equal(content, await first.FileSystem.GetAsync("a"));
        Assert.Equal(content, await second.FileSystem.GetAsync("late"));
        Assert.NotNull(await first.Volume.DrainAsync(new Progress<DrainProgress>(), default));
        Assert.Equal(published, Published(first));
        await second.DrainAsync();
        await first.StopAsync(VolumeStop.Drain);
        await second.AssertSoundAsync();
    }

    // A disk, a share or a bucket of another volume has come to be where this one's was.
    [Fact]
    public async Task Drain_StoreIsAnothersNow_KeepsEverythingStagedUntilItIsBack()
    {
        await using TestVolume test = await PublishedVolume.CreateAsync();
        await using TestVolume other = await PublishedVolume.CreateAsync();
        byte[] content = FileSystemCalls.RandomBytes(50_000, 1);
        string claims = Path.Combine(test.StoreDirectory, "session");
        string own = claims + "-away";
        Directory.Move(claims, own);
        TestVolume.CopyTree(Path.Combine(other.StoreDirectory, "session"), claims);
        string[] published = Published(test);
        await test.FileSystem.PutAsync("late", content);

        Task<string?> draining = test.Volume.DrainAsync(new Progress<DrainProgress>(), default);
        await Eventually.TrueAsync(() => test.Volume.GetStatus().UploadError is not null, "an upload is not believed");
        VolumeStatus status = test.Volume.GetStatus();
        Assert.Equal((1, "AlreadyExists"), (status.StagedSegments, status.ClaimError));
        Assert.Equal(published, Published(test));
        Assert.False(await test.Volume.Parts.Writer!.Fence.HoldsStoreAsync(default));
        Assert.Null(status.FencedBy);

        // What is known to be another's gets no more.
        string segments = Path.Combine(test.StoreDirectory, "seg");
        int stored = Directory.GetFiles(segments, "*", SearchOption.AllDirectories).Length;
        await test.FileSystem.PutAsync("later", content);
        await test.FileSystem.SyncAsync(default).Ok();
        await Eventually.TrueAsync(() => test.Volume.GetStatus().FailedSegments == 2, "its upload is not tried in earnest either");
        Assert.Equal(stored, Directory.GetFiles(segments, "*", SearchOption.AllDirectories).Length);

        // That it does not answer for a while proves nothing else.
        test.Store.Add(new StoreFault(StoreFaultKind.Fail) { Verb = StoreVerb.Read });
        Assert.False(await test.Volume.Parts.Writer!.Fence.HasClaimAsync(default));
        Assert.Equal("AlreadyExists", test.Volume.GetStatus().ClaimError);
        test.Store.Heal();

        Directory.Delete(claims, recursive: true);
        Directory.Move(own, claims);
        Assert.Null(await draining);
        Assert.Null(test.Volume.GetStatus().ClaimError);
        Assert.Equal(content, await test.FileSystem.GetAsync("late"));
        await test.AssertSoundAsync();
    }

    [Fact]
    public async Task Drain_StoreIsSwappedBeforeTheRowSaysThatItHasTheData_LooksAgain()
    {
        await using TestVolume test = await PublishedVolume.CreateAsync();
        byte[] content = FileSystemCalls.RandomBytes(50_000, 1);
        string claims = Path.Combine(test.StoreDirectory, "session");
        bool isSwapped = false;
        test.Rows.RefuseSegment = row =>
        {
            if (row.State != SegmentState.Live || isSwapped)
            {
                return MetadataError.None;
            }

            Directory.Move(claims, claims + "-away");
            isSwapped = true;
            return MetadataError.NoSpace;
        };
        await test.FileSystem.PutAsync("late", content);

        Task<string?> draining = test.Volume.DrainAsync(new Progress<DrainProgress>(), default);
        await Eventually.TrueAsync(() => isSwapped && test.Volume.GetStatus().ClaimError == "NotFound", "the store is looked at again");
        Assert.Equal(1, test.Volume.GetStatus().StagedSegments);

        Directory.Move(claims + "-away", claims);
        Assert.Null(await draining);
        Assert.Equal(content, await test.FileSystem.GetAsync("late"));
    }

    [Fact]
    public async Task Drain_FencedWithAnUploadThatFails_EndsAndSaysSo()
    {
        await using TestVolume first = await TestVolume.CreateAsync();
        first.Store.Add(new StoreFault(StoreFaultKind.Fail) { Verb = StoreVerb.PutFile });
        await first.FileSystem.PutAsync("a", [1]);
        await first.FileSystem.SyncAsync(default).Ok();
        Task<string?> draining = first.Volume.DrainAsync(new Progress<DrainProgress>(), default);
        await using TestVolume second = first.CopyFiles(sharesStore: true);
        await second.OpenAsync();
        Assert.False(await first.Volume.Parts.Writer!.Fence.IsNewestAsync(default));

        Assert.NotNull(await draining);
        Assert.NotNull(await first.Volume.DrainAsync(new Progress<DrainProgress>(), default));
        Assert.Equal([1], await first.FileSystem.GetAsync("a"));
        await first.StopAsync(VolumeStop.Drain);
    }

    [Fact]
    public async Task Claim_AnswerLost_IsTakenForOurs()
    {
        await using TestVolume test = await TestVolume.CreateAsync();

        // The claim of this session is in the store by now. Asked again, as after a lost answer, it is the same one.
        Assert.Equal(StoreError.None, await test.Volume.Parts.Writer!.Fence.TryClaimAsync(default));
    }

    [Theory]
    [InlineData("session/", StoreError.NoSpace)]
    [InlineData("", StoreError.Unavailable)]
    public async Task Claim_NotTaken_IsShownAsWhyNothingIsUploaded(string prefix, StoreError error)
    {
        await using TestVolume test = await TestVolume.CreateAsync();
        await test.StopAsync();
        await test.OpenAsync(arrange: store => store.Add(new StoreFault(StoreFaultKind.Fail) { KeyPrefix = prefix, Error = error }));
        await test.FileSystem.PutAsync("a", [1]);
        var seen = new LastProgress();
        Task<string?> draining = test.Volume.DrainAsync(seen, default);
        await Eventually.TrueAsync(() => seen.Error?.Contains(error.ToString(), StringComparison.Ordinal) == true, "who waits for the upload is told why there is none");

        Assert.Equal(error.ToString(), test.Volume.GetStatus().ClaimError);
        Assert.Single(test.Log.Lines, line => line.Id.Id == ClaimFailed && line.Text.Contains(error.ToString(), StringComparison.Ordinal));
        test.Store.Heal();
        Assert.Null(await draining);
        Assert.Null(test.Volume.GetStatus().ClaimError);
        await test.AssertSoundAsync();
    }

    [Fact]
    public async Task Drain_ClaimMadeByAnotherMeanwhile_EndsAndSaysSo()
    {
        await using TestVolume test = await TestVolume.CreateAsync();
        await test.StopAsync();
        await test.OpenAsync(arrange: static store => store.Add(new StoreFault(StoreFaultKind.Fail) { KeyPrefix = "session/" }));
        await test.FileSystem.PutAsync("a", [1]);
        Task<string?> draining = test.Volume.DrainAsync(new Progress<DrainProgress>(), default);
        byte[] other = new SessionHolder("another", 1, test.Volume.Session, DateTimeOffset.UnixEpoch).ToJson();
        await File.WriteAllBytesAsync(Path.Combine(test.StoreDirectory, StoreLayout.Session(test.Volume.Session).Value), other);
        test.Store.Heal();

        Assert.NotNull(await draining);
        Assert.Contains("another", test.Volume.GetStatus().FencedBy, StringComparison.Ordinal);
        Assert.NotNull(await test.Volume.DrainAsync(new Progress<DrainProgress>(), default));
    }

    private static string[] Published(TestVolume test) => Directory.GetFiles(Path.Combine(test.StoreDirectory, "stream"));
}
