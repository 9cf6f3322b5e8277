using System.Buffers;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using HipaaFs.Platform.Interop;

namespace HipaaFs.Platform;

/// <summary>Bytes of a key outside the garbage collector's reach: never moved, never copied, kept out of swap and core dumps, zeroed on disposal.</summary>
/// <remarks>
/// Locking is best effort: a process without the privilege (RLIMIT_MEMLOCK) still works, see <see cref="IsLocked"/>.
/// Thread-safe for reading; the caller orders writing and disposal.
/// </remarks>
public sealed unsafe class SecretMemory : MemoryManager<byte>
{
    private static readonly nuint PageSize = (nuint)Environment.SystemPageSize;

    private readonly int _length;
    private readonly nuint _mapped;
    private byte* _address;

    /// <summary>Allocates <paramref name="length"/> zero bytes.</summary>
    public SecretMemory(int length)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(length);
        _length = length;
        _mapped = ((nuint)length + PageSize - 1) / PageSize * PageSize;
        _address = (byte*)NativeMemory.AlignedAlloc(_mapped, PageSize);
        NativeMemory.Clear(_address, _mapped);
        if (OperatingSystem.IsLinux())
        {
            IsLocked = LibC.mlock(_address, _mapped) == 0;
            _ = LibC.madvise(_address, _mapped, LibC.MADV_DONTDUMP);
        }
    }

    /// <summary>Allocates a copy of <paramref name="secret"/>; the caller zeroes the original.</summary>
    public SecretMemory(ReadOnlySpan<byte> secret)
        : this(secret.Length)
    {
        secret.CopyTo(GetSpan());
    }

    /// <summary>Whether the pages are locked in memory (mlock(2) succeeded).</summary>
    public bool IsLocked { get; }

    /// <summary>Length in bytes.</summary>
    public int Length => _length;

    /// <inheritdoc/>
    public override Span<byte> GetSpan()
    {
        ObjectDisposedException.ThrowIf(_address is null, this);
        return new Span<byte>(_address, _length);
    }

    /// <summary>Shows that there is a secret, never what it is.</summary>
    public override string ToString() => "SecretMemory[redacted]";

    /// <inheritdoc/>
    public override MemoryHandle Pin(int elementIndex = 0) => new(_address + elementIndex);

    /// <inheritdoc/>
    public override void Unpin()
    {
    }

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        if (_address is null)
        {
            return;
        }

        CryptographicOperations.ZeroMemory(new Span<byte>(_address, _length));
        if (IsLocked)
        {
            _ = LibC.munlock(_address, _mapped);
        }

        NativeMemory.AlignedFree(_address);
        _address = null;
    }
}
