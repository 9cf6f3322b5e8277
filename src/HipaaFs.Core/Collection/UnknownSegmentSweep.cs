using HipaaFs.ChangeStream;
using HipaaFs.Crypto;
using HipaaFs.Metadata;
using HipaaFs.Placements;
using HipaaFs.Sessions;
using HipaaFs.Storage;
using HipaaFs.Volumes;
using Microsoft.Extensions.Logging;

namespace HipaaFs.Collection;

/// <summary>
/// Finds, and deletes for who asks for it, segments of the stores that this volume knows nothing of: what a machine that is gone uploaded after its last backup point.
/// </summary>
/// <remarks>
/// <para>Never by itself: they are all that is left of what was done after that point, and whoever finds that machine's disk, or another object of its change stream, may want
/// them. A segment counts as unknown when there is no row of it and no extent refers to it, of the live tree or of a snapshot. Rows are made before uploads begin and
/// looked for after the listing, so that none of this session's own is among them.</para>
/// <para>What is deleted was last written before this session claimed the store, by the collector's grace at least; both times are the store's. Whoever wrote it is
/// fenced off. The caller has published before, so that a restore finds a state of this session. About a store that is away, or is another, nothing is decided.</para>
/// </remarks>
internal sealed partial class UnknownSegmentSweep
{
    private const int Page = 1000;

    private readonly IMetadataStore _metadata;
    private readonly VolumeStores _stores;
    private readonly ChangePublisher _publisher;
    private readonly SessionFence _fence;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;

    /// <param name="metadata">The rows.</param>
    /// <param name="stores">The stores.</param>
    /// <param name="publisher">Says whether this session has published.</param>
    /// <param name="fence">Says whether this session is the newest.</param>
    /// <param name="time">The clock.</param>
    /// <param name="logger">Told of every segment that is deleted.</param>
    internal UnknownSegmentSweep(
        IMetadataStore metadata, VolumeStores stores, ChangePublisher publisher, SessionFence fence, TimeProvider time, ILogger logger)
    {
        _metadata = metadata;
        _stores = stores;
        _publisher = publisher;
        _fence = fence;
        _time = time;
        _logger = logger;
    }

    /// <summary>Looks at all segments of all stores.</summary>
    /// <param name="deletes">Whether to delete what is found.</param>
    /// <param name="progress">Told how many were looked at; null when nobody asks.</param>
    /// <param name="cancel">Ends it; what is deleted stays deleted.</param>
    /// <exception cref="IOException">The metadata cannot be read.</exception>
    internal async Task<UnknownReport> RunAsync(bool deletes, IProgress<GarbageProgress>? progress, CancellationToken cancel)
    {
        var report = new UnknownReport(0, 0, 0, 0, 0, IsComplete: false);
        if (deletes && _publisher.PublishedSequence == default && await _publisher.PublishAsync(cancel) != StoreError.None)
        {
            return report;
        }

        var round = new Round(deletes, progress);
        var unread = new List<string>();
        foreach (MemberStore member in _stores.All)
        {
            if (!await SweepAsync(member, round, cancel) && !member.IsRemoved) // One that was taken away may be another's by now, or gone.
            {
                unread.Add(member.Name);
            }
        }

        return round.Found with
        {
            IsComplete = round.IsComplete && unread.Count == 0,
            UnreadStores = unread.Count == 0 || _stores.IsSingle ? null : unread,
        };
    }

    // False when it could not be looked at to the end.
    private async Task<bool> SweepAsync(MemberStore member, Round round, CancellationToken cancel)
    {
        if (!await MayDecideAsync(member, cancel))
        {
            return false;
        }

        MeteringObjectStore store = member.Store!;
        StoreResult<ObjectProperties> claim = await store.GetPropertiesAsync(StoreLayout.Session(_fence.Session.Value), cancel);
        if (!claim.Succeeded)
        {
            return false;
        }

        DateTimeOffset before = claim.Value.LastModified - SegmentCollector.Grace;
        int tried = 0; // Since a newer session was looked for.
        long lookedAt = _time.GetTimestamp();
        ObjectKey? after = null;
        while (true)
        {
            StoreResult<ObjectPage> page = await store.ListAsync(StoreLayout.SegmentPrefix, after, Page, cancel);
            if (!page.Succeeded)
            {
                return false;
            }

            foreach (ObjectProperties found in page.Value.Objects)
            {
                after = found.Key;
                round.Look();
                if (!StoreLayout.TrySegment(found.Key, out SegmentId segment) || await IsKnownAsync(segment, cancel) || !round.Count(found, before))
                {
                    continue;
                }

                if (tried == SegmentCollector.MostBetweenLooks || _time.GetElapsedTime(lookedAt) >= SegmentCollector.LongestBetweenLooks)
                {
                    if (!await MayDecideAsync(member, cancel))
                    {
                        return false; // Another may know what is left.
                    }

                    tried = 0;
                    lookedAt = _time.GetTimestamp();
                }

                tried++;
                StoreResult<bool> deleted = await store.DeleteAsync(found.Key, EntityTag.Any, cancel);
                if (deleted.Succeeded)
                {
                    LogDeleted(_logger, segment, member.Number);
                }
                else
                {
                    LogNotDeleted(_logger, segment, member.Number, deleted.Error);
                }

                round.Note(found, deleted.Succeeded);
            }

            if (!page.Value.More)
            {
                return true;
            }
        }
    }

    // The volume's home says whether a newer session has the volume, each one whether it is the one that was claimed.
    private async ValueTask<bool> MayDecideAsync(MemberStore member, CancellationToken cancel) =>
        await _fence.HoldsStoreAsync(cancel) && (member.IsHome || await member.HoldAsync(cancel) == StoreError.None);

    // A file may refer to a segment whose row was lost: fsck makes that again, from this very object.
    private async ValueTask<bool> IsKnownAsync(SegmentId segment, CancellationToken cancel)
    {
        MetadataResult<SegmentRow> row = await _metadata.GetSegmentAsync(segment, cancel);
        if (row.Succeeded || row.Error != MetadataError.NotFound)
        {
            return row.Succeeded ? true : throw Unreadable(row.Error);
        }

        return await IsUsedAsync(_metadata.GetSegmentUsesAsync(segment, cancel)) || await IsUsedAsync(_metadata.GetSegmentPastUsesAsync(segment, cancel));
    }

    private static async ValueTask<bool> IsUsedAsync(ValueTask<MetadataResult<IReadOnlyList<SegmentUse>>> asked)
    {
        MetadataResult<IReadOnlyList<SegmentUse>> uses = await asked;
        return uses.Succeeded ? uses.Value.Count > 0 : throw Unreadable(uses.Error);
    }

    private static IOException Unreadable(MetadataError error) => new($"read the metadata: {error}");

    [LoggerMessage(603, LogLevel.Information, "Segment {Segment}, which this volume knows nothing of, was deleted from store {Store} at request")]
    private static partial void LogDeleted(ILogger logger, SegmentId segment, int store);

    [LoggerMessage(604, LogLevel.Warning, "Segment {Segment}, which this volume knows nothing of, could not be deleted from store {Store} ({Error})")]
    private static partial void LogNotDeleted(ILogger logger, SegmentId segment, int store, StoreError error);

    /// <summary>What one run has found so far.</summary>
    private sealed class Round(bool deletes, IProgress<GarbageProgress>? progress)
    {
        private long _seen;

        /// <summary>What was found and deleted.</summary>
        internal UnknownReport Found { get; private set; } = new(0, 0, 0, 0, 0, IsComplete: false);

        /// <summary>Whether everything was deleted that was to be.</summary>
        internal bool IsComplete { get; private set; } = true;

        /// <summary>One more is looked at.</summary>
        internal void Look() => progress?.Report(new GarbageProgress(GarbageProgress.Delete, ++_seen, 0));

        /// <summary>Counts an unknown one, and says whether to delete it.</summary>
        internal bool Count(ObjectProperties found, DateTimeOffset before)
        {
            bool isYoung = found.LastModified > before;
            Found = isYoung
                ? Found with { YoungSegments = Found.YoungSegments + 1 }
                : Found with { Segments = Found.Segments + 1, Bytes = Found.Bytes + found.Length };
            return deletes && !isYoung;
        }

        /// <summary>Counts one that was to be deleted.</summary>
        internal void Note(ObjectProperties found, bool isDeleted)
        {
            IsComplete &= isDeleted;
            Found = isDeleted ? Found with { DeletedSegments = Found.DeletedSegments + 1, DeletedBytes = Found.DeletedBytes + found.Length } : Found;
        }
    }
}
