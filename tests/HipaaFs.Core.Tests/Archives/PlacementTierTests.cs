using HipaaFs.Archives;
using HipaaFs.Core.Tests.Placements;
using HipaaFs.Placements;
using HipaaFs.Storage;
using HipaaFs.Volumes;

namespace HipaaFs.Core.Tests.Archives;

/// <summary>Placements say in which tier their data lies.</summary>
public sealed class PlacementTierTests
{
    private static Placement Cold => new() { Number = 1, Primary = 1, Async = [2], Tiers = new Dictionary<int, StorageTier> { [1] = StorageTier.Cool, [2] = StorageTier.Archive } };

    [Fact]
    public void IsSameAs_OtherTier_IsAnother()
    {
        Assert.True(Cold.IsSameAs(Cold with { Tiers = new Dictionary<int, StorageTier>(Cold.Tiers) { [0] = StorageTier.Cold } }));
        Assert.False(Cold.IsSameAs(Cold with { Tiers = new Dictionary<int, StorageTier> { [1] = StorageTier.Cool } }));
        Assert.False(Cold.IsSameAs(Cold with { Archive = new ArchiveBehaviour { OnOpen = OpenBehaviour.Recall } }));
        Assert.False(Cold.IsSameAs(Cold with { Archive = new ArchiveBehaviour { BlockedPrograms = ["file"] } }));
    }

    [Fact]
    public async Task Open_PlacementHasTiersAndBehaviour_HasThemAgain()
    {
        await using PlacedVolume volume = await PlacedVolume.CreateAsync(Cold with { Archive = new ArchiveBehaviour { OnOpen = OpenBehaviour.Block, BlockedPrograms = ["updatedb"] } });
        await volume.Test.ReopenAsync();
        Placement read = volume.Test.Volume.Placements[1];
        Assert.Equal((StorageTier.Hot, StorageTier.Cool, StorageTier.Archive), (read.TierOf(0), read.TierOf(1), read.TierOf(2)));
        Assert.Equal((OpenBehaviour.Block, "updatedb"), (read.Archive.OnOpen, read.Archive.BlockedPrograms.Single()));
    }

    [Fact]
    public async Task Define_SealedBehaviour_NamesNoProgramInTheSettings()
    {
        await using PlacedVolume volume = await PlacedVolume.CreateAsync(Cold with { Archive = new ArchiveBehaviour { BlockedPrograms = ["updatedb"] } });
        ReadOnlyMemory<byte> setting = (await volume.Test.Volume.Parts.Metadata.GetSettingAsync("placement.1")).Value;
        Assert.DoesNotContain("updatedb", System.Text.Encoding.UTF8.GetString(setting.Span), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("""{"primary":1}""", true)]
    [InlineData("""{"primary":1,"tiers":null}""", true)]
    [InlineData("""{"primary":1,"tiers":{"1":7}}""", false)]
    [InlineData("""{"primary":1,"tiers":{"1":3},"sealedArchive":"AAAA"}""", false)]
    public async Task Open_SettingOfOthers_IsHotOrUnknownAndMounts(string setting, bool isKnown)
    {
        await using PlacedVolume volume = await PlacedVolume.CreateAsync(Cold);
        await volume.Test.Volume.Parts.Metadata.SetSettingAsync(volume.Test.Volume.Parts.Clock.NextOperation(), "placement.1", System.Text.Encoding.UTF8.GetBytes(setting));
        await volume.Test.ReopenAsync();
        Assert.Equal(isKnown ? StorageTier.Hot : null, volume.Test.Volume.Parts.Stores.Placements.Find(1)?.TierOf(1));
    }

    [Fact]
    public async Task Define_OtherTierOfWhatIsThere_IsRefused()
    {
        await using PlacedVolume volume = await PlacedVolume.CreateAsync(Cold);
        await Assert.ThrowsAsync<VolumeException>(() => volume.Test.Volume.DefinePlacementAsync(Cold with { Tiers = new Dictionary<int, StorageTier>() }, default));
    }

    [Fact]
    public async Task Define_StoreIsNamedNoMore_ItsTierIsStillKnown()
    {
        await using PlacedVolume volume = await PlacedVolume.CreateAsync(Cold);
        await volume.Test.Volume.DefinePlacementAsync(new Placement { Number = 1, Primary = 1, Tiers = new Dictionary<int, StorageTier> { [1] = StorageTier.Cool } }, default);
        Assert.Equal(StorageTier.Archive, volume.Test.Volume.Placements[1].TierOf(2));
    }
}
