using System.ComponentModel;
using System.Runtime.InteropServices;
using HipaaFs.Platform.Interop;
using Microsoft.Win32.SafeHandles;

namespace HipaaFs.Platform;

/// <summary>File operations whose point is what survives a power cut. Each one says what is durable when it returns.</summary>
public static class DurableFile
{
    private const int AdviceWillNeed = 3;
    private const int AdviceDontNeed = 4;

    /// <summary>Makes a file's content, and the size needed to read it, durable (fdatasync(2)).</summary>
    /// <exception cref="IOException">The device refused; what was written since the last success may be lost.</exception>
    public static void SyncData(SafeFileHandle file)
    {
        if (!OperatingSystem.IsLinux())
        {
            RandomAccess.FlushToDisk(file);
            return;
        }

        Check(LibC.fdatasync(file), "fdatasync");
    }

    /// <summary>Makes the names in a directory durable: creations, renames and removals before the call (fsync(2) on the directory).</summary>
    /// <exception cref="IOException">The directory cannot be opened or synced.</exception>
    public static void SyncDirectory(string directory)
    {
        if (!OperatingSystem.IsLinux())
        {
            return; // NTFS journals names by itself.
        }

        int fd = LibC.open(directory, LibC.O_RDONLY | LibC.O_DIRECTORY | LibC.O_CLOEXEC, 0);
        Check(fd, "open directory");
        using var handle = new SafeFileHandle(fd, ownsHandle: true);
        Check(LibC.fsync(handle), "fsync directory");
    }

    /// <summary>Gives a file a second name (link(2)). Returns false when the new name exists or the two places are on different devices, see <paramref name="exists"/>.</summary>
    public static bool TryLink(string existing, string created, out bool exists)
    {
        exists = false;
        if (!OperatingSystem.IsLinux())
        {
            return false;
        }

        if (LibC.link(existing, created) == 0)
        {
            return true;
        }

        int error = Marshal.GetLastPInvokeError();
        exists = error == LibC.EEXIST;
        if (exists || error is LibC.EXDEV or LibC.EPERM or LibC.EMLINK)
        {
            return false;
        }

        throw Failure(error, "link");
    }

    /// <summary>Renames a file, replacing one of the new name (rename(2)). Atomic; durable after <see cref="SyncDirectory"/>. When both names are links to one file both stay.</summary>
    /// <exception cref="IOException">The rename failed; its HResult is errno.</exception>
    public static void Rename(string existing, string renamed)
    {
        if (!OperatingSystem.IsLinux())
        {
            File.Move(existing, renamed, overwrite: true);
            return;
        }

        Check(LibC.rename(existing, renamed), "rename");
    }

    /// <summary>Renames a file to a name that must be free. Returns false when it is not, or the file system cannot do this in one step, see <paramref name="exists"/>.</summary>
    public static bool TryRenameNew(string existing, string renamed, out bool exists)
    {
        exists = false;
        if (!OperatingSystem.IsLinux())
        {
            exists = File.Exists(renamed);
            if (!exists)
            {
                File.Move(existing, renamed);
            }

            return !exists;
        }

        if (LibC.renameat2(LibC.AT_FDCWD, existing, LibC.AT_FDCWD, renamed, LibC.RENAME_NOREPLACE) == 0)
        {
            return true;
        }

        int error = Marshal.GetLastPInvokeError();
        exists = error == LibC.EEXIST;
        return exists || error is LibC.EINVAL or LibC.ENOSYS ? false : throw Failure(error, "renameat2");
    }

    /// <summary>Opens a file for reading without the advisory lock that the base class library takes.</summary>
    /// <exception cref="IOException">The file cannot be opened; its HResult is errno.</exception>
    public static SafeFileHandle OpenRead(string path)
    {
        if (!OperatingSystem.IsLinux())
        {
            return File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        }

        int fd = LibC.open(path, LibC.O_RDONLY | LibC.O_CLOEXEC, 0);
        Check(fd, "open");
        return new SafeFileHandle(fd, ownsHandle: true);
    }

    /// <summary>Creates one directory with mode 0700 (mkdir(2)), its parent must exist. Returns false when the name is taken.</summary>
    /// <exception cref="IOException">It cannot be created; its HResult is errno.</exception>
    public static bool TryCreatePrivateDirectory(string path)
    {
        if (!OperatingSystem.IsLinux())
        {
            bool exists = Path.Exists(path);
            Directory.CreateDirectory(path);
            return !exists;
        }

        if (LibC.mkdir(path, 0x1C0) == 0)
        {
            return true;
        }

        int error = Marshal.GetLastPInvokeError();
        return error == LibC.EEXIST ? false : throw Failure(error, "mkdir");
    }

    /// <summary>Replaces a small file so that a reader, or a machine that lost power, sees the old content or the new, never a mixture. Durable on return; mode 0600.</summary>
    /// <exception cref="IOException">The old content is there, or, when only its directory could not be synced, the new: whoever goes by what this call did looks, or does it again.</exception>
    public static void Replace(string path, ReadOnlySpan<byte> content) => SyncDirectory(Replace(path, content, static _ => { }));

    /// <summary>
    /// The same with a file that is there: it keeps its mode, and its owner as far as this process may give files away. False when its directory could not be synced:
    /// everybody sees the new content, but a power cut may bring the old back.
    /// </summary>
    /// <exception cref="FileNotFoundException">It is not there.</exception>
    /// <exception cref="IOException">It is as it was.</exception>
    public static bool Rewrite(string path, ReadOnlySpan<byte> content)
    {
        string directory = Replace(path, content, written =>
        {
            if (OperatingSystem.IsLinux())
            {
                UnixFileMode mode = File.GetUnixFileMode(path);
                if (LibC.statx(LibC.AT_FDCWD, path, LibC.AT_SYMLINK_NOFOLLOW, LibC.STATX_BASIC_STATS, out Statx former) == 0)
                {
                    _ = LibC.fchown(written, former.stx_uid, former.stx_gid); // Refused of who is neither root nor the owner.
                }

                File.SetUnixFileMode(written, mode);
            }
        });
        try
        {
            SyncDirectory(directory);
            return true;
        }
        catch (IOException)
        {
            return false;
        }
    }

    // Returns the directory, which is to be synced.
    private static string Replace(string path, ReadOnlySpan<byte> content, Action<SafeFileHandle> prepare)
    {
        string directory = Path.GetDirectoryName(Path.GetFullPath(path))!;
        string temporary = Path.Combine(directory, "." + Path.GetFileName(path) + "." + Path.GetRandomFileName());
        try
        {
            using (SafeFileHandle file = CreatePrivate(temporary))
            {
                RandomAccess.Write(file, content, 0);
                prepare(file);
                SyncData(file);
            }

            File.Move(temporary, path, overwrite: true);
        }
        catch
        {
            File.Delete(temporary);
            throw;
        }

        return directory;
    }

    /// <summary>Creates a file that must not exist yet, readable and writable by its owner only (0600).</summary>
    public static SafeFileHandle CreatePrivate(string path, FileAccess access = FileAccess.ReadWrite)
    {
        var options = new FileStreamOptions
        {
            Mode = FileMode.CreateNew,
            Access = access,
            Share = FileShare.ReadWrite | FileShare.Delete,
        };
        if (!OperatingSystem.IsWindows())
        {
            options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        }

        // FileStream is the only API that takes the creation mode; the handle outlives it by ownership transfer.
        return OpenHandle(path, options);
    }

    /// <summary>Creates a directory and its missing parents with mode 0700. Existing directories are left as they are.</summary>
    public static void CreatePrivateDirectory(string path)
    {
        if (OperatingSystem.IsWindows())
        {
            Directory.CreateDirectory(path);
            return;
        }

        Directory.CreateDirectory(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
    }

    /// <summary>Sees to it that a directory is there, durably, by its name and those of its parents that were missing. What is made has mode 0700.</summary>
    /// <exception cref="IOException">It cannot be made or synced; its HResult is errno.</exception>
    public static void EnsureDirectory(string path)
    {
        string full = Path.TrimEndingDirectorySeparator(Path.GetFullPath(path));
        if (Path.GetDirectoryName(full) is not { } parent)
        {
            return;
        }

        if (!Directory.Exists(parent))
        {
            EnsureDirectory(parent);
        }

        bool made = TryCreatePrivateDirectory(full);
        if (!made && !Directory.Exists(full))
        {
            throw Failure(LibC.ENOTDIR, "mkdir");
        }

        try
        {
            SyncDirectory(parent); // Also for one that exists: whoever made it may have ended before this step.
        }
        catch (IOException exception) when (!made && exception.HResult == LibC.EACCES)
        {
            // Made by somebody else in a place that this process may only pass through.
        }
    }

    /// <summary>Tells the kernel that a range will be read soon, so that it starts to load it now. Never fails.</summary>
    public static void WillNeed(SafeFileHandle file, long offset, long length) => Advise(file, offset, length, AdviceWillNeed);

    /// <summary>Tells the kernel that a range need not stay in the page cache. Never fails.</summary>
    public static void DontNeed(SafeFileHandle file, long offset, long length) => Advise(file, offset, length, AdviceDontNeed);

    /// <summary>Frees the blocks of a range, which then reads as zeros. Returns false where the file system cannot.</summary>
    public static bool TryPunchHole(SafeFileHandle file, long offset, long length)
    {
        return OperatingSystem.IsLinux()
            && LibC.fallocate(file, LibC.FALLOC_FL_KEEP_SIZE | LibC.FALLOC_FL_PUNCH_HOLE, offset, length) == 0;
    }

    /// <summary>Reserves blocks for a range without changing the file's size. Returns false when there is no room or no support.</summary>
    public static bool TryAllocate(SafeFileHandle file, long offset, long length)
    {
        return OperatingSystem.IsLinux() && LibC.fallocate(file, LibC.FALLOC_FL_KEEP_SIZE, offset, length) == 0;
    }

    private static void Advise(SafeFileHandle file, long offset, long length, int advice)
    {
        if (OperatingSystem.IsLinux())
        {
            _ = LibC.posix_fadvise(file, offset, length, advice);
        }
    }

    private static SafeFileHandle OpenHandle(string path, FileStreamOptions options)
    {
        if (!OperatingSystem.IsLinux())
        {
            return File.OpenHandle(path, options.Mode, options.Access, options.Share);
        }

        const int exclusive = 0x80;
        int access = options.Access == FileAccess.Read ? LibC.O_RDONLY : LibC.O_RDWR;
        int fd = LibC.open(path, access | LibC.O_CREAT | exclusive | LibC.O_CLOEXEC, 0x180);
        Check(fd, "create file");
        return new SafeFileHandle(fd, ownsHandle: true);
    }

    private static void Check(int result, string call)
    {
        if (result < 0)
        {
            throw Failure(Marshal.GetLastPInvokeError(), call);
        }
    }

    // The HResult carries errno, as the base class library's own IOExceptions do on Unix.
    private static IOException Failure(int error, string call) =>
        new($"{call}: {new Win32Exception(error).Message}", error);
}
