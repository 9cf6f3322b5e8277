using HipaaFs.FaultFs.Tests.Faults;
using HipaaFs.Testing;
using HipaaFs.Testing.Mounts;
using Xunit;

namespace HipaaFs.FaultFs.Tests.Mounts;

/// <summary>The life of a volume whose disk fails at some moment: mount, work, umount with everything uploaded, mount, work, SIGTERM.</summary>
/// <remarks>
/// Nobody gives up at the first errno: what fails is tried once more in the same mount, a lasting fault having been lifted, and what fails again ends the life.
/// The daemon must outlive all of it: it ends when it is asked to, or says why it cannot serve before it does.
/// </remarks>
internal sealed class FailingLife
{
    // A lasting fault is lifted once so much has failed of it: a program that retries for ever waits for that.
    private const int FailuresOfALastingFault = 8;

    private readonly FaultyVolume _volume;
    private readonly DiskFailure _failure;

    internal FailingLife(FaultyVolume volume, DiskFailure failure)
    {
        _volume = volume;
        _failure = failure;
    }

    /// <summary>The last step that is promised to be in the store; null: none.</summary>
    internal int? Stored { get; private set; }

    /// <summary>How it ended, for people.</summary>
    internal string End { get; private set; } = "";

    /// <summary>Lives it.</summary>
    internal async Task RunAsync()
    {
        await _volume.Disk.SendAsync($"fail Change {_failure.Files} {_failure.Step} {_failure.Errno} {(_failure.Lasting ? "always" : "once")}");
        End = await MountAsync() && await WorkAsync() && await UnmountAsync() && await MountAsync() && await WorkAsync() && await TerminateAsync()
            ? "lived to its end"
            : $"{End} failed";
    }

    private async Task<bool> MountAsync()
    {
        End = "mount";
        if (await _volume.Volume.TryMountAsync())
        {
            return true;
        }

        AssertEndedInOrder();
        await LiftAsync();
        await _volume.Volume.MountAsync(); // By itself, without a repair.
        return true;
    }

    private async Task<bool> WorkAsync()
    {
        End = "work";
        string word = await _volume.WorkAsync();
        if (word == "failed")
        {
            await LiftAsync();
            word = await _volume.WorkAsync();
        }

        Assert.False(_volume.Volume.DaemonHasExited, $"the daemon ended in the middle of the work\n{_volume.Volume.LogTail}");
        return word == "barrier";
    }

    private async Task<bool> UnmountAsync()
    {
        End = "umount";
        Task<ProcessOutcome> unmount = _volume.Volume.RunAsync("umount", _volume.Volume.Root);
        await Eventually.TrueAsync(
            async () => unmount.IsCompleted || !_failure.Lasting || await HitsAsync() >= FailuresOfALastingFault, "umount ends, or has met the fault");
        await LiftAsync();
        ProcessOutcome outcome = await unmount;
        if (!outcome.Succeeded && MountTable.IsMounted(_volume.Volume.Root))
        {
            outcome = await _volume.Volume.RunAsync("umount", _volume.Volume.Root);
        }

        if (outcome.Succeeded)
        {
            await _volume.Volume.WaitForDaemonAsync(ChildProcess.DefaultTimeout);
            Stored = await _volume.PassBarrierAsync();
        }

        return outcome.Succeeded;
    }

    private async Task<bool> TerminateAsync()
    {
        End = "SIGTERM";
        int code = await _volume.Volume.TerminateAsync();
        AssertEndedInOrder();
        if (code == 0)
        {
            await _volume.PassBarrierAsync();
        }

        return code == 0;
    }

    private async Task LiftAsync()
    {
        if (_failure.Lasting)
        {
            await _volume.Disk.SendAsync("clear");
        }
    }

    private async Task<int> HitsAsync() => int.Parse(await _volume.Disk.SendAsync("hits"), System.Globalization.CultureInfo.InvariantCulture);

    // 128 and more: a signal, or an exception that nobody caught.
    private void AssertEndedInOrder() =>
        Assert.True(_volume.Volume.DaemonExitCode < 128, $"the daemon crashed: {_volume.Volume.DaemonExitCode}\n{_volume.Volume.LogTail}");
}
