using HipaaFs.Metadata;

namespace HipaaFs.Core.Tests.Content;

public sealed class BasicContentTests
{
    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(16_383)]
    [InlineData(16_384)]
    [InlineData(16_385)]
    [InlineData(1 << 20)]
    [InlineData(70 << 20)]
    public async Task Read_AfterWrite_ReturnsTheBytesInEveryState(int length)
    {
        byte[] content = FileSystemCalls.RandomBytes(length, length);
        await using TestVolume test = await TestVolume.CreateAsync();
        await test.FileSystem.PutAsync("a", content);

        FileSystemCalls.AssertSame(content, await test.FileSystem.GetAsync("a"), "dirty");
        await test.FileSystem.FsyncAsync("a");
        FileSystemCalls.AssertSame(content, await test.FileSystem.GetAsync("a"), "staged");
        await test.DrainAsync();
        FileSystemCalls.AssertSame(content, await test.FileSystem.GetAsync("a"), "uploaded");
        await test.ReopenAsync();
        FileSystemCalls.AssertSame(content, await test.FileSystem.GetAsync("a"), "reopened");
        await test.StopAsync();
        Directory.Delete(test.CacheDirectory, recursive: true);
        await test.OpenAsync();
        FileSystemCalls.AssertSame(content, await test.FileSystem.GetAsync("a"), "fetched");
        await test.AssertSoundAsync();
    }

    [Fact]
    public async Task Read_BehindThousandsOfSmallExtents_FindsEveryOne()
    {
        const int Count = 3000;
        const int Stride = 340; // All of them in one window of the extent map, which holds fewer.
        await using TestVolume test = await TestVolume.CreateAsync(TestVolumeOptions.Still);
        HandleId handle = (await test.FileSystem.CreateAsync("a")).Handle;
        byte[] expected = new byte[Count * Stride];
        for (int i = 0; i < Count; i++)
        {
            byte[] piece = FileSystemCalls.RandomBytes(100, i + 1);
            piece.CopyTo(expected, i * Stride);
            await test.FileSystem.WriteAsync(handle, i * Stride, piece);
        }

        await test.FileSystem.SyncAsync(default).Ok();
        Task<byte[]> reading = Task.Run(() => test.FileSystem.ReadAsync(handle, 900_000, 100_000));
        byte[] actual = await reading.WaitAsync(TimeSpan.FromMinutes(2));

        FileSystemCalls.AssertSame(expected[900_000..1_000_000], actual);
        await test.FileSystem.CloseAsync(handle);
    }

    [Fact]
    public async Task Write_InTheMiddle_ChangesOnlyThoseBytes()
    {
        byte[] content = FileSystemCalls.RandomBytes(300_000, 1);
        byte[] patch = FileSystemCalls.RandomBytes(50_001, 2);
        await using TestVolume test = await TestVolume.CreateAsync();
        await test.FileSystem.PutAsync("a", content);
        await test.FileSystem.FsyncAsync("a");
        HandleId handle = await test.FileSystem.OpenAsync("a");
        await test.FileSystem.WriteAsync(handle, 77_777, patch);
        patch.CopyTo(content, 77_777);

        Assert.Equal(content, await test.FileSystem.GetAsync("a"));
        await test.FileSystem.CloseAsync(handle);
        await test.ReopenAsync();
        Assert.Equal(content, await test.FileSystem.GetAsync("a"));
    }

    [Fact]
    public async Task Write_PastTheEnd_LeavesAHoleThatReadsAsZeros()
    {
        await using TestVolume test = await TestVolume.CreateAsync();
        CreatedFile created = await test.FileSystem.CreateAsync("a");
        await test.FileSystem.WriteAsync(created.Handle, 1L << 40, [7]);

        Assert.Equal((1L << 40) + 1, (await test.FileSystem.LookupAsync("a")).Size);
        byte[] zeros = await test.FileSystem.ReadAsync(created.Handle, 0, 100_000);
        Assert.Equal(new byte[100_000], zeros);
        await test.FileSystem.FsyncAsync(created.Handle, false, default).Ok();
        Assert.Equal([0, 7], await test.FileSystem.ReadAsync(created.Handle, (1L << 40) - 1, 10));
        InodeAttributes applied = await test.FileSystem.LookupAsync("a");
        Assert.Equal(1, applied.AllocatedBytes);
        await test.FileSystem.CloseAsync(created.Handle);
        await test.AssertSoundAsync();
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Truncate_DownAndUp_CutsAndFillsWithZeros(bool applied)
    {
        byte[] content = FileSystemCalls.RandomBytes(100_000, 3);
        await using TestVolume test = await TestVolume.CreateAsync();
        CreatedFile created = await test.FileSystem.CreateAsync("a");
        await test.FileSystem.WriteAsync(created.Handle, 0, content);
        if (applied)
        {
            await test.FileSystem.FsyncAsync(created.Handle, false, default).Ok();
        }

        await Truncate(test, created, 33_333);
        Assert.Equal(content[..33_333], await test.FileSystem.GetAsync("a"));
        await Truncate(test, created, 66_666);
        byte[] expected = [.. content[..33_333], .. new byte[33_333]];
        Assert.Equal(expected, await test.FileSystem.GetAsync("a"));
        await test.FileSystem.CloseAsync(created.Handle);
        await test.ReopenAsync();
        Assert.Equal(expected, await test.FileSystem.GetAsync("a"));
        await Truncate(test, created, 0);
        Assert.Empty(await test.FileSystem.GetAsync("a"));
    }

    [Fact]
    public async Task Truncate_BelowAppliedDataWithNewerBytesInMemory_KeepsThem()
    {
        byte[] old = FileSystemCalls.RandomBytes(100_000, 4);
        await using TestVolume test = await TestVolume.CreateAsync();
        CreatedFile created = await test.FileSystem.CreateAsync("a");
        await test.FileSystem.WriteAsync(created.Handle, 0, old);
        await test.FileSystem.FsyncAsync(created.Handle, false, default).Ok();
        byte[] patch = FileSystemCalls.RandomBytes(1000, 5);
        await test.FileSystem.WriteAsync(created.Handle, 500, patch);
        patch.CopyTo(old, 500);
        await Truncate(test, created, 50_000);
        await Truncate(test, created, 80_000);
        byte[] expected = [.. old[..50_000], .. new byte[30_000]];

        Assert.Equal(expected, await test.FileSystem.GetAsync("a"));
        await test.FileSystem.CloseAsync(created.Handle);
        await test.ReopenAsync();
        Assert.Equal(expected, await test.FileSystem.GetAsync("a"));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Truncate_RefusedByTheRows_LosesNothing(bool applied)
    {
        byte[] content = FileSystemCalls.RandomBytes(100_000, 6);
        await using TestVolume test = await TestVolume.CreateAsync(TestVolumeOptions.Still);
        CreatedFile created = await test.FileSystem.CreateAsync("a");
        await test.FileSystem.WriteAsync(created.Handle, 0, content);
        if (applied)
        {
            await test.FileSystem.FsyncAsync(created.Handle, false, default).Ok();
            await test.FileSystem.WriteAsync(created.Handle, 40_000, content[..1000]);
            content.AsSpan(0, 1000).CopyTo(content.AsSpan(40_000));
        }

        test.Rows.RefuseAttributes = static _ => MetadataError.NoSpace;
        Assert.Equal(
            FsError.NoSpace,
            (await test.FileSystem.SetAttributesAsync(created.Attributes.Id, new AttributeChange { Size = 10 }, FileSystemCalls.Someone, default)).Error);
        Assert.Equal(100_000, (await test.FileSystem.LookupAsync("a")).Size);
        Assert.Equal(content, await test.FileSystem.GetAsync("a"));
        test.Rows.RefuseAttributes = null;
        await test.FileSystem.FsyncAsync(created.Handle, false, default).Ok();
        await using TestVolume crashed = await test.CrashAsync();
        Assert.Equal(content, await crashed.FileSystem.GetAsync("a"));
        await Truncate(test, created, 10);
        Assert.Equal(content[..10], await test.FileSystem.GetAsync("a"));
        await test.FileSystem.CloseAsync(created.Handle);
    }

    [Fact]
    public async Task Open_WithTruncate_EmptiesTheFile()
    {
        await using TestVolume test = await TestVolume.CreateAsync();
        await test.FileSystem.PutAsync("a", [1, 2, 3]);
        HandleId handle = await test.FileSystem.OpenAsync("a", OpenFlags.Write | OpenFlags.Truncate);

        Assert.Equal(0, (await test.FileSystem.LookupAsync("a")).Size);
        await test.FileSystem.CloseAsync(handle);
    }

    [Fact]
    public async Task Write_Synchronous_IsDurableWhenItReturns()
    {
        await using TestVolume test = await TestVolume.CreateAsync();
        CreatedFile created = await test.FileSystem.CreateAsync("a", flags: OpenFlags.Write | OpenFlags.Synchronous);
        await test.FileSystem.WriteAsync(created.Handle, 0, [1, 2, 3]);
        await using TestVolume crashed = await test.CrashAsync();

        Assert.Equal([1, 2, 3], await crashed.FileSystem.GetAsync("a"));
        await test.FileSystem.CloseAsync(created.Handle);
    }

    [Fact]
    public async Task Handles_OfUnknownNumbers_AreRefused()
    {
        await using TestVolume test = await TestVolume.CreateAsync();
        var unknown = new HandleId(99);

        Assert.Equal(FsError.BadHandle, (await test.FileSystem.ReadAsync(unknown, 0, new byte[1], default)).Error);
        Assert.Equal(FsError.BadHandle, (await test.FileSystem.WriteAsync(unknown, 0, new byte[1], WriteOrigin.Direct, default)).Error);
        Assert.Equal(FsError.BadHandle, await test.FileSystem.FsyncAsync(unknown, false, default));
        Assert.Equal(FsError.BadHandle, await test.FileSystem.FlushAsync(unknown, default));
        Assert.Equal(FsError.BadHandle, await test.FileSystem.ReleaseAsync(unknown));
    }

    [Fact]
    public async Task Open_ReadOnlyMount_RefusesChanges()
    {
        await using TestVolume test = await TestVolume.CreateAsync();
        InodeId inode = await test.FileSystem.PutAsync("a", [1, 2, 3]);
        await test.StopAsync();
        await test.OpenAsync(HipaaFs.Volumes.VolumeMode.ReadOnly);

        Assert.Equal([1, 2, 3], await test.FileSystem.GetAsync("a"));
        Assert.Equal(FsError.ReadOnly, (await test.FileSystem.OpenAsync(inode, OpenFlags.Write, default, default)).Error);
        Assert.Equal(FsError.ReadOnly, await test.FileSystem.UnlinkAsync(InodeId.Root, "a"u8, default));
        Assert.Equal(FsError.ReadOnly, (await test.FileSystem.MakeDirectoryAsync(InodeId.Root, "d"u8, default, default, default)).Error);
    }

    private static Task<InodeAttributes> Truncate(TestVolume test, CreatedFile file, long size) =>
        test.FileSystem.SetAttributesAsync(file.Attributes.Id, new AttributeChange { Size = size }, FileSystemCalls.Someone, default).Ok();
}
