using HipaaFs.Metadata;
using HipaaFs.Placements;
using HipaaFs.Storage;
using HipaaFs.Testing.Storage;
using HipaaFs.Volumes;

namespace HipaaFs.Core.Tests.Placements;

public sealed class PlacementTests
{
    private static readonly byte[] Content = FileSystemCalls.RandomBytes(200_000, 1);

    [Fact]
    public async Task RegisterStore_EmptyDirectory_GetsTheMarkAndTheClaimOfEachSession()
    {
        await using PlacedVolume volume = await PlacedVolume.CreateAsync(new Placement { Sync = [1] });
        TestVolume test = volume.Test;
        Assert.True(File.Exists(Path.Combine(test.MemberDirectory(1), "volume.json")));
        Assert.True(File.Exists(Claim(test, 1)));

        await test.ReopenAsync();
        Assert.Equal(["primary", "second", "third"], test.Volume.Parts.Stores.All.Select(static store => store.Name));
        SegmentRow row = await volume.UploadAsync("a", Content);
        Assert.Equal((1u, 3ul), (row.Placement, row.Copies));
        Assert.True(File.Exists(Claim(test, 1)));
        await test.AssertSoundAsync();
    }

    [Fact]
    public async Task RegisterStore_PlaceOfAStoreUnderAnotherName_IsRefused()
    {
        await using PlacedVolume volume = await PlacedVolume.CreateAsync(new Placement());
        foreach (string directory in (string[])[volume.Test.StoreDirectory, volume.Test.MemberDirectory(2)])
        {
            string link = volume.Test.MemberDirectory(3);
            Directory.CreateSymbolicLink(link, directory);

            VolumeException refused = await Assert.ThrowsAsync<VolumeException>(
                () => volume.Test.Volume.RegisterStoreAsync("fourth", StoreUrl.Parse("file://" + link), "", default));

            Assert.True(refused.Message.Contains("the same place", StringComparison.Ordinal), refused.Message);
            Directory.Delete(link);
            Assert.Empty(Directory.Exists(Path.Combine(directory, "probe")) ? Directory.GetFiles(Path.Combine(directory, "probe")) : []);
        }

        Assert.Equal(3, volume.Test.Volume.Parts.Stores.All.Count);
    }

    [Fact]
    public async Task RegisterStore_OfAnotherVolumeOrOfSomethingElse_IsRefusedAndLeftAlone()
    {
        await using TestVolume other = await TestVolume.CreateAsync(TestVolumeOptions.Still);
        await using PlacedVolume volume = await PlacedVolume.CreateAsync(new Placement());
        using var scratch = new ScratchDirectory();
        Directory.CreateDirectory(scratch["photos"]);
        await File.WriteAllTextAsync(Path.Combine(scratch["photos"], "a.jpg"), "x");
        foreach (string directory in (string[])[other.StoreDirectory, scratch["photos"], scratch["missing"], volume.Test.StoreDirectory])
        {
            Directory.CreateDirectory(volume.Test.MemberDirectory(3));
            string[] before = Directory.Exists(directory) ? Directory.GetFileSystemEntries(directory, "*", SearchOption.AllDirectories) : [];
            if (Directory.Exists(directory))
            {
                Directory.Delete(volume.Test.MemberDirectory(3), recursive: true);
                TestVolume.CopyTree(directory, volume.Test.MemberDirectory(3));
            }
            else
            {
                Directory.Delete(volume.Test.MemberDirectory(3), recursive: true);
            }

            StoreUrl url = StoreUrl.Parse("file://" + directory);
            await Assert.ThrowsAsync<VolumeException>(() => volume.Test.Volume.RegisterStoreAsync("fourth", url, "", default));
            string[] after = Directory.Exists(volume.Test.MemberDirectory(3))
                ? Directory.GetFileSystemEntries(volume.Test.MemberDirectory(3), "*", SearchOption.AllDirectories)
                : [];
            Assert.Equal(before.Length, after.Length);
            Assert.Equal(3, volume.Test.Volume.Parts.Stores.All.Count);
        }

        await Assert.ThrowsAsync<VolumeException>(() => volume.RegisterAsync("second"));
    }

    [Theory]
    [InlineData(0u, 0, -1)]
    [InlineData(3u, 0, -1)]
    [InlineData(2u, 3, -1)]
    [InlineData(2u, 1, 1)]
    public async Task DefinePlacement_ThatMakesNoSense_IsRefused(uint number, int primary, int replica)
    {
        await using PlacedVolume volume = await PlacedVolume.CreateAsync(new Placement());
        var placement = new Placement { Number = number, Primary = primary, Async = replica < 0 ? [] : [replica] };
        await Assert.ThrowsAsync<VolumeException>(() => volume.Test.Volume.DefinePlacementAsync(placement, default));
        Assert.Equal(FsError.InvalidArgument, (await volume.Test.Volume.AssignPlacementAsync(volume.Directory, 2, new HashSet<InodeId>(), null, default)).Error);
    }

    [Fact]
    public async Task Write_InADirectoryOfAPlacement_GoesToItsStoresAndSharesNoSegmentWithOthers()
    {
        await using PlacedVolume volume = await PlacedVolume.CreateAsync(new Placement { Primary = 1, Sync = [2] });
        HipaaFileSystem files = volume.Test.FileSystem;
        InodeId below = (await files.MakeDirectoryAsync("below", volume.Directory)).Id;
        await files.PutAsync("inside", Content, below);
        await files.PutAsync("outside", Content);
        await volume.Test.DrainAsync();

        IReadOnlyList<SegmentRow> rows = (await volume.Test.Volume.Parts.Metadata.ListSegmentsAsync(SegmentState.Live, null, 10)).Value;
        Assert.Equal([(0u, 1ul), (1u, 6ul)], rows.Select(static row => (row.Placement, row.Copies)).Order());
        Assert.All(rows, row => Assert.Equal(row.Placement == 0 ? [0] : [1, 2], volume.Having(row)));
        await volume.ReopenEmptyAsync();
        Assert.Equal(Content, await volume.Test.FileSystem.GetAsync("placed/below/inside"));
        Assert.Equal(Content, await volume.Test.FileSystem.GetAsync("outside"));
        await volume.Test.AssertSoundAsync();
    }

    [Fact]
    public async Task CopyRange_ToAnotherPlacement_SharesNothing()
    {
        await using PlacedVolume volume = await PlacedVolume.CreateAsync(new Placement { Primary = 1 });
        HipaaFileSystem files = volume.Test.FileSystem;
        await volume.UploadAsync("a", Content);
        HandleId from = await files.OpenAsync("placed/a");
        CreatedFile to = await files.CreateAsync("b");

        Assert.Equal(FsError.CrossDomain, (await files.CopyRangeAsync(from, 0, to.Handle, 0, Content.Length, default)).Error);
        await files.CloseAsync(from);
        await files.CloseAsync(to.Handle);
    }

    [Fact]
    public async Task Compaction_OfPlacedSegments_KeepsThemInTheirPlacement()
    {
        await using PlacedVolume volume = await PlacedVolume.CreateAsync(new Placement { Primary = 1 });
        HipaaFileSystem files = volume.Test.FileSystem;
        byte[] large = FileSystemCalls.RandomBytes(4 << 20, 2);
        foreach (InodeId directory in (InodeId[])[volume.Directory, InodeId.Root])
        {
            await files.PutAsync("kept", Content, directory);
            await files.PutAsync("deleted", large, directory);
        }

        await volume.Test.DrainAsync();
        foreach (InodeId directory in (InodeId[])[volume.Directory, InodeId.Root])
        {
            await files.UnlinkAsync(directory, "deleted"u8, default).Ok();
        }

        await files.SyncAsync(default).Ok();
        await volume.Test.Volume.CollectGarbageAsync(null, default);
        IReadOnlyList<SegmentRow> rows = (await volume.Test.Volume.Parts.Metadata.ListSegmentsAsync(SegmentState.Live, null, 10)).Value;
        Assert.Equal([(0u, 1ul), (1u, 2ul)], rows.Select(static row => (row.Placement, row.Copies)).Order());
        Assert.All(rows, static row => Assert.True(row.ObjectLength < 1 << 20));
        await volume.ReopenEmptyAsync();
        Assert.Equal(Content, await volume.ReadAsync("kept"));
        await volume.Test.AssertSoundAsync();
    }

    private static string Claim(TestVolume test, int store) => Path.Combine(test.MemberDirectory(store), "session", $"{test.Volume.Session:x16}");
}
