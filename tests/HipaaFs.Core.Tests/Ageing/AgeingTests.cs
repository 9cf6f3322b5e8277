using System.Globalization;
using HipaaFs.Collection;
using HipaaFs.Compaction;
using HipaaFs.Metadata;
using HipaaFs.Testing.Storage;

namespace HipaaFs.Core.Tests.Ageing;

/// <summary>A volume that is filled, thinned out and written over again and again stores little more than it needs.</summary>
/// <remarks>HIPAAFS_AGEING_FILES (200) and HIPAAFS_OVERWRITES (3000) lengthen the runs; soak does. The figures are written to the test's output.</remarks>
public sealed class AgeingTests(ITestOutputHelper output)
{
    private const double MostStored = 1.3;

    [Fact]
    public async Task FillDeleteRewrite_TenRounds_StoresLittleMoreThanIsLive()
    {
        int files = Setting("HIPAAFS_AGEING_FILES", 200);
        var time = new ManualTimeProvider();
        await using TestVolume test = await TestVolume.CreateAsync(new TestVolumeOptions { Time = time, StagingBytes = 4L << 30 });
        var dice = new Random(7);
        var model = new Dictionary<string, byte[]>();
        for (int round = 0; round < 10; round++)
        {
            for (int i = 0; i < files; i++)
            {
                string name = $"f{round}-{i}";
                byte[] content = FileSystemCalls.RandomBytes(dice.Next(1, 120_000), dice.Next());
                await test.FileSystem.PutAsync(name, content);
                model[name] = content;
            }

            foreach (string name in model.Keys.Where(_ => dice.Next(2) == 0).ToList())
            {
                await test.FileSystem.UnlinkAsync(InodeId.Root, FileSystemCalls.Bytes(name), default).Ok();
                model.Remove(name);
            }

            foreach (string name in model.Keys.Where(_ => dice.Next(4) == 0).ToList())
            {
                await OverwriteAsync(test, name, model[name], dice);
            }

            SpaceUsage space = await CollectAsync(test, time);
            output.WriteLine(string.Create(
                CultureInfo.InvariantCulture, $"round {round + 1}: {space.LiveBytes} live, {space.StoredBytes} stored, {(double)space.StoredBytes / space.LiveBytes:F3}"));
        }

        SpaceUsage end = await CollectAsync(test, time);
        long live = model.Values.Sum(static content => (long)content.Length);
        Assert.Equal(live, end.LiveBytes);
        long stored = StoredBytes(test);
        output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"end: {live} live, {stored} in the store, {(double)stored / live:F3}"));
        Assert.True(stored <= MostStored * live, $"{stored} bytes are stored for {live}");
        foreach ((string name, byte[] content) in model)
        {
            FileSystemCalls.AssertSame(content, await test.FileSystem.GetAsync(name), name);
        }

        await test.AssertSoundAsync();
    }

    [Fact]
    public async Task OverwriteAndFsync_ManyTimes_KeepsBytesAndExtentsBounded()
    {
        const int block = 4096;
        const int blocks = 2048;
        int overwrites = Setting("HIPAAFS_OVERWRITES", 3000);
        var time = new ManualTimeProvider();
        await using TestVolume test = await TestVolume.CreateAsync(new TestVolumeOptions { Time = time, StagingBytes = 4L << 30 });
        byte[] content = FileSystemCalls.RandomBytes(blocks * block, 1);
        await test.FileSystem.PutAsync("database", content);
        InodeId inode = (await test.FileSystem.LookupAsync("database")).Id;
        var dice = new Random(3);
        long most = 0;
        for (int i = 0; i < overwrites; i++)
        {
            int at = dice.Next(blocks) * block;
            byte[] piece = FileSystemCalls.RandomBytes(block, dice.Next());
            piece.CopyTo(content, at);
            HandleId handle = await test.FileSystem.OpenAsync("database");
            await test.FileSystem.WriteAsync(handle, at, piece);
            await test.FileSystem.CloseAsync(handle);
            await test.FileSystem.FsyncAsync("database");
            if (i % 1000 == 999)
            {
                await CollectAsync(test, time);
                most = Math.Max(most, StoredBytes(test));
            }
        }

        await CollectAsync(test, time);
        long stored = StoredBytes(test);
        most = Math.Max(most, stored);
        MetadataResult<ExtentPage> extents = await test.Volume.Parts.Metadata.GetExtentsAsync(inode, 0, content.Length, 100_000);
        int most1MiB = Enumerable.Range(0, content.Length >> 20).Max(window => extents.Value.Extents.Count(extent => extent.FileOffset >> 20 == window));
        output.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"{overwrites} overwrites of {content.Length} bytes: {stored} stored ({(double)stored / content.Length:F3}), at most {most}; {extents.Value.Extents.Count} extents, {most1MiB} in a window"));
        Assert.True(most <= MostStored * content.Length, $"{most} bytes were stored for {content.Length}");
        Assert.True(most1MiB <= ScatteredFiles.MaxExtents + 1, $"{most1MiB} extents begin in one window");
        FileSystemCalls.AssertSame(content, await test.FileSystem.GetAsync("database"));
        await test.AssertSoundAsync();
    }

    // What the background does in the quarter of an hour that passes here: upload, publish, compact, and delete after the grace.
    private static async Task<SpaceUsage> CollectAsync(TestVolume test, ManualTimeProvider time)
    {
        SpaceUsage? space = null;
        for (int i = 0; i < 3; i++)
        {
            // The background keeps to its bandwidth by this clock meanwhile, and others wait for it.
            await time.AdvanceUntilEndedAsync(test.DrainAsync(), TimeSpan.FromSeconds(1), test.Store);
            Task<GarbageReport?> collecting = test.Volume.CollectGarbageAsync(null, default);
            await time.AdvanceUntilEndedAsync(collecting, TimeSpan.FromSeconds(1), test.Store);
            space = (await collecting)!.Space;
            time.Advance(SegmentCollector.Grace + TimeSpan.FromMinutes(1));
        }

        return space!;
    }

    private static async Task OverwriteAsync(TestVolume test, string name, byte[] content, Random dice)
    {
        int at = dice.Next(content.Length);
        byte[] piece = FileSystemCalls.RandomBytes(dice.Next(1, content.Length - at + 1), dice.Next());
        piece.CopyTo(content, at);
        HandleId handle = await test.FileSystem.OpenAsync(name);
        await test.FileSystem.WriteAsync(handle, at, piece);
        await test.FileSystem.CloseAsync(handle);
    }

    private static long StoredBytes(TestVolume test) =>
        Directory.GetFiles(Path.Combine(test.StoreDirectory, "seg"), "*", SearchOption.AllDirectories).Sum(static path => new FileInfo(path).Length);

    private static int Setting(string name, int normal) =>
        int.TryParse(Environment.GetEnvironmentVariable(name), CultureInfo.InvariantCulture, out int value) ? value : normal;
}
