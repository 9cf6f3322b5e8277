using HipaaFs.Platform;
using Microsoft.Win32.SafeHandles;

namespace HipaaFs.Crypto;

/// <summary>Reads a small secret file into memory that is zeroed, after looking at who else could read it.</summary>
internal static class PrivateFile
{
    private const UnixFileMode OthersModes =
        UnixFileMode.GroupRead | UnixFileMode.GroupWrite | UnixFileMode.GroupExecute
        | UnixFileMode.OtherRead | UnixFileMode.OtherWrite | UnixFileMode.OtherExecute;

    /// <summary>Reads a whole file of at most <paramref name="maxSize"/> bytes; a longer one is damaged.</summary>
    public static KeyError TryRead(string path, int maxSize, out SecretMemory? content, out int length)
    {
        content = null;
        length = 0;
        try
        {
            using var stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, bufferSize: 0);
            if (IsExposed(stream.SafeFileHandle, stream.CanSeek))
            {
                return KeyError.KeyExposed;
            }

            return Read(stream, maxSize, out content, out length);
        }
        catch (Exception exception) when (exception is FileNotFoundException or DirectoryNotFoundException)
        {
            return KeyError.KeyMissing;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return KeyError.KeyUnreadable;
        }
    }

    /// <summary>Reads a stream to its end.</summary>
    public static KeyError Read(Stream stream, int maxSize, out SecretMemory? content, out int length)
    {
        content = null;
        length = 0;
        var buffer = new SecretMemory(maxSize + 1);
        int read = stream.ReadAtLeast(buffer.GetSpan(), maxSize + 1, throwOnEndOfStream: false);
        if (read > maxSize)
        {
            ((IDisposable)buffer).Dispose();
            return KeyError.KeyDamaged;
        }

        content = buffer;
        length = read;
        return KeyError.None;
    }

    // A pipe has no readers of its own; only a file that stays can be read by others later.
    private static bool IsExposed(SafeFileHandle file, bool isRegular) =>
        !OperatingSystem.IsWindows() && isRegular && (File.GetUnixFileMode(file) & OthersModes) != 0;
}
