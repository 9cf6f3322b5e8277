using HipaaFs.Collection;
using HipaaFs.Compaction;
using HipaaFs.Core.Tests.Content;
using HipaaFs.Metadata;
using HipaaFs.Volumes;

namespace HipaaFs.Core.Tests.Compaction;

/// <summary>
/// Random operations on a few files against byte arrays, snapshots taken, read and deleted, with compaction and passes of writeback going on beside them, reopened and
/// killed in between.
/// </summary>
public sealed class CompactionModelTests
{
    private const int MaxLength = 400_000;
    private const int MaxSnapshots = 5;

    [Theory]
    [InlineData(11, 1500)]
    [InlineData(12, 1500)]
    public async Task Files_WhileSegmentsAreCompacted_HoldWhatTheModelHolds(int seed, int operations)
    {
        TestVolume test = await TestVolume.CreateAsync();
        using var stop = new CancellationTokenSource();
        Task<CompactionTally> compaction = CompactAsync(() => test.Volume, stop.Token);
        try
        {
            ModelFile[] files = [new("a"), new("b"), new("c")];
            var snapshots = new List<ShownFiles>();
            int taken = 0;
            foreach (ModelFile file in files)
            {
                file.Handle = (await test.FileSystem.CreateAsync(file.Name)).Handle;
            }

            var random = new Random(seed);
            for (int i = 0; i < operations; i++)
            {
                ModelFile file = files[random.Next(files.Length)];
                string done = await OperateAsync(test.FileSystem, random, file, files);
                await CompareSomeAsync(test.FileSystem, random, file, $"seed {seed}, operation {i}: {done}");
                if (random.Next(15) == 0)
                {
                    await TakeOrDeleteAsync(test, random, files, snapshots, $"s{taken++}");
                }

                if (snapshots.Count > 0 && random.Next(10) == 0)
                {
                    await CompareSnapshotAsync(test.FileSystem, snapshots[random.Next(snapshots.Count)], $"seed {seed}, operation {i}");
                }

                if (random.Next(400) == 0)
                {
                    test = await InterruptAsync(test, random, files);
                    await CompareAllAsync(test.FileSystem, files, snapshots, $"seed {seed}, after the interruption at {i}");
                }
            }

            await stop.CancelAsync();
            CompactionTally tally = await compaction;
            Assert.True(tally.Segments > 0, tally.ToString());
            await CompareAllAsync(test.FileSystem, files, snapshots, $"seed {seed}, at the end");
            await CloseAllAsync(test, files);
            await test.DrainAsync();
            await test.Volume.Parts.Writer!.Collector.CollectAsync(TimeSpan.Zero, default);
            await test.FileSystem.PutAsync("more", [1]); // So that there is something to publish, and what is condemned is deleted.
            await test.DrainAsync();
            await test.Volume.Parts.Writer.Collector.CollectAsync(TimeSpan.Zero, default);
            await test.ReopenAsync();
            await CompareAllAsync(test.FileSystem, files, snapshots, $"seed {seed}, after what nothing refers to was deleted");
            (TestVolume restored, _) = await test.RestoreAsync();
            await using (restored)
            {
                await CompareAllAsync(restored.FileSystem, files, snapshots, $"seed {seed}, restored");
            }

            await test.AssertSoundAsync();
        }
        finally
        {
            await stop.CancelAsync();
            await compaction;
            await test.DisposeAsync();
        }
    }

    // Whatever it is in the middle of when the volume is closed or killed. What it condemns stays as long as a reader may need it.
    private static async Task<CompactionTally> CompactAsync(Func<Volume> volume, CancellationToken stop)
    {
        CompactionTally tally = CompactionTally.None;
        while (!stop.IsCancellationRequested)
        {
            try
            {
                VolumeWriter writer = volume().Parts.Writer!;
                await writer.Writeback.FinishSegmentsAsync().WaitAsync(TimeSpan.FromSeconds(1), stop);
                await writer.Uploader.WaitUntilUploadedAsync(stop);
                CompactionReport? report = await writer.Compactor.CompactAsync(CompactionOptions.Now, stop);
                tally = tally.With(report);
                await writer.Collector.CollectAsync(SegmentCollector.Grace, stop);
            }
            catch (Exception exception) when (exception is OperationCanceledException or ObjectDisposedException or InvalidOperationException or TimeoutException)
            {
                await Task.Yield(); // The volume is being reopened, or the test ends.
            }
        }

        return tally;
    }

    private sealed record ShownFiles(string Name, Dictionary<string, byte[]> Files);

    private sealed record CompactionTally(int Segments, int Windows)
    {
        internal static CompactionTally None { get; } = new(0, 0);

        internal CompactionTally With(CompactionReport? report) =>
            new(Segments + (report?.Segments ?? 0), Windows + (report?.Windows ?? 0));
    }

    private static async Task<string> OperateAsync(HipaaFileSystem fileSystem, Random random, ModelFile file, ModelFile[] files)
    {
        int offset = random.Next(random.Next(4) == 0 ? MaxLength : Math.Max(1, file.Length));
        int length = Math.Min(1 + random.Next(1 << random.Next(1, 18)), MaxLength - offset);
        switch (random.Next(20))
        {
            case < 10:
                byte[] content = new byte[Math.Max(1, length)];
                random.NextBytes(content);
                await fileSystem.WriteAsync(file.Handle, offset, content);
                file.Write(offset, content);
                return $"write {file.Name} {offset}+{content.Length}";
            case < 12:
                InodeAttributes inode = await fileSystem.LookupAsync(file.Name);
                await fileSystem.SetAttributesAsync(inode.Id, new AttributeChange { Size = offset }, default, default).Ok();
                file.Resize(offset);
                return $"truncate {file.Name} {offset}";
            case < 13:
                await fileSystem.AllocateAsync(file.Handle, AllocateMode.PunchHole, offset, Math.Max(1, length), default).Ok();
                file.Zero(offset, Math.Max(1, length), grow: false);
                return $"punch {file.Name} {offset}+{length}";
            case < 14:
                await fileSystem.AllocateAsync(file.Handle, AllocateMode.ZeroRange, offset, Math.Max(1, length), default).Ok();
                file.Zero(offset, Math.Max(1, length), grow: true);
                return $"zero {file.Name} {offset}+{length}";
            case < 16:
                return await CopyAsync(fileSystem, random, file, files[random.Next(files.Length)], offset, length);
            case < 18:
                await fileSystem.FsyncAsync(file.Handle, dataOnly: random.Next(2) == 0, default).Ok();
                return $"fsync {file.Name}";
            default:
                await Task.Delay(random.Next(3));
                return "nothing";
        }
    }

    private static async Task<string> CopyAsync(HipaaFileSystem fileSystem, Random random, ModelFile from, ModelFile to, int offset, int length)
    {
        int target = random.Next(MaxLength / 2);
        bool overlaps = from == to && Math.Abs(offset - target) < length;
        if (overlaps || length == 0)
        {
            return "no copy";
        }

        long copied = await fileSystem.CopyRangeAsync(from.Handle, offset, to.Handle, target, length, default).Ok();
        int expected = Math.Clamp(from.Length - offset, 0, length);
        Assert.Equal(expected, copied);
        if (expected > 0)
        {
            to.Write(target, from.Content.Slice(offset, expected).ToArray());
        }

        return $"copy {from.Name} {offset}+{length} to {to.Name} {target}";
    }

    private static async Task<TestVolume> InterruptAsync(TestVolume test, Random random, ModelFile[] files)
    {
        if (random.Next(2) == 0)
        {
            await CloseAllAsync(test, files);
            await test.ReopenAsync();
        }
        else
        {
            await test.FileSystem.SyncAsync(default).Ok();
            TestVolume crashed = await test.CrashAsync();
            await test.DisposeAsync();
            test = crashed;
        }

        foreach (ModelFile file in files)
        {
            file.Handle = await test.FileSystem.OpenAsync(file.Name);
        }

        return test;
    }

    private static async Task CloseAllAsync(TestVolume test, ModelFile[] files)
    {
        foreach (ModelFile file in files)
        {
            await test.FileSystem.CloseAsync(file.Handle);
        }
    }

    private static async Task CompareSomeAsync(HipaaFileSystem fileSystem, Random random, ModelFile file, string what)
    {
        Assert.True(file.Length == (await fileSystem.LookupAsync(file.Name)).Size, what + ": size");
        int offset = random.Next(file.Length + 1);
        int length = random.Next(1, 50_000);
        byte[] read = await fileSystem.ReadAsync(file.Handle, offset, length);
        Assert.True(file.Content.Slice(offset, Math.Min(length, file.Length - offset)).SequenceEqual(read), what);
    }

    private static async Task TakeOrDeleteAsync(TestVolume test, Random random, ModelFile[] files, List<ShownFiles> snapshots, string name)
    {
        if (snapshots.Count < MaxSnapshots)
        {
            (await test.Volume.Snapshots.CreateAsync(name, default)).Ok();
            snapshots.Add(new ShownFiles(name, files.ToDictionary(file => file.Name, file => file.Content.ToArray())));
            return;
        }

        int gone = random.Next(snapshots.Count);
        Assert.Equal(FsError.None, await test.Volume.Snapshots.DeleteAsync(snapshots[gone].Name, default));
        snapshots.RemoveAt(gone);
    }

    private static async Task CompareSnapshotAsync(HipaaFileSystem fileSystem, ShownFiles snapshot, string what)
    {
        foreach ((string name, byte[] content) in snapshot.Files)
        {
            FileSystemCalls.AssertSame(content, await fileSystem.GetAsync($".snapshots/{snapshot.Name}/{name}"), $"{what}: {name} of {snapshot.Name}");
        }
    }

    private static async Task CompareAllAsync(HipaaFileSystem fileSystem, ModelFile[] files, List<ShownFiles> snapshots, string what)
    {
        foreach (ShownFiles snapshot in snapshots)
        {
            await CompareSnapshotAsync(fileSystem, snapshot, what);
        }

        foreach (ModelFile file in files)
        {
            byte[] read = await fileSystem.GetAsync(file.Name);
            Assert.True(file.Content.SequenceEqual(read), what);
        }
    }
}
