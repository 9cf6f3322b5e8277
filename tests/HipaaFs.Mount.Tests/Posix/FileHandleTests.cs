using HipaaFs.Testing.Mounts;
using Xunit;

namespace HipaaFs.Mount.Tests.Posix;

/// <summary>File handles outlive what the kernel remembers, and the mount: name_to_handle_at(2), open_by_handle_at(2), which NFS exports stand on.</summary>
public sealed class FileHandleTests
{
    private const string Calls = """
        import ctypes, os, sys
        libc = ctypes.CDLL(None, use_errno=True)
        class Handle(ctypes.Structure):
            _fields_ = [("bytes", ctypes.c_uint), ("type", ctypes.c_int), ("data", ctypes.c_ubyte * 128)]
        def take(path):
            handle, mount = Handle(bytes=128), ctypes.c_int()
            if libc.name_to_handle_at(-100, path.encode(), ctypes.byref(handle), ctypes.byref(mount), 0) != 0:
                raise OSError(ctypes.get_errno(), "name_to_handle_at")
            return bytes(handle)
        def use(saved, flags=os.O_RDONLY):
            handle = Handle.from_buffer_copy(saved)
            top = os.open(".", os.O_RDONLY | os.O_DIRECTORY)
            fd = libc.open_by_handle_at(top, ctypes.byref(handle), flags)
            code = ctypes.get_errno()
            os.close(top)
            if fd < 0:
                raise OSError(code, "open_by_handle_at")
            return fd
        def outcome(saved):
            try:
                os.close(use(saved))
                return "opened"
            except OSError as error:
                return {116: "ESTALE"}.get(error.errno, error.errno)
        """;

    [Fact]
    public async Task OpenByHandle_AfterARemount_FindsTheSameFile()
    {
        if (Environment.UserName != "root")
        {
            Assert.Skip("needs root: open_by_handle_at(2) asks for CAP_DAC_READ_SEARCH");
        }

        await using MountedVolume volume = await MountedVolume.CreateAsync();
        string place = Path.Combine(volume.Work, "handles");
        Directory.CreateDirectory(place);
        await RunAsync(volume, $"""
            os.makedirs("d/e"); open("d/e/file", "w").write("kept"); open("gone", "w").write("x"); open("d/closed", "w").write("x")
            for name, path in (("file", "d/e/file"), ("directory", "d/e"), ("gone", "gone"), ("closed", "d/closed")):
                open("{place}/" + name, "wb").write(take(path))
            os.unlink("gone")
            """);
        await volume.UnmountAsync();
        await volume.MountAsync();

        await RunAsync(volume, $$"""
            saved = {name: open("{{place}}/" + name, "rb").read() for name in ("file", "directory", "gone", "closed")}
            file = use(saved["file"])
            assert os.read(file, 100) == b"kept"
            os.close(file)
            directory = use(saved["directory"], os.O_RDONLY | os.O_DIRECTORY)
            assert os.listdir(directory) == ["file"]
            os.fchdir(directory)
            assert os.path.samefile("..", "{{volume.Root}}/d")
            os.chdir("{{volume.Root}}")
            assert outcome(saved["gone"]) == "ESTALE", outcome(saved["gone"])
            # Not the one that was opened above: close(2) does not wait until the driver knows of it, and till then the handle opens it.
            os.unlink("d/closed")
            assert outcome(saved["closed"]) == "ESTALE", outcome(saved["closed"])
            """);
    }

    private static async Task RunAsync(MountedVolume volume, string script) =>
        (await Shell.PythonAsync(Calls + "\n" + script, volume.Root)).EnsureSucceeded();
}
