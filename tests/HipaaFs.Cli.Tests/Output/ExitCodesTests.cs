using HipaaFs.Cli.Volumes;
using HipaaFs.Volumes;
using Xunit;

namespace HipaaFs.Cli.Tests.Output;

public sealed class ExitCodesTests
{
    public static TheoryData<VolumeFailure> Failures => [.. Enum.GetValues<VolumeFailure>()];

    [Fact]
    public void Numbers_AreTheContract()
    {
        Assert.Equal(
            ["Done", "Failed", "Usage", "Configuration", "Key", "Store", "Integrity", "HeldByAnother", "NotFound", "Incomplete", "Refused", "UnsupportedFormat"],
            Enumerable.Range(0, 12).Select(number => ((ExitCode)number).ToString()));
    }

    [Fact]
    public void Words_EveryCode_IsReadBack()
    {
        Assert.All(Enum.GetValues<ExitCode>(), code => Assert.Equal(code, ExitCodes.FromWord(ExitCodes.ToWord(code))));
        Assert.Equal(ExitCode.Failed, ExitCodes.FromWord("something newer"));
    }

    [Theory]
    [MemberData(nameof(Failures))]
    public void ToExitCode_EveryVolumeFailure_HasOneThatIsNotDone(VolumeFailure failure) =>
        Assert.NotEqual(ExitCode.Done, VolumeFailures.ToExitCode(failure));
}
