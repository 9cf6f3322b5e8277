using HipaaFs.Storage;

namespace HipaaFs.Shipping;

/// <summary>What a step of a shipment came to.</summary>
/// <param name="Segments">Segments that were written to the disk, or that the store has now.</param>
/// <param name="Bytes">Bytes of their objects.</param>
/// <param name="LeftSegments">Segments that have yet to be shipped: another disk takes them, or the network.</param>
/// <param name="LeftBytes">Bytes of their objects.</param>
public sealed record ShipmentReport(long Segments, long Bytes, long LeftSegments, long LeftBytes)
{
    /// <summary>Most objects in <see cref="Refused"/>.</summary>
    public const int MostNamed = 100;

    /// <summary>Of those that are left the ones that cannot be read now, since they are in an archive or damaged where they come from.</summary>
    public long Unreadable { get; init; }

    /// <summary>Objects that are not what was sealed, or not there: none of them counts. All of them.</summary>
    public long RefusedObjects { get; init; }

    /// <summary>Their keys; no more than the first hundred.</summary>
    public IReadOnlyList<string> Refused { get; init; } = [];

    /// <summary>Why a store could not be asked any more; None when it was to the end.</summary>
    public StoreError Stopped { get; init; }
}
