using System.Diagnostics;
using HipaaFs.Cli.Control;

namespace HipaaFs.Cli.Commands;

/// <summary>Brings a file or a directory back from a snapshot, with everything that belongs to it, as the user who asks: the kernel checks the rights.</summary>
/// <remarks>
/// cp(1) makes the copy, below a name of its own next to the target: inside a volume it shares the data (copy_file_range), keeps owners, modes, times, ACLs and other
/// attributes, links and holes. The last step is one rename, so that the target is whole or not there.
/// </remarks>
internal sealed class TrashRestore
{
    private readonly TrashPlace _place;
    private readonly string _target;
    private readonly bool _replace;

    /// <param name="place">What is to come back.</param>
    /// <param name="target">Where it goes; a path that need not exist.</param>
    /// <param name="replace">Whether a file at the target may be replaced.</param>
    public TrashRestore(TrashPlace place, string target, bool replace)
    {
        _place = place;
        _target = target;
        _replace = replace;
    }

    /// <summary>Brings it back from the snapshot named, or the newest that shows it otherwise than it is now.</summary>
    /// <exception cref="CommandException">It cannot be had back.</exception>
    public async Task<TrashRestoreResult> RunAsync(string? snapshot, ControlClient client, CancellationToken cancel)
    {
        IReadOnlyList<SnapshotLine> all = await client.ListSnapshotsAsync(cancel);
        string from = Find(snapshot, all);
        CheckTarget();
        string copy = Path.Combine(Path.GetDirectoryName(_target)!, $".hipaafs-restore-{Guid.NewGuid():N}");
        try
        {
            await CopyAsync(_place.In(from), copy, cancel);
            MoveIntoPlace(copy);
        }
        catch
        {
            RemoveCopy(copy);
            throw;
        }

        return new TrashRestoreResult(_place.Full, from, _target);
    }

    private string Find(string? snapshot, IReadOnlyList<SnapshotLine> all)
    {
        if (!Directory.Exists(Path.Combine(_place.Mount.MountPoint, ".snapshots")))
        {
            throw new CommandException(
                ExitCode.NotFound, $"restore {_place.Full}: {_place.Mount.MountPoint} does not show its snapshots", "Mount it without -o snapdir=off.");
        }

        if (snapshot is not null)
        {
            return all.All(line => line.Name != snapshot)
                ? throw new CommandException(
                    ExitCode.NotFound, $"restore {_place.Full}: there is no snapshot of that name", $"'hipaafs trash list {_place.Full}' names those that have it.")
                : IsThere(_place.In(snapshot)) ? snapshot
                : throw new CommandException(
                    ExitCode.NotFound, $"restore {_place.Full}: the snapshot does not have it", $"'hipaafs trash list {_place.Full}' names those that do.");
        }

        for (int i = all.Count - 1; i >= 0; i--)
        {
            string shown = _place.In(all[i].Name);
            if (IsThere(shown) && !IsSame(shown, _place.Full))
            {
                return all[i].Name;
            }
        }

        throw new CommandException(
            ExitCode.NotFound,
            $"restore {_place.Full}: no snapshot shows anything there that is not there now",
            $"'hipaafs trash list {_place.Mount.MountPoint}' shows what can be had back; the setting trash says for how long.");
    }

    private void CheckTarget()
    {
        if (!Directory.Exists(Path.GetDirectoryName(_target)))
        {
            throw new CommandException(
                ExitCode.NotFound, $"restore to {_target}: its directory does not exist", "Restore the directory instead, or say --to PATH.");
        }

        if (IsThere(_target) && (!_replace || IsDirectory(_target)))
        {
            throw new CommandException(
                ExitCode.Refused,
                $"restore to {_target}: it exists",
                IsDirectory(_target) ? "Say --to PATH." : "Say --to PATH, or --replace, which puts the earlier version in its place.");
        }
    }

    private async Task CopyAsync(string source, string copy, CancellationToken cancel)
    {
        var start = new ProcessStartInfo("cp") { RedirectStandardError = true };
        foreach (string argument in (string[])["--archive", "--reflink=auto", "--sparse=auto", "--no-target-directory", "--", source, copy])
        {
            start.ArgumentList.Add(argument);
        }

        using Process process = Process.Start(start)!;
        try
        {
            string said = await process.StandardError.ReadToEndAsync(cancel);
            await process.WaitForExitAsync(cancel);
            if (process.ExitCode != 0)
            {
                throw new CommandException(
                    ExitCode.Failed, $"restore {_place.Full}: {said.Split('\n')[0]}", "What was copied is removed again; see to the reason and try again.");
            }
        }
        catch (OperationCanceledException)
        {
            process.Kill();
            await process.WaitForExitAsync(CancellationToken.None);
            throw;
        }
    }

    private void MoveIntoPlace(string copy)
    {
        try
        {
            if (IsDirectory(copy))
            {
                Directory.Move(copy, _target);
            }
            else
            {
                File.Move(copy, _target, _replace);
            }
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new CommandException(ExitCode.Failed, $"restore to {_target}: {exception.Message}", "See to the reason and try again.", exception);
        }
    }

    private static void RemoveCopy(string copy)
    {
        try
        {
            if (IsDirectory(copy))
            {
                Directory.Delete(copy, recursive: true);
            }
            else
            {
                File.Delete(copy);
            }
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            // The first failure is the one to be told; what is left has a name that says whose it is.
        }
    }

    // Of directories only their being there counts: what is in them is asked for by its own name.
    private static bool IsSame(string shown, string live)
    {
        if (!IsThere(live) || IsDirectory(shown) != IsDirectory(live))
        {
            return false;
        }

        if (IsDirectory(shown))
        {
            return true;
        }

        var before = new FileInfo(shown);
        var now = new FileInfo(live);
        return before.LinkTarget == now.LinkTarget
            && (before.LinkTarget is not null || (before.Length == now.Length && before.LastWriteTimeUtc == now.LastWriteTimeUtc));
    }

    private static bool IsThere(string path) => Path.Exists(path) || new FileInfo(path).LinkTarget is not null;

    private static bool IsDirectory(string path) => Directory.Exists(path) && new FileInfo(path).LinkTarget is null;
}
