using HipaaFs.Cli.Configuration;
using HipaaFs.Storage;
using HipaaFs.Volumes;
using Xunit;

namespace HipaaFs.Cli.Tests.Configuration;

public sealed class HomeAddressTests
{
    private const string Begin = $"# ours\nversion: 1\nid: {VolumeDirectory.Id}\n";
    private static readonly StoreUrl Other = StoreUrl.Parse("s3://bucket/a\"b\\c?endpoint=https://gateway:8080&region=x");

    [Theory]
    [InlineData("store: file:///var/lib/x # here\n")]
    [InlineData("store: \"file:///var/lib/x\"\n")]
    [InlineData("store:   'file:///var/lib/x'\r\n")]
    [InlineData("\"store\": file:///var/lib/x\n")]
    [InlineData("store:\n  file:///var/lib/x\n")]
    public void Write_OfAnyWayToSayIt_ChangesTheValueAlone(string line)
    {
        const string Rest = "cache: {size: 1GiB} # ä\nmemory: 512MiB\n";
        using VolumeDirectory directory = new VolumeDirectory().Write(Begin + line + Rest);
        string file = Path.Combine(directory.Volume, "volume.yaml");
        File.SetUnixFileMode(file, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead);

        new HomeAddress(Load(directory)).Write(Other);

        Assert.Equal(Other.ToString(), Load(directory).Get(VolumeSettings.Store));
        string text = File.ReadAllText(file);
        Assert.StartsWith(Begin, text, StringComparison.Ordinal);
        Assert.EndsWith(Rest, text, StringComparison.Ordinal);
        Assert.Equal(line.Contains('#', StringComparison.Ordinal), text.Contains("# here", StringComparison.Ordinal));
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead, File.GetUnixFileMode(file));
        Assert.Equal(["volume.yaml"], Directory.GetFiles(directory.Volume).Select(Path.GetFileName));
    }

    [Fact]
    public void Write_ThroughALink_ChangesTheFileBehindIt()
    {
        using VolumeDirectory directory = new VolumeDirectory().Write(Begin + "store: file:///var/lib/x\n");
        string file = Path.Combine(directory.Volume, "volume.yaml");
        string behind = Path.Combine(directory.Root, "managed.yaml");
        File.Move(file, behind);
        File.CreateSymbolicLink(file, behind);

        new HomeAddress(Load(directory)).Write(Other);

        Assert.Equal(behind, new FileInfo(file).LinkTarget);
        Assert.Equal(Other.ToString(), Load(directory).Get(VolumeSettings.Store));
    }

    [Theory]
    [InlineData("store: [\n")]
    [InlineData("cache: {size: 1GiB}\n")]
    public void Write_OfAFileThatCannotBeRead_IsRefusedAndLeavesIt(string line)
    {
        using VolumeDirectory directory = new VolumeDirectory().Write(Begin + "store: file:///var/lib/x\n");
        var address = new HomeAddress(Load(directory));
        directory.Write(Begin + line);

        var refused = Assert.Throws<VolumeException>(() => address.Write(Other));

        Assert.Equal(VolumeFailure.Configuration, refused.Failure);
        Assert.Equal(Begin + line, File.ReadAllText(Path.Combine(directory.Volume, "volume.yaml")));
    }

    [Fact]
    public void Problem_OfAnAddressThatTheFileDoesNotSay_NamesWhoSaysIt()
    {
        using VolumeDirectory directory = new VolumeDirectory().Write(Begin + "store: file:///var/lib/x\n");

        Assert.Null(new HomeAddress(Load(directory)).Problem);
        Assert.Contains(
            "HIPAAFS_STORE", new HomeAddress(VolumeConfiguration.Load(directory.Volume, new Dictionary<string, string>(), static name => name == "HIPAAFS_STORE" ? "file:///other" : null)).Problem, StringComparison.Ordinal);
    }

    private static VolumeConfiguration Load(VolumeDirectory directory) => VolumeConfiguration.Load(directory.Volume, new Dictionary<string, string>(), static _ => null);
}
