using HipaaFs.Snapshots;
using HipaaFs.Volumes;

namespace HipaaFs.Core.Tests.Volumes;

/// <summary>What somebody asks a volume for ends before the volume does.</summary>
public sealed class AskedTests
{
    [Fact]
    public async Task Stop_WhileSomebodyIsTold_CancelsAndWaits()
    {
        await using TestVolume test = await TestVolume.CreateAsync(TestVolumeOptions.Still);
        Snapshot first = (await test.Volume.CreateSnapshotAsync("first", default)).Ok();
        await test.FileSystem.PutAsync("a", [1]);
        await test.FileSystem.PutAsync("b", [1]);
        Assert.Equal(FsError.None, await test.Volume.SyncAsync(default));
        var told = new TaskCompletionSource<CancellationToken>(TaskCreationOptions.RunContinuationsAsynchronously);
        var released = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        Volume volume = test.Volume;
        Task<bool> comparing = volume.CompareSnapshotsAsync(
            first,
            null,
            async (_, ends) =>
            {
                told.TrySetResult(ends);
                await released.Task;
            },
            default);
        CancellationToken seen = await told.Task;
        var cancelled = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using CancellationTokenRegistration registration = seen.Register(() => cancelled.SetResult());

        Task stopping = Task.Run(() => test.StopAsync());
        await cancelled.Task;
        Assert.False(stopping.IsCompleted, "it was closed under somebody who reads it");
        released.SetResult();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => comparing);
        await stopping;

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => volume.CreateSnapshotAsync("late", default));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => volume.DeleteSnapshotAsync("first", default));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => volume.ListSnapshotsAsync(default));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => volume.FindLostAsync(static _ => true, default));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => volume.SyncAsync(default));
        await test.AssertSoundAsync();
    }

    [Fact]
    public async Task List_NewerSessionHasTheVolume_IsAnswered()
    {
        await using TestVolume first = await TestVolume.CreateAsync(TestVolumeOptions.Still);
        await first.FileSystem.PutAsync("a", [1]);
        (await first.Volume.CreateSnapshotAsync("kept", default)).Ok();
        await first.DrainAsync();
        await using TestVolume second = first.CopyFiles(sharesStore: true);
        await second.OpenAsync();
        Assert.False(await first.Volume.Parts.Writer!.Fence.IsNewestAsync(default));

        Assert.Equal("kept", Assert.Single((await first.Volume.ListSnapshotsAsync(default)).Ok()).Name);
        Assert.Equal(FsError.ReadOnly, (await first.Volume.CreateSnapshotAsync("late", default)).Error);
    }
}
