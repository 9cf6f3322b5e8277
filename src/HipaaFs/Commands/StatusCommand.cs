using System.CommandLine;
using HipaaFs.Cli.Configuration;
using HipaaFs.Cli.Control;
using HipaaFs.Cli.Daemon;
using HipaaFs.Cli.Mounting;
using HipaaFs.Cli.Output;
using HipaaFs.Staging;
using HipaaFs.Storage;

namespace HipaaFs.Cli.Commands;

/// <summary><c>hipaafs status</c>: shows how the mounts are.</summary>
internal static class StatusCommand
{
    private static readonly TimeSpan LookLimit = TimeSpan.FromSeconds(2);

    /// <summary>Builds the command.</summary>
    public static Command Create(CommandRunner runner)
    {
        var place = new Argument<string?>("MOUNTPOINT|VOLUME")
        {
            Description = "One mount or volume; without it all mounts of this user.",
            Arity = ArgumentArity.ZeroOrOne,
        };
        var command = new Command("status", "Shows how the mounts of this user are.") { place };
        runner.Handle(command, async (parsed, output, cancel) =>
        {
            IReadOnlyList<MountStatus> found = parsed.GetValue(place) is { } path
                ? [await OneAsync(path, runner.Context, cancel)]
                : await AllAsync(runner.Context, cancel);
            output.Result(found, JsonOutput.Default.IReadOnlyListMountStatus, text => Describe(found, runner.Context.Time, text));
            return ExitCode.Done;
        });
        return command;
    }

    private static async Task<MountStatus> OneAsync(string path, CommandContext context, CancellationToken cancel)
    {
        string resolved = PathRelation.Resolve(path);
        if (MountTable.Read().Find(resolved) is { Volume: not null } mount)
        {
            return await OfMountAsync(mount, context, cancel);
        }

        return File.Exists(Path.Combine(resolved, VolumeFile.Name))
            ? await OfVolumeAsync(VolumeConfiguration.Load(resolved, new Dictionary<string, string>(), context.Environment), context, cancel)
            : throw new CommandException(
                ExitCode.NotFound,
                $"find a volume at {resolved}: it is neither the mount point nor the directory of one",
                "'hipaafs status' without an argument lists the mounts.");
    }

    private static async Task<MountStatus> OfMountAsync(MountEntry mount, CommandContext context, CancellationToken cancel)
    {
        if (await MountLocator.IsDeadAsync(mount, context, cancel))
        {
            return OfDead(mount);
        }

        using ControlClient client = await MountLocator.ConnectAsync(mount, context, cancel);
        return await client.GetStatusAsync(cancel);
    }

    private static async Task<MountStatus> OfVolumeAsync(VolumeConfiguration configuration, CommandContext context, CancellationToken cancel)
    {
        var volume = VolumeCopy.In(configuration.Directory, configuration.VolumeId);
        if (await AskAsync(volume, context, cancel) is { } answer)
        {
            return answer;
        }

        MountEntry? dead = MountTable.Read().OfDriver().FirstOrDefault(entry => entry.Volume == volume && MountedFileSystem.IsDead(entry.MountPoint));
        return new MountStatus
        {
            VolumeId = configuration.VolumeId.ToString(),
            Volume = configuration.Directory,
            MountPoint = dead?.MountPoint,
            State = dead is null ? MountState.NotMounted : MountState.Dead,
            Waiting = LookForWaiting(configuration.GetPath(VolumeSettings.StagingDirectory)),
        };
    }

    private static StagedFiles LookForWaiting(string staging)
    {
        try
        {
            return StagedFiles.In(staging);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new CommandException(
                ExitCode.Failed, $"look for what waits in {staging}: {exception.Message}", "Run the command as the user who owns the volume.", exception);
        }
    }

    private static async Task<IReadOnlyList<MountStatus>> AllAsync(CommandContext context, CancellationToken cancel)
    {
        var found = new List<MountStatus>();
        foreach (VolumeCopy volume in RuntimeDirectory.OfUser(context.Environment).Volumes())
        {
            if (await AskAsync(volume, context, cancel) is { } answer)
            {
                found.Add(answer);
            }
        }

        // One that answered is not looked at: were it stuck, so would be the look.
        var answered = found.Select(static status => status.MountPoint).ToHashSet();
        foreach (MountEntry mount in MountTable.Read().OfDriver())
        {
            if (!answered.Contains(mount.MountPoint) && await LooksDeadAsync(mount, context, cancel))
            {
                found.Add(OfDead(mount));
            }
        }

        return found;
    }

    // It may be another user's, whose daemon is stopped and answers nobody: then it is not dead, and is not waited for.
    private static async Task<bool> LooksDeadAsync(MountEntry mount, CommandContext context, CancellationToken cancel)
    {
        try
        {
            return await Task.Run(() => MountedFileSystem.IsDead(mount.MountPoint), cancel).WaitAsync(LookLimit, context.Time, cancel);
        }
        catch (TimeoutException)
        {
            return false;
        }
    }

    // Null when nobody answers for the volume.
    private static async Task<MountStatus?> AskAsync(VolumeCopy volume, CommandContext context, CancellationToken cancel)
    {
        using ControlClient client = MountLocator.ClientOf(volume, context);
        bool answers = RuntimeDirectory.OfUser(context.Environment).HasDaemon(volume)
            ? await client.WaitUntilAnsweringAsync(cancel)
            : await client.IsAnsweringAsync(cancel);
        try
        {
            return answers ? await client.GetStatusAsync(cancel) : null;
        }
        catch (CommandException)
        {
            if (await client.IsAnsweringAsync(cancel))
            {
                throw;
            }

            return null; // It ended while it was asked; the others are shown all the same.
        }
    }

    private static MountStatus OfDead(MountEntry mount) => new()
    {
        VolumeId = mount.Volume!.Value.Volume.ToString(),
        Volume = null,
        MountPoint = mount.MountPoint,
        State = MountState.Dead,
    };

    /// <summary>Writes them for a person.</summary>
    internal static void Describe(IReadOnlyList<MountStatus> found, TimeProvider time, TextWriter text)
    {
        if (found.Count == 0)
        {
            text.WriteLine("Nothing is mounted.");
        }

        foreach (MountStatus status in found)
        {
            Describe(status, time, text);
        }
    }

    private static void Describe(MountStatus status, TimeProvider time, TextWriter text)
    {
        string state = status.State switch
        {
            MountState.Serving => "mounted",
            MountState.Draining => "unmounted, uploading in the background",
            MountState.Stopping => "stopping",
            MountState.Dead => "DEAD, its daemon was killed",
            _ => "not mounted",
        };
        string where = TerminalText.Escape(status.MountPoint ?? status.Volume ?? ""); // Of a dead mount it is what another user may have named.
        text.WriteLine($"{where}: {state}");
        text.WriteLine($"  volume          {status.VolumeId}{(status.Volume is { } directory ? $" in {directory}" : "")}");
        if (status.State == MountState.Dead)
        {
            text.WriteLine($"  to do           'hipaafs umount {where}' clears it away; 'hipaafs mount' at the same place does so too. What was fsynced is kept");
        }

        if (status.Snapshot is { } snapshot)
        {
            text.WriteLine($"  shows           snapshot {snapshot.Describe()}");
        }

        if (status.Waiting is { Since: { } since } waiting)
        {
            text.WriteLine(
                $"  NOT UPLOADED    {waiting.Segments} segments, {ByteSize.Format(waiting.Bytes)}, wait on this machine for the next mount, the oldest for {DurationText.Format(time.GetUtcNow() - since)}");
        }

        if (status.StartedAt is { } started)
        {
            text.WriteLine($"  daemon          process {status.Pid}, for {DurationText.Format(time.GetUtcNow() - started)}, log {status.LogFile}");
        }

        if (status.Figures is { } figures)
        {
            Describe(figures, text);
        }
    }

    private static void Describe(VolumeFigures figures, TextWriter text)
    {
        string access = !figures.ReadOnly ? $"read-write, session {figures.Session}"
            : figures.FencedBy is { } other ? $"READ-ONLY: the volume was opened by {other}" : "read-only";
        text.WriteLine($"  access          {access}");
        text.WriteLine($"  files           {figures.Inodes} inodes, {ByteSize.Format(figures.FileBytes)}, {figures.OpenHandles} open");
        string oldest = figures.OldestStagedSeconds is { } age ? $", the oldest for {DurationText.Format(TimeSpan.FromSeconds(age))}" : "";
        text.WriteLine($"  not uploaded    {figures.StagedSegments} segments, {ByteSize.Format(figures.StagedBytes)}{oldest}");
        string store = figures.StoreReachable ? "reachable" : "NOT REACHABLE";
        text.WriteLine($"  store           {store}, {figures.StoreRequests} requests{(figures.UploadError is { } error ? $", {figures.FailedSegments} uploads failed: {error}" : "")}");
        if (figures.StoreBreakerOpenSeconds is { } open)
        {
            text.WriteLine($"  STORE           FAILS for {DurationText.Format(TimeSpan.FromSeconds(open))} ({figures.StoreFailure}): left alone but for single requests that find out when it works again");
        }

        if (figures.StoreProblem is { } storeProblem)
        {
            text.WriteLine($"  STORE           {storeProblem}: {figures.StoreAction}");
        }

        foreach (StoreLine member in figures.Stores ?? [])
        {
            string condition = member.Problem is { } problem ? $"NOT USED: {problem}" : member.Away ? "AWAY" : "in use";
            string lag = member.LagSeconds is { } behind
                ? $", lacks {member.LackingSegments} segments, {ByteSize.Format(member.LackingBytes)}, the oldest for {DurationText.Format(TimeSpan.FromSeconds(behind))}"
                : "";
            text.WriteLine($"  store {member.Number,-9} {member.Name}: {condition}{lag}");
        }

        if (figures.ClaimError is { } claim)
        {
            text.WriteLine($"  SESSION         NOT CLAIMED in the store: {claim}; nothing is uploaded before it is");
            if (claim is nameof(StoreError.NotFound) or nameof(StoreError.AlreadyExists))
            {
                text.WriteLine("                  What is at its place now is another store, or an older state of it: bring it back, or unmount with --now and mount again, which says what to do");
            }
        }

        if (figures is { StoredBytes: { } stored, LiveBytes: { } live, CondemnedBytes: { } condemned })
        {
            text.WriteLine($"  stored          {ByteSize.Format(stored)} for {ByteSize.Format(live)} of live data, {ByteSize.Format(condemned)} to be deleted");
        }

        DescribeMove(figures, text);
        foreach (FailedUploadLine failed in figures.FailedUploads?.Where(static failed => failed.StagedFileDamaged) ?? [])
        {
            text.WriteLine($"  STUCK           segment {failed.Segment} for {DurationText.Format(TimeSpan.FromSeconds(failed.Seconds))}: its file in staging is damaged ({failed.Error}).");
            text.WriteLine("                  Nothing newer becomes a backup point: unmount with --now, then 'hipaafs fsck --repair VOLUME'");
        }

        if (figures.MissingSegments > 0)
        {
            text.WriteLine($"  MISSING         {figures.MissingSegments} segments that files need are neither in this staging directory nor in the store; nothing newer becomes a backup point.");
            text.WriteLine("                  Unmount with --now and mount with the staging directory that has them (staging.directory); if it is lost, 'hipaafs fsck --repair VOLUME'");
        }

        if (figures.Damage is { } damage)
        {
            string inodes = string.Join(", ", damage.Select(static line => line.Inode).Distinct());
            text.WriteLine($"  DAMAGED         {figures.DamagedFrames} frames of staged data cannot be read; inodes {inodes}");
        }

        if (figures.StagingFull)
        {
            text.WriteLine("  STAGING         FULL: writers wait, or get ENOSPC (staging.when_full), until the store takes what is staged");
        }

        if (figures.LostFiles > 0)
        {
            text.WriteLine($"  LOST            written bytes of {figures.LostFiles} files were refused when they came out of the page cache, and are gone: fsync(2) of these files fails until they are written again");
        }

        if (figures.MetadataFailed)
        {
            text.WriteLine("  METADATA        FAILED: the disk of the volume refused what was done last. What was synced before is safe, what was not is lost, and all else is refused.");
            text.WriteLine("                  See to that disk (space, errors), then 'hipaafs umount --now' and mount again");
        }

        if (figures.WritebackError is { } writeback)
        {
            text.WriteLine($"  WRITE-BACK      FAILS: {writeback}");
        }

        if (figures is { TrashError: { } trash, TrashFailingSeconds: { } failing })
        {
            text.WriteLine($"  TRASH           NOT KEPT for {DurationText.Format(TimeSpan.FromSeconds(failing))}: {trash}; what is removed now may not be had back");
        }

        if (figures.ClockJumpSeconds is { } jump)
        {
            string off = $"{DurationText.Format(TimeSpan.FromSeconds(Math.Abs(jump)))} {(jump < 0 ? "behind" : "ahead of")}";
            text.WriteLine($"  clock           {off} what was measured: it was set, or the machine slept. The trash does not age by that");
        }

        string point = DurationText.Format(TimeSpan.FromSeconds(figures.RecoveryPointSeconds));
        string limit = DurationText.Format(TimeSpan.FromSeconds(figures.RecoveryPointLimitSeconds));
        text.WriteLine(figures.RecoveryPointAlarm
            ? $"  RECOVERY POINT  ALARM: {point} old, the limit is {limit}; what is newer exists on this machine only"
            : $"  recovery point  {point} old");
        text.WriteLine($"  cache           {ByteSize.Format(figures.CacheBytes)} of {ByteSize.Format(figures.CacheMaxBytes)}, {ByteSize.Format(figures.FetchedBytes)} fetched");
        text.WriteLine($"  memory          budget {ByteSize.Format(figures.MemoryBytes)}, {ByteSize.Format(figures.DirtyBytes)} dirty");
    }

    /// <summary>What is left to move to other stores, if anything is.</summary>
    public static void DescribeMove(VolumeFigures? figures, TextWriter text)
    {
        if (figures is { FilesToMove: > 0 and var files, BytesToMove: { } bytes })
        {
            text.WriteLine($"  to move         {ByteSize.Format(bytes)} of {files} {(files == 1 ? "file" : "files")} to the stores of their placement");
        }
    }
}
