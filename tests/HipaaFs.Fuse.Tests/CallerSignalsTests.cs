using System.Diagnostics;
using System.Globalization;
using Xunit;

namespace HipaaFs.Fuse.Tests;

public sealed class CallerSignalsTests
{
    [Fact]
    public void IsBeingKilled_AThreadWithSignalsItTakes_No()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "signals are read from /proc");
        using Process process = Process.Start(new ProcessStartInfo("sleep", ["1000"]))!;
        try
        {
            Commands.Run("kill", ["-STOP", process.Id.ToString(CultureInfo.InvariantCulture)]);
            Commands.Run("kill", ["-WINCH", process.Id.ToString(CultureInfo.InvariantCulture)]);

            Assert.False(CallerSignals.IsBeingKilled((uint)process.Id));
        }
        finally
        {
            process.Kill();
            process.WaitForExit();
        }
    }

    [Fact]
    public void IsBeingKilled_NobodyThere_Yes() => Assert.True(CallerSignals.IsBeingKilled(uint.MaxValue));
}
