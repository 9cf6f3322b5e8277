using HipaaFs.ChangeStream;
using HipaaFs.Crypto;
using HipaaFs.Recovery;
using HipaaFs.Sessions;
using HipaaFs.Storage;
using HipaaFs.Volumes;
using Microsoft.Extensions.Logging;

namespace HipaaFs.Scrubbing;

/// <summary>Reads what a restore needs besides the segments while this machine has all of it: the mark of the volume, the newest key ring, the chains of the change stream.</summary>
/// <remarks>
/// A mark or a ring that is damaged or gone is put back. A damaged chain is not mended but followed by a new one, at once; of the old ones that which is whole is kept
/// for the day on which the new one is damaged. Memory: as a restore, one object of the stream at a time.
/// </remarks>
internal sealed partial class RestoreAudit
{
    private const int MostMark = 4096;
    private const int Page = 1000;

    private readonly IObjectStore _store;
    private readonly KeyRing _ring;
    private readonly string _directory;
    private readonly ChangePublisher _publisher;
    private readonly SessionFence _fence;
    private readonly ILogger _logger;

    /// <param name="store">The store.</param>
    /// <param name="ring">The open ring.</param>
    /// <param name="directory">The volume's directory.</param>
    /// <param name="publisher">Knows the chains, and begins new ones.</param>
    /// <param name="fence">Says whether this session may write.</param>
    /// <param name="logger">Told of everything that is found.</param>
    internal RestoreAudit(IObjectStore store, KeyRing ring, string directory, ChangePublisher publisher, SessionFence fence, ILogger logger)
    {
        _store = store;
        _ring = ring;
        _directory = directory;
        _publisher = publisher;
        _fence = fence;
        _logger = logger;
    }

    /// <summary>Reads the mark and the ring. None; or why the store could not be asked.</summary>
    /// <exception cref="IOException">The local ring cannot be read.</exception>
    internal async ValueTask<StoreError> CheckMarkAndRingAsync(ScrubTally tally, CancellationToken cancel)
    {
        StoreResult<ScrubObjectFinding?> mark = await CheckMarkAsync(cancel);
        if (!mark.Succeeded)
        {
            return mark.Error;
        }

        Add(mark.Value, tally);
        StoreResult<ScrubObjectFinding?> ring = await VolumeRing.ScrubAsync(_ring, _directory, _store, _fence, _logger, cancel);
        Add(ring.Succeeded ? ring.Value : null, tally);
        return ring.Error;
    }

    /// <summary>Reads the kept chains of the change stream as a restore would. None; or why the store could not be asked.</summary>
    internal async ValueTask<StoreError> CheckStreamAsync(ScrubTally tally, ScrubPace pace, CancellationToken cancel)
    {
        try
        {
            while (true)
            {
                PublishedPoint? published = await _publisher.FindPublishedAsync(cancel);
                if (published is null)
                {
                    // The next publication begins a chain anyway; what is there before it is not known.
                    StoreError error = await _publisher.PublishAsync(cancel);
                    published = await _publisher.FindPublishedAsync(cancel);
                    if (published is null)
                    {
                        return error == StoreError.None ? StoreError.Unavailable : error;
                    }
                }

                StoreResult<List<ObjectProperties>> listed = await ListAsync(cancel);
                if (!listed.Succeeded)
                {
                    return listed.Error;
                }

                var reader = new StreamObjectReader(_ring, _store) { AfterRead = pace.CountAsync };
                (bool isNewestWhole, bool isNewestThere) = await CheckNewestAsync(reader, listed.Value, published, cancel);
                (bool isPreviousWhole, bool isPreviousThere) = await CheckPreviousAsync(reader, listed.Value, published.Chains, cancel);
                if (isNewestWhole && isPreviousWhole)
                {
                    return StoreError.None;
                }

                // Others may have taken their place meanwhile, and what was read of them is deleted.
                PublishedPoint? now = await _publisher.FindPublishedAsync(cancel);
                if (now is null || now.Chains != published.Chains)
                {
                    continue;
                }

                if (!await _fence.HoldsStoreAsync(cancel))
                {
                    Add(new ScrubObjectFinding(ScrubObjectKind.ChangeStream, !isNewestThere || !isPreviousThere, IsRepaired: false), tally);
                    return StoreError.None;
                }

                await _publisher.BeginChainAsync(Kept(published.Chains, isNewestWhole, isPreviousWhole), cancel);
                StoreError begun = await _publisher.PublishAsync(cancel);
                Add(new ScrubObjectFinding(ScrubObjectKind.ChangeStream, !isNewestThere || !isPreviousThere, begun == StoreError.None), tally);
                return StoreError.None;
            }
        }
        catch (VolumeException exception) when (exception.Failure == VolumeFailure.Store)
        {
            return StoreError.Unavailable; // The chain could not be followed to its end.
        }
    }

    private async ValueTask<StoreResult<ScrubObjectFinding?>> CheckMarkAsync(CancellationToken cancel)
    {
        var expected = new VolumeIdentity(VolumeIdentity.CurrentFormat, _ring.VolumeId);
        byte[] content = new byte[MostMark];
        StoreResult<int> read = await _store.ReadAsync(StoreLayout.Volume, EntityTag.Any, 0, content, cancel);
        if (!read.Succeeded && read.Error is not (StoreError.NotFound or StoreError.Corrupt))
        {
            return read.Error;
        }

        if (read.Succeeded && VolumeIdentity.TryParse(content.AsSpan(0, read.Value)) == expected)
        {
            return (ScrubObjectFinding?)null;
        }

        bool isMissing = !read.Succeeded && read.Error == StoreError.NotFound;
        bool isRepaired = await _fence.HoldsStoreAsync(cancel)
            && await VolumeStore.PutAsync(
                _store, StoreLayout.Volume, expected.ToJson(), isMissing ? PutCondition.IfAbsent : PutCondition.None, cancel) == StoreError.None;
        return new ScrubObjectFinding(ScrubObjectKind.VolumeMark, isMissing, isRepaired);
    }

    // It leads to the last publication, or past it when there was one meanwhile.
    private static async ValueTask<(bool IsWhole, bool IsThere)> CheckNewestAsync(
        StreamObjectReader reader, List<ObjectProperties> objects, PublishedPoint published, CancellationToken cancel)
    {
        int begin = published.Chains is { } chains
            ? objects.FindIndex(found => IsBegin(found, chains.Session, chains.Number))
            : objects.FindLastIndex(found => StoreLayout.TryStream(found.Key, out ulong session, out ulong number, out bool full)
                && full
                && !IsBehind(session, number, published.Session, published.Number));
        if (begin < 0)
        {
            return (false, false);
        }

        BackupChain? chain = await BackupChain.FollowAsync(reader, objects, begin, new Progress<RestoreProgress>(), cancel);
        return (chain is not null && chain.Objects.Any(found => found.Hash.AsSpan().SequenceEqual(published.Hash)), true);
    }

    // Which is its last object nobody remembers; what is there must hang together.
    private static async ValueTask<(bool IsWhole, bool IsThere)> CheckPreviousAsync(
        StreamObjectReader reader, List<ObjectProperties> objects, StreamChains? chains, CancellationToken cancel)
    {
        if (chains is not { HasPrevious: true })
        {
            return (true, true);
        }

        int begin = objects.FindIndex(found => IsBegin(found, chains.PreviousSession, chains.PreviousNumber));
        if (begin < 0)
        {
            return (false, false);
        }

        // Up to the next that begins a chain: there may be a damaged one between the two that are kept.
        int end = objects.FindIndex(begin + 1, static found => StoreLayout.TryStream(found.Key, out _, out _, out bool full) && full);
        List<ObjectProperties> own = end < 0 ? objects : objects.GetRange(0, end);
        BackupChain? chain = await BackupChain.FollowAsync(reader, own, begin, new Progress<RestoreProgress>(), cancel);
        return (chain is { Unfollowed: 0 }, true);
    }

    private static StreamChains? Kept(StreamChains? chains, bool isNewestWhole, bool isPreviousWhole) =>
        chains is null ? null
        : isNewestWhole ? new StreamChains(chains.Session, chains.Number, 0, 0)
        : isPreviousWhole && chains.HasPrevious ? new StreamChains(chains.PreviousSession, chains.PreviousNumber, 0, 0)
        : null;

    private static bool IsBegin(ObjectProperties found, ulong session, ulong number) => found.Key == StoreLayout.Stream(session, number, full: true);

    private static bool IsBehind(ulong session, ulong number, ulong otherSession, ulong otherNumber) =>
        session > otherSession || (session == otherSession && number > otherNumber);

    private async ValueTask<StoreResult<List<ObjectProperties>>> ListAsync(CancellationToken cancel)
    {
        var objects = new List<ObjectProperties>();
        while (true)
        {
            StoreResult<ObjectPage> page = await _store.ListAsync(StoreLayout.StreamPrefix, objects.Count == 0 ? null : objects[^1].Key, Page, cancel);
            if (!page.Succeeded)
            {
                return page.Error;
            }

            objects.AddRange(page.Value.Objects);
            if (!page.Value.More)
            {
                return objects;
            }
        }
    }

    private void Add(ScrubObjectFinding? finding, ScrubTally tally)
    {
        if (finding is null)
        {
            return;
        }

        tally.Add(finding);
        string state = finding.IsMissing ? "missing" : "damaged";
        if (finding.IsRepaired)
        {
            LogRepaired(_logger, finding.Kind, state);
        }
        else
        {
            LogDamaged(_logger, finding.Kind, state);
        }
    }

    [LoggerMessage(583, LogLevel.Warning, "{Kind}, which a restore needs, was {State} in the store; it was put right")]
    private static partial void LogRepaired(ILogger logger, ScrubObjectKind kind, string state);

    [LoggerMessage(584, LogLevel.Critical, "{Kind}, which a restore needs, is {State} in the store and could not be put right")]
    private static partial void LogDamaged(ILogger logger, ScrubObjectKind kind, string state);
}
