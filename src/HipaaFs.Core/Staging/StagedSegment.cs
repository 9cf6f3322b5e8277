using HipaaFs.Crypto;
using HipaaFs.Metadata;

namespace HipaaFs.Staging;

/// <summary>A segment in staging.</summary>
/// <param name="Row">Its row; lengths are final once it is finished.</param>
/// <param name="Path">Its file.</param>
/// <param name="Since">When its first byte was written.</param>
internal sealed record StagedSegment(SegmentRow Row, string Path, DateTimeOffset Since)
{
    /// <summary>The segment.</summary>
    internal SegmentId Id => Row.Id;

    /// <summary>SHA-256 of its file, taken while it was written, 32 bytes; empty until it is finished and after a restart.</summary>
    internal ReadOnlyMemory<byte> Sha256 { get; init; }

    /// <summary>Whether no store was ever sent anything of it, by this process or one before.</summary>
    internal bool IsUntried { get; init; }
}
