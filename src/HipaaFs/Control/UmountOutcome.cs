using System.Text.Json.Serialization;

namespace HipaaFs.Cli.Control;

/// <summary>What an unmount left.</summary>
/// <param name="MountPoint">Where it was mounted.</param>
/// <param name="StagedSegments">Segments that are not in the store yet.</param>
/// <param name="StagedBytes">Their bytes.</param>
internal sealed record UmountOutcome(string MountPoint, int StagedSegments, long StagedBytes)
{
    /// <summary>Whether changes of files, names or attributes are on this machine only; their data may be in the store.</summary>
    public bool UnpublishedChanges { get; init; }

    /// <summary>Whether the store alone gives everything back.</summary>
    [JsonIgnore]
    public bool IsComplete => StagedSegments == 0 && !UnpublishedChanges;

    /// <summary>Frames in the staged segments that cannot be read any more, and so will never be in the store.</summary>
    public long DamagedFrames { get; init; }
}
