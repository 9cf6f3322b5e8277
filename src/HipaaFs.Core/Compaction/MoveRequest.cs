using HipaaFs.Crypto;
using HipaaFs.Metadata;

namespace HipaaFs.Compaction;

/// <summary>Runs of segments that are to be in new segments.</summary>
/// <param name="Domain">Key domain of all of them.</param>
/// <param name="Placement">Placement of the new segments.</param>
/// <param name="Class">What all of them hold.</param>
/// <param name="Uses">The runs and who refers to them, live or in a snapshot; those that share bytes may overlap.</param>
/// <param name="Emptied">Segments that nothing should refer to afterwards, whoever has begun to meanwhile.</param>
/// <param name="Pay">Waits until so many bytes may be read.</param>
internal sealed record MoveRequest(
    DomainId Domain,
    uint Placement,
    RecordClass Class,
    IReadOnlyList<SegmentUse> Uses,
    IReadOnlyList<SegmentRow> Emptied,
    Func<long, CancellationToken, ValueTask> Pay)
{
    /// <summary>Whether extents of a file that become neighbours become one. That is a change of the file's rows, whose past is kept for snapshots. Every use is live then.</summary>
    internal bool JoinsExtents { get; init; }

    /// <summary>The placement of the files that are meant: those of others, and those that are gone, keep what they refer to, and what was shared with them is there twice. Null: all are meant.</summary>
    internal uint? OnlyOfPlacement { get; init; }

    /// <summary>Whether the new segments may be as large as those of an archive.</summary>
    internal bool IsForArchive { get; init; }
}
