using System.Runtime.InteropServices;

namespace HipaaFs.Cli.Frontends;

/// <summary>The flags of open(2) as the kernel sends them (asm-generic/fcntl.h, arm64 where it differs).</summary>
internal static class LinuxOpenFlags
{
    private const uint AccessMask = 3;
    private const uint WriteOnly = 1;
    private const uint ReadWrite = 2;
    private const uint Truncate = 0x200;
    private const uint Append = 0x400;
    private const uint DataSync = 0x1000;

    private static readonly uint Direct = RuntimeInformation.ProcessArchitecture == Architecture.Arm64 ? 0x10000u : 0x4000u;

    /// <summary>Reads them; <paramref name="writeBack"/> says that the kernel collects writes in its page cache.</summary>
    /// <remarks>
    /// A kernel that writes back decides itself where appended bytes go and when they must be durable. It reads whole pages around what was written, of a file opened
    /// for writing only too; nobody refuses that, and <see cref="OpenFlags.Read"/> stays what the program asked for, without which it cannot map the file.
    /// </remarks>
    public static OpenFlags Read(uint flags, bool killPrivileges, bool writeBack)
    {
        OpenFlags result = (flags & AccessMask) switch
        {
            WriteOnly => OpenFlags.Write,
            ReadWrite => OpenFlags.Read | OpenFlags.Write,
            _ => OpenFlags.Read,
        };
        result |= (flags & Truncate) != 0 ? OpenFlags.Truncate : OpenFlags.None;
        result |= (flags & Append) != 0 && !writeBack ? OpenFlags.Append : OpenFlags.None;
        result |= (flags & DataSync) != 0 && !writeBack ? OpenFlags.Synchronous : OpenFlags.None;
        result |= (flags & Direct) != 0 ? OpenFlags.Direct : OpenFlags.None;
        return result | (killPrivileges ? OpenFlags.KillPrivileges : OpenFlags.None);
    }
}
