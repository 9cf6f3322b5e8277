using System.Globalization;
using HipaaFs.Cli.Control;
using HipaaFs.Snapshots;
using HipaaFs.Trash;

namespace HipaaFs.Cli.Daemon;

// Snapshots of what is mounted.
internal sealed partial class MountDaemon
{
    /// <inheritdoc/>
    public async Task<IReadOnlyList<SnapshotLine>> ListSnapshotsAsync(CancellationToken cancel)
    {
        FsResult<IReadOnlyList<Snapshot>> all = await AskAsync($"list the snapshots of {_plan.MountPoint}", _volume.ListSnapshotsAsync(cancel), cancel);
        return all.IsOk ? [.. all.Value.Select(ToLine)] : throw SnapshotFailed("list the snapshots", all.Error);
    }

    /// <inheritdoc/>
    public async Task<SnapshotLine> CreateSnapshotAsync(string? name, CancellationToken cancel)
    {
        // Without a label it would be one of the trash, which deletes it after a while.
        name ??= string.Create(CultureInfo.InvariantCulture, $"manual-{_context.Time.GetUtcNow():yyyy-MM-dd'T'HH.mm.ss.fff'Z'}");
        FsResult<Snapshot> taken = await AskAsync($"take a snapshot of {_plan.MountPoint}", _volume.CreateSnapshotAsync(name, cancel), cancel);
        return taken.IsOk ? ToLine(taken.Value) : throw SnapshotFailed("take a snapshot", taken.Error);
    }

    /// <inheritdoc/>
    public async Task<SnapshotLine> DeleteSnapshotAsync(string name, CancellationToken cancel)
    {
        Snapshot snapshot = await FindSnapshotAsync("delete a snapshot", name, cancel);
        FsError error = await AskAsync($"delete a snapshot of {_plan.MountPoint}", _volume.DeleteSnapshotAsync(name, cancel), cancel);
        return error == FsError.None ? ToLine(snapshot) : throw SnapshotFailed("delete a snapshot", error);
    }

    /// <inheritdoc/>
    public async Task<LostVersionList> ListTrashAsync(string path, int limit, CancellationToken cancel)
    {
        string directory = path == "/" ? "" : path;
        var lines = new List<LostVersionLine>();
        bool hasMore = false;
        try
        {
            await AskAsync(
                $"list the trash of {_plan.MountPoint}",
                _volume.FindLostAsync(lost => !(hasMore = lines.Count == limit && IsAtOrBelow(lost.Path)) && Add(lost), cancel),
                cancel);
        }
        catch (IOException error)
        {
            throw new CommandException(ExitCode.Failed, $"list the trash of {_plan.MountPoint}: {error.Message}", "The log says more.", error);
        }

        return new LostVersionList(lines, hasMore);

        bool IsAtOrBelow(string lost) => lost == directory || lost.StartsWith(directory + "/", StringComparison.Ordinal);

        bool Add(LostVersion lost)
        {
            if (IsAtOrBelow(lost.Path))
            {
                lines.Add(new LostVersionLine(
                    ToWord(lost.Kind), lost.Path, lost.Snapshot.Name, lost.Snapshot.Created, lost.IsDirectory, lost.Size));
            }

            return true;
        }
    }

    /// <inheritdoc/>
    public async Task CompareSnapshotsAsync(
        string from, string? to, Func<DifferenceLine, CancellationToken, ValueTask> tell, CancellationToken cancel)
    {
        const string action = "compare snapshots";
        Snapshot older = await FindSnapshotAsync(action, from, cancel);
        Snapshot? newer = to is null ? null : await FindSnapshotAsync(action, to, cancel);
        if (newer is not null && newer.Id < older.Id)
        {
            throw new CommandException(ExitCode.Usage, $"{action}: the first is younger than the second", "Name the older one first.");
        }

        if (newer is null)
        {
            await SyncAsync(cancel); // What was written shows.
        }

        try
        {
            await AskAsync(
                $"{action} of {_plan.MountPoint}",
                _volume.CompareSnapshotsAsync(
                    older,
                    newer,
                    (difference, ends) => tell(new DifferenceLine(ToWord(difference.Kind), difference.Path, difference.OldPath), ends),
                    cancel),
                cancel);
        }
        catch (IOException error)
        {
            throw new CommandException(ExitCode.Failed, $"{action}: {error.Message}", "The log says more.", error);
        }
    }

    private async Task<Snapshot> FindSnapshotAsync(string action, string name, CancellationToken cancel)
    {
        FsResult<Snapshot> found = await AskAsync($"{action} of {_plan.MountPoint}", _volume.FindSnapshotAsync(name, cancel), cancel);
        return found.IsOk ? found.Value : throw SnapshotFailed(action, found.Error);
    }

    private SnapshotLine? Shown => _volume.Shown is { } shown ? ToLine(shown) : null;

    private static SnapshotLine ToLine(Snapshot snapshot) => new(snapshot.Name, snapshot.Created, !snapshot.HasLabel);

    private static string ToWord(DifferenceKind kind) => kind switch
    {
        DifferenceKind.Created => "created",
        DifferenceKind.Removed => "removed",
        DifferenceKind.Renamed => "renamed",
        _ => "changed",
    };

    private CommandException SnapshotFailed(string action, FsError error)
    {
        (ExitCode code, string why, string advice) = error switch
        {
            FsError.NotFound => (ExitCode.NotFound, "there is none of that name", $"'hipaafs snapshot list {_plan.MountPoint}' names them."),
            FsError.Exists => (ExitCode.Failed, "the name is taken", "Choose another name, or delete the snapshot that has it."),
            FsError.InvalidArgument => (
                ExitCode.Usage,
                "the name cannot be one",
                "A name is one of a file: up to 255 bytes, no slash, no control character, and not a time as snapshots without a name have it."),
            FsError.ReadOnly => (ExitCode.Refused, "the mount is read-only", "Mount the volume for writing."),
            FsError.NotAuthentic => (ExitCode.Integrity, "a stored name is damaged", "The log and 'hipaafs fsck' say more."),
            _ => (ExitCode.Failed, error.ToString(), $"Check the disk of {_plan.Configuration.Directory}; 'hipaafs status' and the log say more."),
        };
        return new CommandException(code, $"{action} of {_plan.MountPoint}: {why}", advice);
    }
}
