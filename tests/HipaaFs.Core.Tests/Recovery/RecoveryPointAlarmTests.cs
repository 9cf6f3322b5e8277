using HipaaFs.Storage;
using HipaaFs.Testing;
using HipaaFs.Testing.Storage;
using HipaaFs.Volumes;

namespace HipaaFs.Core.Tests.Recovery;

public sealed class RecoveryPointAlarmTests
{
    private const int Raised = 564;
    private const int Ended = 565;

    [Fact]
    public async Task RecoveryPoint_OlderThanItsLimit_IsAnAlarmUntilItIsPublished()
    {
        var time = new ManualTimeProvider();
        await using TestVolume test = await TestVolume.CreateAsync(new TestVolumeOptions { Time = time });
        TimeSpan limit = test.Options.RecoveryPointLimit;
        test.Store.Add(new StoreFault(StoreFaultKind.Fail));
        await test.FileSystem.PutAsync("a", [1, 2, 3]);
        await test.FileSystem.SyncAsync(default).Ok();
        Assert.False(test.Volume.GetStatus().RecoveryPointAlarm);
        await Eventually.TrueAsync(() => Passed(time, limit / 4, test.Log.Count(Raised) > 0), "the alarm is logged");

        VolumeStatus status = test.Volume.GetStatus();
        Assert.True(status.RecoveryPointAlarm);
        Assert.True(time.GetUtcNow() - status.RecoveryPoint > status.RecoveryPointLimit);
        for (int i = 0; i < 20; i++)
        {
            time.Advance(limit);
        }

        Assert.Equal(1, test.Log.Count(Raised));
        test.Store.Heal();
        await Eventually.TrueAsync(() => Passed(time, TimeSpan.FromSeconds(1), test.Log.Count(Ended) > 0), "its end is logged");
        Assert.Equal(1, test.Log.Count(Raised));
    }

    [Fact]
    public async Task RecoveryPoint_NothingChangedAndStoreGone_IsNoAlarm()
    {
        var time = new ManualTimeProvider();
        await using TestVolume test = await TestVolume.CreateAsync(new TestVolumeOptions { Time = time });
        await test.FileSystem.PutAsync("a", [1, 2, 3]);
        Task<string?> draining = test.Volume.DrainAsync(new Progress<DrainProgress>(), default);
        await Eventually.TrueAsync(() => Passed(time, TimeSpan.FromMilliseconds(200), draining.IsCompleted), "everything is in the store");
        Assert.Null(await draining);
        test.Store.Add(new StoreFault(StoreFaultKind.Fail));
        time.Advance(2 * test.Options.RecoveryPointLimit);

        // Its loop has the same to do at its own time; the outcome is that of the call.
        Assert.Equal(StoreError.None, await test.Volume.Parts.Writer!.Publisher.PublishAsync(default));
        Assert.Equal(time.GetUtcNow(), test.Volume.GetStatus().RecoveryPoint);
        Assert.False(test.Volume.GetStatus().RecoveryPointAlarm);
    }

    [Fact]
    public async Task RecoveryPoint_DataInMemoryOnly_IsNotLaterThanItsWrite()
    {
        var time = new ManualTimeProvider();
        await using TestVolume test = await TestVolume.CreateAsync(new TestVolumeOptions { Time = time });
        HipaaFs.ChangeStream.ChangePublisher publisher = test.Volume.Parts.Writer!.Publisher;
        CreatedFile file = await test.FileSystem.CreateAsync("a");
        await test.FileSystem.SyncAsync(default).Ok();
        Assert.Equal(StoreError.None, await publisher.PublishAsync(default));

        // A disk that takes nothing: what is written now stays in memory, whatever time passes, and nothing is left to publish.
        test.StagingFault = static _ => 0;
        DateTimeOffset written = time.GetUtcNow();
        await test.FileSystem.WriteAsync(file.Handle, 0, [1, 2, 3]);
        for (int i = 0; i < 3; i++)
        {
            time.Advance(test.Options.RecoveryPointLimit);
            Assert.NotEqual(FsError.None, await test.FileSystem.FsyncAsync(file.Handle, false, default));
            Assert.Equal(StoreError.None, await publisher.PublishAsync(default));
            Assert.Equal(written, test.Volume.GetStatus().RecoveryPoint);
        }

        Assert.True(test.Volume.GetStatus().RecoveryPointAlarm);
        test.StagingFault = null;
        await test.FileSystem.FsyncAsync(file.Handle, false, default).Ok();
        Assert.Equal(StoreError.None, await publisher.PublishAsync(default));
        Assert.Equal(time.GetUtcNow(), test.Volume.GetStatus().RecoveryPoint);
        Assert.False(test.Volume.GetStatus().RecoveryPointAlarm);
        await test.FileSystem.CloseAsync(file.Handle);
    }

    [Fact]
    public async Task RecoveryPoint_KernelDoesNotWriteBackInTime_StaysBeforeThatAndPublicationGoesOn()
    {
        var time = new ManualTimeProvider();
        await using TestVolume test = await TestVolume.CreateAsync(new TestVolumeOptions { Time = time });
        HipaaFs.ChangeStream.ChangePublisher publisher = test.Volume.Parts.Writer!.Publisher;
        CreatedFile file = await test.FileSystem.CreateAsync("a");
        await test.FileSystem.SyncAsync(default).Ok();
        Assert.Equal(StoreError.None, await publisher.PublishAsync(default));
        var writtenBack = new TaskCompletionSource<bool>();
        int asked = 0;
        test.FileSystem.WriteBackPages = inode =>
        {
            Assert.Equal(file.Attributes.Id, inode);
            Interlocked.Increment(ref asked);
            return new ValueTask<bool>(writtenBack.Task);
        };
        DateTimeOffset before = time.GetUtcNow();

        for (int i = 0; i < 3; i++)
        {
            await test.FileSystem.MakeDirectoryAsync($"d{i}");
            await test.FileSystem.SyncAsync(default).Ok();
            ulong done = test.Volume.GetStatus().AppliedSequence;
            Task<StoreError> publishing = publisher.PublishAsync(default);
            await time.AdvanceUntilEndedAsync(publishing, TimeSpan.FromSeconds(1), test.Store);
            Assert.Equal(StoreError.None, await publishing);
            Assert.True(test.Volume.GetStatus().PublishedSequence >= done);
            Assert.Equal(before, test.Volume.GetStatus().RecoveryPoint);
        }

        Assert.Equal(1, asked); // One that hangs is not asked again and again.
        writtenBack.SetResult(true);
        await Eventually.TrueAsync(
            async () =>
            {
                await publisher.PublishAsync(default);
                return test.Volume.GetStatus().RecoveryPoint == time.GetUtcNow();
            },
            "the recovery point moves on when the kernel has written back");
        Assert.True(asked > 1);
        await test.FileSystem.CloseAsync(file.Handle);
    }

    [Fact]
    public async Task Mount_LongAfterTheLastPublication_HasAsLongToPublishAsAnyOther()
    {
        var time = new ManualTimeProvider();
        await using TestVolume test = await TestVolume.CreateAsync(new TestVolumeOptions { Time = time });
        await test.FileSystem.PutAsync("a", [1, 2, 3]);
        Task<string?> draining = test.Volume.DrainAsync(new Progress<DrainProgress>(), default);
        await Eventually.TrueAsync(() => Passed(time, TimeSpan.FromMilliseconds(200), draining.IsCompleted), "everything is in the store");
        Assert.Null(await draining);
        await test.StopAsync();
        time.Advance(TimeSpan.FromDays(3));
        await test.OpenAsync();
        test.Store.Add(new StoreFault(StoreFaultKind.Fail));

        VolumeStatus mounted = test.Volume.GetStatus();
        Assert.True(time.GetUtcNow() - mounted.RecoveryPoint > mounted.RecoveryPointLimit);
        Assert.False(mounted.RecoveryPointAlarm);

        time.Advance(test.Options.RecoveryPointLimit + TimeSpan.FromSeconds(1));
        Assert.True(test.Volume.GetStatus().RecoveryPointAlarm);
    }

    private static bool Passed(ManualTimeProvider time, TimeSpan step, bool isSo)
    {
        if (!isSo)
        {
            time.Advance(step);
        }

        return isSo;
    }
}
