using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;
using HipaaFs.Fuse.Interop;

namespace HipaaFs.Fuse;

/// <summary>Runs the setuid program fusermount3, which mounts and unmounts for those who may not.</summary>
internal static unsafe class Fusermount
{
    private const int SocketInChild = 3;

    private static readonly string[] Places = ["/usr/bin/fusermount3", "/bin/fusermount3", "/usr/local/bin/fusermount3", "/usr/sbin/fusermount3"];

    /// <summary>Where the program is, or null.</summary>
    internal static string? Find()
    {
        foreach (string place in Places)
        {
            if (File.Exists(place))
            {
                return place;
            }
        }

        foreach (string directory in (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':', StringSplitOptions.RemoveEmptyEntries))
        {
            string place = Path.Combine(directory, "fusermount3");
            if (Path.IsPathFullyQualified(place) && File.Exists(place))
            {
                return place;
            }
        }

        return null;
    }

    /// <summary>Mounts. Returns the connected device, or null with what the program said.</summary>
    internal static FuseDevice? Mount(string program, string options, string mountPoint, out string complaint)
    {
        int* sockets = stackalloc int[2];
        if (LibC.socketpair(LibC.AF_UNIX, LibC.SOCK_STREAM | LibC.SOCK_CLOEXEC, 0, sockets) != 0)
        {
            throw new IOException($"socketpair: errno {Marshal.GetLastPInvokeError()}");
        }

        using var ours = new SafeDescriptor(sockets[0]);
        var theirs = new SafeDescriptor(sockets[1]);
        int pid;
        SafeDescriptor output;
        using (theirs)
        {
            (pid, output) = Spawn([program, "-o", options, "--", mountPoint], theirs.Number);
        }

        using (output)
        {
            int descriptor = ReceiveDescriptor(ours.Number);
            complaint = ReadAll(output);
            int status = Wait(pid);
            if (descriptor >= 0 && status == 0)
            {
                return new FuseDevice(new SafeDescriptor(descriptor));
            }

            if (descriptor >= 0)
            {
                _ = LibC.close(descriptor);
            }

            return null;
        }
    }

    /// <summary>Unmounts. Returns the exit code; what the program said is in <paramref name="complaint"/>.</summary>
    internal static int Unmount(string program, string mountPoint, bool lazy, out string complaint)
    {
        string[] arguments = lazy ? [program, "-u", "-z", "--", mountPoint] : [program, "-u", "--", mountPoint];
        (int pid, SafeDescriptor output) = Spawn(arguments, socket: -1);
        using (output)
        {
            complaint = ReadAll(output);
            return Wait(pid);
        }
    }

    // posix_spawn, since the child must inherit one socket that no other child of this process may see.
    private static (int Pid, SafeDescriptor Output) Spawn(string[] arguments, int socket)
    {
        int* pipe = stackalloc int[2];
        if (LibC.pipe2(pipe, LibC.O_CLOEXEC) != 0)
        {
            throw new IOException($"pipe: errno {Marshal.GetLastPInvokeError()}");
        }

        var output = new SafeDescriptor(pipe[0]);
        using var input = new SafeDescriptor(pipe[1]);
        List<string> environment = ["PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL=C"];
        byte* actions = stackalloc byte[LibC.SpawnFileActionsSize];
        _ = LibC.posix_spawn_file_actions_init(actions);
        _ = LibC.posix_spawn_file_actions_adddup2(actions, input.Number, 1);
        _ = LibC.posix_spawn_file_actions_adddup2(actions, input.Number, 2);
        if (socket >= 0)
        {
            _ = LibC.posix_spawn_file_actions_adddup2(actions, socket, SocketInChild);
            environment.Add("_FUSE_COMMFD=" + SocketInChild.ToString(CultureInfo.InvariantCulture));
        }

        byte** argumentVector = ToVector(arguments);
        byte** environmentVector = ToVector([.. environment]);
        int pid = 0;
        int errno = LibC.posix_spawn(&pid, arguments[0], actions, null, argumentVector, environmentVector);
        _ = LibC.posix_spawn_file_actions_destroy(actions);
        FreeVector(argumentVector);
        FreeVector(environmentVector);
        if (errno != 0)
        {
            output.Dispose();
            throw new IOException($"start fusermount3: errno {errno}");
        }

        return (pid, output);
    }

    private static int ReceiveDescriptor(int socket)
    {
        byte content;
        LibC.IoVector vector = new() { Base = &content, Length = 1 };
        LibC.DescriptorMessage control = default;
        LibC.MessageHeader message = new()
        {
            Vectors = &vector,
            VectorCount = 1,
            Control = &control,
            ControlLength = (nuint)sizeof(LibC.DescriptorMessage),
        };
        nint received;
        do
        {
            received = LibC.recvmsg(socket, &message, LibC.MSG_CMSG_CLOEXEC);
        }
        while (received < 0 && Marshal.GetLastPInvokeError() == Errno.EINTR);

        bool hasDescriptor = received > 0 && message.ControlLength >= 20
            && control.Level == LibC.SOL_SOCKET && control.Type == LibC.SCM_RIGHTS;
        return hasDescriptor ? control.Descriptor : -1;
    }

    private static string ReadAll(SafeDescriptor source)
    {
        const int Limit = 4096;
        byte[] text = new byte[Limit];
        int length = 0;
        fixed (byte* start = text)
        {
            while (true)
            {
                // What is beyond the limit overwrites the last byte: the pipe is emptied, so that the program can end.
                byte* at = start + Math.Min(length, Limit - 1);
                nint got = LibC.read(source.Number, at, (nuint)Math.Max(1, Limit - length));
                if (got == 0 || (got < 0 && Marshal.GetLastPInvokeError() != Errno.EINTR))
                {
                    break;
                }

                length = Math.Min(Limit, length + (int)Math.Max(0, got));
            }
        }

        return Encoding.UTF8.GetString(text, 0, length).Trim();
    }

    private static int Wait(int pid)
    {
        int status = 0;
        while (LibC.waitpid(pid, &status, 0) < 0)
        {
            if (Marshal.GetLastPInvokeError() != Errno.EINTR)
            {
                return -1;
            }
        }

        bool exited = (status & 0x7f) == 0;
        return exited ? (status >> 8) & 0xff : -1;
    }

    private static byte** ToVector(string[] strings)
    {
        byte** vector = (byte**)NativeMemory.AllocZeroed((nuint)strings.Length + 1, (nuint)sizeof(byte*));
        for (int index = 0; index < strings.Length; index++)
        {
            vector[index] = (byte*)Marshal.StringToCoTaskMemUTF8(strings[index]);
        }

        return vector;
    }

    private static void FreeVector(byte** vector)
    {
        for (byte** at = vector; *at is not null; at++)
        {
            Marshal.FreeCoTaskMem((nint)(*at));
        }

        NativeMemory.Free(vector);
    }
}
