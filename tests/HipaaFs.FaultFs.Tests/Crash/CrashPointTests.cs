using System.Globalization;
using HipaaFs.FaultFs.Tests.Mounts;
using Xunit;

namespace HipaaFs.FaultFs.Tests.Crash;

/// <summary>The power goes after every operation of the disk below a volume, or after some: the volume mounts by itself and keeps its promises.</summary>
/// <remarks>
/// HIPAAFS_CRASH_POINTS (10 a test) says how many moments are tried; 0 tries them all, in every way. HIPAAFS_CRASH_SEED is the seed of the
/// random work and of the dice.
/// </remarks>
public sealed class CrashPointTests
{
    private static readonly string[] Ways =
        ["None strict", "Dice journal", "Dice strict", "Names strict", "None journal", "Data strict", "All journal"];

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task PowerCut_AtAnyOperation_KeepsEveryPromise(bool random)
    {
        int points = Setting("HIPAAFS_CRASH_POINTS", 10);
        int seed = Setting("HIPAAFS_CRASH_SEED", 1);
        await using FaultyVolume volume = await FaultyVolume.CreateAsync(random ? seed : 0);
        await volume.Volume.MountAsync();
        string word = await volume.WorkAsync();
        while (word == "barrier")
        {
            Assert.Equal(0, await volume.Volume.TerminateAsync());
            await volume.PassBarrierAsync();
            await volume.Volume.MountAsync();
            word = await volume.WorkAsync();
        }

        Assert.Equal("done", word);
        int operations = await volume.EndAsync();

        int turn = 0;
        foreach (int point in Points(operations, points))
        {
            foreach (string way in points == 0 ? Ways : [Ways[turn++ % Ways.Length]])
            {
                await volume.CheckAfterCutAsync(point, $"{way} {seed + point}");
            }
        }
    }

    // The last, and others evenly before it: an uneven stride meets another phase of each commit every time.
    private static IEnumerable<int> Points(int operations, int wanted) =>
        wanted == 0 ? Enumerable.Range(0, operations + 1) : Enumerable.Range(1, wanted).Select(i => (int)((long)operations * i / wanted));

    private static int Setting(string name, int fallback) =>
        int.TryParse(Environment.GetEnvironmentVariable(name), CultureInfo.InvariantCulture, out int value) ? value : fallback;
}
