using HipaaFs.Cli.Commands;
using HipaaFs.Cli.Control;
using Xunit;

namespace HipaaFs.Cli.Tests.Commands;

public sealed class RecallExitCodeTests
{
    [Theory]
    [InlineData(0, 1, 0, 0, 0, false, ExitCode.Done)] // It is on its way.
    [InlineData(0, 1, 0, 0, 0, true, ExitCode.Incomplete)] // It should be back.
    [InlineData(0, 0, 1, 0, 0, true, ExitCode.Done)]
    [InlineData(1, 0, 1, 0, 0, true, ExitCode.Incomplete)] // A store gave up on one.
    [InlineData(1, 0, 0, 1, 0, false, ExitCode.Store)] // None could be asked for.
    [InlineData(1, 1, 0, 1, 0, false, ExitCode.Incomplete)]
    [InlineData(0, 0, 1, 0, 1, true, ExitCode.Incomplete)] // One is nowhere any more.
    public void ToExitCode_Outcome_IsToldApart(long archived, long recalling, long recalled, long failed, long missing, bool waited, object code) =>
        Assert.Equal(code, RecallCommand.ToExitCode(new RecallReport(1, archived, recalling, recalled, failed, null, null, []) { Missing = missing }, waited));
}
