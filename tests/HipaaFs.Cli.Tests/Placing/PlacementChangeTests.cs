using HipaaFs.Cli.Placing;
using HipaaFs.Placements;
using HipaaFs.Storage;
using Xunit;

namespace HipaaFs.Cli.Tests.Placing;

/// <summary>What becomes of placements, written as "primary / synchronous / asynchronous".</summary>
public sealed class PlacementChangeTests
{
    [Theory]
    [InlineData("1/2/3", "2//3")]
    [InlineData("1//3,4", "3//4")]
    [InlineData("1/2,3/4", "2/3/4")]
    [InlineData("1//", null)]
    [InlineData("2/1/3", "2//3")]
    [InlineData("2/3/1", "2/3/")]
    [InlineData("2/3/4", "2/3/4")]
    public void Without_Store1_ItsReplicasTakeOver(string before, string? after) =>
        Assert.Equal(after, PlacementChange.Without(Parse(before), 1) is { } left ? Format(left) : null);

    [Theory]
    [InlineData("1/2/3", "9/2/3")]
    [InlineData("2/1/3", "2/9/3")]
    [InlineData("2/3/1", "2/3/9")]
    [InlineData("1/9/3", "9//3")]
    [InlineData("1/2/9", "9/2/")]
    [InlineData("9/1/3", "9//3")]
    [InlineData("2/9/1", "2/9/")]
    [InlineData("2/1/9", "2/9/")]
    [InlineData("2/3/9,1", "2/3/9")]
    public void Replace_Store1By9_StaysWhatEitherWas(string before, string after) => Assert.Equal(after, Format(PlacementChange.Replace(Parse(before), 1, 9)));

    [Fact]
    public void Replace_Store1By9_TakesOverItsTier()
    {
        Placement archive = Parse("1/2/") with { Tiers = new Dictionary<int, StorageTier> { [1] = StorageTier.Archive, [2] = StorageTier.Cool } };
        Assert.Equal(StorageTier.Archive, PlacementChange.Replace(archive, 1, 9).TierOf(9));
        Assert.Equal(StorageTier.Cool, PlacementChange.Replace(archive, 1, 2).TierOf(2));
    }

    private static Placement Parse(string text)
    {
        int[][] stores = [.. text.Split('/').Select(static part => part.Split(',', StringSplitOptions.RemoveEmptyEntries).Select(int.Parse).ToArray())];
        return new Placement { Number = 5, Primary = stores[0][0], Sync = stores[1], Async = stores[2], Border = "eu" };
    }

    private static string Format(Placement placement)
    {
        Assert.Equal((5u, "eu"), (placement.Number, placement.Border));
        return $"{placement.Primary}/{string.Join(',', placement.Sync)}/{string.Join(',', placement.Async)}";
    }
}
