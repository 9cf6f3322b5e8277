using HipaaFs.Crypto;
using HipaaFs.Storage;
using HipaaFs.Volumes;

namespace HipaaFs.Segments;

/// <summary>The segments that a store has, learnt by listing it: a thousand for one request.</summary>
internal static class StoredSegments
{
    private const int PageSize = 1000;

    /// <summary>Lists the lengths of all segments by id.</summary>
    internal static async Task<StoreResult<Dictionary<SegmentId, long>>> ListAsync(IObjectStore store, Action<long> progress, CancellationToken cancel)
    {
        var lengths = new Dictionary<SegmentId, long>();
        ObjectKey? after = null;
        while (true)
        {
            StoreResult<ObjectPage> page = await store.ListAsync(StoreLayout.SegmentPrefix, after, PageSize, cancel);
            if (!page.Succeeded)
            {
                return page.Failure!;
            }

            foreach (ObjectProperties found in page.Value.Objects)
            {
                after = found.Key;
                if (StoreLayout.TrySegment(found.Key, out SegmentId id))
                {
                    lengths[id] = found.Length;
                }
            }

            progress(lengths.Count);
            if (!page.Value.More)
            {
                return lengths;
            }
        }
    }
}
