using HipaaFs.Crypto;
using HipaaFs.Metadata;
using HipaaFs.Storage;
using HipaaFs.Volumes;

namespace HipaaFs.Recovery;

/// <summary>Learns from the store what a segment's row does not say yet.</summary>
internal static class StoredSegment
{
    /// <summary>The row of a segment that is in the store, with its lengths, as live. Null when the store does not have it or it is cut off.</summary>
    internal static async Task<SegmentRow?> FindAsync(IObjectStore store, SegmentRow row, CancellationToken cancel)
    {
        ObjectKey key = StoreLayout.Segment(row.Id);
        StoreResult<ObjectProperties> found = await store.GetPropertiesAsync(key, cancel);
        if (!found.Succeeded || found.Value.Length < SegmentFormat.HeaderSize + SegmentFormat.TrailerSize)
        {
            return null;
        }

        byte[] content = new byte[SegmentFormat.TrailerSize];
        StoreResult<int> read = await store.ReadAsync(key, found.Value.Tag, found.Value.Length - SegmentFormat.TrailerSize, content, cancel);
        bool sound = read.Succeeded
            && SegmentTrailer.TryRead(content, out SegmentTrailer trailer)
            && trailer.ObjectLength == (ulong)found.Value.Length
            && SegmentFormat.TryPlaintextLength((long)trailer.IndexOffset, out _);
        if (!sound)
        {
            return null;
        }

        SegmentTrailer.TryRead(content, out trailer);
        SegmentFormat.TryPlaintextLength((long)trailer.IndexOffset, out long plaintext);
        return row with { State = SegmentState.Live, ObjectLength = found.Value.Length, PlaintextLength = plaintext };
    }
}
