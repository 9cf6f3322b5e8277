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
    public async Task Publish_FileOpenForWritingAndNotWrittenTo_KeepsItsPagesAndLosesNothingLater()
    {
        const string AllPages = "12";
        await using MountedVolume volume = await MountedVolume.CreateAsync(new MountedVolumeOptions { Configuration = Configuration });
        var start = new ProcessStartInfo(Shell.Python) { RedirectStandardInput = true, RedirectStandardOutput = true };
        start.ArgumentList.Add(Path.Combine(PosixCase.Scripts, "page_holder.py"));
        start.ArgumentList.Add(Path.Combine(volume.Root, "open"));
        start.ArgumentList.Add(Path.Combine(volume.Work, "expected"));
        using Process holder = Process.Start(start)!;
        await TellAsync(holder, "make");
        await PublishAsync(volume, 4);
        await TellAsync(holder, "lock");
        await PublishAsync(volume, 4);
        Assert.Equal(AllPages, await TellAsync(holder, "resident"));

        // What the kernel had no reason to tell anybody of for a while.
        await TellAsync(holder, "write");
        await AssertNothingIsLackingAsync(volume, "written");
        await TellAsync(holder, "map");
        await PublishAsync(volume, 4);
        await TellAsync(holder, "store");
        await AssertNothingIsLackingAsync(volume, "stored through a mapping");
        await EndAsync(holder);
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

    private static async Task<string?> TellAsync(Process holder, string word)
    {
        await holder.StandardInput.WriteLineAsync(word);
        return await holder.StandardOutput.ReadLineAsync();
    }

    // Each with something to publish, and each after the one before: that many rounds at least.
    private static async Task PublishAsync(MountedVolume volume, int times)
    {
        for (int i = 0; i < times; i++)
        {
            await Shell.CheckAsync("date +%N > mnt/other; sync mnt/other", volume.Work);
            await MountFigures.WaitForRecoveryPointAsync(volume);
        }
    }

    // The store alone has it: the machine may be lost.
    private static async Task AssertNothingIsLackingAsync(MountedVolume volume, string what)
    {
        await MountFigures.WaitForRecoveryPointAsync(volume);
        await Shell.CheckAsync("rm -rf stored restored; cp -a store stored; mkdir -p seen", volume.Work);
        string restored = Path.Combine(volume.Work, "restored");
        (await volume.RunAsync("restore", "--store", $"file://{volume.Work}/stored", "--key", $"file:{volume.KeyFile}", restored)).EnsureSucceeded();
        (await volume.RunAsync("mount", restored, Path.Combine(volume.Work, "seen"))).EnsureSucceeded();
        ProcessOutcome compared = await Shell.RunAsync("cmp expected seen/open", volume.Work);
        (await volume.RunAsync("umount", Path.Combine(volume.Work, "seen"))).EnsureSucceeded();
        Assert.True(compared.Succeeded, $"{what}: {compared.Describe()}");
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
