using HipaaFs.Crypto;
using HipaaFs.Metadata;
using HipaaFs.Metadata.Changes;
using HipaaFs.Sessions;
using HipaaFs.Staging;
using HipaaFs.Storage;
using HipaaFs.Volumes;
using Microsoft.Extensions.Logging;

namespace HipaaFs.ChangeStream;

/// <summary>Publishes every metadata change to the store, so that the volume can be rebuilt from there.</summary>
/// <remarks>
/// One publication: (1) have the kernel write back what it holds of open files; (2) make a commit durable that refers to no segment which can never be finished;
/// (3) finish and upload every segment that its rows can refer to; (4) make sure that no newer session exists;
/// (5) put the changes since the last publication, chained by hash, or a dump of all rows when a day has passed, the clock was ahead at the last one, or the chain cannot be continued; (6) note how far it is.
/// A backup point therefore never refers to data that is not in the store.
/// </remarks>
internal sealed partial class ChangePublisher : IDisposable
{
    // Each needs a disk that failed once more in between.
    private const int UploadAttempts = 3;

    private static readonly TimeSpan FullInterval = TimeSpan.FromDays(1);

    // By how much time servers set a clock back without it having been wrong: no reason for a dump of all rows.
    private static readonly TimeSpan ClockTolerance = TimeSpan.FromMinutes(1);

    private readonly SemaphoreSlim _one = new(1, 1);
    private readonly IMetadataStore _metadata;
    private readonly Writeback _writeback;
    private readonly Repacker _repacker;
    private readonly Uploader _uploader;
    private readonly MissingSegments _missing;
    private readonly SessionFence _fence;
    private readonly SessionClock _clock;
    private readonly StreamObjectWriter _objects;
    private readonly IObjectStore _store;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private PublishedPoint? _published;
    private StreamChains? _chains; // Of what this session published, or found published; a publication that failed since changes nothing about them.
    private CommitSequence _noted;
    private ulong _nextNumber;
    private bool _isLoaded;
    private long _letGo;
    private long _recoveryPoint; // In ticks, since it is read while it changes.

    internal ChangePublisher(
        IMetadataStore metadata,
        Writeback writeback,
        Repacker repacker,
        Uploader uploader,
        MissingSegments missing,
        SessionFence fence,
        SessionClock clock,
        StreamObjectWriter objects,
        IObjectStore store,
        TimeProvider time,
        ILogger logger)
    {
        _metadata = metadata;
        _writeback = writeback;
        _repacker = repacker;
        _uploader = uploader;
        _missing = missing;
        _fence = fence;
        _clock = clock;
        _objects = objects;
        _store = store;
        _time = time;
        _logger = logger;
        RecoveryPoint = time.GetUtcNow();
    }

    /// <summary>What was done before this can be restored from the store; it may stem from an earlier session.</summary>
    internal DateTimeOffset RecoveryPoint
    {
        get => new(Volatile.Read(ref _recoveryPoint), TimeSpan.Zero);
        private set => Volatile.Write(ref _recoveryPoint, value.UtcTicks);
    }

    /// <summary>How often changes are published; the recovery point is at most twice this old when the store keeps up.</summary>
    internal required TimeSpan Interval { get; init; }

    /// <summary>What the kernel may hold back; null when nobody mounts the volume.</summary>
    internal HeldPages? HeldPages { get; set; }

    /// <summary>Changes up to here are in the store; 0 before the first publication of this session, since what an earlier one left may not be there, and while nobody knows.</summary>
    internal CommitSequence PublishedSequence => Volatile.Read(ref _published)?.Sequence ?? default;

    /// <summary>Once this is published, everything is that was applied before it was asked for. It may be published already: the publisher's own note is nothing to wait for.</summary>
    internal CommitSequence AppliedSequence => _metadata.Applied is var applied && applied == _noted ? PublishedSequence : applied;

    /// <summary>Where the newest chains begin that reach a backup point; null when that is not known yet.</summary>
    internal StreamChains? Chains => Volatile.Read(ref _chains);

    /// <summary>Publishes at intervals until stopped.</summary>
    internal async Task RunAsync(CancellationToken stop)
    {
        try
        {
            await _fence.WaitForClaimAsync(stop);
            while (true)
            {
                await Task.Delay(Interval, _time, stop);
                await PublishOrLogAsync(stop);
            }
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            // The volume is closing, or a newer session has it.
        }
    }

    private async Task PublishOrLogAsync(CancellationToken stop)
    {
        try
        {
            StoreError error = await PublishAsync(stop);
            if (error != StoreError.None)
            {
                LogNotPublished(_logger, error);
            }
        }
        catch (Exception exception) when (exception is not OperationCanceledException || !stop.IsCancellationRequested)
        {
            // Without this loop the recovery point would stand still for ever, so it goes on whatever happened.
            LogPublicationFailed(_logger, exception);
        }
    }

    /// <summary>Publishes everything done before the call.</summary>
    internal Task<StoreError> PublishAsync(CancellationToken cancel) => PublishAsync(null, cancel);

    /// <summary>Publishes everything done before the call; once that has succeeded does something before anything else is published, after which another store may be the home; if that succeeds, the next publication begins a chain.</summary>
    /// <returns>Why it was not published; else what <paramref name="then"/> says.</returns>
    internal async Task<StoreError> PublishAsync(Func<Task<StoreError>>? then, CancellationToken cancel)
    {
        await _one.WaitAsync(cancel);
        try
        {
            StoreError error = await PublishOneAsync(cancel);
            if (error != StoreError.None || then is null)
            {
                return error;
            }

            error = await then();
            if (error == StoreError.None)
            {
                Volatile.Write(ref _published, null); // What was copied there long ago may have been damaged since: the next publication hangs on none of it. The chains that are kept are there too.
            }

            return error;
        }
        finally
        {
            _one.Release();
        }
    }

    /// <summary>The publication that the next one hangs on, of this session or an earlier one; null when the next begins a chain.</summary>
    internal async ValueTask<PublishedPoint?> FindPublishedAsync(CancellationToken cancel)
    {
        await _one.WaitAsync(cancel);
        try
        {
            await LoadAsync(cancel);
            return _published;
        }
        finally
        {
            _one.Release();
        }
    }

    private async Task<StoreError> PublishOneAsync(CancellationToken cancel)
    {
        _writeback.BeginWhole(); // What the loop would leave to be repacked meanwhile, this publication could not have.
        try
        {
            TimeSpan held = HeldPages is null ? TimeSpan.Zero : await HeldPages.WriteBackAsync(cancel); // Step 1
            TimeSpan dirty = _writeback.DirtyFor;
            DateTimeOffset point = _time.GetUtcNow() - (held > dirty ? held : dirty); // What is in memory only is in no row yet, and a publication does not bring it.
            await LoadAsync(cancel);
            bool isFull = NeedsFull();
            if (!isFull && (_metadata.Applied <= PublishedSequence || _metadata.Applied == _noted))
            {
                RecoveryPoint = point;
                return StoreError.None;
            }

            CommitSequence? upTo = await UploadUpToACommitAsync(cancel); // Steps 2 and 3
            if (upTo is null || !await _fence.HoldsStoreAsync(cancel)) // Step 4
            {
                return StoreError.Unavailable;
            }

            StoreError error = await PutAsync(upTo.Value, isFull, point, cancel); // Steps 5 and 6
            if (error == StoreError.None)
            {
                RecoveryPoint = point;
            }

            return error;
        }
        catch (IOException exception)
        {
            LogChangesUnreadable(_logger, exception.HResult);
            return StoreError.Unavailable;
        }
        finally
        {
            _writeback.EndWhole();
        }
    }

    /// <summary>Has the next publication begin a chain, because one that is kept is not whole.</summary>
    /// <param name="kept">The chain that is kept before it; null when none is whole. Until the new one is complete nothing is deleted.</param>
    /// <param name="cancel">Ends the wait.</param>
    internal async ValueTask BeginChainAsync(StreamChains? kept, CancellationToken cancel)
    {
        await _one.WaitAsync(cancel);
        try
        {
            Volatile.Write(ref _published, null);
            Volatile.Write(ref _chains, kept);
        }
        finally
        {
            _one.Release();
        }
    }

    /// <summary>Reads how far earlier sessions published, for the recovery point. Uses no store.</summary>
    internal async ValueTask ReadRecoveryPointAsync(CancellationToken cancel)
    {
        PublishedPoint? point = await ReadPointAsync(cancel);
        RecoveryPoint = point?.At ?? RecoveryPoint;
    }

    /// <inheritdoc/>
    public void Dispose() => _one.Dispose();

    private async ValueTask<PublishedPoint?> ReadPointAsync(CancellationToken cancel)
    {
        MetadataResult<ReadOnlyMemory<byte>> setting = await _metadata.GetSettingAsync(PublishedPoint.Setting, cancel);
        return setting.Succeeded ? PublishedPoint.TryDecode(setting.Value.Span) : null;
    }

    // The chain goes on where the last session left it, if its last object is still the newest in the store.
    private async ValueTask LoadAsync(CancellationToken cancel)
    {
        if (_isLoaded)
        {
            return;
        }

        PublishedPoint? point = await ReadPointAsync(cancel);
        Volatile.Write(ref _published, point is not null && await IsNewestInStoreAsync(point, cancel) ? point : null);
        Volatile.Write(ref _chains, _published?.Chains);
        _isLoaded = true;
    }

    // The noted object must be there, and nothing after it: a chain is not hung on what a reader cannot find.
    private async ValueTask<bool> IsNewestInStoreAsync(PublishedPoint point, CancellationToken cancel)
    {
        ObjectKey full = StoreLayout.Stream(point.Session, point.Number, full: true);
        ObjectKey increment = StoreLayout.Stream(point.Session, point.Number, full: false);
        StoreResult<ObjectProperties> noted = await _store.GetPropertiesAsync(increment, cancel);
        noted = noted.Succeeded ? noted : await _store.GetPropertiesAsync(full, cancel);
        StoreResult<ObjectPage> newer = await _store.ListAsync(StoreLayout.StreamPrefix, increment, 1, cancel);
        return noted.Succeeded && newer.Succeeded && newer.Value.Objects.Count == 0;
    }

    // A segment that cannot be finished never comes to the store: its data is copied into another, and the commits before that are no backup point.
    // Null when the disk or the store is to blame.
    private async Task<CommitSequence?> UploadUpToACommitAsync(CancellationToken cancel)
    {
        // Whether a disk fails here shows below, where what it left is repacked.
        _ = await _writeback.FinishSegmentsAsync(leavesSparse: true);
        for (int attempt = 0; attempt < UploadAttempts; attempt++)
        {
            if (!await _repacker.RepackStrandedAsync(cancel))
            {
                return null;
            }

            _letGo = _repacker.LetGo;
            MetadataResult<CommitSequence> durable = await _metadata.MakeDurableAsync(_metadata.Applied, cancel);
            if (!durable.Succeeded)
            {
                return null;
            }

            CommitSequence upTo = _metadata.Durable;
            if (await UploadAllAsync(cancel))
            {
                return upTo;
            }
        }

        return null;
    }

    // Brings every segment to the store that a durable row can refer to. False when one cannot be finished, is nowhere, or was let go since the commit was chosen.
    private async Task<bool> UploadAllAsync(CancellationToken cancel)
    {
        FsError finished = await _writeback.FinishSegmentsAsync();
        return finished == FsError.None && _repacker.IsSettledSince(_letGo) && await _uploader.WaitUntilUploadedAsync(cancel)
            && await _missing.TryFindAllAsync(cancel);
    }

    // A clock that was ahead at the last one would put the next off until it is there again.
    private bool NeedsFull()
    {
        if (_published is null)
        {
            return true;
        }

        TimeSpan age = _time.GetUtcNow() - _published.FullAt;
        return age >= FullInterval || age < -ClockTolerance;
    }

    private async Task<StoreError> PutAsync(CommitSequence upTo, bool isFull, DateTimeOffset point, CancellationToken cancel)
    {
        ulong begin = _nextNumber;
        byte[] previous = isFull ? new byte[32] : _published!.Hash;
        IAsyncEnumerable<ChangeBatch> source = isFull ? _metadata.DumpAsync(cancel) : _metadata.ChangesSinceAsync(_published!.Sequence, cancel);
        using var spool = new StreamSpool(_objects);
        var pending = new List<ChangeBatch>();
        long bytes = StreamPreamble.Size;
        bool first = true;
        CommitSequence reached = upTo;
        await foreach (ChangeBatch batch in source)
        {
            if (!isFull && batch.Last > upTo)
            {
                break; // Its segments may not be in the store yet.
            }

            // A dump shows the newest durable commit, which may be later than the one asked for.
            reached = isFull ? batch.Last : reached;
            foreach (ChangeBatch piece in ChangeCodec.Split(batch, StreamObjectWriter.MaxBatch))
            {
                int length = StreamObjectWriter.PlaintextOf(piece);
                if (pending.Count > 0 && bytes + length > StreamObjectWriter.MaxPlaintext)
                {
                    StoreResult<byte[]> added = await AddAsync(spool, previous, pending, upTo, isFull && first, isPoint: false, cancel);
                    StoreError error = isFull || !added.Succeeded ? added.Error : await PutAllAsync(spool, cancel); // Only a dump holds the database's log.
                    if (error != StoreError.None)
                    {
                        return error;
                    }

                    previous = added.Value;
                    first = false;
                    pending.Clear();
                    bytes = StreamPreamble.Size;
                }

                pending.Add(piece);
                bytes += length;
            }
        }

        if (isFull && reached > upTo)
        {
            // Rows newer than the uploads came with the dump: bring their segments first.
            if (!await UploadAllAsync(cancel))
            {
                return StoreError.Unavailable;
            }
        }

        StoreResult<byte[]> last = await AddAsync(spool, previous, pending, reached, isFull && first, isPoint: true, cancel);
        StoreError put = last.Succeeded ? await PutAllAsync(spool, cancel) : last.Error;
        if (put == StoreError.None && !await _fence.HasClaimAsync(cancel))
        {
            put = StoreError.Unavailable; // They may be in another store: noted, they would be missed in this one for ever.
            ForgetIfFailed(put);
        }

        return put == StoreError.None ? await NoteAsync(reached, last.Value, isFull ? begin : null, point) : put;
    }

    private async ValueTask<StoreResult<byte[]>> AddAsync(
        StreamSpool spool, byte[] previous, List<ChangeBatch> batches, CommitSequence sequence, bool beginsChain, bool isPoint, CancellationToken cancel)
    {
        ObjectKey key = StoreLayout.Stream(_clock.Session.Value, _nextNumber, beginsChain);
        StoreResult<byte[]> added = await spool.AddAsync(key, new StreamPreamble(previous, sequence, isPoint), batches, cancel);
        _nextNumber++; // Also after a failure: an object that is there all the same must not come to lie behind the beginning of the next chain.
        ForgetIfFailed(added.Error);
        return added;
    }

    private async ValueTask<StoreError> PutAllAsync(StreamSpool spool, CancellationToken cancel)
    {
        StoreError error = StoreError.Unavailable;
        try
        {
            error = await spool.PutAllAsync(cancel);
        }
        finally
        {
            ForgetIfFailed(error); // Also when it was cancelled: it may have arrived.
        }

        return error;
    }

    // What reached the store is not known: begin a new chain.
    private void ForgetIfFailed(StoreError error)
    {
        if (error != StoreError.None)
        {
            Volatile.Write(ref _published, null);
        }
    }

    // Begin is the number of the first object of a full stream; null for what continues a chain.
    private async ValueTask<StoreError> NoteAsync(CommitSequence reached, byte[] hash, ulong? begin, DateTimeOffset point)
    {
        DateTimeOffset fullAt = begin is null ? _published!.FullAt : _time.GetUtcNow();
        if (begin is { } first)
        {
            Volatile.Write(ref _chains, new StreamChains(_clock.Session.Value, first, _chains?.Session ?? 0, _chains?.Number ?? 0));
        }

        var published = new PublishedPoint(reached, _clock.Session.Value, _nextNumber - 1, hash, fullAt, point) { Chains = _chains };
        Volatile.Write(ref _published, published);
        CommitSequence before = _metadata.Applied;
        MetadataResult<Applied> noted = await _metadata.SetSettingAsync(_clock.NextOperation(), PublishedPoint.Setting, published.Encode());
        MetadataResult<Applied> trimmed = await _metadata.TrimChangesAsync(reached);

        // The note is a change itself. It goes along with the next one; alone it is nothing to publish, unless others came between.
        bool isAlone = before == reached
            && noted.Succeeded
            && trimmed.Succeeded
            && trimmed.Value.Sequence.Value == before.Value + 2;
        _noted = isAlone ? trimmed.Value.Sequence : default;
        LogPublished(_logger, reached);
        return noted.Succeeded && trimmed.Succeeded ? StoreError.None : StoreError.Unavailable;
    }

    [LoggerMessage(563, LogLevel.Critical, "A publication failed unexpectedly; the next try is at the next interval")]
    private static partial void LogPublicationFailed(ILogger logger, Exception exception);

    [LoggerMessage(562, LogLevel.Warning, "Metadata changes could not be read for publication (error {Error})")]
    private static partial void LogChangesUnreadable(ILogger logger, int error);

    [LoggerMessage(560, LogLevel.Debug, "Changes up to {Sequence} are published")]
    private static partial void LogPublished(ILogger logger, CommitSequence sequence);

    [LoggerMessage(561, LogLevel.Warning, "Metadata changes could not be published ({Error}); the next try is at the next interval")]
    private static partial void LogNotPublished(ILogger logger, StoreError error);
}
