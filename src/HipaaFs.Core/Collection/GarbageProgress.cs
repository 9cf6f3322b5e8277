namespace HipaaFs.Collection;

/// <summary>How far a round of compaction and collection is.</summary>
/// <param name="Stage">What is being done: "rewrite" or "delete".</param>
/// <param name="Done">Bytes rewritten, or segments looked at.</param>
/// <param name="Total">All of them; 0 while unknown.</param>
public readonly record struct GarbageProgress(string Stage, long Done, long Total)
{
    /// <summary>Segments that are partly dead are rewritten; counts the bytes of them that are needed.</summary>
    public const string Rewrite = "rewrite";

    /// <summary>Segments that nothing needs are deleted; counts segments.</summary>
    public const string Delete = "delete";
}
