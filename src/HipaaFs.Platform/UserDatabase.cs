using System.Runtime.InteropServices;
using HipaaFs.Platform.Interop;

namespace HipaaFs.Platform;

/// <summary>The users that this machine knows, from its files or a directory service.</summary>
public static class UserDatabase
{
    private const int FirstBuffer = 4096;
    private const int LastBuffer = 1 << 20;
    private const int Range = 34; // ERANGE

    /// <summary>Finds a user's number.</summary>
    /// <param name="name">The name.</param>
    /// <param name="uid">The number; 0 when there is no such user.</param>
    /// <returns>Whether there is one.</returns>
    /// <exception cref="IOException">The users cannot be asked.</exception>
    /// <exception cref="PlatformNotSupportedException">Not on Linux.</exception>
    public static unsafe bool TryFind(string name, out uint uid)
    {
        uid = 0;
        if (!OperatingSystem.IsLinux())
        {
            throw new PlatformNotSupportedException("users have no numbers here");
        }

        for (int size = FirstBuffer; ; size *= 4)
        {
            LibC.Password entry;
            LibC.Password* found;
            byte[] buffer = new byte[size];
            int error;
            fixed (byte* texts = buffer)
            {
                error = LibC.getpwnam_r(name, &entry, texts, (nuint)size, &found);
            }

            if (error == Range && size < LastBuffer)
            {
                continue;
            }

            // Databases disagree on which errors mean that there is no such user.
            if (error is not (0 or LibC.ENOENT))
            {
                throw new IOException($"look up a user: error {error}");
            }

            uid = found is null ? 0 : entry.Uid;
            return found is not null;
        }
    }
}
