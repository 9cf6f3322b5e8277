using HipaaFs.Compaction;
using HipaaFs.Metadata;
using HipaaFs.Volumes;

namespace HipaaFs.Core.Tests.Compaction;

/// <summary>Data that only snapshots need is moved as that of files is.</summary>
public sealed class SnapshotCompactionTests
{
    private const int Length = 100_000;

    // What is stored beside what is needed: headers, tags, indexes and padding, of few segments that are small.
    private const double Slack = 1.3;

    [Fact]
    public async Task Compact_WhatOnlySnapshotsShow_IsMovedAndTheRestFreed()
    {
        await using TestVolume test = await HistoryAsync();
        List<string>[] before = await TreesAsync(test);
        string[] old = [.. SegmentFiles(test)];

        CompactionReport report = (await Compactor(test).CompactAsync(CompactionOptions.Now, default))!;

        Assert.True(report.IsComplete);
        Assert.True(report.Segments >= 4, $"{report}");
        Assert.Equal(before, await TreesAsync(test));
        await CollectAsync(test);
        Assert.Equal(before, await TreesAsync(test));
        Assert.True(SegmentFiles(test).Intersect(old).Count() <= old.Length - report.Segments, "the old segments are gone");
        AssertTight(test, report);
        Assert.Equal(report.Before.LiveBytes, (await Compactor(test).CountAsync(default))!.LiveBytes);
        CompactionReport again = (await Compactor(test).CompactAsync(CompactionOptions.Now, default))!;
        Assert.Equal((0, 0L), (again.Segments, again.CopiedBytes));

        await test.ReopenAsync();
        Assert.Equal(before, await TreesAsync(test));
        await test.AssertSoundAsync();
    }

    [Fact]
    public async Task Compact_ThenSnapshotsAreDeleted_FreesWhatOnlyTheyNeeded()
    {
        await using TestVolume test = await HistoryAsync();
        await Compactor(test).CompactAsync(CompactionOptions.Now, default);
        List<string>[] before = await TreesAsync(test);

        await DeleteAsync(test, "first");
        Assert.Equal(before[1..], await TreesAsync(test));
        CompactionReport report = (await Compactor(test).CompactAsync(CompactionOptions.Now, default))!;
        await CollectAsync(test);
        Assert.Equal(before[1..], await TreesAsync(test));
        AssertTight(test, report);
        await DeleteAsync(test, "second");
        report = (await Compactor(test).CompactAsync(CompactionOptions.Now, default))!;
        await CollectAsync(test);

        Assert.Equal(before[2..], await TreesAsync(test));
        AssertTight(test, report);
        await test.AssertSoundAsync();
    }

    // What is open keeps extents in memory; the segments they name are deleted below it.
    [Fact]
    public async Task Read_OpenFileOfASnapshotWhoseDataMoved_ReadsItWhereItIs()
    {
        await using TestVolume test = await HistoryAsync();
        string[] paths = [".snapshots/first/f0", ".snapshots/first/f9", ".snapshots/second/f3", "f5"];
        byte[][] contents = [Content(0), Content(9), Content(3), Overwritten(5)];
        var handles = new List<HandleId>();
        foreach (string path in paths)
        {
            handles.Add(await test.FileSystem.OpenAsync(path, OpenFlags.Read));
            Assert.Equal(10, (await test.FileSystem.ReadAsync(handles[^1], 1000, 10)).Length);
        }

        await Compactor(test).CompactAsync(CompactionOptions.Now, default);
        await CollectAsync(test);

        for (int i = 0; i < paths.Length; i++)
        {
            FileSystemCalls.AssertSame(contents[i], await test.FileSystem.ReadAsync(handles[i], 0, Length), paths[i]);
            await test.FileSystem.CloseAsync(handles[i]);
        }

        await test.AssertSoundAsync();
    }

    // A full dump from before the move, and the move in what follows it.
    [Fact]
    public async Task Restore_FromAFullDumpBeforeTheMove_HasTheSnapshots()
    {
        await using TestVolume test = await HistoryAsync();
        await test.DrainAsync();
        List<string>[] before = await TreesAsync(test);
        await Compactor(test).CompactAsync(CompactionOptions.Now, default);
        await CollectAsync(test);
        string[] dumps = [.. Directory.EnumerateFiles(Path.Combine(test.StoreDirectory, "stream"), "*full*", SearchOption.AllDirectories)];
        Assert.Single(dumps);

        (TestVolume restored, _) = await test.RestoreAsync();
        await using (restored)
        {
            Assert.Equal(before, await TreesAsync(restored));
            CompactionReport report = (await Compactor(restored).CompactAsync(CompactionOptions.Now, default))!;
            Assert.Equal((0, 0L), (report.Segments, report.CopiedBytes));
            Assert.Equal(before, await TreesAsync(restored));
            await restored.AssertSoundAsync();
        }
    }

    [Theory]
    [InlineData(1, 0)]
    [InlineData(2, 0)]
    [InlineData(3, 0)]
    [InlineData(4, 0)]
    [InlineData(4, 1)]
    [InlineData(4, 2)]
    [InlineData(4, 3)]
    [InlineData(4, 5)]
    public async Task Crash_AtAnyStepOfCompaction_LosesNothingOfASnapshot(int step, int skip)
    {
        await using TestVolume test = await HistoryAsync();
        List<string>[] before = await TreesAsync(test);
        TestVolume? crashed = null;
        Compactor(test).Move.BeforeStep = async number =>
        {
            if (number == step && crashed is null && skip-- == 0)
            {
                await test.Volume.Parts.Metadata.MakeDurableAsync(test.Volume.Parts.Metadata.Applied);
                crashed = test.CopyFiles();
            }
        };
        await Compactor(test).CompactAsync(CompactionOptions.Now, default);
        Assert.NotNull(crashed);
        await using (crashed)
        {
            await crashed.OpenAsync();
            Assert.Equal(before, await TreesAsync(crashed));
            await crashed.DrainAsync();
            CompactionReport report = (await Compactor(crashed).CompactAsync(CompactionOptions.Now, default))!;
            Assert.True(report.IsComplete);
            await CollectAsync(crashed);
            Assert.Equal(before, await TreesAsync(crashed));
            AssertTight(crashed, report);
            (TestVolume restored, _) = await crashed.RestoreAsync();
            await using (restored)
            {
                Assert.Equal(before, await TreesAsync(restored));
            }

            await crashed.AssertSoundAsync();
        }
    }

    [Fact]
    public async Task Compact_WhileSnapshotsAreTakenReadAndDeleted_LosesNothing()
    {
        await using TestVolume test = await HistoryAsync();
        List<string>[] before = await TreesAsync(test);
        int moves = 0;
        Compactor(test).Move.BeforeStep = async step =>
        {
            if (step == 3)
            {
                await DeleteAsync(test, "second");
                (await test.Volume.Snapshots.CreateAsync("third", default)).Ok();
                await OverwriteAsync(test, "f6", 7_000, 50_000);
                await RemoveAsync(test, 7, 8);
                HandleId from = await test.FileSystem.OpenAsync(".snapshots/first/f9", OpenFlags.Read);
                CreatedFile to = await test.FileSystem.CreateAsync("shared");
                Assert.Equal(Length, await test.FileSystem.CopyRangeAsync(from, 0, to.Handle, 0, Length, default).Ok());
                await test.FileSystem.CloseAsync(from);
                await test.FileSystem.CloseAsync(to.Handle);
            }
            else if (step == 4 && moves++ == 1)
            {
                Assert.Equal(before[0], await test.FileSystem.TreeAsync(".snapshots/first"));
                Assert.Equal(before[2], await test.FileSystem.TreeAsync(".snapshots/third"));
            }
        };

        CompactionReport report = (await Compactor(test).CompactAsync(CompactionOptions.Now, default))!;
        await CollectAsync(test);

        Assert.True(report.IsComplete);
        Assert.Equal(before[0], await test.FileSystem.TreeAsync(".snapshots/first"));
        Assert.Equal(before[2], await test.FileSystem.TreeAsync(".snapshots/third"));
        FileSystemCalls.AssertSame(Content(9), await test.FileSystem.GetAsync("shared"));
        await test.AssertSoundAsync();
    }

    // Between reading the snapshot's rows and writing them its data moves, and where it was is condemned.
    [Fact]
    public async Task CopyRange_OutOfASnapshotWhoseDataMovesMeanwhile_SharesItWhereItIs()
    {
        await using TestVolume test = await HistoryAsync();
        HandleId from = await test.FileSystem.OpenAsync(".snapshots/first/f9", OpenFlags.Read);
        CreatedFile to = await test.FileSystem.CreateAsync("shared");
        int written = 0;
        test.Rows.BeforeWriteExtents = async request =>
        {
            if (request.Inode == to.Attributes.Id && written++ == 0)
            {
                await Compactor(test).CompactAsync(CompactionOptions.Now, default);
                await test.Volume.Parts.Metadata.MakeDurableAsync(test.Volume.Parts.Metadata.Applied);
                Assert.True((await test.Volume.Parts.Writer!.Collector.CollectAsync(TimeSpan.Zero, default)).CondemnedSegments >= 4);
            }
        };

        Assert.Equal(Length, await test.FileSystem.CopyRangeAsync(from, 0, to.Handle, 0, Length, default).Ok());

        Assert.Equal(2, written);
        FileSystemCalls.AssertSame(Content(9), await test.FileSystem.ReadAsync(to.Handle, 0, Length));
        await test.FileSystem.CloseAsync(from);
        await test.FileSystem.CloseAsync(to.Handle);
        await test.AssertSoundAsync();
    }

    [Fact]
    public async Task Compact_ScatteredFileThatASnapshotShows_IsGatheredAndStoredOnce()
    {
        await using TestVolume test = await TestVolume.CreateAsync();
        await test.FileSystem.PutAsync("a", FileSystemCalls.RandomBytes(3 << 20, 1));
        HandleId handle = await test.FileSystem.OpenAsync("a");
        for (int i = 0; i < 200; i++)
        {
            await test.FileSystem.WriteAsync(handle, (1 << 20) + (i * 37 % 256 * 4096), FileSystemCalls.RandomBytes(4096, i));
            await test.FileSystem.FsyncAsync(handle, dataOnly: true, default).Ok();
        }

        await test.FileSystem.CloseAsync(handle);
        (await test.Volume.Snapshots.CreateAsync("first", default)).Ok();
        await test.DrainAsync();
        byte[] content = await test.FileSystem.GetAsync("a");

        CompactionReport report = (await Compactor(test).CompactAsync(CompactionOptions.Now, default))!;
        await CollectAsync(test);

        Assert.Equal(1, report.Windows);
        FileSystemCalls.AssertSame(content, await test.FileSystem.GetAsync("a"));
        FileSystemCalls.AssertSame(content, await test.FileSystem.GetAsync(".snapshots/first/a"));
        Assert.Equal(content.Length, (await Compactor(test).CountAsync(default))!.LiveBytes);
        await test.AssertSoundAsync();
    }

    private static Compactor Compactor(TestVolume test) => test.Volume.Parts.Writer!.Compactor;

    private static byte[] Content(int file) => FileSystemCalls.RandomBytes(Length, file);

    private static byte[] Overwritten(int file)
    {
        byte[] content = Content(file);
        FileSystemCalls.RandomBytes(30_000, 1000).CopyTo(content, 40_000);
        return content;
    }

    // Sixteen of forty files are left when the first snapshot is taken. Before the second four are overwritten in part and four deleted, after it four more are overwritten.
    private static async Task<TestVolume> HistoryAsync()
    {
        TestVolume test = await TestVolume.CreateAsync();
        for (int segment = 0; segment < 4; segment++)
        {
            for (int i = segment; i < 40; i += 4)
            {
                await test.FileSystem.PutAsync($"f{i}", Content(i));
            }

            await test.DrainAsync();
        }

        await RemoveAsync(test, from: 16, to: 40);
        (await test.Volume.Snapshots.CreateAsync("first", default)).Ok();
        for (int i = 4; i < 8; i++)
        {
            await OverwriteAsync(test, $"f{i}", 40_000, 30_000);
        }

        await RemoveAsync(test, from: 8, to: 12);
        (await test.Volume.Snapshots.CreateAsync("second", default)).Ok();
        for (int i = 0; i < 4; i++)
        {
            await OverwriteAsync(test, $"f{i}", 0, Length);
        }

        await test.DrainAsync();
        await test.Volume.Parts.Metadata.MakeDurableAsync(test.Volume.Parts.Metadata.Applied);
        return test;
    }

    private static async Task OverwriteAsync(TestVolume test, string name, int offset, int length)
    {
        HandleId handle = await test.FileSystem.OpenAsync(name);
        await test.FileSystem.WriteAsync(handle, offset, FileSystemCalls.RandomBytes(length, 1000));
        await test.FileSystem.FsyncAsync(handle, dataOnly: false, default).Ok();
        await test.FileSystem.CloseAsync(handle);
    }

    private static async Task RemoveAsync(TestVolume test, int from, int to)
    {
        for (int i = from; i < to; i++)
        {
            await test.FileSystem.UnlinkAsync(InodeId.Root, FileSystemCalls.Bytes($"f{i}"), default).Ok();
        }
    }

    private static async Task DeleteAsync(TestVolume test, string label)
    {
        Assert.Equal(FsError.None, await test.Volume.Snapshots.DeleteAsync(label, default));
        Assert.True((await test.Volume.Parts.Metadata.PurgeSnapshotsAsync()).Succeeded);
    }

    // Every snapshot there is, oldest first, and what lives.
    private static async Task<List<string>[]> TreesAsync(TestVolume test)
    {
        var trees = new List<List<string>>();
        foreach (var snapshot in (await test.Volume.Snapshots.ListAsync(default)).Ok())
        {
            trees.Add(await test.FileSystem.TreeAsync($".snapshots/{snapshot.Name}"));
        }

        trees.Add(await test.FileSystem.TreeAsync());
        return [.. trees];
    }

    private static async Task CollectAsync(TestVolume test)
    {
        await test.Volume.Parts.Metadata.MakeDurableAsync(test.Volume.Parts.Metadata.Applied);
        await test.Volume.Parts.Writer!.Collector.CollectAsync(TimeSpan.Zero, default);
        await test.FileSystem.SetAttributesAsync(InodeId.Root, new AttributeChange { Mode = 0x1ED }, default, default).Ok(); // So that there is something to publish.
        await test.DrainAsync();
        await test.Volume.Parts.Writer.Collector.CollectAsync(TimeSpan.Zero, default);
    }

    private static void AssertTight(TestVolume test, CompactionReport report)
    {
        long stored = SegmentFiles(test).Sum(static path => new FileInfo(path).Length);
        Assert.True(stored < Slack * report.Before.LiveBytes, $"{stored} bytes stored for {report.Before.LiveBytes}");
    }

    private static IEnumerable<string> SegmentFiles(TestVolume test) =>
        Directory.EnumerateFiles(Path.Combine(test.StoreDirectory, "seg"), "*", SearchOption.AllDirectories);
}
