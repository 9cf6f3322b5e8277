using HipaaFs.Shipping;
using HipaaFs.Storage;

namespace HipaaFs.Cli.Placing;

/// <summary>What a step of a shipment came to.</summary>
/// <param name="From">The store that is emptied; the directory, of an upload without a mount.</param>
/// <param name="To">The store that gets it; its URL, of an upload without a mount.</param>
/// <param name="Segments">Segments that were written to the disk, or that the store has now.</param>
/// <param name="Bytes">Bytes of their objects.</param>
/// <param name="LeftSegments">Segments that have yet to be shipped: another disk takes them, or the network.</param>
/// <param name="LeftBytes">Bytes of their objects.</param>
/// <param name="Unreadable">Of those that are left the ones that cannot be read now.</param>
/// <param name="RefusedObjects">Objects that are not what was sealed, or not there.</param>
/// <param name="Refused">Their keys, the first hundred.</param>
/// <param name="Stopped">Why a store could not be asked any more; null when it was to the end.</param>
internal sealed record StoreShipment(
    string From, string To, long Segments, long Bytes, long LeftSegments, long LeftBytes, long Unreadable, long RefusedObjects, IReadOnlyList<string> Refused, string? Stopped)
{
    /// <summary>A report for people and programs.</summary>
    public static StoreShipment Of(string from, string to, ShipmentReport report, Func<StoreError, string> explain) => new(
        from,
        to,
        report.Segments,
        report.Bytes,
        report.LeftSegments,
        report.LeftBytes,
        report.Unreadable,
        report.RefusedObjects,
        report.Refused,
        report.Stopped == StoreError.None ? null : explain(report.Stopped));
}
