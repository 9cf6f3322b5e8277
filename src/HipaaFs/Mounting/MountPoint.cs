using HipaaFs.Cli.Configuration;

namespace HipaaFs.Cli.Mounting;

/// <summary>Finds out, before anything is started, whether a directory can be the mount point of a volume.</summary>
internal static class MountPoint
{
    /// <summary>Checks the mount point and returns its real path.</summary>
    /// <exception cref="CommandException">It cannot be one; the message says why.</exception>
    public static string Check(string mountPoint, VolumeConfiguration volume, MountOptions options, MountTable mounts)
    {
        string path = PathRelation.Resolve(mountPoint);
        if (mounts.Find(path) is { } mounted && !TryRemoveDead(mounted, volume.VolumeId))
        {
            string what = mounted.Volume is { } copy ? $"volume {copy.Volume}" : $"a filesystem of type {mounted.Type}";
            throw mounted.Volume is not null && MountedFileSystem.IsDead(path)
                ? Taken(path, $"a dead mount of {what} is left there, whose daemon was killed", $"Clear it away first: hipaafs umount {path}")
                : Taken(path, $"{what} is mounted there already", "Unmount it first, or mount elsewhere.");
        }

        if (!Directory.Exists(path))
        {
            throw File.Exists(path)
                ? Unusable(path, "it is not a directory", "Give a directory.")
                : new CommandException(ExitCode.NotFound, $"mount at {path}: there is no such directory", $"Make it: mkdir -p {path}");
        }

        CheckApart(path, volume);
        CheckEmpty(path, options);
        return path;
    }

    // A daemon that was killed leaves its mount behind; the next one of the same volume clears it away.
    private static bool TryRemoveDead(MountEntry mounted, Guid volume) =>
        mounted.Volume?.Volume == volume && MountedFileSystem.IsDead(mounted.MountPoint) && MountedFileSystem.DetachDead(mounted.MountPoint);

    // The driver would wait for itself if its own files lay inside its mount.
    private static void CheckApart(string path, VolumeConfiguration volume)
    {
        string directory = PathRelation.Resolve(volume.Directory);
        if (PathRelation.IsSameOrBelow(path, directory))
        {
            throw Unusable(path, $"it lies inside the volume {directory}", "Mount outside the volume's directory.");
        }

        string store = volume.Get(VolumeSettings.Store);
        var own = new List<(string What, string Path)>
        {
            ("the volume", directory),
            ("cache.directory", PathRelation.Resolve(volume.GetPath(VolumeSettings.CacheDirectory))),
            ("staging.directory", PathRelation.Resolve(volume.GetPath(VolumeSettings.StagingDirectory))),
            ("log.file", PathRelation.Resolve(volume.GetPath(VolumeSettings.LogFile))),
        };
        if (store.StartsWith("file://", StringComparison.Ordinal))
        {
            own.Add(("the store", PathRelation.Resolve(new Uri(store).LocalPath)));
        }

        foreach ((string what, string place) in own)
        {
            if (PathRelation.IsSameOrBelow(place, path))
            {
                throw Unusable(path, $"{what} ({place}) lies below it", "Choose another mount point, or another place for it.");
            }
        }
    }

    private static void CheckEmpty(string path, MountOptions options)
    {
        if (options.NonEmpty)
        {
            return;
        }

        try
        {
            if (Directory.EnumerateFileSystemEntries(path).Any())
            {
                throw Unusable(path, "it is not empty", "Give an empty directory, or allow it with -o nonempty; what is in it is hidden then.");
            }
        }
        catch (UnauthorizedAccessException error)
        {
            throw new CommandException(ExitCode.Failed, $"mount at {path}: {error.Message}", "Give a directory that you own.", error);
        }
        catch (IOException error)
        {
            throw new CommandException(
                ExitCode.Failed, $"mount at {path}: {error.Message}", $"If a dead mount is left there: fusermount3 -u {path}", error);
        }
    }

    // The command line may be right, at another time.
    private static CommandException Taken(string path, string why, string action) =>
        new(ExitCode.Failed, $"mount at {path}: {why}", action);

    private static CommandException Unusable(string path, string why, string action) =>
        new(ExitCode.Usage, $"mount at {path}: {why}", action);
}
