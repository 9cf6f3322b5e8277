using System.Runtime.InteropServices;

namespace HipaaFs.Fuse.Interop;

/// <summary>Owns one file descriptor.</summary>
internal sealed class SafeDescriptor : SafeHandle
{
    /// <summary>Takes over an open descriptor.</summary>
    internal SafeDescriptor(int descriptor)
        : base(-1, ownsHandle: true)
    {
        SetHandle(descriptor);
    }

    /// <inheritdoc/>
    public override bool IsInvalid => (int)handle < 0;

    /// <summary>The number, for the calls of one method that keeps this object alive.</summary>
    internal int Number => (int)handle;

    /// <inheritdoc/>
    protected override bool ReleaseHandle()
    {
        return LibC.close((int)handle) == 0;
    }
}
