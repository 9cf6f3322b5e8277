using HipaaFs.Volumes;

namespace HipaaFs.Core.Tests.Recovery;

/// <summary>Whether something exists on this machine only, although no segment is staged.</summary>
public sealed class UnpublishedChangesTests
{
    [Fact]
    public async Task HasUnpublishedChanges_OfANewVolumeItsWritesAndTheirPublication_FollowsThem()
    {
        await using TestVolume test = await TestVolume.CreateAsync(TestVolumeOptions.Still);
        await test.FileSystem.PutAsync("a", [1]);
        Assert.True(await HasAsync(test));
        await test.DrainAsync();
        Assert.False(await HasAsync(test));

        await test.FileSystem.MakeDirectoryAsync("names-have-no-segment");
        Assert.True(await HasAsync(test));
        await test.StopAsync();
        await test.OpenAsync(VolumeMode.ReadOnly);
        Assert.True(await HasAsync(test));
        await test.ReopenAsync();
        await test.DrainAsync();
        await test.ReopenAsync();
        Assert.False(await HasAsync(test));
    }

    [Fact]
    public async Task HasUnpublishedChanges_OfARestoredCopyOnlyRead_IsFalse()
    {
        await using TestVolume first = await TestVolume.CreateAsync(TestVolumeOptions.Still);
        await first.FileSystem.PutAsync("a", [1]);
        await first.DrainAsync();
        (TestVolume second, _) = await first.RestoreAsync(open: false);
        await using TestVolume restored = second;
        await restored.OpenAsync(VolumeMode.ReadOnly);
        Assert.False(await HasAsync(restored));
    }

    private static async Task<bool> HasAsync(TestVolume test)
    {
        await test.FileSystem.SyncAsync(CancellationToken.None);
        return await test.Volume.HasUnpublishedChangesAsync(CancellationToken.None);
    }
}
