using HipaaFs.Cli.Placing;
using HipaaFs.Cli.Tests.Policies;
using HipaaFs.Placements;
using Xunit;

namespace HipaaFs.Cli.Tests.Placing;

/// <summary>Which of a volume's stores the stores of <see cref="PolicyText.Sound"/> are.</summary>
public sealed class PolicyStoreMatchTests
{
    private static readonly RegisteredStore Own = new() { Number = 0, Name = RegisteredStore.Unnamed, Url = "s3://bucket-a?region=eu-central-1" };

    [Fact]
    public void Match_OwnStoreAndOthers_AreNumberedInTheOrderOfThePolicy()
    {
        var match = PolicyStoreMatch.Of(PolicyText.Read(PolicyText.Sound), [Own, new RegisteredStore { Number = 1, Name = "dir", Url = "file:///srv/dir" }], home: 0);

        Assert.Equal([0, 2, 1, 3], new[] { "a", "b", "dir", "open" }.Select(match.NumberOf));
        Assert.Equal(["b", "open"], match.Added.Select(static store => store.Name));
        Assert.Empty(match.Left);
    }

    [Fact]
    public void Match_StoreThatThePolicyDoesNotName_IsLeft()
    {
        var old = new RegisteredStore { Number = 1, Name = "old", Url = "file:///old" };

        Assert.Equal([old], PolicyStoreMatch.Of(PolicyText.Read(PolicyText.Sound), [Own, old], home: 0).Left);
    }

    [Theory]
    [InlineData("file:///elsewhere", RegisteredStore.Unnamed, 1, "x", "file:///x", "stores: the volume's home, file:///elsewhere, is not among them")]
    [InlineData("s3://bucket-a", "first", 1, "x", "file:///x", "stores.a: the volume knows s3://bucket-a as first; call it that")]
    [InlineData("s3://bucket-a", "a", 1, "elsewhere", "file:///srv/dir", "stores.dir: the volume knows file:///srv/dir as elsewhere; call it that")]
    [InlineData("s3://bucket-a", "a", 1, "dir", "file:///srv/other", "stores.dir: in the volume that is file:///srv/other; give the new place a name of its own")]
    public void Match_NameOrPlaceOfAnother_IsRefused(string own, string ownName, int number, string name, string url, string expected)
    {
        RegisteredStore[] known = [Own with { Url = own, Name = ownName }, new RegisteredStore { Number = number, Name = name, Url = url }];

        var refused = Assert.Throws<CommandException>(() => PolicyStoreMatch.Of(PolicyText.Read(PolicyText.Sound), known, home: 0));

        Assert.Equal(ExitCode.Refused, refused.Code);
        Assert.StartsWith(expected, Assert.Single(refused.Problems), StringComparison.Ordinal);
    }

    [Fact]
    public void Match_StoreWhoseSettingMakesNoSense_IsNoPlaceAndItsNameIsRefused()
    {
        var senseless = new RegisteredStore { Number = 1, Name = "store.1", Url = "", Problem = "it makes no sense" };

        Assert.Equal([senseless], PolicyStoreMatch.Of(PolicyText.Read(PolicyText.Sound), [Own, senseless], home: 0).Left);
        var refused = Assert.Throws<CommandException>(() => PolicyStoreMatch.Of(PolicyText.Read(PolicyText.Sound), [Own, senseless with { Name = "dir", Url = "ftp://x" }], home: 0));
        Assert.Equal("stores.dir: it makes no sense", Assert.Single(refused.Problems));
    }
}
