using System.Diagnostics;
using System.Net.Sockets;
using HipaaFs.Testing.Mounts;
using Xunit;

namespace HipaaFs.Mount.Tests.Recovery;

/// <summary>A program that writes for hours to one file and neither closes nor syncs it, as pipelines do: the kernel may keep its pages for half a minute.</summary>
public sealed class OpenFileTests
{
    private const string Configuration = "recovery:\n  publish: 1s\n";

    [Fact]
    public async Task Publish_FileNeitherClosedNorSynced_HasWhatWasWrittenBefore()
    {
        await using MountedVolume volume = await MountedVolume.CreateAsync(new MountedVolumeOptions { Configuration = Configuration });
        using Process writer = StartWriter(volume, "once");
        Assert.Equal("written", await writer.StandardOutput.ReadLineAsync());
        await MountFigures.WaitForRecoveryPointAsync(volume);

        await volume.KillAsync();
        await EndAsync(writer);
        await volume.DetachAsync();
        await Shell.CheckAsync("rm -rf -- volume", volume.Work);
        (await volume.RunAsync("restore", "--store", $"file://{volume.Store}", "--key", $"file:{volume.KeyFile}", volume.Volume)).EnsureSucceeded();
        await volume.MountAsync();
        await Shell.CheckAsync("cmp expected mnt/open", volume.Work);
    }

    [Fact]
    public async Task Publish_FileWrittenWithoutEnd_DoesNotHoldTheRecoveryPointUp()
    {
        await using MountedVolume volume = await MountedVolume.CreateAsync(new MountedVolumeOptions { Configuration = Configuration });
        using Process writer = StartWriter(volume, "forever");
        Assert.Equal("written", await writer.StandardOutput.ReadLineAsync());

        await MountFigures.WaitForRecoveryPointAsync(volume);

        Assert.False(writer.HasExited);
        await EndAsync(writer);
    }

    [Fact]
    public async Task Sync_OverTheSocketAlone_IsDurableForOpenFilesToo()
    {
        await using MountedVolume volume = await MountedVolume.CreateAsync(new MountedVolumeOptions { Configuration = "recovery:\n  publish: 60s\n  alarm: 1h\n" });
        using Process writer = StartWriter(volume, "once");
        Assert.Equal("written", await writer.StandardOutput.ReadLineAsync());

        (await volume.RunAsync("status", volume.Root)).EnsureSucceeded(); // The socket is there a moment after the mount.

        // As a monitoring script does, which asks the kernel for nothing.
        string directory = (await Shell.CheckAsync($"findmnt -rno SOURCE --mountpoint '{volume.Root}'", "/")).Trim()["hipaafs#".Length..];
        string runtime = MountPrerequisites.IsRoot ? "/run/hipaafs" : Path.Combine(volume.Environment["XDG_RUNTIME_DIR"]!, "hipaafs");
        using var http = new HttpClient(new SocketsHttpHandler
        {
            ConnectCallback = async (_, cancel) =>
            {
                var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
                await socket.ConnectAsync(new UnixDomainSocketEndPoint(Path.Combine(runtime, directory, "control")), cancel);
                return new NetworkStream(socket, ownsSocket: true);
            },
        });
        using HttpResponseMessage answer = await http.PostAsync(new Uri("http://hipaafs/v1/sync"), null);
        answer.EnsureSuccessStatusCode();

        await volume.KillAsync();
        await EndAsync(writer);
        await volume.DetachAsync();
        await volume.MountAsync();
        await Shell.CheckAsync("cmp expected mnt/open", volume.Work);
    }

    // Ends with its standard input.
    private static Process StartWriter(MountedVolume volume, string how)
    {
        var start = new ProcessStartInfo(Shell.Python) { RedirectStandardInput = true, RedirectStandardOutput = true };
        start.ArgumentList.Add(Path.Combine(PosixCase.Scripts, "open_writer.py"));
        start.ArgumentList.Add(Path.Combine(volume.Root, "open"));
        start.ArgumentList.Add(Path.Combine(volume.Work, "expected"));
        start.ArgumentList.Add(how);
        return Process.Start(start)!;
    }

    private static async Task EndAsync(Process writer)
    {
        writer.StandardInput.Close();
        Assert.True(await ChildProcess.WaitAsync(writer, ChildProcess.LongTimeout), "the writer hangs");
    }
}
