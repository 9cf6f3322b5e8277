using HipaaFs.Cli.Frontends;
using Xunit;

namespace HipaaFs.Cli.Tests.Frontends;

public sealed class LinuxOpenFlagsTests
{
    private const uint WriteOnly = 1;
    private const uint ReadWrite = 2;
    private const uint Truncate = 0x200;
    private const uint Append = 0x400;
    private const uint Sync = 0x101000;

    [Theory]
    [InlineData(0u, OpenFlags.Read)]
    [InlineData(WriteOnly, OpenFlags.Write)]
    [InlineData(ReadWrite | Truncate, OpenFlags.Read | OpenFlags.Write | OpenFlags.Truncate)]
    [InlineData(WriteOnly | Append, OpenFlags.Write | OpenFlags.Append)]
    [InlineData(WriteOnly | Sync, OpenFlags.Write | OpenFlags.Synchronous)]
    public void Read_WithoutWriteBackCache_AsOpenSays(uint flags, OpenFlags expected) =>
        Assert.Equal(expected, LinuxOpenFlags.Read(flags, killPrivileges: false, writeBack: false));

    [Theory]
    [InlineData(WriteOnly, OpenFlags.Write)]
    [InlineData(WriteOnly | Append, OpenFlags.Write)]
    [InlineData(ReadWrite | Sync, OpenFlags.Write | OpenFlags.Read)]
    public void Read_WithWriteBackCache_LeavesPlacesAndSyncsToTheKernel(uint flags, OpenFlags expected) =>
        Assert.Equal(expected, LinuxOpenFlags.Read(flags, killPrivileges: false, writeBack: true));

    [Fact]
    public void Read_KillPrivileges_IsPassedOn() =>
        Assert.Equal(
            OpenFlags.Read | OpenFlags.Write | OpenFlags.Truncate | OpenFlags.KillPrivileges,
            LinuxOpenFlags.Read(ReadWrite | Truncate, killPrivileges: true, writeBack: true));
}
