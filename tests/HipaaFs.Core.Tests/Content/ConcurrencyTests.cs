using HipaaFs.Metadata;

namespace HipaaFs.Core.Tests.Content;

/// <summary>Readers beside a writer whose data goes from memory to the rows all the time.</summary>
public sealed class ConcurrencyTests
{
    private const int Rounds = 400;

    [Fact]
    public async Task GetAttributes_WhileDataIsApplied_NeverShowsAnOldSize()
    {
        await using TestVolume test = await TestVolume.CreateAsync();
        CreatedFile file = await test.FileSystem.CreateAsync("a");
        long written = 0;
        using var stop = new CancellationTokenSource();
        Task watching = Task.Run(async () =>
        {
            while (!stop.IsCancellationRequested)
            {
                long least = Volatile.Read(ref written);
                Assert.True((await test.FileSystem.GetAttributesAsync(file.Attributes.Id, default).Ok()).Size >= least, "getattr");
                Assert.True((await test.FileSystem.LookupAsync("a")).Size >= least, "lookup");
                Assert.True((await test.FileSystem.ListAsync(InodeId.Root))[0].Inode.Size >= least, "readdir");
            }
        });
        for (int i = 0; i < Rounds; i++)
        {
            await test.FileSystem.WriteAsync(file.Handle, i, [1]);
            Volatile.Write(ref written, i + 1);
            await test.FileSystem.FsyncAsync(file.Handle, false, default).Ok();
        }

        await stop.CancelAsync();
        await watching;
        await test.FileSystem.CloseAsync(file.Handle);
    }

    [Fact]
    public async Task Open_RightAfterTheLastClose_SeesEverythingWritten()
    {
        await using TestVolume test = await TestVolume.CreateAsync();
        byte[] content = FileSystemCalls.RandomBytes(Rounds, 1);
        InodeId inode = await test.FileSystem.PutAsync("a", []);
        for (int i = 0; i < Rounds; i++)
        {
            HandleId handle = await test.FileSystem.OpenAsync("a");
            await test.FileSystem.WriteAsync(handle, i, content[i..(i + 1)]);
            await test.FileSystem.CloseAsync(handle);
            Task<FsError> applying = Task.Run(async () => await test.FileSystem.SyncAsync(default));
            HandleId reader;
            do
            {
                reader = (await test.FileSystem.OpenAsync(inode, OpenFlags.Read, default, default).Ok()).Handle;
                byte[] read = await test.FileSystem.ReadAsync(reader, 0, Rounds);
                Assert.Equal(content[..(i + 1)], read);
                await test.FileSystem.CloseAsync(reader);
            }
            while (!applying.IsCompleted);
            Assert.Equal(FsError.None, await applying);
        }
    }

    [Fact]
    public async Task Read_WhileOthersWriteElsewhereInTheFile_SeesWhatStands()
    {
        await using TestVolume test = await TestVolume.CreateAsync();
        byte[] content = FileSystemCalls.RandomBytes(1 << 20, 2);
        InodeId inode = await test.FileSystem.PutAsync("a", content);
        Task[] writers = [.. Enumerable.Range(0, 4).Select(part => Task.Run(() => ChurnAsync(test.FileSystem, inode, content, part)))];
        await Task.WhenAll(writers);

        await test.FileSystem.SyncAsync(default).Ok();
        FileSystemCalls.AssertSame(content, await test.FileSystem.GetAsync("a"));
    }

    // Each works on a quarter of its own, whose borders lie inside frames.
    private static async Task ChurnAsync(HipaaFileSystem fileSystem, InodeId inode, byte[] content, int part)
    {
        const int quarter = (1 << 20) / 4;
        var random = new Random(part);
        HandleId handle = (await fileSystem.OpenAsync(inode, OpenFlags.Read | OpenFlags.Write, default, default).Ok()).Handle;
        int from = (part * quarter) + (part == 0 ? 0 : 777);
        int to = part == 3 ? content.Length : ((part + 1) * quarter) + 777;
        for (int i = 0; i < 150; i++)
        {
            int offset = random.Next(from, to);
            byte[] bytes = new byte[random.Next(1, Math.Min(20_000, to - offset + 1))];
            random.NextBytes(bytes);
            await fileSystem.WriteAsync(handle, offset, bytes);
            bytes.CopyTo(content, offset);
            if (random.Next(10) == 0)
            {
                await fileSystem.FsyncAsync(handle, false, default).Ok();
            }

            int at = random.Next(from, to);
            int length = random.Next(1, to - at + 1);
            Assert.Equal(content[at..(at + length)], await fileSystem.ReadAsync(handle, at, length));
        }

        await fileSystem.CloseAsync(handle);
    }
}
