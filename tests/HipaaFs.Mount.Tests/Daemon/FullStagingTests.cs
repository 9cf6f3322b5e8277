using System.Diagnostics;
using HipaaFs.Testing;
using HipaaFs.Testing.Mounts;
using Xunit;

namespace HipaaFs.Mount.Tests.Daemon;

/// <summary>What a mount does whose staging is full, and whose writers wait.</summary>
public sealed class FullStagingTests
{
    private const int StoreFailed = 5;

    [Theory]
    [InlineData(40)]
    [InlineData(200)]
    public async Task Write_ManyDirectOnesWaiting_EverythingElseIsAnswered(int writers)
    {
        MountPrerequisites.RequireRoot(); // Only root sees in which call another thread is.
        await using MountedVolume volume = await MountedVolume.CreateAsync(
            new MountedVolumeOptions
            {
                Configuration = "staging:\n  size: 256MiB\n  when_full: block\n",
                MountOptions = "max_background=300", // Else the kernel sends no more than 24 of the writes, and no read ahead beside them.
                Mount = false,
            });

        // A store that takes no session takes no data, until this file is gone.
        await Shell.CheckAsync("touch session", volume.Store);
        await volume.MountAsync();
        await volume.ShellAsync("head -c 2M /dev/urandom > large; sync large; echo content > file; sync file; dd if=/dev/zero of=full bs=1M count=254 conv=fsync status=none");
        using Process process = ChildProcess.Start(
            Shell.Python,
            [Path.Combine(Repository.Root, "tests", "HipaaFs.Mount.Tests", "Scripts", "direct_writers.py"), writers.ToString(System.Globalization.CultureInfo.InvariantCulture)],
            new ChildProcessOptions { WorkingDirectory = volume.Root });
        Assert.Equal("writing", await process.StandardOutput.ReadLineAsync());

        // Nothing of this is in the kernel's caches.
        ProcessOutcome looked = await Shell.RunAsync("stat missing 2> /dev/null || mkdir new && ls new && dd if=large iflag=direct bs=1M of=/dev/null status=none && cat file", volume.Root, TimeSpan.FromMinutes(2));
        Assert.Equal((false, "content\n"), (looked.TimedOut, looked.Text));
        ProcessOutcome refused = await volume.RunAsync("umount", volume.Root);
        Assert.Equal((false, StoreFailed), (refused.TimedOut, refused.ExitCode));

        await Shell.CheckAsync("rm session", volume.Store);
        Assert.Equal("written", await process.StandardOutput.ReadLineAsync());
        await process.WaitForExitAsync();
        Assert.Equal($"{writers}\n", await volume.ShellAsync("find . -name 'direct-*' -size 1024k | wc -l"));
        await volume.UnmountAsync();
    }

    [Fact]
    public async Task Fsync_StagingFullAndNoSpaceAskedFor_FailsUntilTheDataIsWrittenAgain()
    {
        await using MountedVolume volume = await MountedVolume.CreateAsync(
            new MountedVolumeOptions { Configuration = "staging:\n  size: 256MiB\n  when_full: no_space\n", Mount = false });
        await Shell.CheckAsync("touch session", volume.Store); // A store that takes no session takes no data.
        await volume.MountAsync();

        string said = await volume.ShellAsync($"{Shell.Python} {Path.Combine(Repository.Root, "tests", "HipaaFs.Mount.Tests", "Scripts", "full_staging.py")} {Path.Combine(volume.Store, "session")}");

        Assert.Equal("refused\nrefused again\nrefused to another\nwritten again\n", said);
        await volume.UnmountAsync();
    }

    [Fact]
    public async Task SyncAndUmount_OfWhatWasRefused_SayThatItIsGone()
    {
        const int failed = 1;
        await using MountedVolume volume = await MountedVolume.CreateAsync(
            new MountedVolumeOptions { Configuration = "staging:\n  size: 256MiB\n  when_full: no_space\n", Mount = false });
        await Shell.CheckAsync("touch session", volume.Store); // A store that takes no session takes no data.
        await volume.MountAsync();
        await volume.ShellAsync("echo kept > kept; if dd if=/dev/zero of=refused bs=1M count=400 conv=fsync status=none; then exit 1; fi");

        ProcessOutcome synced = await volume.RunAsync("sync", volume.Root);
        Assert.Equal(failed, synced.ExitCode);
        Assert.Contains("what was written to 1 files was refused (NoSpace) and is gone", synced.Error, StringComparison.Ordinal);
        Assert.Contains("LOST", (await volume.RunAsync("status", volume.Root)).Text, StringComparison.Ordinal);

        await Shell.CheckAsync("rm session", volume.Store);
        await Eventually.TrueAsync(
            async () => !(await volume.RunAsync("status", volume.Root)).Text.Contains("NOT CLAIMED", StringComparison.Ordinal), "the session is claimed");
        ProcessOutcome unmounted = await volume.RunAsync("umount", volume.Root);
        Assert.Equal(failed, unmounted.ExitCode);
        Assert.Contains("it stays mounted", unmounted.Error, StringComparison.Ordinal);
        Assert.Equal("kept\n", await volume.ShellAsync("cat kept && rm refused"));
        (await volume.RunAsync("sync", volume.Root)).EnsureSucceeded();
        await volume.UnmountAsync();
    }
}
