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
        FsResult<IReadOnlyList<Snapshot>> all = await _volume.Snapshots.ListAsync(cancel);
        return all.IsOk ? [.. all.Value.Select(ToLine)] : throw SnapshotFailed("list the snapshots", all.Error);
    }

    /// <inheritdoc/>
    public async Task<SnapshotLine> CreateSnapshotAsync(string? name, CancellationToken cancel)
    {
        // Without a label it would be one of the trash, which deletes it after a while.
        name ??= string.Create(CultureInfo.InvariantCulture, $"manual-{_context.Time.GetUtcNow():yyyy-MM-dd'T'HH.mm.ss.fff'Z'}");
        FsResult<Snapshot> taken = await _volume.Snapshots.CreateAsync(name, cancel);
        return taken.IsOk ? ToLine(taken.Value) : throw SnapshotFailed("take a snapshot", taken.Error);
    }

    /// <inheritdoc/>
    public async Task<SnapshotLine> DeleteSnapshotAsync(string name, CancellationToken cancel)
    {
        Snapshot snapshot = await FindSnapshotAsync("delete a snapshot", name, cancel);
        FsError error = await _volume.Snapshots.DeleteAsync(name, cancel);
        return error == FsError.None ? ToLine(snapshot) : throw SnapshotFailed("delete a snapshot", error);
    }

    /// <inheritdoc/>
    public async Task<LostVersionList> ListTrashAsync(string path, int limit, CancellationToken cancel)
    {
        string directory = path == "/" ? "" : path;
        var lines = new List<LostVersionLine>();
        try
        {
            await foreach (LostVersion lost in _volume.Snapshots.FindLostAsync(cancel))
            {
                if (lost.Path != directory && !lost.Path.StartsWith(directory + "/", StringComparison.Ordinal))
                {
                    continue;
                }

                if (lines.Count == limit)
                {
                    return new LostVersionList(lines, HasMore: true);
                }

                lines.Add(new LostVersionLine(
                    ToWord(lost.Kind), lost.Path, lost.Snapshot.Name, lost.Snapshot.Created, lost.IsDirectory, lost.Size));
            }
        }
        catch (IOException error)
        {
            throw new CommandException(ExitCode.Failed, $"list the trash of {_plan.MountPoint}: {error.Message}", "The log says more.", error);
        }

        return new LostVersionList(lines, HasMore: false);
    }

    /// <inheritdoc/>
    public async Task<IReadOnlyList<DifferenceLine>> CompareSnapshotsAsync(string from, string? to, CancellationToken cancel)
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

        var lines = new List<DifferenceLine>();
        try
        {
            await foreach (PathDifference difference in _volume.Snapshots.CompareAsync(older, newer, cancel))
            {
                lines.Add(new DifferenceLine(ToWord(difference.Kind), difference.Path, difference.OldPath));
            }
        }
        catch (IOException error)
        {
            throw new CommandException(ExitCode.Failed, $"{action}: {error.Message}", "The log says more.", error);
        }

        return lines;
    }

    private async Task<Snapshot> FindSnapshotAsync(string action, string name, CancellationToken cancel)
    {
        FsResult<Snapshot> found = await _volume.Snapshots.FindAsync(name, cancel);
        return found.IsOk ? found.Value : throw SnapshotFailed(action, found.Error);
    }

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
            FsError.ReadOnly => (ExitCode.Failed, "the mount is read-only", "Mount the volume for writing."),
            FsError.NotAuthentic => (ExitCode.Integrity, "a stored name is damaged", "The log and 'hipaafs fsck' say more."),
            _ => (ExitCode.Failed, error.ToString(), $"Check the disk of {_plan.Configuration.Directory}; 'hipaafs status' and the log say more."),
        };
        return new CommandException(code, $"{action} of {_plan.MountPoint}: {why}", advice);
    }
}
