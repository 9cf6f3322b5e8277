using HipaaFs.FaultFs.Tests.Mounts;
using Xunit;

namespace HipaaFs.FaultFs.Tests.Crash;

/// <summary>The power goes while the log of the database is copied into it and removed, at the end of a mount.</summary>
public sealed class CheckpointTests
{
    private const int Points = 6;

    [Fact]
    public async Task PowerCut_WhileTheLogIsCopied_KeepsEveryPromise()
    {
        await using FaultyVolume volume = await FaultyVolume.CreateAsync(0);
        await volume.Volume.MountAsync();
        Assert.Equal("barrier", await volume.WorkAsync());
        Assert.Equal(0, await volume.Volume.TerminateAsync());
        await volume.PassBarrierAsync();
        await volume.EndAsync();
        string[] operations = volume.Operations;
        int first = Array.FindIndex(operations, operation => operation.Contains("write volume/metadata.db ", StringComparison.Ordinal));
        int removed = Array.FindIndex(operations, operation => operation.EndsWith("metadata.db-wal=0", StringComparison.Ordinal));
        Assert.True(first > 0 && removed > first, "the log was not copied and removed");

        string[] ways = ["None strict 1", "Dice strict 2", "Data strict 3", "Dice journal 4"];
        for (int point = 0; point <= Points; point++)
        {
            await volume.CheckAfterCutAsync(first + 1 + (int)((long)(removed - first) * point / Points), ways[point % ways.Length]);
        }
    }
}
