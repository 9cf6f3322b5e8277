using HipaaFs.Handles;
using HipaaFs.Metadata;

namespace HipaaFs.Core.Tests.Content;

/// <summary>fallocate(2) of a file that is being written: a kernel with a write-back cache sends it while its pages are on their way.</summary>
public sealed class AllocateTests
{
    private const int Mebibyte = 1 << 20;

    [Fact]
    public async Task Allocate_WrittenFurtherWhileItWaits_KeepsSizeAndBytes()
    {
        await using TestVolume test = await TestVolume.CreateAsync(TestVolumeOptions.Still);
        byte[] content = FileSystemCalls.RandomBytes(8 * Mebibyte, 1);
        CreatedFile file = await test.FileSystem.CreateAsync("a");
        await test.FileSystem.WriteAsync(file.Handle, 0, content[..Mebibyte]);
        await test.FileSystem.FsyncAsync(file.Handle, false, default).Ok();

        FileState state = test.Volume.Parts.Files.TryAcquire(file.Attributes.Id)!;
        await state.ExtentGate.WaitAsync(); // As a pass that seals and syncs.
        Task<FsError> allocating = test.FileSystem.AllocateAsync(file.Handle, AllocateMode.Allocate, 0, 4 * Mebibyte, default).AsTask();
        await test.FileSystem.WriteAsync(file.Handle, Mebibyte, content[Mebibyte..]);
        state.ExtentGate.Release();
        test.Volume.Parts.Files.Release(state);

        Assert.Equal(FsError.None, await allocating);
        await AssertContentAsync(test, file.Handle, content);
    }

    [Fact]
    public async Task Allocate_WrittenFurtherWhileTheRowGrows_KeepsSizeAndBytes()
    {
        await using TestVolume test = await TestVolume.CreateAsync(TestVolumeOptions.Still);
        byte[] content = FileSystemCalls.RandomBytes(8 * Mebibyte, 1);
        CreatedFile file = await test.FileSystem.CreateAsync("a");
        await test.FileSystem.WriteAsync(file.Handle, 0, content[..Mebibyte]);
        await test.FileSystem.FsyncAsync(file.Handle, false, default).Ok();
        bool wrote = false;
        test.Rows.RefuseAttributes = _ =>
        {
            wrote = test.FileSystem.TryWrite(file.Handle, Mebibyte, content.AsSpan(Mebibyte), WriteOrigin.PageCache);
            return MetadataError.None;
        };

        await test.FileSystem.AllocateAsync(file.Handle, AllocateMode.Allocate, 0, 4 * Mebibyte, default).Ok();

        test.Rows.RefuseAttributes = null;
        Assert.True(wrote);
        await AssertContentAsync(test, file.Handle, content);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)] // What was written waits in memory.
    public async Task Allocate_PastTheEnd_GrowsByZeros(bool isDirty)
    {
        await using TestVolume test = await TestVolume.CreateAsync(TestVolumeOptions.Still);
        byte[] content = FileSystemCalls.RandomBytes(4 * Mebibyte, 1);
        content.AsSpan(Mebibyte).Clear();
        CreatedFile file = await test.FileSystem.CreateAsync("a");
        await test.FileSystem.WriteAsync(file.Handle, 0, content[..Mebibyte]);
        if (!isDirty)
        {
            await test.FileSystem.FsyncAsync(file.Handle, false, default).Ok();
        }

        await test.FileSystem.AllocateAsync(file.Handle, AllocateMode.Allocate, 0, 4 * Mebibyte, default).Ok();

        await AssertContentAsync(test, file.Handle, content);
    }

    // Now, and after everything is applied and read again from its rows.
    private static async Task AssertContentAsync(TestVolume test, HandleId handle, byte[] content)
    {
        FileSystemCalls.AssertSame(content, await test.FileSystem.GetAsync("a"));
        await test.FileSystem.FsyncAsync(handle, false, default).Ok();
        await test.FileSystem.CloseAsync(handle);
        await test.ReopenAsync();
        FileSystemCalls.AssertSame(content, await test.FileSystem.GetAsync("a"));
        await test.AssertSoundAsync();
    }
}
