using HipaaFs.Testing.Mounts;
using Xunit;

namespace HipaaFs.Mount.Tests.Daemon;

/// <summary>What says that it is durable when the call returns is there after the daemon was killed.</summary>
public sealed class SynchronousTests
{
    [Theory]
    [InlineData("", "file = os.open('file', os.O_WRONLY | os.O_CREAT | os.O_SYNC, 0o600); os.write(file, b'content')")]
    [InlineData("", "file = os.open('file', os.O_WRONLY | os.O_CREAT | os.O_DSYNC, 0o600); os.write(file, b'content')")]
    [InlineData("", "file = os.open('file', os.O_RDWR | os.O_CREAT, 0o600); os.ftruncate(file, 7); map = mmap.mmap(file, 7); map[:] = b'content'; map.flush()")]
    [InlineData("", "file = os.open('file', os.O_WRONLY | os.O_CREAT, 0o600); os.write(file, b'content'); subprocess.run([exe, 'sync', os.getcwd()], check=True)")]
    [InlineData("sync", "file = os.open('file', os.O_WRONLY | os.O_CREAT, 0o600); os.write(file, b'content')")]
    [InlineData("dirsync", "file = os.open('before', os.O_WRONLY | os.O_CREAT, 0o600); os.write(file, b'content'); os.fsync(file); os.rename('before', 'file')")]
    public async Task Write_ThatIsSynchronous_SurvivesAKill(string option, string script)
    {
        await using MountedVolume volume = await MountedVolume.CreateAsync(new MountedVolumeOptions { Mount = false });
        await volume.MountAsync(option.Length == 0 ? [] : [option]);

        // Killed from within: nothing is closed, and no time goes by in which something else would make it durable.
        await Shell.PythonAsync(
            $"""
            import mmap, os, signal, subprocess
            exe = '{DriverExecutable.Locate()}'
            os.environ.update({Variables(volume)})
            {script}
            os.kill({volume.DaemonId}, signal.SIGKILL)
            """,
            volume.Root);
        await volume.KillAsync();
        await volume.MountAsync();

        Assert.Equal("content", await volume.ShellAsync("cat file"));
    }

    // As a Python dictionary: the driver's command looks for its daemon where these say.
    private static string Variables(MountedVolume volume) =>
        "{" + string.Join(", ", volume.Environment.Where(static variable => variable.Value is not null).Select(static variable => $"'{variable.Key}': '{variable.Value}'")) + "}";
}
