using System.Runtime.CompilerServices;
using HipaaFs.Platform.Interop;
using HipaaFs.Testing.Storage;
using Xunit;

namespace HipaaFs.Platform.Tests;

public sealed class KernelClockTests : IDisposable
{
    private readonly ScratchDirectory _scratch = new();

    public void Dispose() => _scratch.Dispose();

    [Fact]
    public void Interop_Timespec_HasTheKernelsSize() => Assert.Equal(16, Unsafe.SizeOf<Timespec>());

    [Fact]
    public void Now_BeforeAFileIsWritten_IsNotAfterTheKernelsTimeOfIt()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "the kernel of Linux stamps files by this clock");
        var clock = new KernelClock();
        for (int i = 0; i < 1000; i++)
        {
            DateTimeOffset before = clock.GetUtcNow();
            File.WriteAllBytes(_scratch["file"], [1]);

            Assert.True(before.UtcDateTime <= File.GetLastWriteTimeUtc(_scratch["file"]));
        }
    }

    [Fact]
    public void Now_GoesOnWithTheSystemsClock()
    {
        DateTimeOffset exact = TimeProvider.System.GetUtcNow();

        Assert.InRange(exact - new KernelClock().GetUtcNow(), TimeSpan.FromMinutes(-10), TimeSpan.FromMinutes(10));
    }
}
