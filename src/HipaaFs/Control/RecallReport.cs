namespace HipaaFs.Cli.Control;

/// <summary>How far it is to bring some files back from archives. Segments are counted once, however many of the files are in them.</summary>
/// <param name="Files">The files that were looked at.</param>
/// <param name="Archived">Segments in an archive that nobody has asked for.</param>
/// <param name="Recalling">Segments on their way back.</param>
/// <param name="Recalled">Segments that are back for a while.</param>
/// <param name="Failed">Segments that could not be asked for.</param>
/// <param name="Error">Why, the first of them; null when there is none.</param>
/// <param name="Expected">When the last one on its way is back at the latest, by what stores promise.</param>
/// <param name="Requests">What was asked of each store, or would be.</param>
internal sealed record RecallReport(
    long Files, long Archived, long Recalling, long Recalled, long Failed, string? Error, DateTimeOffset? Expected, IReadOnlyList<RecallRequestLine> Requests)
{
    /// <summary>Segments that no store of the volume has any more: nothing brings them back.</summary>
    public long Missing { get; init; }

    /// <summary>What to know of budgets: limits that this passes, or cannot be held against.</summary>
    public IReadOnlyList<string> Warnings { get; init => field = value ?? []; } = [];

    /// <summary>Numbers of the files that miss those; no more than the first hundred.</summary>
    public IReadOnlyList<ulong> IncompleteFiles { get; init; } = [];
}
