using HipaaFs.Metadata;
using HipaaFs.Placements;

namespace HipaaFs.Shipping;

/// <summary>From which store to which segments of which placements go.</summary>
/// <param name="From">The store that is emptied.</param>
/// <param name="To">The store that takes its place.</param>
/// <param name="Placements">Numbers of the placements that it does so in.</param>
internal sealed record ShipmentRoute(MemberStore From, MemberStore To, IReadOnlySet<uint> Placements)
{
    private const int Page = 256;

    /// <summary>Whether a segment has yet to go.</summary>
    internal bool Has(in SegmentRow row) => row.State == SegmentState.Live && Placements.Contains(row.Placement) && (row.Copies & (From.Mask | To.Mask)) == From.Mask;

    /// <summary>All of them, by what rows say.</summary>
    /// <exception cref="IOException">The metadata cannot be read.</exception>
    internal async IAsyncEnumerable<SegmentRow> ListAsync(IMetadataStore metadata, [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancel)
    {
        SegmentRow? after = null;
        while (true)
        {
            MetadataResult<IReadOnlyList<SegmentRow>> rows = await metadata.ListHoldingAsync(From.Number, after, Page, cancel);
            if (!rows.Succeeded)
            {
                throw new IOException($"list what store {From.Number} has: {rows.Error}");
            }

            foreach (SegmentRow row in rows.Value)
            {
                after = row;
                if (Has(row))
                {
                    yield return row;
                }
            }

            if (rows.Value.Count < Page)
            {
                yield break;
            }
        }
    }
}
