using HipaaFs.Cli.Commands;
using HipaaFs.Cli.Placing;
using Xunit;

namespace HipaaFs.Cli.Tests.Commands;

public sealed class StoreShipmentExitCodeTests
{
    [Theory]
    [InlineData(0, 0, null, false, ExitCode.Done)]
    [InlineData(3, 0, null, false, ExitCode.Incomplete)] // Another disk.
    [InlineData(3, 0, null, true, ExitCode.Done)] // The network.
    [InlineData(3, 1, null, true, ExitCode.Integrity)]
    [InlineData(3, 0, "Unavailable", true, ExitCode.Store)]
    public void ToExitCode_Outcome_IsToldApart(long left, long refused, string? stopped, bool isLast, object code) =>
        Assert.Equal(code, StoreShipmentCommand.ToExitCode(new StoreShipment("a", "b", 1, 2, left, left, 0, refused, [], stopped), isLast));
}
