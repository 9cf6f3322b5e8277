using HipaaFs.Metadata;
using HipaaFs.Staging;
using HipaaFs.Testing;

namespace HipaaFs.Core.Tests.Staging;

/// <summary>Whoever waits for one file does not wait for the thousands that nobody asked for. Files are counted, not time.</summary>
public sealed class WritebackOrderTests
{
    private const int Crowd = 3000;

    private static TestVolumeOptions Roomy => TestVolumeOptions.Still with { MemoryBytes = 1L << 30 };

    [Theory]
    [InlineData("rename")]
    [InlineData("link")]
    [InlineData("fsync")]
    public async Task Waiter_AmongThousandsOfDirtyFiles_IsAnsweredAfterAFewOfThem(string operation)
    {
        await using TestVolume test = await TestVolume.CreateAsync(Roomy);
        await MakeCrowdAsync(test);
        await test.FileSystem.PutAsync("wanted", [1, 2, 3]);
        long before = test.Volume.Parts.Files.Applications;

        await RunAsync(test, operation);

        Assert.InRange(test.Volume.Parts.Files.Applications - before, 1, 1 + WritebackQueue.MaxCompanions);
        await using TestVolume crashed = await AfterACrashAsync(test);
        Assert.Equal([1, 2, 3], await crashed.FileSystem.GetAsync(operation == "rename" ? "named" : "wanted"));
    }

    [Theory]
    [InlineData("rename")]
    [InlineData("fsync")]
    public async Task Waiter_WhileAPassOfManyFilesIsUnderWay_IsInTheNextOne(string operation)
    {
        await using TestVolume test = await TestVolume.CreateAsync(Roomy);
        await MakeCrowdAsync(test);
        await test.FileSystem.PutAsync("wanted", [1, 2, 3]);
        using var reached = new SemaphoreSlim(0);
        using var proceed = new ManualResetEventSlim();
        Writeback writeback = test.Volume.Parts.Writer!.Writeback;
        long appliedAtItsTurn = -1;
        int writes = 0;
        test.StagingFault = _ =>
        {
            if (Interlocked.Increment(ref writes) == 1)
            {
                reached.Release();
                proceed.Wait();
            }
            else if (appliedAtItsTurn < 0 && !writeback.HasUrgent)
            {
                // The pass that has taken the waiter's file seals it. Later passes run on while the answer is under way.
                appliedAtItsTurn = test.Volume.Parts.Files.Applications;
            }

            return null;
        };
        long before = test.Volume.Parts.Files.Applications;
        writeback.RequestRoom(); // All are due, and the first pass has begun.
        await reached.WaitAsync();

        Task waiter = RunAsync(test, operation);
        await Eventually.TrueAsync(() => writeback.HasUrgent, "somebody waits for the file");
        proceed.Set();
        await waiter;

        Assert.InRange(appliedAtItsTurn - before, 1, WritebackQueue.MaxFiles);
    }

    [Fact]
    public async Task WithFinishedSegments_WhileSomebodyAlwaysWaitsForAFile_HasItsTurn()
    {
        const int waiters = 20;
        await using TestVolume test = await TestVolume.CreateAsync(Roomy);
        var handles = new List<HandleId>();
        for (int i = 0; i <= waiters; i++)
        {
            CreatedFile file = await test.FileSystem.CreateAsync($"open{i}"); // Open, so that none goes along with another.
            await test.FileSystem.WriteAsync(file.Handle, 0, [1]);
            handles.Add(file.Handle);
        }

        Writeback writeback = test.Volume.Parts.Writer!.Writeback;
        Task<FsError> turn = null!;
        int begun = 0;
        int begunAtTurn = 0;
        var fsyncs = new List<Task<FsError>>();
        test.StagingFault = _ =>
        {
            if (begun == 0)
            {
                turn = writeback.RunWithFinishedSegmentsAsync(() =>
                {
                    begunAtTurn = begun;
                    return Task.FromResult(FsError.None);
                });
            }

            if (begun < waiters)
            {
                fsyncs.Add(test.FileSystem.FsyncAsync(handles[++begun], false, default).AsTask()); // Waits before this pass has ended.
            }

            return null;
        };

        await test.FileSystem.FsyncAsync(handles[0], false, default).Ok();
        await Eventually.TrueAsync(() => begun == waiters, "as many have waited");
        Assert.All(await Task.WhenAll(fsyncs), static error => Assert.Equal(FsError.None, error));
        Assert.Equal(FsError.None, await turn);

        Assert.InRange(begunAtTurn, 1, waiters - 1);
        foreach (HandleId handle in handles)
        {
            await test.FileSystem.CloseAsync(handle);
        }

        await test.AssertSoundAsync();
    }

    [Fact]
    public async Task Companions_OfARename_AreClosedFilesOnly()
    {
        await using TestVolume test = await TestVolume.CreateAsync(Roomy);
        var open = new List<HandleId>();
        for (int i = 0; i < 10; i++)
        {
            CreatedFile file = await test.FileSystem.CreateAsync($"open{i}");
            await test.FileSystem.WriteAsync(file.Handle, 0, [1]);
            open.Add(file.Handle);
        }

        await test.FileSystem.PutAsync("closed", [1]);
        await test.FileSystem.PutAsync("wanted", [1, 2, 3]);
        long before = test.Volume.Parts.Files.Applications;

        await RunAsync(test, "rename");

        Assert.Equal(2, test.Volume.Parts.Files.Applications - before);
        foreach (HandleId handle in open)
        {
            await test.FileSystem.CloseAsync(handle);
        }
    }

    [Fact]
    public async Task Sync_OfThousandsOfFiles_AppliesAllOfThem()
    {
        await using TestVolume test = await TestVolume.CreateAsync(Roomy);
        await MakeCrowdAsync(test);

        await test.FileSystem.SyncAsync(default).Ok();

        Assert.Equal(Crowd, test.Volume.Parts.Files.Applications);
        Assert.Equal(0, test.Volume.GetStatus().DirtyBytes);
        await test.AssertSoundAsync();
    }

    [Fact]
    public async Task Aged_BesideConstantFsyncs_AreWrittenBack()
    {
        var time = new HipaaFs.Testing.Storage.ManualTimeProvider();
        await using TestVolume test = await TestVolume.CreateAsync(Roomy with { Time = time });
        CreatedFile aged = await test.FileSystem.CreateAsync("aged");
        await test.FileSystem.WriteAsync(aged.Handle, 0, FileSystemCalls.RandomBytes(8 << 20, 1)); // Too large to go along with others.
        CreatedFile file = await test.FileSystem.CreateAsync("a");
        InodeAttributes row;
        do
        {
            time.Advance(Writeback.MaxAge);
            for (int i = 0; i < 3; i++)
            {
                await test.FileSystem.WriteAsync(file.Handle, 0, [1]);
                await test.FileSystem.FsyncAsync(file.Handle, false, default).Ok();
            }

            row = (await test.Rows.GetInodeAsync(aged.Attributes.Id)).Value;
        }
        while (row.Size == 0);

        Assert.Equal(8 << 20, row.Size);
        await test.FileSystem.CloseAsync(aged.Handle);
        await test.FileSystem.CloseAsync(file.Handle);
    }

    private static async Task MakeCrowdAsync(TestVolume test)
    {
        for (int i = 0; i < Crowd; i++)
        {
            await test.FileSystem.PutAsync($"crowd{i}", [1]);
        }
    }

    private static async Task RunAsync(TestVolume test, string operation)
    {
        InodeAttributes wanted = await test.FileSystem.LookupAsync("wanted");
        switch (operation)
        {
            case "rename":
                await test.FileSystem.RenameAsync(
                    InodeId.Root, "wanted"u8, InodeId.Root, "named"u8, RenameMode.Replace, default).Ok();
                break;
            case "link":
                await test.FileSystem.LinkAsync(wanted.Id, InodeId.Root, "named"u8, default).Ok();
                break;
            default:
                await test.FileSystem.FsyncAsync("wanted");
                break;
        }
    }

    private static async Task<TestVolume> AfterACrashAsync(TestVolume test)
    {
        await test.Rows.MakeDurableAsync(test.Rows.Applied);
        return await test.CrashAsync();
    }
}
