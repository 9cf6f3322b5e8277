using HipaaFs.Cli.Mounting;
using Xunit;

namespace HipaaFs.Cli.Tests.Mounting;

public sealed class PathRelationTests
{
    [Theory]
    [InlineData("/a/b", "/a", true)]
    [InlineData("/a", "/a", true)]
    [InlineData("/ab", "/a", false)]
    [InlineData("/a", "/a/b", false)]
    [InlineData("/a", "/", true)]
    public void IsSameOrBelow_Paths_AreComparedByName(string path, string directory, bool expected) =>
        Assert.Equal(expected, PathRelation.IsSameOrBelow(path, directory));

    [Fact]
    public void Resolve_LinksOnTheWay_AreFollowed()
    {
        using var directory = new VolumeDirectory();
        string root = PathRelation.Resolve(directory.Root);
        Directory.CreateDirectory(Path.Combine(root, "real", "inner"));
        Directory.CreateSymbolicLink(Path.Combine(root, "link"), "real");
        Directory.CreateSymbolicLink(Path.Combine(root, "absolute"), Path.Combine(root, "link", "inner"));

        Assert.Equal(Path.Combine(root, "real", "inner", "new"), PathRelation.Resolve(Path.Combine(root, "absolute", "new")));
        Assert.Equal(Path.Combine(root, "real"), PathRelation.Resolve(Path.Combine(root, "link") + "/"));
    }

    [Fact]
    public void Resolve_LinkToItself_Ends()
    {
        using var directory = new VolumeDirectory();
        string loop = Path.Combine(directory.Root, "loop");
        File.CreateSymbolicLink(loop, loop);

        Assert.NotEmpty(PathRelation.Resolve(loop));
    }
}
