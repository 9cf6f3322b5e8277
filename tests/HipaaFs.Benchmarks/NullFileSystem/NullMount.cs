using System.Diagnostics;

namespace HipaaFs.Benchmarks.NullFileSystem;

/// <summary>A null file system served by a child process, unmounted and gone when disposed.</summary>
internal sealed class NullMount : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(15);

    private readonly Process _server;

    private NullMount(string directory, Process server)
    {
        Directory = directory;
        _server = server;
    }

    internal string Directory { get; }

    internal string File => Path.Combine(Directory, "null");

    internal static NullMount Start(string directory, string program, params string[] arguments)
    {
        System.IO.Directory.CreateDirectory(directory);
        Process server = Process.Start(new ProcessStartInfo(program, arguments)) ?? throw new InvalidOperationException($"start {program}");
        var mount = new NullMount(directory, server);
        long start = Stopwatch.GetTimestamp();
        while (!System.IO.File.Exists(mount.File))
        {
            if (server.HasExited || Stopwatch.GetElapsedTime(start) > Patience)
            {
                mount.Dispose();
                throw new InvalidOperationException($"{program} does not serve");
            }

            Thread.Sleep(20);
        }

        return mount;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Commands.TryRun("umount", Directory);
        if (!_server.WaitForExit(Patience))
        {
            _server.Kill(entireProcessTree: true);
            Commands.TryRun("umount", "-l", Directory);
            _server.WaitForExit();
        }

        _server.Dispose();
        System.IO.Directory.Delete(Directory);
    }
}
