using HipaaFs.Storage;
using HipaaFs.Testing;

namespace HipaaFs.Core.Tests.ReadAhead;

public sealed class ReadAheadTests
{
    private const int Piece = 1 << 20;
    private const int FileLength = 72 << 20;

    [Fact]
    public async Task SequentialReader_WithMemoryForOneRequestAtATime_FindsAllOfItsWindow()
    {
        await using TestVolume test = await UncachedAsync();
        HandleId handle = await test.FileSystem.OpenAsync("a", OpenFlags.Read);
        test.Store.MostInside = 0;
        for (int offset = 0; offset < 40 << 20; offset += Piece)
        {
            await test.FileSystem.ReadAsync(handle, offset, Piece);
        }

        // Nobody reads any more: what memory was too short for when it was asked for comes all the same.
        await Eventually.TrueAsync(() => test.Volume.GetStatus().Cache.FetchedBytes >= FileLength, "the window is filled");
        Assert.InRange(test.Store.MostInside, 1, 2); // One that is read ahead, and one that the reader waits for.
        int before = test.Store.CallsOf(StoreVerb.Read);
        await test.FileSystem.ReadAsync(handle, 40 << 20, 32 << 20);
        Assert.Equal(before, test.Store.CallsOf(StoreVerb.Read));
        await test.FileSystem.CloseAsync(handle);
    }

    [Fact]
    public async Task SequentialReader_WithMemoryForOneRequestAtATime_FetchesNothingTwice()
    {
        await using TestVolume test = await UncachedAsync();
        await test.FileSystem.GetAsync("a");

        Assert.InRange(test.Volume.GetStatus().Cache.FetchedBytes, FileLength, FileLength * 101L / 100);
    }

    [Fact]
    public async Task ReaderWhoStops_WithMemoryForOneRequestAtATime_IsNotReadAheadOfForEver()
    {
        await using TestVolume test = await UncachedAsync(128 << 20);
        HandleId handle = await test.FileSystem.OpenAsync("a", OpenFlags.Read);
        for (int offset = 0; offset < 24 << 20; offset += Piece)
        {
            await test.FileSystem.ReadAsync(handle, offset, Piece);
        }

        for (int i = 0; i < 100; i++)
        {
            await test.Volume.Parts.Cache.WaitForRoomAsync();
            await Task.Delay(5); // What would go on for ever has its time to.
        }

        Assert.InRange(test.Volume.GetStatus().Cache.FetchedBytes, 24L << 20, 88L << 20);
        await test.FileSystem.CloseAsync(handle);
    }

    [Fact]
    public async Task SequentialReader_OfAnObjectThatWasCutOff_ReadsAllThatIsThere()
    {
        const int cut = 30 << 20;
        await using TestVolume test = await UncachedAsync();
        FileInfo first = new DirectoryInfo(Path.Combine(test.StoreDirectory, "seg")).GetFiles("*", SearchOption.AllDirectories).MaxBy(static file => file.Length)!;
        using (FileStream segment = first.Open(FileMode.Open))
        {
            segment.SetLength(cut);
        }

        HandleId handle = await test.FileSystem.OpenAsync("a", OpenFlags.Read);
        long offset = 0;
        FsResult<int> read;
        while ((read = await test.FileSystem.ReadAsync(handle, offset, new byte[Piece], default)).IsOk)
        {
            offset += read.Value;
        }

        Assert.Equal(FsError.NotAuthentic, read.Error);
        Assert.InRange(offset, cut - (2 * Piece), cut); // Up to the read that has something of what is gone.
        await test.FileSystem.CloseAsync(handle);
    }

    // The smallest budget: one request of full length at a time is read ahead.
    private static async Task<TestVolume> UncachedAsync(int length = FileLength)
    {
        TestVolume test = await TestVolume.CreateAsync(TestVolumeOptions.Still with { CacheBytes = 10L << 30 });
        await test.FileSystem.PutAsync("a", FileSystemCalls.RandomBytes(length, 1));
        await test.DrainAsync();
        await test.StopAsync();
        Directory.Delete(test.CacheDirectory, recursive: true);
        await test.OpenAsync();
        return test;
    }
}
