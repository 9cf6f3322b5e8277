using HipaaFs.Collection;
using HipaaFs.Crypto;
using HipaaFs.Metadata;
using HipaaFs.Placements;

namespace HipaaFs.Compaction;

/// <summary>Counts what is stored and what of it is needed, and picks the segments that are worth rewriting, least live first.</summary>
/// <remarks>
/// What a snapshot needs is needed as what a file needs is. Not picked: what nothing needs, which is the collector's; and what is needed to four fifths, padding
/// counted as not; and what lies in an archive, even while it is back: its early deletion is paid for. Bounded: the best few thousand of a volume.
/// </remarks>
internal sealed class SpaceSurvey
{
    /// <summary>Stored bytes for each live byte that compaction aims at.</summary>
    internal const double Target = 1.25;

    private const int Page = 256;
    private const int MaxPicked = 4096;

    private readonly PriorityQueue<SegmentUsage, double> _picked = new();
    private long _stored;
    private long _live;
    private long _condemned;
    private long _segments;
    private long _archivedStored;
    private long _archivedLive;

    /// <summary>What was counted.</summary>
    internal SpaceUsage Usage { get; private set; } = new(0, 0, 0, 0, default);

    /// <summary>Goes through all segments. Null when the metadata cannot be read.</summary>
    internal static async Task<SpaceSurvey?> TakeAsync(IMetadataStore metadata, VolumeStores stores, TimeProvider time, CancellationToken cancel)
    {
        var survey = new SpaceSurvey();
        SegmentId? after = null;
        while (true)
        {
            MetadataResult<IReadOnlyList<SegmentUsage>> page = await metadata.ListSegmentUsagesAsync(after, Page, cancel);
            if (!page.Succeeded)
            {
                return null;
            }

            foreach (SegmentUsage usage in page.Value)
            {
                after = usage.Row.Id;
                survey.Count(usage, stores.HasArchive(usage.Row.Placement));
            }

            if (page.Value.Count < Page)
            {
                break;
            }
        }

        if (!await survey.CountCondemnedAsync(metadata, cancel))
        {
            return null;
        }

        survey.Usage = new SpaceUsage(survey._stored, survey._live, survey._condemned, survey._segments, time.GetUtcNow());
        return survey;
    }

    /// <summary>The segments to rewrite until stored bytes are below <see cref="Target"/> times the live ones, least live first.</summary>
    internal List<SegmentUsage> Pick()
    {
        var byLiveness = new List<SegmentUsage>(_picked.UnorderedItems.Select(static item => item.Element));
        byLiveness.Sort(static (left, right) => Liveness(left).CompareTo(Liveness(right)));
        long stored = _stored - _archivedStored;
        long live = _live - _archivedLive;
        int count = 0;
        while (count < byLiveness.Count && stored > live * Target)
        {
            stored -= byLiveness[count].Row.ObjectLength - byLiveness[count].ReferredBytes;
            count++;
        }

        return byLiveness[..count];
    }

    private void Count(in SegmentUsage usage, bool isArchived)
    {
        _segments++;
        _live += usage.ReferredBytes;
        _stored += usage.ReferredBytes == 0 ? 0 : usage.Row.ObjectLength;
        _condemned += usage.ReferredBytes == 0 ? usage.Row.ObjectLength : 0; // The collector's next round says so of it.
        if (isArchived && usage.ReferredBytes > 0)
        {
            _archivedLive += usage.ReferredBytes;
            _archivedStored += usage.Row.ObjectLength;
            return;
        }

        if (usage.ReferredBytes == 0 || usage.ReferredBytes * Target > usage.Row.PlaintextLength)
        {
            return;
        }

        _picked.Enqueue(usage, -Liveness(usage));
        if (_picked.Count > MaxPicked)
        {
            _picked.Dequeue(); // The most live one.
        }
    }

    private async Task<bool> CountCondemnedAsync(IMetadataStore metadata, CancellationToken cancel)
    {
        SegmentId? after = null;
        while (true)
        {
            MetadataResult<IReadOnlyList<SegmentRow>> page = await metadata.ListSegmentsAsync(SegmentState.Condemned, after, Page, cancel);
            if (!page.Succeeded)
            {
                return false;
            }

            foreach (SegmentRow row in page.Value)
            {
                after = row.Id;
                _condemned += row.ObjectLength;
            }

            if (page.Value.Count < Page)
            {
                return true;
            }
        }
    }

    private static double Liveness(in SegmentUsage usage) => (double)usage.ReferredBytes / usage.Row.ObjectLength;
}
