using HipaaFs.Handles;

namespace HipaaFs.Staging;

/// <summary>A segment that writeback is filling.</summary>
/// <param name="Writer">Its writer.</param>
/// <param name="Begun">When it was begun (<see cref="TimeProvider.GetTimestamp"/>).</param>
internal sealed record OpenSegment(SegmentWriter Writer, long Begun)
{
    /// <summary>When it last took a run.</summary>
    internal long LastUse { get; set; } = Begun;

    /// <summary>The file that it is for alone; null when files share it.</summary>
    internal FileState? Owner { get; set; }

    /// <summary>Whether its row exists.</summary>
    internal bool IsRegistered { get; set; }

    /// <summary>Bytes of its file that staging has counted.</summary>
    internal long CountedLength { get; set; }
}
