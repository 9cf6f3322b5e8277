using Xunit;

namespace HipaaFs.Fuse.Tests;

public sealed class FuseRequestLoopTests
{
    [Theory]
    [InlineData(FuseOpcode.Forget, false)]
    [InlineData(FuseOpcode.BatchForget, false)]
    [InlineData(FuseOpcode.Release, false)]
    [InlineData(FuseOpcode.ReleaseDir, false)]
    [InlineData(FuseOpcode.Unlink, true)]
    [InlineData(FuseOpcode.Read, true)]
    public void IsAwaited_MessageWithoutAWaitingSender_IsNoSignOfABacklog(FuseOpcode opcode, bool awaited)
    {
        Assert.Equal(awaited, FuseRequestLoop.IsAwaited(opcode));
    }
}
