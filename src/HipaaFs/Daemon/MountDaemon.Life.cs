using System.Globalization;
using System.Net.Sockets;
using System.Text;
using HipaaFs.Cli.Configuration;
using HipaaFs.Cli.Control;
using HipaaFs.Cli.Frontends;
using HipaaFs.Cli.Keys;
using HipaaFs.Cli.Mounting;
using HipaaFs.Cli.Output;
using HipaaFs.Crypto;
using HipaaFs.Fuse;
using HipaaFs.Platform;
using HipaaFs.Storage;
using HipaaFs.Volumes;
using Microsoft.Extensions.Logging;

namespace HipaaFs.Cli.Daemon;

// The steps of a mount's life in their order.
internal sealed partial class MountDaemon
{
    private static readonly TimeSpan DrainRetryDelay = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan FlushPatience = TimeSpan.FromSeconds(20);
    private static readonly TimeSpan EndPatience = TimeSpan.FromSeconds(3);

    private static LogFactory OpenLog(VolumeConfiguration configuration, CommandContext context, bool watched)
    {
        var options = new FileLogOptions
        {
            Path = configuration.GetPath(VolumeSettings.LogFile),
            MaxBytes = configuration.Get(VolumeSettings.LogSize),
            Keep = configuration.Get(VolumeSettings.LogKeep),
            Level = Enum.Parse<LogLevel>(configuration.Get(VolumeSettings.LogLevel), ignoreCase: true),
            ToStandardError = watched,
        };
        try
        {
            return new LogFactory(new FileLogProvider(options, context.Time));
        }
        catch (IOException error)
        {
            throw CannotLog(options.Path, error);
        }
        catch (UnauthorizedAccessException error)
        {
            throw CannotLog(options.Path, error);
        }
    }

    private static CommandException CannotLog(string path, Exception error) =>
        new(ExitCode.Configuration, $"open the log {path}: {error.Message}", "Choose another place with log.file or -o log=PATH.", error);

    private static void ProbeFuse(MountPlan plan)
    {
        try
        {
            FuseSession.Probe(FuseMounting.Options(plan));
        }
        catch (FuseMountException failure)
        {
            throw FuseMounting.Explain(plan.MountPoint, failure);
        }
    }

    private static async Task<Volume> OpenVolumeAsync(
        MountPlan plan, CommandContext context, VolumeOpening opening, CancellationToken stop)
    {
        IKeyWrapper key = KeyAccess.Open(plan.Key, context);
        using var lifetime = key as IDisposable;
        return await opening.OpenAsync(key, stop);
    }

    private static FuseSession MountSession(MountPlan plan, CommandContext context, Volume volume, ILoggerFactory loggers)
    {
        var options = new FuseFrontendOptions
        {
            KernelCacheTime = plan.Options.KernelCacheTime ?? new FuseFrontendOptions().KernelCacheTime,
            Ownership = plan.Options.Ownership,
            SynchronousDirectories = plan.Options.SynchronousDirectories,
        };
        var frontend = new FuseFrontend(volume.FileSystem, options, context.Time, loggers.CreateLogger<FuseFrontend>());
        try
        {
            var session = FuseSession.Mount(plan.MountPoint, frontend, FuseMounting.Options(plan), loggers.CreateLogger<FuseSession>());
            frontend.Attach(session);
            return session;
        }
        catch (FuseMountException failure)
        {
            throw FuseMounting.Explain(plan.MountPoint, failure);
        }
    }

    private async Task ServeAsync(bool tookOver, Action<DaemonReport> ready, ILoggerFactory loggers, CancellationToken stop)
    {
        _runtime.Create(_plan.Volume);
        byte[] pid = Encoding.ASCII.GetBytes(Environment.ProcessId.ToString(CultureInfo.InvariantCulture) + "\n");
        DurableFile.Replace(_runtime.PidFileOf(_plan.Volume), pid);
        _session.Start();
        StoreAdvice? refusal = _volume.GetStatus().StoreAdvice is { MayPass: false } advice ? advice : null;
        ready(new DaemonReport(
            Environment.ProcessId, _plan.MountPoint, VolumeId.ToString(), _plan.Options.ReadOnly, tookOver, LogFile)
        {
            Snapshot = Shown,
            StoreProblem = refusal?.Meaning,
            StoreAction = refusal?.Action,
        });
        LogServing(_logger);
        await using var control = new ControlServer(_runtime.SocketOf(_plan.Volume), this, loggers);
        try
        {
            await StartAsync(control);
            await WaitForEndAsync(stop);
            _state = MountState.Draining;
            await CommitAsync();
            await DrainAsync(stop);
            _state = MountState.Stopping;
            _leavesUnpublished = await _volume.HasUnpublishedChangesAsync(CancellationToken.None);
            _finalFigures = VolumeFiguresMapping.From(_volume.GetStatus(), _context.Time);
            LogStopped(_logger, _finalFigures.StagedSegments, _finalFigures.StagedBytes);
        }
        finally
        {
            _runtime.Remove(_plan.Volume);
            await _session.DisposeAsync();
            await _volume.StopAsync(VolumeStop.Commit, CancellationToken.None);
            _closed.TrySetResult();
        }

        if (_commitError != FsError.None)
        {
            throw new CommandException(
                ExitCode.Failed,
                $"commit what was written before the mount ended: {_commitError}; what was not fsynced may be lost",
                "The log says what the disk did. Make room or repair it, then mount and compare.");
        }
    }

    // The mount serves by now. A signal that comes meanwhile ends it in its order and not in the middle of this; and programs keep
    // their files where nobody can be asked how they are.
    private async Task StartAsync(ControlServer control)
    {
        try
        {
            await control.StartAsync(CancellationToken.None);
        }
        catch (Exception exception) when (exception is IOException or SocketException or UnauthorizedAccessException)
        {
            LogNoControl(_logger, exception);
        }
    }

    private async Task WaitForEndAsync(CancellationToken stop)
    {
        Task ended = _session.WaitAsync(CancellationToken.None);
        var signalled = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using CancellationTokenRegistration registration = stop.Register(() => signalled.TrySetResult());
        if (await Task.WhenAny(ended, signalled.Task) == signalled.Task)
        {
            LogSignalled(_logger);
            _endsWithoutUpload = true;
            await DetachForGoodAsync(ended);
        }

        await ended;
    }

    // What programs wrote before the signal may be in the kernel's page cache still; it counts as written. Programs that have
    // files open do not keep the daemon: they get ENOTCONN.
    private async Task DetachForGoodAsync(Task ended)
    {
        Task flushed = Task.Run(() => MountedFileSystem.Flush(_plan.MountPoint));
        await Task.WhenAny(flushed, Task.Delay(FlushPatience, _context.Time, CancellationToken.None));
        bool detached = await Task.Run(() =>
            _session.Unmount(lazy: false) is not FuseUnmountResult.Busy || MountedFileSystem.DetachByForce(_plan.MountPoint));
        if (!detached)
        {
            await Task.Run(() => _session.Unmount(lazy: true));
            _session.Abort();
        }

        await Task.WhenAny(ended, Task.Delay(EndPatience, _context.Time, CancellationToken.None));
        if (!ended.IsCompleted)
        {
            // Nothing is left that could end the session but the end of the process, which every state of the volume survives.
            await CommitAsync();
            LogAbandoned(_logger);
            _runtime.Remove(_plan.Volume);
            Environment.Exit((int)(_commitError == FsError.None ? ExitCode.Done : ExitCode.Failed));
        }
    }

    private async Task CommitAsync()
    {
        FsError error = await _volume.FileSystem.SyncAsync(CancellationToken.None);
        if (error != FsError.None)
        {
            LogNotCommitted(_logger, error);
            _commitError = error;
        }
    }

    // For ever, but for those who end it: a failed upload is tried again, never dropped.
    private async Task DrainAsync(CancellationToken stop)
    {
        if (_endsWithoutUpload || _plan.Options.ReadOnly)
        {
            return;
        }

        LogDraining(_logger);
        using var ends = CancellationTokenSource.CreateLinkedTokenSource(stop, _stopUploading.Token);
        try
        {
            var watch = new DrainWatch(_context.Time, update => _watcher?.Invoke(update), giveUp: null);
            while (await _volume.DrainAsync(watch, ends.Token) is { } problem && _volume.GetStatus().FencedBy is null)
            {
                LogNotDrained(_logger, problem);
                await Task.Delay(DrainRetryDelay, _context.Time, ends.Token);
            }
        }
        catch (OperationCanceledException) when (ends.IsCancellationRequested)
        {
            LogDrainEnded(_logger);
        }
    }

    // Before anything is detached: what cannot be uploaded now must not be left behind unseen.
    private async Task UploadAsync(CancellationToken cancel)
    {
        using var giveUp = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        string? problem = null;
        var watch = new DrainWatch(_context.Time, update => _watcher?.Invoke(update), reason =>
        {
            problem = $"the store takes nothing ({reason})";
            giveUp.Cancel();
        });
        try
        {
            problem = await _volume.DrainAsync(watch, giveUp.Token) ?? problem;
        }
        catch (OperationCanceledException) when (problem is not null && !cancel.IsCancellationRequested)
        {
            // The watch gave up; why is said below.
        }

        VolumeStatus status = _volume.GetStatus();
        if (problem is not null)
        {
            throw NotUploaded(problem, status);
        }

        if (status.LostFiles > 0)
        {
            throw new CommandException(
                ExitCode.Failed,
                $"unmount {_plan.MountPoint}: everything is uploaded, but what was written to {status.LostFiles} files was refused and is gone; it stays mounted",
                $"Write these files again, or go without: hipaafs umount --now {_plan.MountPoint}");
        }
    }

    private CommandException NotUploaded(string problem, VolumeStatus status)
    {
        string left = $"{CountText.Format(status.StagedSegments, "segment is", "segments are")} not uploaded, so it stays mounted";
        if (status.HasMetadataFailed)
        {
            return new CommandException(
                ExitCode.Failed,
                $"unmount {_plan.MountPoint}: the disk of {_plan.Configuration.Directory} refused metadata: what was done after the last sync is lost, and everything is refused; {left}",
                $"See to that disk (space, errors), then 'hipaafs umount --now {_plan.MountPoint}' and mount again: what was synced is there.");
        }

        if (status.WritebackError is { } writeback)
        {
            return new CommandException(
                ExitCode.Failed,
                $"unmount {_plan.MountPoint}: the disk of the staging directory does not take what was written ({writeback}); {left}",
                "Make room there, or see to that disk, then try again. With --now what was written and not synced is lost.");
        }

        string stores = string.Join("; ", status.Refusing.Select(static store => $"{store.Name}, {TerminalText.Escape(store.Url)} ({store.Reason})"));
        bool isPlaced = status.Refusing.Any(store => store.Number != _volume.HomeStore);
        return new CommandException(
            ExitCode.Store,
            $"unmount {_plan.MountPoint}: {problem}{(stores.Length == 0 ? "" : $": {stores}")}; {left}",
            $"See to that store and try again: 'hipaafs store status {_plan.MountPoint}' shows when it answers. "
            + (isPlaced ? "Or have its data go to another one, with 'hipaafs store drain' or 'store migrate'. " : "")
            + $"Or leave the data on this machine for the next mount: hipaafs umount --now {_plan.MountPoint}");
    }

    private async Task DetachAsync()
    {
        FuseUnmountResult result = await Task.Run(() => _session.Unmount(lazy: false));
        switch (result)
        {
            case FuseUnmountResult.Unmounted:
            case FuseUnmountResult.NotMounted:
                return;
            case FuseUnmountResult.Busy:
                throw new CommandException(
                    ExitCode.Failed,
                    $"unmount {_plan.MountPoint}: it is in use",
                    $"End what uses it ('fuser -vm {_plan.MountPoint}' lists it), then try again.");
            default:
                throw new CommandException(
                    ExitCode.Failed,
                    $"unmount {_plan.MountPoint}: the kernel refused",
                    "Run the command as the user who mounted it, or as root.");
        }
    }

    [LoggerMessage(700, LogLevel.Information, "hipaafs {Version} starts, process {Process}")]
    private static partial void LogStarting(ILogger logger, string version, int process);

    [LoggerMessage(701, LogLevel.Information, "the filesystem answers")]
    private static partial void LogServing(ILogger logger);

    [LoggerMessage(702, LogLevel.Information, "asked to stop: detaching and committing, nothing more is uploaded")]
    private static partial void LogSignalled(ILogger logger);

    [LoggerMessage(703, LogLevel.Information, "detached: uploading what is staged")]
    private static partial void LogDraining(ILogger logger);

    [LoggerMessage(704, LogLevel.Information, "the upload was ended: by a signal, or for a new mount")]
    private static partial void LogDrainEnded(ILogger logger);

    [LoggerMessage(708, LogLevel.Warning, "files are open and the connection could not be broken: the process ends without closing the volume")]
    private static partial void LogAbandoned(ILogger logger);

    [LoggerMessage(709, LogLevel.Error, "the mount failed: {Code}; who started it was told why")]
    private static partial void LogFailed(ILogger logger, ExitCode code);

    [LoggerMessage(710, LogLevel.Critical, "the mount ended unexpectedly")]
    private static partial void LogUnexpected(ILogger logger, Exception exception);

    [LoggerMessage(706, LogLevel.Error, "what was written could not all be committed: {Error}")]
    private static partial void LogNotCommitted(ILogger logger, FsError error);

    [LoggerMessage(707, LogLevel.Warning, "not everything could be uploaded: {Problem}; it is tried again")]
    private static partial void LogNotDrained(ILogger logger, string problem);

    [LoggerMessage(711, LogLevel.Error, "the control socket could not be made: 'hipaafs status' and 'hipaafs umount' do not reach this mount, umount(8) ends it")]
    private static partial void LogNoControl(ILogger logger, Exception cause);

    [LoggerMessage(705, LogLevel.Information, "stopped; {Segments} segments with {Bytes} bytes are staged")]
    private static partial void LogStopped(ILogger logger, int segments, long bytes);
}
