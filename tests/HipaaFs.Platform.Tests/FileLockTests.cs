using System.Diagnostics;
using HipaaFs.Testing.Storage;
using Xunit;

namespace HipaaFs.Platform.Tests;

public sealed class FileLockTests : IDisposable
{
    private readonly ScratchDirectory _scratch = new();

    public void Dispose() => _scratch.Dispose();

    [Fact]
    public void TryAcquire_Held_IsRefusedUntilReleased()
    {
        using (FileLock? first = FileLock.TryAcquire(_scratch["lock"]))
        {
            Assert.NotNull(first);
            Assert.Null(FileLock.TryAcquire(_scratch["lock"]));
        }

        using FileLock? again = FileLock.TryAcquire(_scratch["lock"]);
        Assert.NotNull(again);
        Assert.True(File.Exists(_scratch["lock"]));
    }

    [Fact]
    public void TryAcquire_Held_ExcludesOtherProcesses()
    {
        using (FileLock? held = FileLock.TryAcquire(_scratch["lock"]))
        {
            Assert.NotNull(held);
            Assert.NotEqual(0, TryInChild());
        }

        Assert.Equal(0, TryInChild());
    }

    [Fact]
    public void TryAcquire_HeldByAProcessThatIsKilled_Succeeds()
    {
        using Process holder = Process.Start(
            new ProcessStartInfo("flock", [_scratch["lock"], "sh", "-c", "echo held; read never"]) { RedirectStandardOutput = true, RedirectStandardInput = true })!;
        Assert.Equal("held", holder.StandardOutput.ReadLine());
        Assert.Null(FileLock.TryAcquire(_scratch["lock"]));

        holder.Kill(entireProcessTree: true);
        holder.WaitForExit();
        using FileLock? taken = WaitFor(() => FileLock.TryAcquire(_scratch["lock"]));
        Assert.NotNull(taken);
    }

    [Fact]
    public void Describe_IsReadableByTheRefused()
    {
        using FileLock? held = FileLock.TryAcquire(_scratch["lock"]);
        held!.Describe("a long description"u8);
        held.Describe("host 7"u8);

        Assert.Null(FileLock.TryAcquire(_scratch["lock"]));
        Assert.Equal("host 7"u8.ToArray(), FileLock.ReadHolder(_scratch["lock"]));
        Assert.Throws<IOException>(() => FileLock.ReadHolder(_scratch["none"]));
    }

    [Fact]
    public void TryAcquire_DirectoryMissing_Throws()
    {
        Assert.Throws<IOException>(() => FileLock.TryAcquire(_scratch["none/lock"]));
    }

    // The children of a killed process go on its own time; the lock is free when the last of them has gone.
    private static FileLock? WaitFor(Func<FileLock?> acquire)
    {
        FileLock? taken = null;
        return SpinWait.SpinUntil(() => (taken = acquire()) is not null, TimeSpan.FromMinutes(2)) ? taken : null;
    }

    private int TryInChild()
    {
        using Process child = Process.Start("flock", ["-n", _scratch["lock"], "true"]);
        child.WaitForExit();
        return child.ExitCode;
    }
}
