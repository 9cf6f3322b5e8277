using HipaaFs.ChangeStream;
using HipaaFs.Crypto;
using HipaaFs.Placements;
using HipaaFs.Storage;
using HipaaFs.Volumes;
using Microsoft.Extensions.Logging;

namespace HipaaFs.Scrubbing;

/// <summary>Reads what the mirrors have of key ring and change stream, and has what is not as it was written copied again from the home.</summary>
/// <remarks>Run after the home was found whole, or made so. Memory: one object of the change stream at a time.</remarks>
internal sealed partial class MirrorAudit
{
    private readonly VolumeStores _stores;
    private readonly StreamMirror _mirror;
    private readonly KeyRing _ring;
    private readonly ILogger _logger;

    internal MirrorAudit(VolumeStores stores, StreamMirror mirror, KeyRing ring, ILogger logger)
    {
        _stores = stores;
        _mirror = mirror;
        _ring = ring;
        _logger = logger;
    }

    /// <summary>Reads all mirrors. None; or why one could not be asked.</summary>
    internal async ValueTask<StoreError> RunAsync(ScrubTally tally, ScrubPace pace, CancellationToken cancel)
    {
        StoreError silent = StoreError.None;
        bool isDamaged = false;
        bool isRepaired = true;
        foreach (MemberStore mirror in _stores.Mirrors)
        {
            StoreResult<List<ObjectKey>> bad = await FindBadAsync(mirror, pace, cancel);
            silent = bad.Succeeded ? silent : bad.Error;
            if (bad.Succeeded && bad.Value.Count > 0)
            {
                StoreError put = await _mirror.PutBackAsync(mirror, bad.Value, cancel);
                LogDamaged(_logger, bad.Value.Count, mirror.Number, put);
                isDamaged = true;
                isRepaired &= put == StoreError.None;
            }
        }

        if (isDamaged)
        {
            tally.Add(new ScrubObjectFinding(ScrubObjectKind.Mirror, IsMissing: false, isRepaired));
        }

        return silent;
    }

    private async Task<StoreResult<List<ObjectKey>>> FindBadAsync(MemberStore mirror, ScrubPace pace, CancellationToken cancel)
    {
        StoreError held = await mirror.HoldAsync(cancel);
        if (held != StoreError.None)
        {
            return held;
        }

        var bad = new List<ObjectKey>();
        StoreResult<List<ObjectProperties>> rings = await StreamMirror.ListAsync(mirror.Store!, StoreLayout.RingPrefix, cancel);
        StoreResult<List<ObjectProperties>> streams = rings.Succeeded ? await StreamMirror.ListAsync(mirror.Store!, StoreLayout.StreamPrefix, cancel) : rings.Error;
        if (!streams.Succeeded)
        {
            return streams.Error;
        }

        foreach (ObjectProperties found in rings.Value)
        {
            StoreResult<bool> isBad = await IsBadRingAsync(mirror.Store!, found, cancel);
            if (!isBad.Succeeded)
            {
                return isBad.Error;
            }

            if (isBad.Value)
            {
                bad.Add(found.Key);
            }
        }

        var reader = new StreamObjectReader(_ring, mirror.Store!) { AfterRead = pace.CountAsync };
        foreach (ObjectProperties found in streams.Value)
        {
            StoreResult<StreamObject> opened = await reader.ReadAsync(found, cancel);
            if (opened.Error == StoreError.Corrupt)
            {
                bad.Add(found.Key);
            }
            else if (opened.Error is not (StoreError.None or StoreError.NotFound)) // What is before the kept chains is deleted meanwhile.
            {
                return opened.Error;
            }
        }

        return bad;
    }

    // One that is this volume's is never bad, whatever the home has of that generation; and one gives way only to a better one, which the home must have.
    private async Task<StoreResult<bool>> IsBadRingAsync(MeteringObjectStore mirror, ObjectProperties found, CancellationToken cancel)
    {
        StoreResult<bool> isSound = await IsProvenAsync(mirror, found.Key, cancel);
        if (isSound.Error == StoreError.NotFound || (isSound.Succeeded && isSound.Value))
        {
            return false;
        }

        if (!isSound.Succeeded)
        {
            return isSound.Error;
        }

        StoreResult<bool> isBetter = await IsProvenAsync(_stores.Home.Store!, found.Key, cancel);
        return isBetter.Error == StoreError.NotFound ? false : isBetter;
    }

    private async Task<StoreResult<bool>> IsProvenAsync(MeteringObjectStore store, ObjectKey key, CancellationToken cancel)
    {
        StoreResult<ObjectProperties> found = await store.GetPropertiesAsync(key, cancel);
        StoreResult<byte[]?> read = found.Succeeded ? await VolumeRing.FetchAsync(store, found.Value, cancel) : found.Error;
        if (!read.Succeeded)
        {
            return read.Error == StoreError.Corrupt ? false : read.Error;
        }

        return StoreLayout.TryNumber(key, StoreLayout.RingPrefix, out ulong number)
            && KeyRingDocument.TryParse(read.Value ?? [], out KeyRingDocument? document, out _)
            && document.Generation == number
            && _ring.Proves(document);
    }

    [LoggerMessage(666, LogLevel.Warning, "{Count} objects of key ring and change stream in store {Store} were not as they were written; copying them again from the home ended with: {Error}")]
    private static partial void LogDamaged(ILogger logger, int count, int store, StoreError error);
}
