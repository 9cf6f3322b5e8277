using System.Text;
using HipaaFs.Testing.Mounts;
using Xunit;

namespace HipaaFs.Mount.Tests.AtRest;

/// <summary>What a user writes is in no byte of what reaches a disk: not content, not a name, not an attribute, not a target.</summary>
public sealed class NothingReadableTests
{
    private const string Prefix = "Qx7-Meier-Anna-1961-";

    private static readonly string[] Kinds = ["file", "directory", "xattrname", "xattrvalue", "target", "content", "small", "renamed", "removed", "fifo"];

    [Fact]
    public async Task EverythingWritten_Unmounted_IsNowhereToBeFound()
    {
        await using MountedVolume volume = await MountedVolume.CreateAsync();
        await WriteAsync(volume);

        await volume.UnmountAsync();

        await AssertNothingFoundAsync(volume);
    }

    [Fact]
    public async Task EverythingWritten_StillMounted_IsNowhereToBeFound()
    {
        await using MountedVolume volume = await MountedVolume.CreateAsync();
        await WriteAsync(volume);
        (await volume.RunAsync("sync", volume.Root)).EnsureSucceeded();

        await AssertNothingFoundAsync(volume);
    }

    [Fact]
    public async Task EverythingWritten_DaemonKilled_IsNowhereToBeFound()
    {
        await using MountedVolume volume = await MountedVolume.CreateAsync();
        await WriteAsync(volume);

        await volume.KillAsync();
        await volume.DetachAsync();

        await AssertNothingFoundAsync(volume);
    }

    [Fact]
    public async Task Search_PlantedMarker_IsFoundInEachForm()
    {
        await using var local = new LocalDirectory();
        string marker = Marker("content");
        string markers = await WriteMarkersAsync(local.Path);
        string place = await local.NewDirectoryAsync("place");
        await File.WriteAllTextAsync(Path.Combine(place, "plain"), "..." + marker);
        await File.WriteAllTextAsync(Path.Combine(place, "wide"), marker, Encoding.Unicode);
        await File.WriteAllTextAsync(Path.Combine(place, "hex"), Convert.ToHexString(Encoding.UTF8.GetBytes("x" + marker)));
        for (int alignment = 0; alignment < 3; alignment++)
        {
            string shifted = Convert.ToBase64String(Encoding.UTF8.GetBytes("abc"[..alignment] + marker + "tail"));
            await File.WriteAllTextAsync(Path.Combine(place, $"base64-{alignment}"), shifted);
        }

        string found = await SearchAsync(local.Path, markers, place);

        Assert.Equal(6, found.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => line.Split(' ')[1]).Distinct().Count());
    }

    private static async Task WriteAsync(MountedVolume volume)
    {
        ProcessOutcome outcome = await Shell.PythonAsync(
            """
            import os, sys
            marker = lambda kind: sys.argv[1] + kind + "-" + "0123456789abcdef"
            os.mkdir(marker("directory"))
            os.chdir(marker("directory"))
            with open(marker("file"), "w") as file:
                for i in range(20_000):
                    file.write(marker("content") + "\n")
                file.flush()
                os.fsync(file.fileno())
            with open("small", "w") as file:
                file.write(marker("small"))
            os.setxattr("small", "user." + marker("xattrname"), b"value")
            os.setxattr("small", "user.plain", marker("xattrvalue").encode() * 20)
            os.symlink(marker("target"), "link")
            os.mkfifo(marker("fifo"))
            open("first name", "w").close()
            os.rename("first name", marker("renamed"))
            with open(marker("removed"), "w") as file:
                file.write(marker("removed"))
                file.flush()
                os.fsync(file.fileno())
            os.unlink(marker("removed"))
            for name in os.listdir("."):
                os.lstat(name)
            """,
            volume.Root,
            null,
            Prefix);
        outcome.EnsureSucceeded();
    }

    private static async Task AssertNothingFoundAsync(MountedVolume volume)
    {
        string markers = await WriteMarkersAsync(Path.Combine(volume.Work, "home"));
        string found = await SearchAsync(volume.Work, markers, volume.Volume, volume.Store, "/run/hipaafs");
        Assert.Equal(string.Empty, found);
        Assert.DoesNotContain(Prefix, volume.Log, StringComparison.OrdinalIgnoreCase);
    }

    private static async Task<string> SearchAsync(string directory, string markers, params string[] places)
    {
        ProcessOutcome outcome = await Shell.PythonFileAsync(
            Path.Combine(PosixCase.Scripts, "find_markers.py"), directory, ChildProcess.LongTimeout, [markers, .. places]);
        return outcome.EnsureSucceeded().Text;
    }

    private static async Task<string> WriteMarkersAsync(string directory)
    {
        // In hex, so that the list itself cannot be what the search finds.
        string path = Path.Combine(directory, "markers");
        IEnumerable<string> lines = Kinds.Select(Marker).Append(Prefix).Select(marker => Convert.ToHexString(Encoding.UTF8.GetBytes(marker)));
        await File.WriteAllLinesAsync(path, lines);
        return path;
    }

    private static string Marker(string kind)
    {
        return $"{Prefix}{kind}-0123456789abcdef";
    }
}
