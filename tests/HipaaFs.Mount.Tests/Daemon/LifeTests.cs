using System.Globalization;
using System.Text.Json;
using HipaaFs.Testing;
using HipaaFs.Testing.Mounts;
using Xunit;

namespace HipaaFs.Mount.Tests.Daemon;

/// <summary>How the daemon starts, is asked, and ends.</summary>
public sealed class LifeTests
{
    private const int Refused = 10;

    private static readonly TimeSpan StopTimeout = TimeSpan.FromMinutes(3);

    [Fact]
    public async Task Mount_InTheBackground_ReturnsWhenTheFilesystemAnswers()
    {
        await using MountedVolume volume = await MountedVolume.CreateAsync(new MountedVolumeOptions { Mount = false });

        ProcessOutcome mounted = (await volume.RunAsync("mount", volume.Volume, volume.Root)).EnsureSucceeded();
        try
        {
            // At once, without waiting: the command has just said that it answers.
            Assert.Equal("hello\n", await volume.ShellAsync("echo hello > file && cat file"));

            Assert.False(mounted.PipesLeftOpen, "the daemon holds its caller's pipes open");
            Assert.Equal("fuse.hipaafs", MountTable.Find(volume.Root)?.Type);
        }
        finally
        {
            (await volume.RunAsync("umount", volume.Root)).EnsureSucceeded();
        }

        Assert.False(MountTable.IsMounted(volume.Root));
    }

    [Fact]
    public async Task Mount_InTheBackground_KeepsNoDescriptorOfItsCaller()
    {
        await using MountedVolume volume = await MountedVolume.CreateAsync(new MountedVolumeOptions { Mount = false });

        // cat ends when the last writer of its pipe has: descriptor 7 must not live on in the daemon.
        ProcessOutcome outcome = await ChildProcess.RunAsync(
            "bash",
            ["-c", "{ \"$0\" mount \"$1\" \"$2\" > /dev/null 2>&1; } 7>&1 | cat", DriverExecutable.Locate(), volume.Volume, volume.Root],
            new ChildProcessOptions { Environment = volume.Environment, Timeout = TimeSpan.FromMinutes(1) });

        (await volume.RunAsync("umount", volume.Root)).EnsureSucceeded();
        Assert.False(outcome.TimedOut, "the daemon holds its caller's pipe open");
    }

    [Fact]
    public async Task Terminate_WithOpenFiles_CommitsAndEnds()
    {
        await using MountedVolume volume = await MountedVolume.CreateAsync();
        string expected = await volume.ShellAsync("head -c 3000000 /dev/urandom > file; sha256sum file");

        int exitCode = await volume.TerminateAsync();

        Assert.Equal(0, exitCode);
        Assert.False(MountTable.IsMounted(volume.Root));
        await volume.MountAsync();
        Assert.Equal(expected, await volume.ShellAsync("sha256sum file"));
    }

    [Fact]
    public async Task Terminate_JustAfterTheMount_CommitsAndEnds()
    {
        await using MountedVolume volume = await MountedVolume.CreateAsync(new MountedVolumeOptions { Mount = false });
        for (int round = 0; round < 8; round++)
        {
            await volume.MountAsync();
            string name = string.Create(CultureInfo.InvariantCulture, $"file-{round}");
            await File.WriteAllTextAsync(Path.Combine(volume.Root, name), name);

            int exitCode = await volume.TerminateAsync();

            Assert.True(exitCode == 0, $"round {round}: the daemon ended with {exitCode}\n{volume.LogTail}");
        }

        await volume.MountAsync();
        Assert.Equal("file-0file-1file-2file-3file-4file-5file-6file-7", await volume.ShellAsync("cat file-?"));
    }

    [Fact]
    public async Task Detach_ByTheKernelsCommands_KeepsEverythingAndLetsANewMountIn()
    {
        string[] ways = MountPrerequisites.IsRoot ? ["umount", "fusermount3 -u"] : ["fusermount3 -u"];
        await using MountedVolume volume = await MountedVolume.CreateAsync();
        foreach (string way in ways)
        {
            string expected = await volume.ShellAsync("head -c 20000000 /dev/urandom > file; sha256sum file");

            await Shell.CheckAsync($"{way} '{volume.Root}'", "/");

            // At once: the daemon may still be uploading, and hands over.
            await volume.MountAsync();
            Assert.Equal(expected, await volume.ShellAsync("sha256sum file"));
        }
    }

    [Fact]
    public async Task Unmount_StoreTakesNoSession_RefusesWithTheReason()
    {
        const int StoreFailed = 5;
        await using MountedVolume volume = await MountedVolume.CreateAsync(new MountedVolumeOptions { Mount = false });

        // As in a store that was full at the mount: it can be read, and takes nothing.
        await Shell.CheckAsync("touch session", volume.Store);
        await volume.MountAsync();
        await volume.ShellAsync("echo content > file");

        ProcessOutcome refused = await volume.RunAsync("umount", volume.Root);

        Assert.Equal((StoreFailed, false), (refused.ExitCode, refused.TimedOut));
        Assert.Contains("session", refused.Error, StringComparison.Ordinal);
        Assert.Contains("--now", refused.Error, StringComparison.Ordinal);
        Assert.Contains("NOT CLAIMED", (await volume.RunAsync("status", volume.Root)).EnsureSucceeded().Text, StringComparison.Ordinal);
        using JsonDocument status = JsonDocument.Parse((await volume.RunAsync("status", volume.Root, "--json")).EnsureSucceeded().Text);
        Assert.NotEmpty(status.RootElement.GetProperty("result")[0].GetProperty("figures").GetProperty("claimError").GetString()!);

        Assert.Equal("content\n", await volume.ShellAsync("cat file"));
        await Shell.CheckAsync("rm session", volume.Store);
        await volume.UnmountAsync();
    }

    [Fact]
    public async Task Unmount_NowRefused_LeavesTheLaterUploadAsItWas()
    {
        await using MountedVolume volume = await MountedVolume.CreateAsync();
        string file = Path.Combine(volume.Root, "file");
        await using (File.Create(file))
        {
            Assert.False((await volume.RunAsync("umount", "--now", volume.Root)).Succeeded);
        }

        await File.WriteAllTextAsync(file, "content");
        await Shell.CheckAsync(MountPrerequisites.IsRoot ? $"umount '{volume.Root}'" : $"fusermount3 -u '{volume.Root}'", "/");

        await volume.WaitForDaemonAsync(StopTimeout);
        Assert.Contains("detached: uploading", volume.LogTail, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Check_WhileADaemonUploads_SaysWhatItDoesAndHowToEndIt()
    {
        const int Held = 7;
        await using MountedVolume volume = await MountedVolume.CreateAsync(new MountedVolumeOptions { Mount = false });
        await Shell.CheckAsync("touch session", volume.Store); // It takes nothing, so that the upload does not end.
        await volume.MountAsync();
        await volume.ShellAsync("echo content > file");
        ProcessOutcome mounted = await volume.RunAsync("fsck", volume.Volume);
        await Shell.CheckAsync(MountPrerequisites.IsRoot ? $"umount '{volume.Root}'" : $"fusermount3 -u '{volume.Root}'", "/");
        await Eventually.TrueAsync(
            async () => (await volume.RunAsync("status", volume.Volume)).Text.Contains("uploading in the background", StringComparison.Ordinal), "the daemon uploads");

        ProcessOutcome uploading = await volume.RunAsync("fsck", volume.Volume);

        Assert.Equal((Held, Held), (mounted.ExitCode, uploading.ExitCode));
        Assert.Contains($"hipaafs umount {volume.Root}", mounted.Error, StringComparison.Ordinal);
        Assert.Contains("still uploads", uploading.Error, StringComparison.Ordinal);
        Assert.Contains($"hipaafs status {volume.Volume}", uploading.Error, StringComparison.Ordinal);
        Assert.Contains($"kill {volume.DaemonId}", uploading.Error, StringComparison.Ordinal);
        Assert.DoesNotContain("hipaafs umount", uploading.Error, StringComparison.Ordinal);
        Assert.Equal(0, await volume.TerminateAsync());
        (await volume.RunAsync("fsck", volume.Volume)).EnsureSucceeded();
    }

    [Fact]
    public async Task Detach_WithSmallStagedData_EndsTheDaemonByItself()
    {
        await using MountedVolume volume = await MountedVolume.CreateAsync();
        await volume.ShellAsync("echo content > file");

        await Shell.CheckAsync(MountPrerequisites.IsRoot ? $"umount '{volume.Root}'" : $"fusermount3 -u '{volume.Root}'", "/");

        await volume.WaitForDaemonAsync(StopTimeout);
        Assert.NotEmpty(Directory.GetFiles(Path.Combine(volume.Store, "seg"), "*", SearchOption.AllDirectories));
    }

    [Fact]
    public async Task Unmount_WhileAFileIsOpen_RefusesOrWaitsAndLosesNothing()
    {
        await using MountedVolume volume = await MountedVolume.CreateAsync();
        using System.Diagnostics.Process holder = ChildProcess.Start(
            "bash", ["-c", "exec 3> held; echo ready; read -r word; echo late >&3"], new ChildProcessOptions { WorkingDirectory = volume.Root });
        Assert.Equal("ready", await holder.StandardOutput.ReadLineAsync());

        ProcessOutcome busy = await volume.RunAsync("umount", volume.Root);

        Assert.False(busy.Succeeded, "a mount in use was detached");
        await holder.StandardInput.WriteLineAsync("go");
        Assert.True(await ChildProcess.WaitAsync(holder, StopTimeout));
        Assert.Equal("late\n", await volume.ShellAsync("cat held"));
        await volume.UnmountAsync();
    }

    [Fact]
    public async Task Status_OfAMount_TellsTheDaemonAndItsState()
    {
        await using MountedVolume volume = await MountedVolume.CreateAsync();

        ProcessOutcome outcome = (await volume.RunAsync("status", volume.Root, "--json")).EnsureSucceeded();

        using JsonDocument document = JsonDocument.Parse(outcome.Text);
        Assert.True(document.RootElement.GetProperty("ok").GetBoolean());
        string result = document.RootElement.GetProperty("result").GetRawText();
        Assert.Contains(volume.DaemonId.ToString(CultureInfo.InvariantCulture), result, StringComparison.Ordinal);
        Assert.Contains("serving", result, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Sync_OnReturn_IsDurable()
    {
        await using MountedVolume volume = await MountedVolume.CreateAsync();
        await volume.ShellAsync("mkdir d && for i in $(seq 200); do echo $i > d/$i; done");

        (await volume.RunAsync("sync", volume.Root)).EnsureSucceeded();
        await volume.KillAsync();

        await volume.MountAsync();
        Assert.Equal("200 20100\n", await volume.ShellAsync("cat d/* | awk '{n++; s += $1} END {print n, s}'"));
    }

    [Fact]
    public async Task Close_WithoutFsync_BecomesDurableByItself()
    {
        await using MountedVolume volume = await MountedVolume.CreateAsync();

        // docs/semantics.md promises a second; a machine under load may take longer, so each try waits twice as long as the one before.
        string found = "";
        for (double seconds = 1.2; found != "content\n" && seconds < 60; seconds *= 2)
        {
            await volume.ShellAsync("echo content > file");
            await Task.Delay(TimeSpan.FromSeconds(seconds));
            await volume.KillAsync();
            await volume.MountAsync();
            found = await volume.ShellAsync("cat file 2> /dev/null || true");
        }

        Assert.Equal("content\n", found);
    }

    [Fact]
    public async Task Mount_ReadOnly_RefusesWritesAndReads()
    {
        await using MountedVolume volume = await MountedVolume.CreateAsync();
        await volume.ShellAsync("echo content > file");
        await volume.UnmountAsync();

        await volume.MountAsync("ro");

        Assert.Equal("content\n", await volume.ShellAsync("cat file"));
        ProcessOutcome written = await Shell.RunAsync("echo more > other", volume.Root);
        Assert.Contains("Read-only file system", written.Error, StringComparison.Ordinal);
        foreach (string[] command in (string[][])[["gc"], ["gc", "--unknown"], ["scrub"], ["snapshot", "create"]])
        {
            ProcessOutcome refused = await volume.RunAsync([.. command, volume.Root]);
            Assert.True(refused.ExitCode == Refused, refused.Describe());
        }
    }

    [Fact]
    public async Task Mount_WithOwnerAndMask_ShowsThem()
    {
        MountPrerequisites.RequireRoot();
        await using MountedVolume volume = await MountedVolume.CreateAsync(new MountedVolumeOptions { MountOptions = "allow_other,uid=1234,gid=5678,umask=027" });

        string shown = await volume.ShellAsync("touch file; mkdir d; stat -c '%u %g %a %n' file d");

        Assert.Equal("1234 5678 750 file\n1234 5678 750 d\n", shown);
    }

    [Fact]
    public async Task Mount_ByMountEight_WorksAsFstabDoes()
    {
        MountPrerequisites.RequireRoot();
        string helper = Path.Combine(Repository.Root, "packaging", "mount.hipaafs");
        Assert.True(File.Exists(helper), helper);
        await using MountedVolume volume = await MountedVolume.CreateAsync(new MountedVolumeOptions { Mount = false });

        // What mount(8) does with a line of fstab of type hipaafs: mount.TYPE SPEC DIRECTORY -o OPTIONS.
        string script = $"""
            set -eu
            PATH="{Path.GetDirectoryName(DriverExecutable.Locate())}:$PATH"
            '{helper}' '{volume.Volume}' '{volume.Root}' -o rw,noatime
            cd '{volume.Root}' && echo hello > file && cat file && cd /
            umount '{volume.Root}'
            """;
        ProcessOutcome outcome = await ChildProcess.RunAsync(
            "bash", ["-c", script], new ChildProcessOptions { Environment = volume.Environment });

        Assert.Equal("hello\n", outcome.EnsureSucceeded().Text);
        await volume.DetachAsync();
    }

    [Fact]
    public async Task Mount_ByAnOrdinaryUser_GoesThroughFusermount()
    {
        MountPrerequisites.RequireFuse();
        MountPrerequisites.RequireRoot();
        MountPrerequisites.RequirePrograms("setpriv", "fusermount3", "unshare");
        await using var local = new LocalDirectory();
        string home = await local.NewDirectoryAsync("home");
        await Shell.CheckAsync("chown 65534:65534 home", local.Path);
        string driver = await DriverExecutable.CopyForEverybodyAsync(local.Path);

        string script = $"""
            set -eu
            export HOME='{home}' XDG_RUNTIME_DIR='{home}/run'
            unset XDG_CONFIG_HOME
            cd "$HOME"
            hipaafs() {"{"} '{driver}' "$@"; {"}"}
            install -d -m 0700 run mnt
            hipaafs init volume --no-recovery-key > /dev/null
            hipaafs mount volume mnt > /dev/null
            trap 'status=$?; [ $status = 0 ] || cat volume/log/hipaafs.log /proc/self/mountinfo >&2; fusermount3 -u -z mnt 2> /dev/null || true' EXIT
            test "$(stat -f -c %t mnt)" = 65735546
            echo hello > mnt/file
            head -c 1000000 /dev/zero > mnt/zeros
            cat mnt/file
            stat -c '%s %u' mnt/zeros
            hipaafs umount mnt > /dev/null
            hipaafs fsck volume > /dev/null
            """;
        // A distribution lets everybody open /dev/fuse; a container need not. In a mount namespace of its own this is such a one.
        string prepare = $"""
            set -eu
            mknod -m 0666 '{local.Path}/fuse' c 10 229
            mount --bind '{local.Path}/fuse' /dev/fuse
            exec setpriv --reuid 65534 --regid 65534 --clear-groups bash -c "$0"
            """;
        ProcessOutcome outcome = await ChildProcess.RunAsync("unshare", ["--mount", "bash", "-c", prepare, script]);

        Assert.Equal("hello\n1000000 65534\n", outcome.EnsureSucceeded().Text);
    }
}
