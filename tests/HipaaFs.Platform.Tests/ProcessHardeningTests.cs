using HipaaFs.Platform.Interop;
using Xunit;

namespace HipaaFs.Platform.Tests;

public sealed class ProcessHardeningTests
{
    private const int GetDumpable = 3; // PR_GET_DUMPABLE

    [Fact]
    public void DisableDumps_TheKernelKnowsIt()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "Linux only");
        int before = LibC.prctl(GetDumpable, 0, 0, 0, 0);
        try
        {
            ProcessHardening.DisableDumps();
            Assert.Equal(0, LibC.prctl(GetDumpable, 0, 0, 0, 0));
        }
        finally
        {
            _ = LibC.prctl(LibC.PR_SET_DUMPABLE, (nuint)before, 0, 0, 0);
        }
    }
}
