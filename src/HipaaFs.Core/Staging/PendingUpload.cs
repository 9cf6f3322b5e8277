using HipaaFs.Metadata;

namespace HipaaFs.Staging;

/// <summary>A segment on its way to the store.</summary>
/// <param name="Ticket">Its place in the order of arrival.</param>
/// <param name="Segment">The segment.</param>
internal sealed record PendingUpload(long Ticket, StagedSegment Segment)
{
    /// <summary>How long it waited, or waits, for its next try; zero before the first has failed.</summary>
    internal TimeSpan Delay { get; set; }

    /// <summary>Whether it was sealed in this process's life and not tried yet.</summary>
    internal bool IsFirstTry => Delay == TimeSpan.Zero && !Segment.Sha256.IsEmpty && Segment.Row.State != SegmentState.Live;
}
