namespace HipaaFs.Cli.Control;

/// <summary>What an unmount left.</summary>
/// <param name="MountPoint">Where it was mounted.</param>
/// <param name="StagedSegments">Segments that are not in the store yet.</param>
/// <param name="StagedBytes">Their bytes.</param>
internal sealed record UmountOutcome(string MountPoint, int StagedSegments, long StagedBytes)
{
    /// <summary>Frames in them that cannot be read any more, and so will never be in the store.</summary>
    public long DamagedFrames { get; init; }
}
