using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using Xunit;

namespace HipaaFs.Fuse.Tests.Mounts;

/// <summary>The memory file system, mounted by a child process; unmounted by force and gone when disposed.</summary>
internal sealed class ServedMount : IDisposable
{
    // In a mount namespace of its own: a /dev/fuse that anybody may open, as udev makes it, wherever this machine's is root's alone.
    private const string OpenDeviceScript = """
        mount -t tmpfs -o mode=755 none "$0" && mknod -m 666 "$0/fuse" c 10 229 && mount --bind "$0/fuse" /dev/fuse || exit 1
        mkdir "$0/mount point" && chown nobody "$0/mount point" && exec "$@"
        """;

    // In a mount namespace of its own, too: the kernel's control files, wherever nobody has mounted them.
    private const string ControlFilesScript = """
        mount -t fusectl none /sys/fs/fuse/connections && exec "$@"
        """;

    // Only ends a test that hangs.
    internal static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    private readonly Process _server;
    private readonly ConcurrentQueue<string> _lines = new();
    private readonly TaskCompletionSource<string> _ready = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly DirectoryInfo _folder;
    private string? _user;

    private ServedMount(Process server, DirectoryInfo folder)
    {
        _server = server;
        _folder = folder;
        server.OutputDataReceived += (_, line) => OnLine(line.Data);
        server.BeginOutputReadLine();
    }

    internal string Directory => Path.Combine(_folder.FullName, "mount point");

    internal string DeviceNumber { get; private set; } = "";

    internal IEnumerable<string> Lines => _lines;

    internal static void SkipWhereImpossible()
    {
        if (!File.Exists("/dev/fuse"))
        {
            Assert.Skip("needs /dev/fuse");
        }

        if (Environment.UserName != "root" && !File.Exists("/usr/bin/fusermount3"))
        {
            Assert.Skip("needs root or fusermount3");
        }
    }

    internal static void SkipWithoutControlFiles()
    {
        SkipWhereImpossible();
        if (Commands.Run("unshare", ["-m", "sh", "-c", ControlFilesScript, "sh", "nsenter", "--version"])?.ExitCode != 0)
        {
            Assert.Skip("needs unshare, nsenter and the right to mount fusectl");
        }
    }

    /// <summary>Mounts, as another user when one is given.</summary>
    internal static ServedMount Start(string[] options, string? user = null, bool withControlFiles = false)
    {
        DirectoryInfo folder = System.IO.Directory.CreateTempSubdirectory("fuse-mount-");
        string directory = Path.Combine(folder.FullName, "mount point");
        System.IO.Directory.CreateDirectory(directory);
        string[] command = [Environment.ProcessPath!, Program.ServeVerb, directory, .. options];
        if (user is not null)
        {
            // All may come by; the mount point itself is the user's.
            File.SetUnixFileMode(folder.FullName, (UnixFileMode)Convert.ToInt32("755", 8));
            Commands.Run("chown", [user, directory]);
            command = ["unshare", "-m", "sh", "-c", OpenDeviceScript, folder.FullName, .. BecomeUser(user), .. command];
        }

        if (withControlFiles)
        {
            command = ["unshare", "-m", "sh", "-c", ControlFilesScript, "sh", .. command];
        }

        var start = new ProcessStartInfo(command[0], command[1..]) { RedirectStandardInput = true, RedirectStandardOutput = true };
        start.Environment["DOTNET_ROOT"] = Path.GetDirectoryName(Environment.GetEnvironmentVariable("DOTNET_HOST_PATH") ?? "");
        var mount = new ServedMount(Process.Start(start)!, folder) { _user = user };
        Task.WaitAny([mount._ready.Task, mount._server.WaitForExitAsync()], Patience);
        if (!mount._ready.Task.IsCompletedSuccessfully)
        {
            mount.Dispose();
            Assert.Fail("the mount did not come up: " + string.Join(" | ", mount._lines));
        }

        mount.DeviceNumber = mount._ready.Task.Result.Split(' ')[1];
        return mount;
    }

    internal string PathOf(string name) => Path.Combine(Directory, name);

    /// <summary>Waits until the server has said something.</summary>
    internal void WaitForLine(string line) => Assert.True(SpinWait.SpinUntil(() => _lines.Contains(line), Patience), $"the server never said '{line}'");

    /// <summary>Runs a program as the user, and in the mount namespace, of the server.</summary>
    internal (int ExitCode, string Output)? RunAsServersUser(params string[] command)
    {
        string process = _server.Id.ToString(CultureInfo.InvariantCulture);
        return Commands.Run("nsenter", ["-t", process, "-m", .. BecomeUser(_user!), .. command]);
    }

    /// <summary>Runs a program in the mount namespace of the server.</summary>
    internal (int ExitCode, string Output)? RunBesideServer(params string[] command) =>
        Commands.Run("nsenter", ["-t", _server.Id.ToString(CultureInfo.InvariantCulture), "-m", .. command]);

    /// <summary>Ends the server's standard input.</summary>
    internal void EndInput() => _server.StandardInput.Close();

    /// <summary>Waits for the server's own end. Returns its exit code, or null when it goes on.</summary>
    internal int? WaitForEnd()
    {
        if (!_server.WaitForExit(Patience))
        {
            return null;
        }

        _server.WaitForExit(); // Without a limit it also waits for the last lines of output.
        return _server.ExitCode;
    }

    public void Dispose()
    {
        if (!_server.HasExited)
        {
            Commands.Run("umount", ["-l", Directory]);
            if (!_server.WaitForExit(TimeSpan.FromSeconds(30)))
            {
                AbortConnection();
                _server.Kill();
                _server.WaitForExit();
            }
        }

        _server.Dispose();
        Commands.Run("umount", ["-l", Directory]);
        _folder.Delete(recursive: true);
    }

    private static string[] BecomeUser(string user) => ["setpriv", "--reuid=" + user, "--regid=nogroup", "--clear-groups"];

    private void OnLine(string? line)
    {
        if (line is null)
        {
            return;
        }

        _lines.Enqueue(line);
        if (line.StartsWith(MemoryFileSystem.ReadyLine, StringComparison.Ordinal))
        {
            _ready.TrySetResult(line);
        }
    }

    private void AbortConnection()
    {
        string id = DeviceNumber.Split(':')[^1];
        string control = string.Create(CultureInfo.InvariantCulture, $"/sys/fs/fuse/connections/{id}/abort");
        if (File.Exists(control))
        {
            File.WriteAllText(control, "1");
        }
    }
}
