using HipaaFs.Collection;

namespace HipaaFs.Compaction;

/// <summary>What a run of compaction has done.</summary>
/// <param name="Before">What was stored before segments were rewritten.</param>
/// <param name="Segments">Segments that nothing refers to any more because of it.</param>
/// <param name="FreedBytes">Their bytes; the collector deletes them.</param>
/// <param name="CopiedBytes">Bytes that were written to new segments.</param>
/// <param name="Windows">Scattered stretches of files that were written anew.</param>
/// <param name="IsComplete">Whether nothing is left to do; false when staging had no room, something could not be read, or files were busy.</param>
public sealed record CompactionReport(SpaceUsage Before, int Segments, long FreedBytes, long CopiedBytes, int Windows, bool IsComplete)
{
    /// <summary>Nothing yet.</summary>
    internal static CompactionReport Empty { get; } = new(new SpaceUsage(0, 0, 0, 0, default), 0, 0, 0, 0, IsComplete: true);
}
