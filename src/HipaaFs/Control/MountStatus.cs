using System.Text.Json.Serialization;

namespace HipaaFs.Cli.Control;

/// <summary>How one mount is, as <c>hipaafs status</c> shows it.</summary>
internal sealed record MountStatus
{
    /// <summary>Identity of the volume.</summary>
    public required string VolumeId { get; init; }

    /// <summary>Directory of the volume.</summary>
    public required string Volume { get; init; }

    /// <summary>Where it is, or was, mounted; null when it is not.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? MountPoint { get; init; }

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

    /// <summary>The figures of the volume; null when no daemon runs.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public VolumeFigures? Figures { get; init; }
}
