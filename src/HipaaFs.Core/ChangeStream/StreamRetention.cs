using HipaaFs.Placements;
using HipaaFs.Sessions;
using HipaaFs.Storage;
using HipaaFs.Volumes;
using Microsoft.Extensions.Logging;

namespace HipaaFs.ChangeStream;

/// <summary>Deletes what no restore needs any more: objects of the change stream before the last two chains that reach a backup point, and claims of sessions long past, in every store.</summary>
/// <remarks>
/// <para>A restore takes the newest chain. The one before stays for the case that an object of it is damaged; what segments older ones refer to is deleted anyway. The
/// object that a volume notes as its last belongs to the newest chain, so that the comparison before a mount finds it.</para>
/// <para>Only the newest session deletes. Of its claims the newest stay, its own among them: whoever holds an older one sees a newer one, as before.</para>
/// <para>Not thread-safe.</para>
/// </remarks>
internal sealed partial class StreamRetention
{
    /// <summary>How many claims are kept: who used the volume last, for those who wonder.</summary>
    internal const ulong KeptSessions = 16;

    private const int Page = 1000;

    private readonly ChangePublisher _publisher;
    private readonly VolumeStores _stores;
    private readonly SessionClock _clock;
    private readonly ILogger _logger;
    private StreamChains? _done; // Everything before these is deleted.
    private ulong _claimsDone; // Mask of the stores whose old claims are deleted.

    internal StreamRetention(ChangePublisher publisher, VolumeStores stores, SessionClock clock, ILogger logger)
    {
        _publisher = publisher;
        _stores = stores;
        _clock = clock;
        _logger = logger;
    }

    private MeteringObjectStore Home => _stores.Home.Store!; // Has the change stream.

    /// <summary>Deletes what can be deleted now. The caller has seen that no newer session exists.</summary>
    internal async ValueTask RunAsync(CancellationToken cancel)
    {
        foreach (MemberStore member in _stores.Active)
        {
            if ((_claimsDone & member.Mask) == 0
                && (member.IsHome || await member.HoldAsync(cancel) == StoreError.None)
                && await DeleteAsync(member.Store!, StoreLayout.SessionPrefix, IsOldSession, cancel))
            {
                _claimsDone |= member.Mask;
            }
        }

        StreamChains? chains = _publisher.Chains;
        if (chains is null || !chains.HasPrevious || chains == _done || !await AreThereAsync(chains, cancel))
        {
            return;
        }

        if (await DeleteAsync(Home, StoreLayout.StreamPrefix, key => IsBefore(key, chains), cancel))
        {
            _done = chains;
        }
    }

    // A store that lost one of them, or was put back, keeps everything else it has.
    private async ValueTask<bool> AreThereAsync(StreamChains chains, CancellationToken cancel)
    {
        StoreResult<ObjectProperties> newest = await Home.GetPropertiesAsync(StoreLayout.Stream(chains.Session, chains.Number, full: true), cancel);
        StoreResult<ObjectProperties> previous = await Home.GetPropertiesAsync(
            StoreLayout.Stream(chains.PreviousSession, chains.PreviousNumber, full: true), cancel);
        return newest.Succeeded && previous.Succeeded;
    }

    private bool IsOldSession(ObjectKey key) =>
        StoreLayout.TryNumber(key, StoreLayout.SessionPrefix, out ulong number) && number + KeptSessions <= _clock.Session.Value;

    // What has another name than an object of the stream is nobody's business here.
    private static bool IsBefore(ObjectKey key, StreamChains chains) =>
        StoreLayout.TryStream(key, out ulong session, out ulong number, out _)
        && (session < chains.PreviousSession || (session == chains.PreviousSession && number < chains.PreviousNumber));

    // Listings are in order, so that the first page without anything old is the last one asked for.
    private async ValueTask<bool> DeleteAsync(MeteringObjectStore store, string prefix, Func<ObjectKey, bool> isOld, CancellationToken cancel)
    {
        int deleted = 0;
        ObjectKey? after = null;
        while (true)
        {
            StoreResult<ObjectPage> page = await store.ListAsync(prefix, after, Page, cancel);
            if (!page.Succeeded)
            {
                return false;
            }

            int before = deleted;
            foreach (ObjectProperties found in page.Value.Objects)
            {
                after = found.Key;
                if (!isOld(found.Key))
                {
                    continue;
                }

                StoreResult<bool> done = await store.DeleteAsync(found.Key, EntityTag.Any, cancel);
                if (!done.Succeeded)
                {
                    LogNotDeleted(_logger, done.Error);
                    return false;
                }

                deleted++;
            }

            if (!page.Value.More || deleted == before)
            {
                LogDeleted(_logger, deleted, prefix);
                return true;
            }
        }
    }

    [LoggerMessage(569, LogLevel.Debug, "{Count} objects under {Prefix} that no restore needs are deleted")]
    private static partial void LogDeleted(ILogger logger, int count, string prefix);

    [LoggerMessage(573, LogLevel.Warning, "An object of the past could not be deleted ({Error}); it is tried again")]
    private static partial void LogNotDeleted(ILogger logger, StoreError error);
}
