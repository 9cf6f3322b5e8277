using HipaaFs.Core.Tests.Placements;
using HipaaFs.Metadata;
using HipaaFs.Placements;
using HipaaFs.Shipping;
using HipaaFs.Storage;
using HipaaFs.Testing.Storage;
using HipaaFs.Volumes;

namespace HipaaFs.Core.Tests.Shipping;

/// <summary>A store that takes the place of another with disks that are shipped.</summary>
public sealed class ShipmentTests
{
    private static readonly byte[] Content = FileSystemCalls.RandomBytes(300_000, 1);
    private static readonly Placement OnSecond = new() { Number = 1, Primary = 1 };
    private static readonly Placement OnThird = new() { Number = 1, Primary = 2 };

    [Fact]
    public async Task Ship_TwoDisksAndAFlippedByte_TakesWhatIsAsItWasSealedAndTheNetworkBringsTheRest()
    {
        await using PlacedVolume volume = await PlacedVolume.CreateAsync(OnSecond);
        using var disks = new ScratchDirectory();
        SegmentRow first = await volume.UploadAsync("first", Content);
        SegmentRow flipped = await volume.UploadAsync("flipped", FileSystemCalls.RandomBytes(200_000, 2));
        await volume.ReopenEmptyAsync();
        string one = Make(disks, "one");
        string two = Make(disks, "two");
        ShipmentReport counted = await WriteAsync(volume, one, countsOnly: true);
        Assert.Equal((0L, 2L, first.ObjectLength + flipped.ObjectLength), (counted.Segments, counted.LeftSegments, counted.LeftBytes));
        Assert.Empty(Directory.EnumerateFileSystemEntries(one));

        ShipmentReport written = await WriteAsync(volume, one);
        Assert.Equal((2L, 0L), (written.Segments, written.LeftSegments));
        Assert.Equal(File.ReadAllBytes(volume.ObjectPath(1, first)), File.ReadAllBytes(PathOn(one, first)));
        SegmentRow later = await volume.UploadAsync("later", FileSystemCalls.RandomBytes(100_000, 3));
        Assert.Equal(1L, (await WriteAsync(volume, two)).Segments); // Only what is on no disk yet.
        Assert.False(File.Exists(PathOn(two, first)));
        Assert.Equal(0L, (await WriteAsync(volume, one)).Segments);
        Spoil(PathOn(one, flipped), 5000);
        await volume.ReopenEmptyAsync();
        volume.Store(1).Add(new StoreFault(StoreFaultKind.Fail) { Verb = StoreVerb.Read, Error = StoreError.NotFound, KeyPrefix = StoreLayout.Segment(later.Id).Value }); // Its way is the disk's alone.

        ShipmentReport taken = await TakeAsync(volume, one);
        Assert.Equal((1L, 1L, StoreLayout.Segment(flipped.Id).Value), (taken.Segments, taken.RefusedObjects, taken.Refused.Single()));
        Assert.NotEqual(0ul, await volume.CopiesAsync(first) & 4);
        Assert.Equal(1L, (await TakeAsync(volume, two)).Segments);
        volume.Store(1).Heal();
        await volume.Replicator.ReplicateAsync(default);
        Assert.Equal(6ul, await volume.CopiesAsync(flipped)); // The network brings the rest.

        await volume.ReopenEmptyAsync();
        volume.Store(1).Add(PlacedVolume.Dead);
        Assert.Equal(Content, await volume.ReadAsync("first"));
        Assert.Equal(100_000, (await volume.ReadAsync("later")).Length);
        Assert.Equal(200_000, (await volume.ReadAsync("flipped")).Length);
        volume.Store(1).Heal();
        await volume.Test.AssertSoundAsync();
    }

    [Fact]
    public async Task Take_CutOffBeforeTheRowsSaySo_TakesItWhenItIsRunAgain()
    {
        await using PlacedVolume volume = await PlacedVolume.CreateAsync(OnSecond);
        using var disks = new ScratchDirectory();
        SegmentRow row = await volume.UploadAsync("a", Content);
        string disk = Make(disks, "disk");
        await WriteAsync(volume, disk);

        await Assert.ThrowsAsync<IOException>(() => volume.Test.Volume.TakeShipmentAsync(
            1, 2, new HashSet<uint> { 1 }, disk, static _ => throw new IOException("cut"), new ProgressRecorder<ShipmentProgress>(), default));

        Assert.Equal((2ul, true), (await volume.CopiesAsync(row), File.Exists(volume.ObjectPath(2, row)))); // No row says so: no placement wants it there yet.
        Assert.Equal(1L, (await TakeAsync(volume, disk)).Segments);
        Assert.Equal(6ul, await volume.CopiesAsync(row));
        Assert.Equal(0L, (await TakeAsync(volume, disk)).Segments);
        Assert.Empty(Directory.EnumerateFiles(volume.Test.VolumeDirectory, "shipped-*")); // Nothing is left to ship.
    }

    [Fact]
    public async Task Upload_WithoutTheVolume_IsTakenOnceItWasReadBack()
    {
        await using PlacedVolume volume = await PlacedVolume.CreateAsync(OnSecond);
        using var disks = new ScratchDirectory();
        SegmentRow whole = await volume.UploadAsync("whole", Content);
        SegmentRow bad = await volume.UploadAsync("bad", FileSystemCalls.RandomBytes(200_000, 2));
        SegmentRow spoilt = await volume.UploadAsync("spoilt", FileSystemCalls.RandomBytes(250_000, 3));
        await volume.ReopenEmptyAsync();
        string disk = Make(disks, "disk");
        await WriteAsync(volume, disk);
        Spoil(PathOn(disk, bad), 70);

        ShipmentReport uploaded = await UploadAsync(volume, disk, 2);
        Assert.Equal((2L, 1L, StoreLayout.Segment(bad.Id).Value), (uploaded.Segments, uploaded.LeftSegments, Assert.Single(uploaded.Refused)));
        Assert.Equal(2L, (await UploadAsync(volume, disk, 2)).Segments); // What is there is read back.
        Spoil(volume.ObjectPath(2, spoilt), 20_000);

        ShipmentReport taken = await TakeAsync(volume, null);

        Assert.Equal((1L, StoreLayout.Segment(spoilt.Id).Value), (taken.Segments, Assert.Single(taken.Refused)));
        Assert.InRange(taken.LeftSegments, 0L, 2L); // The network may have begun to bring the rest.
        Assert.NotEqual(0ul, await volume.CopiesAsync(whole) & 4);
        await volume.Replicator.ReplicateAsync(default);
        Assert.Equal((6ul, 6ul), (await volume.CopiesAsync(bad), await volume.CopiesAsync(spoilt))); // The network brings the rest.
        await volume.ReopenEmptyAsync();
        volume.Store(1).Add(PlacedVolume.Dead);
        Assert.Equal(250_000, (await volume.ReadAsync("spoilt")).Length);
    }

    [Fact]
    public async Task Upload_StoreOfAnotherVolume_IsRefused()
    {
        await using PlacedVolume volume = await PlacedVolume.CreateAsync(OnSecond);
        await using PlacedVolume other = await PlacedVolume.CreateAsync(OnSecond);
        using var disks = new ScratchDirectory();
        SegmentRow row = await volume.UploadAsync("a", Content);
        string disk = Make(disks, "disk");
        await WriteAsync(volume, disk);

        await Assert.ThrowsAsync<VolumeException>(() => UploadAsync(other, disk, 2));

        Assert.False(File.Exists(other.ObjectPath(2, row)));
        await Assert.ThrowsAsync<InvalidDataException>(() => WriteAsync(other, disk));
        await Assert.ThrowsAsync<InvalidDataException>(() => TakeAsync(other, disk));
        await Assert.ThrowsAsync<FileNotFoundException>(() => TakeAsync(volume, Make(disks, "empty")));
    }

    [Fact]
    public async Task Write_SourceIsArchivedOrAway_SaysSoAndGoesOnLater()
    {
        await using PlacedVolume volume = await PlacedVolume.CreateAsync(OnSecond);
        using var disks = new ScratchDirectory();
        await volume.UploadAsync("a", Content);
        string disk = Make(disks, "disk");
        volume.Store(1).Add(new StoreFault(StoreFaultKind.Fail) { Verb = StoreVerb.Read, Error = StoreError.AccessDenied, KeyPrefix = "seg/" });

        ShipmentReport stopped = await WriteAsync(volume, disk);
        Assert.Equal((0L, 1L, StoreError.AccessDenied), (stopped.Segments, stopped.LeftSegments, stopped.Stopped));
        volume.Store(1).Heal();
        Assert.Equal(1L, (await WriteAsync(volume, disk)).Segments);
        Assert.Equal(1L, (await WriteAsync(volume, Make(disks, "again"), startsAnew: true)).Segments);
    }

    [Fact]
    public void Manifest_LastLineWasCutOff_IsWrittenOver()
    {
        using var disks = new ScratchDirectory();
        var volume = Guid.NewGuid();
        string path = Path.Combine(Make(disks, "disk"), ShipmentManifest.FileName);
        using (ShipmentManifest begun = ShipmentManifest.Open(path, volume))
        {
            begun.Add(new ShippedObject("seg/aa/x", 1, "00"));
        }

        File.AppendAllText(path, "{\"key\":\"seg/bb");
        using (ShipmentManifest again = ShipmentManifest.Open(path, volume))
        {
            again.Add(new ShippedObject("seg/cc/y", 2, "01"));
        }

        using ShipmentManifest read = ShipmentManifest.TryRead(path)!;
        Assert.Equal(["seg/aa/x", "seg/cc/y"], read.Objects.Select(static shipped => shipped.Key));
        File.WriteAllText(path, "{\"schema\":2}\n");
        Assert.Throws<InvalidDataException>(() => ShipmentManifest.TryRead(path));
    }

    private static string Make(ScratchDirectory disks, string name) => Directory.CreateDirectory(disks[name]).FullName;

    private static string PathOn(string disk, SegmentRow row) => Path.Combine(disk, StoreLayout.Segment(row.Id).Value);

    private static void Spoil(string path, long offset)
    {
        byte[] content = File.ReadAllBytes(path);
        content[offset] ^= 1;
        File.Delete(path);
        File.WriteAllBytes(path, content);
    }

    private static Task<ShipmentReport> WriteAsync(PlacedVolume volume, string disk, bool countsOnly = false, bool startsAnew = false) =>
        volume.Test.Volume.WriteShipmentAsync(1, 2, new HashSet<uint> { 1 }, disk, new ShipmentStep(countsOnly, startsAnew), new ProgressRecorder<ShipmentProgress>(), default);

    private static Task<ShipmentReport> TakeAsync(PlacedVolume volume, string? disk) => volume.Test.Volume.TakeShipmentAsync(
        1, 2, new HashSet<uint> { 1 }, disk, ends => volume.Test.Volume.DefinePlacementAsync(OnThird, ends), new ProgressRecorder<ShipmentProgress>(), default);

    private static Task<ShipmentReport> UploadAsync(PlacedVolume volume, string disk, int store)
    {
        using ShipmentManifest manifest = ShipmentManifest.TryRead(Path.Combine(disk, ShipmentManifest.FileName))!;
        return new ShipmentUpload(manifest, disk, volume.Store(store), TestVolume.RemoteUrl(store)).RunAsync(new ProgressRecorder<ShipmentProgress>(), default);
    }
}
