using System.Globalization;
using Xunit;

namespace HipaaFs.Platform.Tests;

public sealed class SecretMemoryTests
{
    [Fact]
    public void New_IsZeroAndOfTheLengthAsked()
    {
        using var secret = Create(33);
        Assert.Equal(33, secret.Length);
        Assert.Equal(33, secret.GetSpan().Length);
        Assert.Equal(33, secret.Memory.Length);
        Assert.Equal(-1, secret.GetSpan().IndexOfAnyExcept((byte)0));
        Assert.Throws<ArgumentOutOfRangeException>(() => Create(0));
    }

    [Fact]
    public void Copy_HoldsTheBytesApartFromTheOriginal()
    {
        byte[] original = [1, 2, 3];
        using var secret = Create(original);
        original[0] = 9;

        Assert.Equal([1, 2, 3], secret.GetSpan().ToArray());
    }

    [Fact]
    public unsafe void Dispose_ZeroesBeforeTheMemoryIsFreed()
    {
        SecretMemory secret = Create(Enumerable.Repeat((byte)0xA5, 4096).ToArray());
        nint address = (nint)secret.Pin().Pointer;
        Assert.Equal(0, address % Environment.SystemPageSize);
        Assert.True(Holds(address, 0xA5));
        Dispose(secret);

        Assert.Throws<ObjectDisposedException>(() => secret.GetSpan().Length);
        Assert.False(Holds(address, 0xA5));
    }

    [Fact]
    public void Dispose_Twice_IsHarmless()
    {
        SecretMemory secret = Create(16);
        Dispose(secret);
        Dispose(secret);
        Assert.Throws<ObjectDisposedException>(() => secret.GetSpan().Length);
    }

    [Fact]
    public void Text_ShowsNothing()
    {
        using var secret = Create("hunter2 hunter2"u8.ToArray());
        Assert.Equal("SecretMemory[redacted]", secret.ToString());
        Assert.DoesNotContain("hunter2", string.Create(CultureInfo.InvariantCulture, $"{secret}"), StringComparison.Ordinal);
    }

    [Fact]
    public void Locked_PagesAreCountedByTheKernel()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "Linux only");
        using var secret = Create(1);
        Assert.SkipUnless(secret.IsLocked, "no privilege to lock memory");
        string line = File.ReadLines("/proc/self/status").First(line => line.StartsWith("VmLck:", StringComparison.Ordinal));

        Assert.NotEqual("0", line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[^2].Trim());
    }

    private static SecretMemory Create(int length) => new(length);

    private static SecretMemory Create(ReadOnlySpan<byte> secret) => new(secret);

    // MemoryManager offers disposal by its interface only.
    private static void Dispose(SecretMemory secret) => ((IDisposable)secret).Dispose();

    // Reads this process's own memory through the kernel, so that a page that is gone is an error and no crash. The middle
    // of the block is looked at: an allocator keeps its books in the first bytes of what was freed.
    private static bool Holds(nint address, byte value)
    {
        byte[] read = new byte[1024];
        using FileStream memory = File.OpenRead("/proc/self/mem");
        try
        {
            RandomAccess.Read(memory.SafeFileHandle, read, address + read.Length);
        }
        catch (IOException)
        {
            return false;
        }

        return read.AsSpan().IndexOfAnyExcept(value) < 0;
    }
}
