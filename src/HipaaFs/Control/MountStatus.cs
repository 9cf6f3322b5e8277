using System.Text.Json.Serialization;
using HipaaFs.Staging;

namespace HipaaFs.Cli.Control;

/// <summary>How one mount is, as <c>hipaafs status</c> shows it.</summary>
internal sealed record MountStatus
{
    /// <summary>Identity of the volume.</summary>
    public required string VolumeId { get; init; }

    /// <summary>Directory of the volume; null where a dead mount is all that is known of it.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public required string? Volume { get; init; }

    /// <summary>Where it is, or was, mounted; null when it is not.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? MountPoint { get; init; }

    /// <summary>The snapshot that it shows; null for the volume as it is.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public SnapshotLine? Snapshot { get; init; }

    /// <summary>What the daemon does.</summary>
    public required MountState State { get; init; }

    /// <summary>The daemon's process; 0 when there is none.</summary>
    public int Pid { get; init; }

    /// <summary>When the daemon began.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public DateTimeOffset? StartedAt { get; init; }

    /// <summary>Where the daemon logs.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? LogFile { get; init; }

    /// <summary>What is on this machine only and waits for the next mount; null while a daemon runs, and where only a dead mount is known.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public StagedFiles? Waiting { get; init; }

    /// <summary>The figures of the volume; null when no daemon runs.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public VolumeFigures? Figures { get; init; }
}
