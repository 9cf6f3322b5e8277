using HipaaFs.Cli.Mounting;

namespace HipaaFs.Cli.Commands;

/// <summary>A path as its user names it, on a mount, where nothing need be any more.</summary>
/// <param name="Mount">The mount.</param>
/// <param name="Full">The path, with the links of its existing part followed.</param>
internal sealed record TrashPlace(MountEntry Mount, string Full)
{
    /// <summary>The path from the root of the volume, as <c>/a/b</c>; <c>/</c> for the root.</summary>
    public string InVolume => Full == Mount.MountPoint ? "/" : Full[Mount.MountPoint.TrimEnd('/').Length..];

    /// <summary>Finds the mount that a path lies in.</summary>
    /// <exception cref="CommandException">It lies in none.</exception>
    public static TrashPlace Find(string path)
    {
        // The last part is what may be in the trash; were it a link now, the link itself would be meant.
        string full = Path.TrimEndingDirectorySeparator(Path.GetFullPath(path));
        string resolved = full == "/" ? full : Path.Combine(PathRelation.Resolve(Path.GetDirectoryName(full)!), Path.GetFileName(full));
        MountEntry? entry = MountTable.Read().FindContaining(resolved);
        return entry?.Volume is not null
            ? new TrashPlace(entry, resolved)
            : throw new CommandException(
                ExitCode.NotFound, $"find the mount that {resolved} lies in: no volume is mounted there", "'hipaafs status' lists the mounts.");
    }

    /// <summary>Where a snapshot shows the path.</summary>
    public string In(string snapshot) => Path.Combine(Mount.MountPoint, ".snapshots", snapshot, InVolume.TrimStart('/'));
}
