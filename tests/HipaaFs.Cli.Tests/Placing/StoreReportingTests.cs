using HipaaFs.Cli.Control;
using HipaaFs.Cli.Placing;
using Xunit;

namespace HipaaFs.Cli.Tests.Placing;

public sealed class StoreReportingTests
{
    [Fact]
    public async Task Describe_OnlyStore_SaysItsRecoveryPoint()
    {
        await using OpenVolume volume = await OpenVolume.CreateAsync();

        StoreReport store = Assert.Single(await StoreReporting.DescribeAsync(volume.Volume, TimeProvider.System, default));

        Assert.True(store.Home);
        Assert.NotNull(store.RecoveryPointSeconds);
    }
}
