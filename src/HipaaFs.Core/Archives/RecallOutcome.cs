using HipaaFs.Metadata;
using HipaaFs.Storage;

namespace HipaaFs.Archives;

/// <summary>What a request for some files came to, or would.</summary>
/// <remarks>Segments are counted once, however many of the files are in them.</remarks>
public sealed record RecallOutcome
{
    /// <summary>Segments that are in an archive, with those that are asked for now.</summary>
    public long Archived { get; init; }

    /// <summary>Segments that are on their way back, with those that were asked for just now.</summary>
    public long Recalling { get; init; }

    /// <summary>Segments that are back.</summary>
    public long Recalled { get; init; }

    /// <summary>Segments that could not be asked for.</summary>
    public long Failed { get; init; }

    /// <summary>Segments that no store of the volume has any more, so that nothing brings them back.</summary>
    public long Missing { get; init; }

    /// <summary>The files that miss those; no more than the first <see cref="MostNamed"/>.</summary>
    public IReadOnlyList<InodeId> Incomplete { get; init; } = [];

    /// <summary>Most files in <see cref="Incomplete"/>.</summary>
    public const int MostNamed = 100;

    /// <summary>Why, the first of them.</summary>
    public StoreError Error { get; init; }

    /// <summary>When the last one is back at the latest, by what stores promise; null when none is on its way.</summary>
    public DateTimeOffset? Expected { get; init; }

    /// <summary>What is asked of each store, by its number: objects and their bytes.</summary>
    public IReadOnlyDictionary<int, (long Segments, long Bytes)> Requests { get; init; } = new Dictionary<int, (long, long)>();

    /// <summary>Of these bytes those that a store begins to bring back, by its number and the speed: it charges for them. What is only to stay longer is a request, and nothing more.</summary>
    public IReadOnlyDictionary<(int Store, RestoreSpeed Speed), long> Begun { get; init; } = new Dictionary<(int, RestoreSpeed), long>();
}
