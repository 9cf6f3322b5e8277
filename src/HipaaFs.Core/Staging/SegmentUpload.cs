using HipaaFs.Crypto;
using HipaaFs.Platform;
using HipaaFs.Segments;
using HipaaFs.Storage;
using HipaaFs.Volumes;
using Microsoft.Extensions.Logging;
using Microsoft.Win32.SafeHandles;

namespace HipaaFs.Staging;

/// <summary>Brings one staged segment to the store and makes sure that it is there, byte by byte.</summary>
/// <remarks>
/// Thread-safe. What a try left in the store that is not the segment, the next one puts right. What was put into an archive cannot be read back: where the store does not say what
/// it has taken, or it is there from before, it is put as hot, proven, and then moved down.
/// </remarks>
internal sealed partial class SegmentUpload
{
    private readonly IObjectStore _store;
    private readonly StorageTier _tier;
    private readonly UploadVerification _verification;
    private readonly KeyRing _ring;
    private readonly ILogger _logger;

    /// <param name="store">Who gets it.</param>
    /// <param name="tier">Its storage class there; hot in a store that has none.</param>
    /// <param name="ring">The keys, which prove it.</param>
    /// <param name="logger">Told of staged files that cannot be read.</param>
    internal SegmentUpload(IObjectStore store, StorageTier tier, KeyRing ring, ILogger logger)
    {
        _store = store;
        _tier = store.Capabilities.Tiers ? tier : StorageTier.Hot;
        _verification = new UploadVerification(store);
        _ring = ring;
        _logger = logger;
    }

    /// <summary>Tries once. None: the object in the store has the bytes that were sealed.</summary>
    /// <param name="segment">The segment.</param>
    /// <param name="mayLink">Whether a directory may keep the file itself. One store at most may: a second that shares its blocks would be no copy.</param>
    /// <param name="cancel">Ends it.</param>
    internal async ValueTask<StoreError> TryAsync(StagedSegment segment, bool mayLink, CancellationToken cancel)
    {
        ObjectKey key = StoreLayout.Segment(segment.Id);
        long length = segment.Row.ObjectLength;
        var source = new UploadSource(segment.Path, length) { Sha256 = segment.Sha256, IsNew = segment.IsUntried };
        StoreResult<ObjectProperties> put = await _store.PutFileAsync(
            key, source, new PutOptions { Condition = PutCondition.IfAbsent, Tier = _tier, MayLink = mayLink }, cancel);
        if (!put.Succeeded && put.Error == StoreError.AlreadyExists)
        {
            // Ids are random and never used twice: the object is this one, from before a crash, or from a try whose answer was lost or not believed.
            StoreError there = await _verification.CheckObjectAsync(key, length, () => Digest(segment), cancel);
            return there is StoreError.Corrupt or StoreError.Archived ? await ReplaceAsync(key, segment, source, mayLink, cancel)
                : there == StoreError.None && _tier != StorageTier.Hot ? await MoveDownAsync(key, cancel)
                : there;
        }

        if (!put.Succeeded)
        {
            return put.Error;
        }

        StoreError taken = await _verification.CheckAnswerAsync(put.Value, length, () => Digest(segment), cancel);
        return taken == StoreError.Archived ? await ReplaceAsync(key, segment, source, mayLink, cancel) : taken;
    }

    // What replaces it must be proven itself: a disk may have changed the staged file since it was written. And so must what is there then: the damaged object has its name and its length.
    private async ValueTask<StoreError> ReplaceAsync(ObjectKey key, StagedSegment segment, UploadSource source, bool mayLink, CancellationToken cancel)
    {
        ReadOnlyMemory<byte> digest = Digest(segment with { Sha256 = default });
        if (digest.IsEmpty)
        {
            return StoreError.Corrupt; // Neither is what it should be: nothing is overwritten.
        }

        StorageTier readable = _tier == StorageTier.Archive ? StorageTier.Hot : _tier;
        StoreResult<ObjectProperties> put = await _store.PutFileAsync(key, source with { Sha256 = digest, IsNew = false }, new PutOptions { Tier = readable, MayLink = mayLink }, cancel);
        StoreError error = put.Succeeded ? await _verification.CheckObjectAsync(key, source.Length, () => digest, cancel) : put.Error;
        return error != StoreError.None || readable == _tier ? error : (await _store.SetTierAsync(key, _tier, cancel)).Error;
    }

    // A former try may have ended between the two: proven, and not yet moved down.
    private async ValueTask<StoreError> MoveDownAsync(ObjectKey key, CancellationToken cancel)
    {
        StoreResult<ObjectProperties> found = await _store.GetPropertiesAsync(key, cancel);
        return !found.Succeeded ? found.Error
            : found.Value.Tier == _tier ? StoreError.None
            : (await _store.SetTierAsync(key, _tier, cancel)).Error;
    }

    /// <summary>Whether an upload can never succeed, since the staged file is not what was sealed or cannot be opened.</summary>
    internal bool IsHopeless(StagedSegment segment, StoreError error)
    {
        try
        {
            if (new FileInfo(segment.Path).Length < segment.Row.ObjectLength)
            {
                return true;
            }

            using SafeFileHandle file = DurableFile.OpenRead(segment.Path);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            LogNotRead(_logger, segment.Id, exception.HResult);
            return true;
        }

        return error == StoreError.Corrupt && Digest(segment with { Sha256 = default }).IsEmpty;
    }

    // After a restart it has to be taken of the file, which the keys prove to be what was written. Empty when it is not.
    private ReadOnlyMemory<byte> Digest(StagedSegment segment)
    {
        if (!segment.Sha256.IsEmpty)
        {
            return segment.Sha256;
        }

        try
        {
            if (SegmentFile.TryOpen(segment.Row, segment.Path, _ring, out SegmentFile? file))
            {
                using (file)
                {
                    return file.HashAuthentic();
                }
            }
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            LogNotRead(_logger, segment.Id, exception.HResult);
        }

        return ReadOnlyMemory<byte>.Empty;
    }

    [LoggerMessage(552, LogLevel.Error, "Staged segment {Segment} cannot be read to verify its upload (error {Error})")]
    private static partial void LogNotRead(ILogger logger, SegmentId segment, int error);
}
