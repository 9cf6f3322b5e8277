using HipaaFs.Metadata;
using HipaaFs.Storage;
using HipaaFs.Testing;
using HipaaFs.Testing.Storage;

namespace HipaaFs.Core.Tests.Archives;

/// <summary>Uploads to an archive that fail on their way.</summary>
public sealed class ArchiveUploadTests
{
    [Fact]
    public async Task Upload_MovingDownFailed_IsMovedDownByTheNextTry()
    {
        await using ArchivedVolume volume = await ArchivedVolume.CreateAsync();
        FaultingObjectStore store = volume.Placed.Store(1);
        store.IsSilent = true; // So that it is put as hot, proven, and then moved down.
        store.Add(new StoreFault(StoreFaultKind.Fail) { Verb = StoreVerb.SetTier, Count = 1 });
        SegmentRow row = await volume.Placed.WriteAsync("a", FileSystemCalls.RandomBytes(300_000, 1));
        await Eventually.TrueAsync(
            async () =>
            {
                volume.Time.Advance(TimeSpan.FromMinutes(1));
                return await volume.Placed.CopiesAsync(row) != 0;
            },
            "it is uploaded");
        Assert.Equal(1, store.Struck);
        Assert.Equal(StorageTier.Archive, volume.TierOf(row));
    }
}
