using System.Diagnostics;
using System.Net.Sockets;
using HipaaFs.Testing.Mounts;
using Xunit;

namespace HipaaFs.FaultFs.Tests.Mounts;

/// <summary>A directory whose disk is a fault disk: its server, a child process, and the commands to it.</summary>
/// <remarks>After <see cref="UnmountAsync"/> the directory is the plain one below, and the disk is still there to be cut.</remarks>
internal sealed class FaultMount : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    private readonly Process _server;
    private readonly Task<string> _errors;

    private FaultMount(Process server, string directory, string control)
    {
        _server = server;
        _errors = server.StandardError.ReadToEndAsync();
        Directory = directory;
        Control = control;
    }

    /// <summary>The directory.</summary>
    public string Directory { get; }

    /// <summary>The socket for commands.</summary>
    public string Control { get; }

    /// <summary>Takes what the directory holds onto a fault disk and mounts that there.</summary>
    public static async Task<FaultMount> StartAsync(string directory, string control)
    {
        MountPrerequisites.RequireFuse();
        File.Delete(control);
        Process server = ChildProcess.Start(Path.Combine(AppContext.BaseDirectory, "HipaaFs.FaultFs"), [directory, control], new ChildProcessOptions());
        var mount = new FaultMount(server, directory, control);
        string? word = await server.StandardOutput.ReadLineAsync().WaitAsync(Patience);
        if (word != "ready")
        {
            await mount.DisposeAsync();
            Assert.Fail($"the fault disk did not come up: {await mount._errors}");
        }

        return mount;
    }

    /// <summary>Sends a command and returns the answer.</summary>
    public async Task<string> SendAsync(string command)
    {
        using var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        await socket.ConnectAsync(new UnixDomainSocketEndPoint(Control));
        await using var stream = new NetworkStream(socket);
        await using var writer = new StreamWriter(stream) { AutoFlush = true };
        using var reader = new StreamReader(stream);
        await writer.WriteLineAsync(command);
        string answer = await reader.ReadLineAsync().WaitAsync(Patience) ?? "failed: no answer";
        Assert.False(answer.StartsWith("failed", StringComparison.Ordinal), $"{command}: {answer}");
        return answer;
    }

    /// <summary>Operations so far.</summary>
    public async Task<int> CountAsync() => int.Parse(await SendAsync("count"), System.Globalization.CultureInfo.InvariantCulture);

    /// <summary>Ends the mount; the disk stays.</summary>
    public async Task UnmountAsync() => Assert.Equal("Unmounted", await SendAsync("unmount"));

    /// <summary>Replaces what the plain directory holds by what the disk held when the power went.</summary>
    public async Task CutAsync(int operations, string how)
    {
        await Shell.CheckAsync("find . -mindepth 1 -delete", Directory);
        await SendAsync($"cut {operations} {how} {Directory}");
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        _server.StandardInput.Close();
        if (!await ChildProcess.WaitAsync(_server, Patience))
        {
            _server.Kill();
        }

        if (MountTable.IsMounted(Directory))
        {
            await ChildProcess.RunAsync(MountPrerequisites.IsRoot ? "umount" : "fusermount3", MountPrerequisites.IsRoot ? ["-l", Directory] : ["-u", "-z", Directory]);
        }

        _server.Dispose();
    }
}
