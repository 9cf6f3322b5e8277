using HipaaFs.FaultFs.Tests.Mounts;
using HipaaFs.Testing.Mounts;
using Xunit;

namespace HipaaFs.FaultFs.Tests.Faults;

/// <summary>The disk below a volume fails: nothing that a sync promised is lost, whoever tries again is told the truth, and the volume mounts by itself.</summary>
/// <remarks>After each failure the power goes too: what the failed sync should have written is not there then.</remarks>
public sealed class FailingDiskTests
{
    private const string Log = "*/metadata.db-wal";
    private const string Staged = "*/staging/*.seg";
    private const int Eio = 5;
    private const int NoSpace = 28;

    private static readonly string[] Ways = ["None strict 1", "Dice strict 2"];

    [Theory]
    [InlineData("Write", Log, 20, Eio, true)]
    [InlineData("Sync", Log, 4, Eio, false)]
    [InlineData("Sync", Log, 4, Eio, true)]
    [InlineData("Write", Staged, 3, Eio, false)]
    [InlineData("Write", Staged, 3, NoSpace, true)]
    [InlineData("Sync", Staged, 2, Eio, false)]
    [InlineData("Create", Staged, 1, NoSpace, false)]
    [InlineData("SyncDirectory", "*/staging", 1, Eio, false)]
    public async Task Fail_AnyCall_KeepsEveryPromise(string kind, string pattern, int number, int errno, bool lasting)
    {
        await using FaultyVolume volume = await FaultyVolume.CreateAsync(0);
        await volume.Volume.MountAsync();
        await volume.Disk.SendAsync($"fail {kind} {pattern} {number} {errno} {(lasting ? "always" : "once")}");

        string word = await volume.WorkAsync();
        if (word == "barrier" && await volume.Volume.TerminateAsync() == 0)
        {
            await volume.PassBarrierAsync();
        }

        Assert.NotEqual("0", await volume.Disk.SendAsync("hits"));
        int operations = await volume.EndAsync();
        foreach (string way in Ways)
        {
            await volume.CheckAfterCutAsync(operations, way);
        }
    }

    /// <summary>What the kernel holds of a log whose sync failed, and takes for written, is on no disk: nothing that is committed behind it may hang on it.</summary>
    [Fact]
    public async Task Mount_AfterTheSyncOfTheLogFailed_KeepsWhatIsPromisedSince()
    {
        await using FaultyVolume volume = await FaultyVolume.CreateAsync(FaultyVolume.Failing);
        await volume.Volume.MountAsync();
        await volume.Disk.SendAsync($"fail Sync {Log} 1 {Eio} once");
        // The sync that fails may be one of the mount's own, after which the root is EIO too: the shell starts beside it.
        string refused = Path.Combine(volume.Volume.Root, "refused");
        await Shell.CheckAsync($"if echo refused > '{refused}' && sync '{refused}'; then exit 1; fi", volume.Volume.Work);
        Assert.Equal("1", await volume.Disk.SendAsync("hits"));
        await volume.AbandonAsync();

        await volume.Volume.MountAsync();
        await volume.Volume.ShellAsync("echo content > promised; sync promised .");
        int operations = await volume.EndAsync();
        await volume.Disk.CutAsync(operations, Ways[0]);
        await volume.Volume.MountAsync();

        Assert.Equal("content\n", await volume.Volume.ShellAsync("cat promised"));
    }

    /// <summary>The redo list: a batch whose commit the disk refuses once is rolled back and written again, and nobody is told of an error.</summary>
    [Fact]
    public async Task Commit_FailsOnce_IsReplayed()
    {
        await using FaultyVolume volume = await FaultyVolume.CreateAsync(0);
        await volume.Volume.MountAsync();
        await volume.Disk.SendAsync($"fail Write {Log} 20 {Eio} once");

        Assert.Equal("barrier", await volume.WorkAsync());

        Assert.Equal("barrier", volume.LastWords);
        Assert.Equal("1", await volume.Disk.SendAsync("hits"));
        Assert.Contains("is written again", volume.Volume.Log, StringComparison.Ordinal);
        int operations = await volume.EndAsync();
        await volume.CheckAfterCutAsync(operations, "None strict 1");
    }

    /// <summary>What was sealed to be published is in the store: that the disk does not let go of it here ends nothing.</summary>
    [Fact]
    public async Task Unmount_WhatWasPublishedCannotBeRemovedHere_IsComplete()
    {
        await using FaultyVolume volume = await FaultyVolume.CreateAsync(FaultyVolume.Failing);
        await volume.Volume.MountAsync();
        Assert.Equal("barrier", await volume.WorkAsync());
        await volume.Disk.SendAsync($"fail Unlink */staging/stream-* 1 {Eio} always");

        ProcessOutcome unmounted = await volume.Volume.RunAsync("umount", volume.Volume.Root);

        Assert.True(unmounted.Succeeded, $"{unmounted.Describe()}\n{volume.Volume.LogTail}");
        Assert.NotEqual("0", await volume.Disk.SendAsync("hits"));
        await volume.Volume.WaitForDaemonAsync(ChildProcess.DefaultTimeout);
        int promised = await volume.PassBarrierAsync();
        int operations = await volume.EndAsync();
        await volume.CheckAfterCutAsync(operations, "None strict 1");
        await volume.CheckRestoredAsync(operations, promised);
        Assert.Empty(Directory.GetFiles(Path.Combine(volume.Volume.Volume, "staging"), "stream-*"));
    }

    /// <summary>The ballast: the disk is full until the file that reserves room is given up.</summary>
    [Fact]
    public async Task Commit_DiskFull_TheBallastMakesRoom()
    {
        await using FaultyVolume volume = await FaultyVolume.CreateAsync(0);
        await volume.Volume.MountAsync();
        await volume.Disk.SendAsync($"fail Write {Log} 20 {NoSpace} always */ballast");

        Assert.Equal("barrier", await volume.WorkAsync());

        Assert.Equal("barrier", volume.LastWords);
        Assert.NotEqual("0", await volume.Disk.SendAsync("hits"));
        Assert.Contains("ballast released: True", volume.Volume.Log, StringComparison.Ordinal);
        int operations = await volume.EndAsync();
        await volume.CheckAfterCutAsync(operations, "None strict 1");
    }
}
