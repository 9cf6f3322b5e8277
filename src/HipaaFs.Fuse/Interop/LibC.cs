using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

[assembly: DisableRuntimeMarshalling]

namespace HipaaFs.Fuse.Interop;

/// <summary>The libc calls of this library. Names and types are those of the man pages, sections 2 and 3.</summary>
internal static unsafe partial class LibC
{
    internal const int O_WRONLY = 1;
    internal const int O_RDWR = 2;
    internal const short POLLIN = 1;
    internal const int O_NONBLOCK = 0x800;
    internal const int O_CLOEXEC = 0x80000;
    internal const int O_PATH = 0x200000;
    internal const int O_DIRECTORY = 0x10000;
    internal const int PROT_READ = 1;
    internal const int PROT_WRITE = 2;
    internal const int MAP_PRIVATE = 2;
    internal const int MAP_ANONYMOUS = 0x20;
    internal const int MAP_NORESERVE = 0x4000;
    internal const int MADV_DONTNEED = 4;
    internal const int MADV_DONTDUMP = 16;
    internal const int MNT_DETACH = 2;
    internal const int UMOUNT_NOFOLLOW = 8;
    internal const int AF_UNIX = 1;
    internal const int SOCK_STREAM = 1;
    internal const int SOCK_SEQPACKET = 5;
    internal const int SOCK_CLOEXEC = 0x80000;
    internal const int SOL_SOCKET = 1;
    internal const int SCM_RIGHTS = 1;
    internal const int MSG_CMSG_CLOEXEC = 0x40000000;

    // _IOR(229, 0, uint32_t)
    internal const uint FUSE_DEV_IOC_CLONE = 0x8004E500;

    // _IOW(229, 1, struct fuse_backing_map)
    internal const uint FUSE_DEV_IOC_BACKING_OPEN = 0x4010E501;

    // _IOW(229, 2, uint32_t)
    internal const uint FUSE_DEV_IOC_BACKING_CLOSE = 0x4004E502;

    // The size glibc and musl reserve for posix_spawn_file_actions_t is below this.
    internal const int SpawnFileActionsSize = 256;

    [LibraryImport("libc", StringMarshalling = StringMarshalling.Utf8, SetLastError = true)]
    internal static partial int open(string path, int flags, uint mode);

    [LibraryImport("libc", SetLastError = true)]
    internal static partial int close(int fd);

    [LibraryImport("libc", SetLastError = true)]
    internal static partial nint read(int fd, void* buffer, nuint count);

    [LibraryImport("libc", SetLastError = true)]
    internal static partial nint write(int fd, void* buffer, nuint count);

    [LibraryImport("libc", SetLastError = true)]
    internal static partial nint writev(int fd, IoVector* vectors, int count);

    [LibraryImport("libc", SetLastError = true)]
    internal static partial int poll(PollDescriptor* descriptors, nuint count, int timeout);

    [LibraryImport("libc", SetLastError = true)]
    internal static partial int ioctl(int fd, nuint request, void* argument);

    [LibraryImport("libc", SetLastError = true)]
    internal static partial void* mmap(void* address, nuint length, int protection, int flags, int fd, long offset);

    [LibraryImport("libc", SetLastError = true)]
    internal static partial int munmap(void* address, nuint length);

    [LibraryImport("libc", SetLastError = true)]
    internal static partial int madvise(void* address, nuint length, int advice);

    [LibraryImport("libc", StringMarshalling = StringMarshalling.Utf8, SetLastError = true)]
    internal static partial int mount(string source, string target, string fileSystemType, nuint flags, string data);

    [LibraryImport("libc", StringMarshalling = StringMarshalling.Utf8, SetLastError = true)]
    internal static partial int umount2(string target, int flags);

    [LibraryImport("libc")]
    internal static partial uint geteuid();

    [LibraryImport("libc")]
    internal static partial uint getegid();

    [LibraryImport("libc", StringMarshalling = StringMarshalling.Utf8, SetLastError = true)]
    internal static partial byte* realpath(string path, byte* resolved);

    [LibraryImport("libc", SetLastError = true)]
    internal static partial int socketpair(int domain, int type, int protocol, int* descriptors);

    [LibraryImport("libc", SetLastError = true)]
    internal static partial int setsockopt(int fd, int level, int option, void* value, uint length);

    [LibraryImport("libc", SetLastError = true)]
    internal static partial nint recvmsg(int fd, MessageHeader* message, int flags);

    [LibraryImport("libc", SetLastError = true)]
    internal static partial int pipe2(int* descriptors, int flags);

    [LibraryImport("libc")]
    internal static partial int posix_spawn_file_actions_init(void* actions);

    [LibraryImport("libc")]
    internal static partial int posix_spawn_file_actions_adddup2(void* actions, int from, int to);

    [LibraryImport("libc")]
    internal static partial int posix_spawn_file_actions_destroy(void* actions);

    [LibraryImport("libc", StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int posix_spawn(int* pid, string path, void* actions, void* attributes, byte** arguments, byte** environment);

    [LibraryImport("libc", SetLastError = true)]
    internal static partial int waitpid(int pid, int* status, int options);

    /// <summary><c>struct iovec</c>.</summary>
    internal struct IoVector
    {
        internal void* Base;
        internal nuint Length;
    }

    /// <summary><c>struct pollfd</c>.</summary>
    internal struct PollDescriptor
    {
        internal int Descriptor;
        internal short Events;
        internal short ReturnedEvents;
    }

    /// <summary><c>struct msghdr</c> of 64-bit Linux.</summary>
    internal struct MessageHeader
    {
        internal void* Name;
        internal uint NameLength;
        internal IoVector* Vectors;
        internal nuint VectorCount;
        internal void* Control;
        internal nuint ControlLength;
        internal int Flags;
    }

    /// <summary><c>struct cmsghdr</c> with room for one descriptor.</summary>
    internal struct DescriptorMessage
    {
        internal nuint Length;
        internal int Level;
        internal int Type;
        internal int Descriptor;
        internal int Padding;
    }
}
