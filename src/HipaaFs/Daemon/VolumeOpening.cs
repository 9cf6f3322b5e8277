using HipaaFs.Cli.Configuration;
using HipaaFs.Cli.Control;
using HipaaFs.Cli.Mounting;
using HipaaFs.Cli.Placing;
using HipaaFs.Cli.Volumes;
using HipaaFs.Crypto;
using HipaaFs.Volumes;
using Microsoft.Extensions.Logging;

namespace HipaaFs.Cli.Daemon;

/// <summary>Opens a volume for a mount; a daemon that holds it only to upload what an earlier mount left is asked to hand it over.</summary>
internal sealed class VolumeOpening
{
    private static readonly TimeSpan SilentPatience = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan HandoverPatience = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan RetryDelay = TimeSpan.FromMilliseconds(50);

    private readonly MountPlan _plan;
    private readonly CommandContext _context;
    private readonly ILoggerFactory _loggers;

    /// <summary>Creates the opening of one mount.</summary>
    public VolumeOpening(MountPlan plan, CommandContext context, ILoggerFactory loggers)
    {
        _plan = plan;
        _context = context;
        _loggers = loggers;
    }

    /// <summary>Whether another daemon handed the volume over.</summary>
    public bool TookOver { get; private set; }

    /// <summary>Opens the volume.</summary>
    /// <exception cref="VolumeException">It cannot be opened.</exception>
    /// <exception cref="CommandException">A mount holds it.</exception>
    public async Task<Volume> OpenAsync(IKeyWrapper key, CancellationToken cancel)
    {
        VolumeOptions options = VolumeOptionsMapping.ToOptions(_plan.Configuration) with
        {
            SnapshotDirectory = _plan.Options.SnapshotDirectory,
            TakeOver = _plan.Options.TakeOver,
            AcceptOlderStore = _plan.Options.AcceptOlderStore,
            ShownSnapshot = _plan.Options.Snapshot,
            ShownTime = _plan.Options.At,
            JudgePolicy = policy => HostRegionCheck.RefuseOutside(
                $"mount {_plan.Configuration.Directory}", policy, _plan.Configuration.Get(VolumeSettings.Region)),
        };
        VolumeMode mode = _plan.Options.ReadOnly ? VolumeMode.ReadOnly : VolumeMode.ReadWrite;
        long start = _context.Time.GetTimestamp();
        while (true)
        {
            try
            {
                return await Volume.OpenAsync(options, key, mode, _loggers, _context.Time, cancel);
            }
            catch (VolumeException held) when (held.Failure == VolumeFailure.HeldByAnother)
            {
                await MakeWayAsync(held, _context.Time.GetElapsedTime(start), cancel);
            }
        }
    }

    // Returns when it is worth to try again. A daemon whose mount was just detached needs a moment to notice.
    private async Task MakeWayAsync(VolumeException held, TimeSpan waited, CancellationToken cancel)
    {
        VolumeCopy volume = _plan.Volume;
        if (MountTable.Read().OfDriver().FirstOrDefault(entry => entry.Volume == volume && !MountedFileSystem.IsDead(entry.MountPoint)) is { } mounted)
        {
            throw new CommandException(
                ExitCode.HeldByAnother,
                $"{held.Message}; it is mounted at {mounted.MountPoint}",
                $"Use that mount, or unmount it first: hipaafs umount {mounted.MountPoint}",
                held);
        }

        string socket = RuntimeDirectory.OfUser(_context.Environment).SocketOf(volume);
        using var client = new ControlClient(socket, _context.Time);
        bool answers = await client.IsAnsweringAsync(cancel);
        if (waited > (answers || TookOver ? HandoverPatience : SilentPatience))
        {
            throw new CommandException(ExitCode.HeldByAnother, held.Message, held.Action, held);
        }

        try
        {
            if (answers)
            {
                await client.HandOverAsync(cancel);
                TookOver = true;
            }
        }
        catch (CommandException)
        {
            // It still serves, or ended while it was asked: both are over in a moment or show in the next attempt.
        }

        await Task.Delay(RetryDelay, _context.Time, cancel);
    }
}
