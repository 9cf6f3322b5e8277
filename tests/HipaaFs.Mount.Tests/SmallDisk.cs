using HipaaFs.Testing.Mounts;

namespace HipaaFs.Mount.Tests;

/// <summary>A filesystem in memory of a given size, for tests of full disks. Root only.</summary>
internal sealed class SmallDisk : IAsyncDisposable
{
    private SmallDisk(string path)
    {
        Path = path;
    }

    /// <summary>Where it is mounted.</summary>
    public string Path { get; }

    /// <summary>Mounts one; the size is text that mount(8) understands.</summary>
    public static async Task<SmallDisk> MountAsync(string size)
    {
        MountPrerequisites.RequireRoot();
        string path = Directory.CreateTempSubdirectory("hipaafs-disk-").FullName;
        ProcessOutcome outcome = await ChildProcess.RunAsync("mount", ["-t", "tmpfs", "-o", $"size={size},mode=0755", "hipaafs-test", path]);
        if (!outcome.Succeeded)
        {
            Directory.Delete(path);
            Xunit.Assert.Skip("needs the right to mount a tmpfs");
        }

        return new SmallDisk(path);
    }

    /// <summary>Makes room: gives it another size.</summary>
    public async Task ResizeAsync(string size)
    {
        (await ChildProcess.RunAsync("mount", ["-o", $"remount,size={size}", Path])).EnsureSucceeded();
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await ChildProcess.RunAsync("umount", ["-l", Path]);
        Directory.Delete(Path);
    }
}
