using HipaaFs.Cli.Control;

namespace HipaaFs.Cli.Daemon;

/// <summary>What the daemon tells the command that started it, once: that the mount answers.</summary>
/// <param name="Pid">The daemon's process.</param>
/// <param name="MountPoint">Where it is mounted.</param>
/// <param name="VolumeId">The volume.</param>
/// <param name="ReadOnly">Whether it is mounted read-only.</param>
/// <param name="TookOver">Whether a daemon that was still uploading handed the volume over.</param>
/// <param name="LogFile">Where the daemon logs.</param>
internal sealed record DaemonReport(int Pid, string MountPoint, string VolumeId, bool ReadOnly, bool TookOver, string LogFile)
{
    /// <summary>The snapshot that is shown; null for the volume as it is.</summary>
    public SnapshotLine? Snapshot { get; init; }

    /// <summary>What the store refuses the mount's requests for, which lasts until somebody does something; null when it takes them, or may do so by itself again.</summary>
    public string? StoreProblem { get; init; }

    /// <summary>What helps against that.</summary>
    public string? StoreAction { get; init; }
}
