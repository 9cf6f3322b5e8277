using HipaaFs.Crypto;
using HipaaFs.Metadata;
using HipaaFs.Storage;
using HipaaFs.Volumes;

namespace HipaaFs.Recovery;

/// <summary>Learns from the store what a segment's row does not say yet.</summary>
internal static class StoredSegment
{
    /// <summary>The row of a segment that is in the store of a number, with its lengths, as live. Corrupt when it is cut off; NotFound when the store does not have it; Archived when it is in an archive and the row does not say how long it is.</summary>
    internal static async Task<StoreResult<SegmentRow>> FindAsync(IObjectStore store, int number, SegmentRow row, CancellationToken cancel)
    {
        ObjectKey key = StoreLayout.Segment(row.Id);
        StoreResult<ObjectProperties> found = await store.GetPropertiesAsync(key, cancel);
        if (!found.Succeeded)
        {
            return found.Failure!;
        }

        if (found.Value.Length < SegmentFormat.HeaderSize + SegmentFormat.TrailerSize)
        {
            return StoreError.Corrupt;
        }

        byte[] content = new byte[SegmentFormat.TrailerSize];
        StoreResult<int> read = await store.ReadAsync(key, found.Value.Tag, found.Value.Length - SegmentFormat.TrailerSize, content, cancel);
        if (read.Error == StoreError.Archived && row.PlaintextLength > 0 && row.ObjectLength == found.Value.Length)
        {
            return row with { State = SegmentState.Live, Copies = row.Copies | SegmentCopies.In(number) };
        }

        if (!read.Succeeded)
        {
            return read.Failure!;
        }

        bool sound = read.Value == content.Length
            & SegmentTrailer.TryRead(content, out SegmentTrailer trailer)
            & SegmentFormat.TryPlaintextLength((long)trailer.IndexOffset, out long plaintext);
        return sound && trailer.ObjectLength == (ulong)found.Value.Length
            ? row with { State = SegmentState.Live, Copies = row.Copies | SegmentCopies.In(number), ObjectLength = found.Value.Length, PlaintextLength = plaintext }
            : StoreError.Corrupt;
    }
}
