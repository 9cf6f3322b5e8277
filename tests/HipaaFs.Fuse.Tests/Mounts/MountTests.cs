using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using Xunit;

namespace HipaaFs.Fuse.Tests.Mounts;

/// <summary>Real mounts, each served by a child process.</summary>
public sealed class MountTests
{
    [Theory]
    [InlineData]
    [InlineData(MemoryFileSystemServer.NoWritebackOption)]
    [InlineData(MemoryFileSystemServer.OneThreadOption)]
    public void Files_WrittenAndReadBack_AreTheSame(params string[] options)
    {
        ServedMount.SkipWhereImpossible();
        using ServedMount mount = ServedMount.Start(options);
        byte[] content = RandomNumberGenerator.GetBytes((5 << 20) + 123);
        File.WriteAllBytes(mount.PathOf("file"), content);
        Directory.CreateDirectory(mount.PathOf("folder/deeper"));
        File.Move(mount.PathOf("file"), mount.PathOf("folder/deeper/moved"));
        File.CreateSymbolicLink(mount.PathOf("link"), "folder/deeper/moved");

        Assert.Equal(content, File.ReadAllBytes(mount.PathOf("link")));
        Assert.Equal(["block", "folder", "hang", "link", "release"], Directory.GetFileSystemEntries(mount.Directory).Select(Path.GetFileName).Order());
        File.Delete(mount.PathOf("folder/deeper/moved"));
        Assert.Throws<IOException>(() => Directory.Delete(mount.PathOf("folder")));
        Directory.Delete(mount.PathOf("folder/deeper"));
        Directory.Delete(mount.PathOf("folder"));
        Assert.False(File.Exists(mount.PathOf("link")) && File.ResolveLinkTarget(mount.PathOf("link"), true)!.Exists);
    }

    [Fact]
    public void Directory_OfManyFiles_IsListedWhole()
    {
        ServedMount.SkipWhereImpossible();
        using ServedMount mount = ServedMount.Start([]);
        string folder = mount.PathOf("many");
        Directory.CreateDirectory(folder);
        for (int index = 0; index < 3000; index++)
        {
            File.WriteAllBytes(Path.Combine(folder, $"file-with-a-longer-name-{index}"), []);
        }

        Assert.Equal(3000, Directory.GetFiles(folder).Distinct().Count());
    }

    [Fact]
    public void Reads_FromSeveralThreads_AreRight()
    {
        ServedMount.SkipWhereImpossible();
        using ServedMount mount = ServedMount.Start([]);
        byte[] content = RandomNumberGenerator.GetBytes(8 << 20);
        File.WriteAllBytes(mount.PathOf("file"), content);
        Parallel.For(0, 8, worker =>
        {
            var random = new Random(worker);
            using FileStream stream = File.OpenRead(mount.PathOf("file"));
            byte[] buffer = new byte[100_000];
            for (int read = 0; read < 100; read++)
            {
                int offset = random.Next(content.Length - buffer.Length);
                int got = RandomAccess.Read(stream.SafeFileHandle, buffer, offset);
                Assert.Equal(buffer.Length, got);
                Assert.True(buffer.AsSpan().SequenceEqual(content.AsSpan(offset, got)));
            }
        });
    }

    [Fact]
    public void Umount_ByTheSystemsTool_EndsTheServer()
    {
        ServedMount.SkipWhereImpossible();
        using ServedMount mount = ServedMount.Start([]);

        Assert.Equal(0, Commands.Run("umount", [mount.Directory])?.ExitCode ?? 0);
        Assert.Equal(0, mount.WaitForEnd());
        Assert.Contains("destroyed", mount.Lines);
    }

    [Fact]
    public void Fusermount_Unmounting_EndsTheServer()
    {
        ServedMount.SkipWhereImpossible();
        using ServedMount mount = ServedMount.Start([]);
        (int ExitCode, string Output)? result = Commands.Run("fusermount3", ["-u", mount.Directory]);
        if (result is null)
        {
            Assert.Skip("needs fusermount3");
        }

        Assert.Equal(0, result.Value.ExitCode);
        Assert.Equal(0, mount.WaitForEnd());
    }

    [Fact]
    public void Mount_IsShownWithItsNameAndType()
    {
        ServedMount.SkipWhereImpossible();
        using ServedMount mount = ServedMount.Start([]);
        string escaped = mount.Directory.Replace(" ", "\\040", StringComparison.Ordinal);
        string line = File.ReadLines("/proc/self/mountinfo").Single(line => line.Contains(escaped, StringComparison.Ordinal));

        Assert.Contains(" fuse.hipaafstest memory,test ", line, StringComparison.Ordinal);
        Assert.Contains($" {mount.DeviceNumber} ", line, StringComparison.Ordinal);
        if (Environment.UserName == "root")
        {
            Assert.Equal("1024", File.ReadAllText($"/sys/class/bdi/{mount.DeviceNumber}/read_ahead_kb").Trim());
        }
    }

    [Fact]
    public async Task Handler_ThatBlocksItsThread_DoesNotStopOthers()
    {
        ServedMount.SkipWhereImpossible();
        using ServedMount mount = ServedMount.Start([]);
        Task blocked = Task.Run(() => File.OpenRead(mount.PathOf("block")).Dispose());
        Task released = Task.Run(() => File.OpenRead(mount.PathOf("release")).Dispose());

        await Task.WhenAll(blocked, released).WaitAsync(ServedMount.Patience, TestContext.Current.CancellationToken);
    }

    [Fact]
    public void Open_Interrupted_EndsBySignal()
    {
        ServedMount.SkipWhereImpossible();
        using ServedMount mount = ServedMount.Start([]);
        using Process reader = Process.Start(new ProcessStartInfo("cat", [mount.PathOf("hang")]) { RedirectStandardError = true })!;
        mount.WaitForLine(MemoryFileSystem.HangingLine);

        Assert.False(reader.HasExited);
        Commands.Run("kill", ["-TERM", reader.Id.ToString(System.Globalization.CultureInfo.InvariantCulture)]);
        Assert.True(reader.WaitForExit(ServedMount.Patience));
    }

    [Fact]
    public async Task Dispose_WhileARequestHangs_BreaksTheConnection()
    {
        ServedMount.SkipWithoutControlFiles();
        using ServedMount mount = ServedMount.Start([MemoryFileSystemServer.EndOnInputOption], withControlFiles: true);
        Task<(int ExitCode, string Output)?> reader = Task.Run(() => mount.RunBesideServer("cat", mount.PathOf("hang")));
        mount.WaitForLine(MemoryFileSystem.HangingLine);

        mount.EndInput();

        Assert.Equal(0, mount.WaitForEnd());
        (int code, string output) = (await reader)!.Value;
        Assert.Equal(1, code);
        Assert.Contains("connection abort", output, StringComparison.Ordinal);
    }

    [Fact]
    public void Umount_Lazily_EndsTheServer()
    {
        ServedMount.SkipWhereImpossible();
        using ServedMount mount = ServedMount.Start([]);
        Assert.Equal(0, Commands.Run("umount", ["-l", mount.Directory])?.ExitCode);
        Assert.Equal(0, mount.WaitForEnd());
        Assert.Empty(Directory.GetFileSystemEntries(mount.Directory));
    }

    [Fact]
    public void Fusermount_AsAnotherUser_MountsAndUnmounts()
    {
        SkipWithoutSetuidFusermount();
        if (Environment.UserName != "root" || Commands.Run("setpriv", ["--version"]) is null || Commands.Run("unshare", ["-m", "true"])?.ExitCode != 0)
        {
            Assert.Skip("needs root, setpriv and unshare to become another user");
        }

        if (Commands.Run("setpriv", ["--reuid=nobody", "--regid=nogroup", "--clear-groups", "test", "-x", Environment.ProcessPath!])?.ExitCode != 0)
        {
            Assert.Skip("the build folder cannot be read by nobody");
        }

        using ServedMount mount = ServedMount.Start([], user: "nobody");
        string file = mount.PathOf("f");
        Assert.Equal((0, "hello\n"), mount.RunAsServersUser("sh", "-c", $"echo hello > '{file}' && cat '{file}'"));
        Assert.Equal(0, mount.RunAsServersUser("fusermount3", "-u", mount.Directory)?.ExitCode);
        Assert.Equal(0, mount.WaitForEnd());
    }

    [Fact]
    public void Fusermount_ByRoot_PassesTheDescriptor()
    {
        SkipWithoutSetuidFusermount();
        using ServedMount mount = ServedMount.Start([MemoryFileSystemServer.FusermountOption]);
        File.WriteAllText(mount.PathOf("f"), "hello");

        Assert.Equal("hello", File.ReadAllText(mount.PathOf("f")));
    }

    [Theory]
    [InlineData("/nonexistent-mount-point", FuseMountFailure.MountPointMissing)]
    [InlineData("/etc/passwd", FuseMountFailure.NotADirectory)]
    public void Mount_WhereItCannotBe_SaysWhy(string mountPoint, FuseMountFailure reason)
    {
        ServedMount.SkipWhereImpossible();
        FuseMountException exception = Assert.Throws<FuseMountException>(() => FuseSession.Mount(
            mountPoint, new MemoryFileSystem(), new FuseSessionOptions(), Microsoft.Extensions.Logging.Abstractions.NullLogger.Instance));

        Assert.Equal(reason, exception.Reason);
        Assert.NotEqual(0, exception.ErrorNumber);
    }

    private static void SkipWithoutSetuidFusermount()
    {
        ServedMount.SkipWhereImpossible();
        const string Program = "/usr/bin/fusermount3";
        if (!File.Exists(Program) || !File.GetUnixFileMode(Program).HasFlag(UnixFileMode.SetUser))
        {
            Assert.Skip("needs fusermount3, setuid");
        }
    }
}
