using HipaaFs.Cli.Mounting;
using Xunit;

namespace HipaaFs.Cli.Tests.Mounting;

public sealed class MountTableTests
{
    private const string Text =
        "22 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw\n"
        + "40 22 0:51 / /mnt/with\\040blank rw,nosuid shared:2 master:3 - fuse.hipaafs hipaafs#" + VolumeDirectory.Id + "-0badcafe rw,user_id=0\n"
        + "41 22 0:52 / /mnt/plain rw - tmpfs tmpfs rw\n"
        + "42 41 0:53 / /mnt/plain ro - fuse.other hipaafs#" + VolumeDirectory.Id + "-0badcafe rw\n"
        + "broken line\n";

    private readonly MountTable _table = MountTable.Parse(Text);

    [Fact]
    public void Parse_MountOfTheDriver_GivesItsVolume()
    {
        MountEntry entry = Assert.Single(_table.OfDriver());

        Assert.Equal("/mnt/with blank", entry.MountPoint);
        Assert.Equal(new VolumeCopy(Guid.Parse(VolumeDirectory.Id), "0badcafe"), entry.Volume);
        Assert.Equal(entry.Source, MountEntry.SourceOf(entry.Volume!.Value));
    }

    [Fact]
    public void Find_TwoMountsAtOnePlace_GivesTheTopmost() => Assert.Equal("fuse.other", _table.Find("/mnt/plain")?.Type);

    [Fact]
    public void Find_NothingThere_GivesNull() => Assert.Null(_table.Find("/mnt"));

    [Fact]
    public void Read_RealTable_HasTheRoot() => Assert.NotNull(MountTable.Read().Find("/"));
}
