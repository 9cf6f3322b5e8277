using HipaaFs.Cli.Mounting;
using HipaaFs.Snapshots;
using Xunit;

namespace HipaaFs.Cli.Tests.Mounting;

public sealed class MountOptionsReaderTests
{
    [Fact]
    public void Read_Nothing_GivesTheSafeDefaults()
    {
        MountOptions options = Read();

        Assert.False(options.ReadOnly);
        Assert.False(options.AllowOther);
        Assert.False(options.SetUserId);
        Assert.False(options.Devices);
        Assert.False(options.NoExec);
        Assert.False(options.Ownership.IsAny);
        Assert.Null(options.KernelCacheTime);
        Assert.Empty(options.Settings);
    }

    [Fact]
    public void Read_UsualOptions_AreUnderstood()
    {
        MountOptions options = Read("ro,allow_other,suid,dev,noexec,noatime,sync,dirsync,nonempty,awake,max_background=64,kernel_cache_time=5s");

        Assert.True(options.ReadOnly);
        Assert.True(options.AllowOther);
        Assert.True(options.SetUserId);
        Assert.True(options.Devices);
        Assert.True(options.NoExec);
        Assert.True(options.NoAccessTime);
        Assert.True(options.Synchronous);
        Assert.True(options.SynchronousDirectories);
        Assert.True(options.NonEmpty);
        Assert.True(options.KeepProcessorsAwake);
        Assert.Equal(64, options.MaxBackground);
        Assert.Equal(TimeSpan.FromSeconds(5), options.KernelCacheTime);
    }

    [Fact]
    public void Read_SnapshotOptions_AreUnderstoodAndReadOnly()
    {
        Assert.Equal(SnapshotDirectoryMode.Hidden, Read().SnapshotDirectory);
        Assert.Equal(SnapshotDirectoryMode.Visible, Read("snapdir=visible").SnapshotDirectory);
        Assert.Equal(SnapshotDirectoryMode.Off, Read("snapdir=off").SnapshotDirectory);
        MountOptions named = Read("snapshot=before,rw");
        Assert.True(named is { Snapshot: "before", At: null, ReadOnly: true });
        MountOptions timed = Read("snapshot=before,at=2026-11-22T10:00:00Z");
        Assert.True(timed is { Snapshot: null, ReadOnly: true });
        Assert.Equal(new DateTimeOffset(2026, 11, 22, 10, 0, 0, TimeSpan.Zero), timed.At);
        Assert.Equal(timed.At, Read("at=2026-11-22T10:00:00").At);
    }

    [Fact]
    public void Read_LaterOption_WinsOverEarlier()
    {
        Assert.False(Read("ro,rw").ReadOnly);
        Assert.True(Read("rw", "ro").ReadOnly);
        Assert.False(Read("suid,nosuid").SetUserId);
        Assert.Equal("2GiB", Read("memory=1GiB,memory=2GiB").Settings["memory"]);
    }

    [Fact]
    public void Read_OptionsOfOtherLayers_AreIgnored()
    {
        MountOptions options = Read("defaults,auto,noauto,user,users,owner,_netdev,nofail,relatime,default_permissions,x-systemd.automount,x-gvfs-show,comment=text");

        Assert.Equal(new MountOptions { Settings = options.Settings }, options);
        Assert.Empty(options.Settings);
    }

    [Theory]
    [InlineData("umask=022", 0x81B6u, 0x81EDu)]
    [InlineData("umask=077", 0x81B6u, 0x81C0u)]
    [InlineData("fmask=133", 0x81FFu, 0x81A4u)]
    [InlineData("fmask=133", 0x41FFu, 0x41FFu)]
    [InlineData("dmask=027", 0x41FFu, 0x41E8u)]
    [InlineData("umask=077", 0xA1FFu, 0xA1FFu)]
    public void Show_WithMask_ReplacesThePermissions(string option, uint stored, uint shown)
    {
        Assert.Equal(shown, Read(option).Ownership.Show(stored));
    }

    [Fact]
    public void Read_OwnerAndGroup_AreNumbers()
    {
        OwnershipOverride ownership = Read("uid=1000,gid=100").Ownership;

        Assert.Equal(1000u, ownership.UserId);
        Assert.Equal(100u, ownership.GroupId);
    }

    [Theory]
    [InlineData("bogus", "-o bogus: no such option")]
    [InlineData("bogus=1", "-o bogus: no such option")]
    [InlineData("ro=1", "-o ro: no such option")]
    [InlineData("uid=root", "-o uid: 'root' is no number")]
    [InlineData("uid=4294967295", "-o uid:")]
    [InlineData("uid=-1", "-o uid:")]
    [InlineData("umask=8", "-o umask:")]
    [InlineData("umask=7777", "-o umask:")]
    [InlineData("umask=", "-o umask:")]
    [InlineData("max_background=0", "-o max_background:")]
    [InlineData("kernel_cache_time=5", "-o kernel_cache_time:")]
    [InlineData("snapdir=shown", "-o snapdir: 'shown' is none of")]
    [InlineData("at=yesterday", "-o at: 'yesterday' is no time")]
    [InlineData("memory=1KiB", "-o memory:")]
    [InlineData("key=passphrase:secret", "-o key: the value")]
    public void Read_WrongOption_IsNamed(string option, string expected)
    {
        var problems = new List<string>();

        MountOptionsReader.Read([option], problems);

        Assert.StartsWith(expected, Assert.Single(problems), StringComparison.Ordinal);
        Assert.DoesNotContain("secret", problems[0], StringComparison.Ordinal);
    }

    [Fact]
    public void Read_SeveralUnknown_AreAllNamed()
    {
        var problems = new List<string>();

        MountOptionsReader.Read(["first,ro,second=2", "third"], problems);

        Assert.Equal(3, problems.Count);
    }

    [Fact]
    public void Read_Sloppy_ToleratesUnknown()
    {
        var problems = new List<string>();

        MountOptionsReader.Read(["first,sloppy,uid=x"], problems);

        Assert.StartsWith("-o uid", Assert.Single(problems), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("a,b", new[] { "a", "b" })]
    [InlineData(",,a,", new[] { "a" })]
    [InlineData(@"log=/a\,b,c", new[] { "log=/a,b", "c" })]
    [InlineData(@"log=/a\\,c", new[] { @"log=/a\", "c" })]
    [InlineData(@"log=/a\b", new[] { @"log=/a\b" })]
    [InlineData("", new string[0])]
    public void Split_Commas_CanBeEscaped(string text, string[] expected) => Assert.Equal(expected, MountOptionsReader.Split(text));

    private static MountOptions Read(params string[] values)
    {
        var problems = new List<string>();
        MountOptions options = MountOptionsReader.Read(values, problems);
        Assert.Empty(problems);
        return options;
    }
}
