using HipaaFs.Cli.Configuration;
using HipaaFs.Cli.Control;
using HipaaFs.Cli.Costs;
using HipaaFs.Cli.Frontends;
using HipaaFs.Cli.Keys;
using HipaaFs.Cli.Mounting;
using HipaaFs.Cli.Output;
using HipaaFs.Cli.Placing;
using HipaaFs.Cli.Volumes;
using HipaaFs.Collection;
using HipaaFs.Crypto;
using HipaaFs.Fuse;
using HipaaFs.Platform;
using HipaaFs.Volumes;
using Microsoft.Extensions.Logging;

namespace HipaaFs.Cli.Daemon;

/// <summary>The life of one mount, from the key to the last upload.</summary>
/// <remarks>
/// <para><b>1. Open.</b> Log, key, volume (taken over from a daemon that only uploads any more), kernel session.</para>
/// <para><b>2. Serve.</b> Whoever started the daemon is told; the control socket opens.</para>
/// <para><b>3. End</b>, by one of four ways. A signal: detach, commit, stop; what is staged stays. The kernel ended the session
/// (umount(8)): commit, keep the lock, upload in the background. <c>hipaafs umount</c>: upload, then detach. Handover: stop the
/// background upload at once.</para>
/// <para><b>4. Close.</b> Runtime files go first, then the volume and its lock: the next mount finds either a daemon that answers
/// or a free lock. Only then are those answered who asked for the end.</para>
/// </remarks>
internal sealed partial class MountDaemon : IControlTarget, IDisposable
{
    private const int DiskThreads = 16;

    private readonly MountPlan _plan;
    private readonly CommandContext _context;
    private readonly Volume _volume;
    private readonly FuseSession _session;
    private readonly RuntimeDirectory _runtime;
    private readonly ILogger _logger;
    private readonly DateTimeOffset _startedAt;
    private readonly CancellationTokenSource _stopUploading = new();
    private readonly TaskCompletionSource _closed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly SemaphoreSlim _umounting = new(1);
    private readonly PolicyApplication _application;
    private readonly StoreAdministration _administration;
    private readonly RecallAdministration _recalls;
    private volatile MountState _state = MountState.Serving;
    private volatile bool _endsWithoutUpload;
    private FsError _commitError;
    private volatile Action<ProgressUpdate>? _watcher;
    private volatile VolumeFigures? _finalFigures;
    private volatile bool _leavesUnpublished;

    private MountDaemon(MountPlan plan, CommandContext context, Volume volume, FuseSession session, ILogger logger)
    {
        _plan = plan;
        _context = context;
        _volume = volume;
        _application = new PolicyApplication(volume, Region);
        _administration = new StoreAdministration(volume, new HomeAddress(plan.Configuration), context.Time);
        _recalls = new RecallAdministration(volume, context.Time);
        volume.FileSystem.PriceRecall = _recalls.PriceAsync;
        volume.JudgeSpending = new BudgetJudgement(volume, context.Time, logger).JudgeAsync;
        _session = session;
        _runtime = RuntimeDirectory.OfUser(context.Environment);
        _logger = logger;
        _startedAt = context.Time.GetUtcNow();
    }

    private Guid VolumeId => _plan.Configuration.VolumeId;

    private string? Region => _plan.Configuration.Get(VolumeSettings.Region);

    private string LogFile => _plan.Configuration.GetPath(VolumeSettings.LogFile);

    /// <summary>Mounts and serves until the mount has ended and everything it left is done.</summary>
    /// <param name="plan">What to mount.</param>
    /// <param name="context">The world.</param>
    /// <param name="watched">Somebody sees standard error.</param>
    /// <param name="ready">Called when the filesystem answers.</param>
    /// <param name="stop">Cancelled by SIGTERM and SIGINT.</param>
    public static async Task<ExitCode> RunAsync(
        MountPlan plan, CommandContext context, bool watched, Action<DaemonReport> ready, CancellationToken stop)
    {
        // Reads that miss the page cache wait for the disk on pool threads; the pool itself adds threads only about once a second.
        ThreadPool.SetMinThreads(DiskThreads, DiskThreads);
        using LogFactory loggers = OpenLog(plan.Configuration, context, watched);
        ILogger logger = loggers.CreateLogger<MountDaemon>();
        LogStarting(logger, Commands.CommandTree.Version, Environment.ProcessId);
        try
        {
            await RunAsync(plan, context, ready, loggers, stop);
            return ExitCode.Done;
        }
        catch (Exception exception) when (Logged(logger, exception))
        {
            throw; // Not reached: the filter only looks, while the daemon has a log and nobody sees its standard error.
        }
    }

    private static async Task RunAsync(
        MountPlan plan, CommandContext context, Action<DaemonReport> ready, LogFactory loggers, CancellationToken stop)
    {
        var opening = new VolumeOpening(plan, context, loggers);
        ProbeFuse(plan); // Opening begins a session, which another mount of a copy would have to give way to.
        await using Volume volume = await OpenVolumeAsync(plan, context, opening, stop);
        await using FuseSession session = MountSession(plan, context, volume, loggers);
        using var daemon = new MountDaemon(plan, context, volume, session, loggers.CreateLogger<MountDaemon>());
        await daemon.ServeAsync(opening.TookOver, ready, loggers, stop);
    }

    private static bool Logged(ILogger logger, Exception exception)
    {
        switch (exception)
        {
            case CommandException failure:
                LogFailed(logger, failure.Code);
                break;
            case VolumeException failure:
                LogFailed(logger, VolumeFailures.ToExitCode(failure.Failure));
                break;
            default:
                LogUnexpected(logger, exception);
                break;
        }

        return false;
    }

    /// <summary>Frees what waits for the end; everything else was closed in its order.</summary>
    public void Dispose()
    {
        _stopUploading.Dispose();
        _umounting.Dispose();
        _application.Dispose();
        _recalls.Dispose();
    }

    /// <inheritdoc/>
    public MountStatus GetStatus() => new()
    {
        VolumeId = VolumeId.ToString(),
        Volume = _plan.Configuration.Directory,
        MountPoint = _plan.MountPoint,
        Snapshot = Shown,
        State = _state,
        Pid = Environment.ProcessId,
        StartedAt = _startedAt,
        LogFile = LogFile,
        Figures = _finalFigures ?? VolumeFiguresMapping.From(_volume.GetStatus(), _context.Time),
    };

    /// <inheritdoc/>
    public async Task<GarbageReport> CollectGarbageAsync(Action<ProgressUpdate> progress, CancellationToken cancel)
    {
        if (_plan.Options.ReadOnly || _volume.GetStatus().IsReadOnly)
        {
            throw new CommandException(
                ExitCode.Refused, $"free space of {_plan.MountPoint}: it is read-only", "Run it on the mount that writes.");
        }

        var sink = new ProgressSink<GarbageProgress>(done => progress(
            new ProgressUpdate(done.Stage, done.Done, done.Total, done.Stage == GarbageProgress.Rewrite ? "bytes" : "segments")));
        try
        {
            return await AskAsync($"free space of {_plan.MountPoint}", _volume.CollectGarbageAsync(sink, cancel), cancel) ?? throw new CommandException(
                ExitCode.Failed, $"free space of {_plan.MountPoint}: the metadata cannot be read", "The log says what the disk did.");
        }
        catch (IOException error)
        {
            throw new CommandException(
                ExitCode.Failed, $"free space of {_plan.MountPoint}: the disk of the staging area takes no more", "Make room, then run it again.", error);
        }
    }

    /// <inheritdoc/>
    public async Task<UnknownReport> SweepUnknownAsync(bool deletes, Action<ProgressUpdate> progress, CancellationToken cancel)
    {
        string action = $"look for unknown segments of {_plan.MountPoint}";
        var sink = new ProgressSink<GarbageProgress>(done => progress(new ProgressUpdate("unknown", done.Done, done.Total, "segments")));
        try
        {
            return await AskAsync(action, _volume.SweepUnknownAsync(deletes, sink, cancel), cancel)
                ?? throw new CommandException(ExitCode.Refused, $"{action}: it is read-only", "Run it on the mount that writes.");
        }
        catch (IOException error)
        {
            throw new CommandException(ExitCode.Failed, $"{action}: {error.Message}", "The log says what the disk did.", error);
        }
    }

    // Whoever asks while the mount ends is told so.
    private static async Task<T> AskAsync<T>(string action, Task<T> asked, CancellationToken cancel)
    {
        try
        {
            return await asked;
        }
        catch (OperationCanceledException error) when (!cancel.IsCancellationRequested)
        {
            throw new CommandException(
                ExitCode.Incomplete,
                $"{action}: the mount is ending, or a newer session has the volume",
                "What was done stays done. Run it again on the next mount.",
                error);
        }
    }

    /// <inheritdoc/>
    public async Task SyncAsync(CancellationToken cancel)
    {
        FsError error = await AskAsync($"sync {_plan.MountPoint}", _volume.SyncAsync(cancel), cancel);
        if (error != FsError.None)
        {
            throw new CommandException(
                ExitCode.Failed,
                $"sync {_plan.MountPoint}: not everything could be made durable ({error})",
                $"Check the disk of {_plan.Configuration.Directory}; 'hipaafs status' and the log say more.");
        }

        VolumeStatus status = _volume.GetStatus();
        if (status.LostFiles > 0)
        {
            throw new CommandException(
                ExitCode.Failed,
                $"sync {_plan.MountPoint}: what was written to {status.LostFiles} files was refused ({status.LostError}) and is gone; everything else is durable",
                "Write these files again, as their programs were told by fsync or close; 'hipaafs status' shows how many are left.");
        }
    }

    /// <inheritdoc/>
    public async Task<UmountOutcome> UmountAsync(bool now, Action<ProgressUpdate> progress, CancellationToken cancel)
    {
        if (_state != MountState.Serving || !await _umounting.WaitAsync(TimeSpan.Zero, cancel))
        {
            throw new CommandException(
                ExitCode.NotFound, $"unmount {_plan.MountPoint}: it is being or has been unmounted", "'hipaafs status' shows what it still does.");
        }

        _watcher = progress;
        try
        {
            if (!now && !_plan.Options.ReadOnly)
            {
                await UploadAsync(cancel);
            }

            _endsWithoutUpload = now;
            await DetachAsync();
        }
        catch
        {
            _watcher = null;
            _endsWithoutUpload = false; // It stays mounted, and whoever ends it later has not asked for that.
            throw;
        }
        finally
        {
            _umounting.Release();
        }

        await _closed.Task.WaitAsync(cancel);
        VolumeFigures left = _finalFigures ?? new VolumeFigures();
        return new UmountOutcome(_plan.MountPoint, left.StagedSegments, left.StagedBytes)
        {
            UnpublishedChanges = _leavesUnpublished,
            DamagedFrames = left.DamagedFrames,
        };
    }

    /// <inheritdoc/>
    public async Task HandOverAsync(CancellationToken cancel)
    {
        if (_state == MountState.Serving)
        {
            throw new CommandException(
                ExitCode.HeldByAnother,
                $"hand over volume {VolumeId}: it is mounted at {_plan.MountPoint}",
                $"Unmount it first: hipaafs umount {_plan.MountPoint}");
        }

        await _stopUploading.CancelAsync();
        await _closed.Task.WaitAsync(cancel);
    }
}
