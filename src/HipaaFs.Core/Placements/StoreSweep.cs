using HipaaFs.Collection;
using HipaaFs.Crypto;
using HipaaFs.Metadata;
using HipaaFs.Sessions;
using HipaaFs.Storage;
using HipaaFs.Volumes;

namespace HipaaFs.Placements;

/// <summary>Deletes from a store that was taken away what is left in it of segments that are known not to need it, and, when nothing else is in it, its claims and its mark: another volume can have the place.</summary>
/// <remarks>What this volume has no row of may be what a lost machine wrote after its last backup point, and stays, with claims and mark.</remarks>
internal sealed class StoreSweep
{
    private const int Page = 1000;

    private readonly IMetadataStore _metadata;
    private readonly SessionFence _fence;

    internal StoreSweep(IMetadataStore metadata, SessionFence fence)
    {
        _metadata = metadata;
        _fence = fence;
    }

    /// <summary>Goes through the store once.</summary>
    internal async Task<StoreRemoval> RunAsync(MemberStore member, CancellationToken cancel)
    {
        var removal = new StoreRemoval(IsLookedThrough: false, 0, 0);
        ObjectKey? after = null;
        int untilLook = 0;
        while (true)
        {
            if (!await HoldsAsync(member, cancel))
            {
                return removal;
            }

            StoreResult<ObjectPage> page = await member.Store!.ListAsync(StoreLayout.SegmentPrefix, after, Page, cancel);
            member.Note(page.Error);
            if (!page.Succeeded)
            {
                return removal;
            }

            foreach (ObjectProperties found in page.Value.Objects)
            {
                after = found.Key;
                if (untilLook-- == 0)
                {
                    untilLook = SegmentCollector.MostBetweenLooks;
                    if (!await HoldsAsync(member, cancel))
                    {
                        return removal;
                    }
                }

                bool isDeleted = await IsLeftAsync(found.Key, member.Mask, cancel) && (await member.Store!.DeleteAsync(found.Key, EntityTag.Any, cancel)).Succeeded;
                removal = isDeleted
                    ? removal with { DeletedObjects = removal.DeletedObjects + 1 }
                    : removal with { LeftObjects = removal.LeftObjects + 1 };
            }

            if (!page.Value.More)
            {
                return removal with { IsLookedThrough = true, IsFree = await FreeAsync(member.Store!, cancel) };
            }
        }
    }

    // The mark last: as long as it is there, nobody takes the place for an empty one.
    private static async ValueTask<bool> FreeAsync(MeteringObjectStore store, CancellationToken cancel)
    {
        var marks = new List<ObjectKey>();
        ObjectKey? after = null;
        while (true)
        {
            StoreResult<ObjectPage> page = await store.ListAsync(string.Empty, after, Page, cancel);
            if (!page.Succeeded)
            {
                return false;
            }

            foreach (ObjectProperties found in page.Value.Objects)
            {
                after = found.Key;
                if (found.Key == StoreLayout.Volume)
                {
                    continue;
                }

                if (!StoreLayout.TryNumber(found.Key, StoreLayout.SessionPrefix, out _))
                {
                    return false;
                }

                marks.Add(found.Key);
            }

            if (!page.Value.More)
            {
                break;
            }
        }

        foreach (ObjectKey mark in marks.Append(StoreLayout.Volume))
        {
            if (!(await store.DeleteAsync(mark, EntityTag.Any, cancel)).Succeeded)
            {
                return false;
            }
        }

        return true;
    }

    private async ValueTask<bool> HoldsAsync(MemberStore member, CancellationToken cancel) =>
        await _fence.HoldsStoreAsync(cancel) && await member.HoldAsync(cancel) == StoreError.None;

    private async ValueTask<bool> IsLeftAsync(ObjectKey key, ulong store, CancellationToken cancel)
    {
        if (!StoreLayout.TrySegment(key, out SegmentId segment))
        {
            return false;
        }

        MetadataResult<SegmentRow> row = await _metadata.GetSegmentAsync(segment, cancel);
        return row.Succeeded && (row.Value.Copies & store) == 0;
    }
}
