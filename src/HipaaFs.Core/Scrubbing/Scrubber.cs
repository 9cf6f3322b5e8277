using System.Buffers.Binary;
using HipaaFs.Cache;
using HipaaFs.Crypto;
using HipaaFs.Metadata;
using HipaaFs.Placements;
using HipaaFs.Recovery;
using HipaaFs.Segments;
using HipaaFs.Sessions;
using HipaaFs.Staging;
using HipaaFs.Storage;
using HipaaFs.Volumes;
using Microsoft.Extensions.Logging;

namespace HipaaFs.Scrubbing;

/// <summary>Reads every copy of every segment and opens every frame, and what else a restore needs; what is not as it was written, and whole on this machine or in another store, is put back.</summary>
/// <remarks>
/// One at a time. The mark of the volume and its key ring come first, at each run: without them everything else is lost. Then the segments, and last the change stream. It goes through the segments in the order of their ids and notes how far it is, so that the next one goes on where this one was left. Segments that come
/// meanwhile are proven by their upload.
/// </remarks>
internal sealed partial class Scrubber : IDisposable
{
    private const string PositionSetting = "scrub.position";
    private const int PositionSize = SegmentId.Size + sizeof(long);
    private const int PageSize = 64;
    private const int NoteEvery = 16;

    private readonly SemaphoreSlim _one = new(1, 1);
    private readonly IMetadataStore _metadata;
    private readonly VolumeStores _stores;
    private readonly SegmentReplication _replication;
    private readonly KeyRing _ring;
    private readonly FrameCache _cache;
    private readonly RestoreAudit _restore;
    private readonly MirrorAudit _mirrors;
    private readonly SessionClock _clock;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;

    internal Scrubber(
        IMetadataStore metadata,
        VolumeStores stores,
        SegmentReplication replication,
        KeyRing ring,
        FrameCache cache,
        RestoreAudit restore,
        MirrorAudit mirrors,
        SessionClock clock,
        TimeProvider time,
        ILogger logger)
    {
        _metadata = metadata;
        _stores = stores;
        _replication = replication;
        _ring = ring;
        _cache = cache;
        _restore = restore;
        _mirrors = mirrors;
        _clock = clock;
        _time = time;
        _logger = logger;
    }

    /// <summary>Runs to the end, or until the store stops answering.</summary>
    /// <exception cref="InvalidOperationException">Another one is under way.</exception>
    /// <exception cref="IOException">The metadata cannot be read.</exception>
    /// <exception cref="OperationCanceledException">It was cancelled; the next one goes on from there.</exception>
    internal async Task<ScrubReport> RunAsync(ScrubOptions options, IProgress<ScrubProgress> progress, CancellationToken cancel)
    {
        if (!await _one.WaitAsync(TimeSpan.Zero, CancellationToken.None))
        {
            throw new InvalidOperationException("a scrub is under way");
        }

        try
        {
            return options.Store is { } store ? await ScrubStoreAsync(store, options, progress, cancel) : await ScrubAsync(options, progress, cancel);
        }
        finally
        {
            _one.Release();
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _one.Dispose();

    private async Task<ScrubReport> ScrubAsync(ScrubOptions options, IProgress<ScrubProgress> progress, CancellationToken cancel)
    {
        (SegmentId? after, long doneBefore) = options.Restart ? (null, 0) : await ReadPositionAsync(cancel);
        bool isResumed = after is not null;
        var pace = new ScrubPace(options.BytesPerSecond, _time);
        var tally = new ScrubTally();
        StoreError silent = StoreError.None; // Why a store could not be asked whose segments other stores have too.
        StoreError asked = await _restore.CheckMarkAndRingAsync(tally, cancel);
        if (asked != StoreError.None)
        {
            return tally.ToReport(0, 0, isResumed, asked);
        }

        long total = doneBefore + await CountAsync(after, null, cancel);
        long bytes = 0;
        long segments = 0;
        (SegmentId? After, long Bytes)? held = null; // Before the first damage that stays: the next run finds it again, and none says that all is well.
        try
        {
            while (true)
            {
                IReadOnlyList<SegmentRow> rows = await ListAsync(after, cancel);
                if (rows.Count == 0)
                {
                    asked = await _restore.CheckStreamAsync(tally, pace, cancel);
                    StoreError mirrors = asked == StoreError.None ? await _mirrors.RunAsync(tally, pace, cancel) : StoreError.None;
                    asked = asked == StoreError.None ? silent : asked;
                    await NoteAsync(asked == StoreError.None ? (null, 0) : held ?? (after, doneBefore + bytes)); // A mirror that is away keeps nobody from beginning anew.
                    return tally.ToReport(segments, bytes, isResumed, asked == StoreError.None ? mirrors : asked);
                }

                foreach (SegmentRow row in rows)
                {
                    CopiesAudit audit = await AuditAsync(row, pace, cancel);
                    if (audit.Silent != StoreError.None && audit.Asked == 0)
                    {
                        await NoteAsync(held ?? (after, doneBefore + bytes));
                        return tally.ToReport(segments, bytes, isResumed, audit.Silent);
                    }

                    silent = silent == StoreError.None ? audit.Silent : silent;
                    held ??= audit.Silent == StoreError.None ? null : (after, doneBefore + bytes);
                    if (audit.Damages.Count > 0 && await IsStillLiveAsync(row.Id, cancel))
                    {
                        foreach (ScrubFinding finding in await SettleAsync(row, audit, cancel))
                        {
                            tally.Add(finding);
                            held ??= finding.IsRepaired ? null : (after, doneBefore + bytes);
                        }
                    }

                    after = row.Id;
                    segments++;
                    bytes += row.ObjectLength;
                    progress.Report(new ScrubProgress(doneBefore + bytes, Math.Max(total, doneBefore + bytes)));
                    if (segments % NoteEvery == 0)
                    {
                        await NoteAsync(held ?? (after, doneBefore + bytes));
                    }
                }
            }
        }
        catch (OperationCanceledException)
        {
            await NoteAsync(held ?? (after, doneBefore + bytes));
            throw;
        }
    }

    // Where a copy is bad the others are read too, before anything is believed of them.
    private async Task<ScrubReport> ScrubStoreAsync(int number, ScrubOptions options, IProgress<ScrubProgress> progress, CancellationToken cancel)
    {
        MemberStore member = _stores.Find(number) ?? throw new ArgumentOutOfRangeException(nameof(options), number, "the volume has no such store");
        var pace = new ScrubPace(options.BytesPerSecond, _time);
        var tally = new ScrubTally();
        long total = await CountAsync(null, member.Mask, cancel);
        long bytes = 0;
        long segments = 0;
        SegmentId? after = null;
        while (await ListAsync(after, cancel) is { Count: > 0 } rows)
        {
            foreach (SegmentRow row in rows)
            {
                after = row.Id;
                if ((row.Copies & member.Mask) != 0)
                {
                    StoreError silent = await ScrubCopyAsync(row, member, options, pace, tally, cancel);
                    if (silent != StoreError.None)
                    {
                        return tally.ToReport(segments, bytes, isResumed: false, silent);
                    }

                    segments++;
                    bytes += row.ObjectLength;
                    progress.Report(new ScrubProgress(bytes, Math.Max(total, bytes)));
                }
            }
        }

        progress.Report(new ScrubProgress(bytes, bytes)); // What was deleted meanwhile was counted and not read.
        return tally.ToReport(segments, bytes, isResumed: false, StoreError.None);
    }

    private async Task<StoreError> ScrubCopyAsync(SegmentRow row, MemberStore member, ScrubOptions options, ScrubPace pace, ScrubTally tally, CancellationToken cancel)
    {
        if (options.PresenceOnly && member.Store is { } store)
        {
            StoreResult<ObjectProperties> found = await store.GetPropertiesAsync(StoreLayout.Segment(row.Id), cancel);
            member.Note(found.Error);
            if (found.Succeeded ? found.Value.Length == row.ObjectLength : found.Error != StoreError.NotFound)
            {
                return found.Error;
            }
        }

        CopiesAudit audit = await AuditAsync(row, [member], pace, cancel);
        if (audit.Damages.Count > 0)
        {
            audit = await AuditAsync(row, pace, cancel);
        }

        if (audit.Asked == 0)
        {
            return audit.Silent;
        }

        if (audit.Damages.Count > 0 && await IsStillLiveAsync(row.Id, cancel))
        {
            (await SettleAsync(row, audit, cancel)).ForEach(tally.Add);
        }

        return StoreError.None;
    }

    private Task<CopiesAudit> AuditAsync(SegmentRow row, ScrubPace pace, CancellationToken cancel) =>
        AuditAsync(row, _stores.IsSingle ? [_stores.Home] : WhereItIs(row), pace, cancel);

    // What was only in a store that was given up is missing where it should be.
    private IEnumerable<MemberStore> WhereItIs(SegmentRow row) =>
        _stores.ActiveOf(row.Copies) != 0 ? _stores.In(row.Copies) : _stores.In(_stores.WantedBy(row.Placement)).Take(1);

    private async Task<CopiesAudit> AuditAsync(SegmentRow row, IEnumerable<MemberStore> members, ScrubPace pace, CancellationToken cancel)
    {
        var result = new CopiesAudit();
        foreach (MemberStore member in members)
        {
            StoreResult<SegmentDamage?> damage = member.Store is { } store
                ? await new StoredSegmentAudit(store, _ring, pace).RunAsync(row, cancel)
                : StoreError.Unavailable;
            member.Note(damage.Error);
            if (!damage.Succeeded)
            {
                result.Silent = damage.Error;
                continue;
            }

            // What is at its place may be another store, or an older state of it: that says nothing about the copy.
            if (damage.Value is not null && !_stores.IsSingle && await member.HoldAsync(cancel) is var held and not StoreError.None)
            {
                result.Silent = held;
                continue;
            }

            result.Asked++;
            if (damage.Value is not null)
            {
                result.Damages.Add((member, damage.Value));
            }
        }

        return result;
    }

    // Of a copy that is bad the row says so before it is made again, as long as there is another: nobody reads it meanwhile, and a crash leaves it to the replicator.
    private async Task<List<ScrubFinding>> SettleAsync(SegmentRow row, CopiesAudit audit, CancellationToken cancel)
    {
        var findings = new List<ScrubFinding>();
        bool isElsewhere = audit.Damages.Count < audit.Asked;
        foreach ((MemberStore member, SegmentDamage damage) in audit.Damages)
        {
            if (!isElsewhere)
            {
                findings.Add(await SettleAsync(damage, member, cancel));
                isElsewhere = findings[^1].IsRepaired;
                continue;
            }

            MetadataResult<Applied> cleared = await _metadata.SetCopiesAsync(_clock.NextOperation(), row.Id, 0, member.Mask, cancel);
            StoreError copied = cleared.Succeeded
                ? await _replication.TryAsync(row with { Copies = row.Copies & ~member.Mask }, member, cancel)
                : StoreError.Unavailable;
            LogCopyBad(_logger, row.Id, member.Number, damage.Length == 0 ? "missing" : "damaged", copied == StoreError.None ? "it was copied there again" : "it is copied there again later");
            findings.Add(new ScrubFinding(row.Id, damage.Length == 0, damage.BadFrames.Count, copied == StoreError.None, 0, []) { Store = member.Number });
        }

        return findings;
    }

    private async Task<ScrubFinding> SettleAsync(SegmentDamage damage, MemberStore member, CancellationToken cancel)
    {
        SegmentRow row = damage.Row;
        bool isRepaired = await TryRepairAsync(row, member, cancel);
        var lost = new SortedDictionary<ulong, long>();
        AddLost(damage, await _metadata.GetSegmentUsesAsync(row.Id, cancel), lost);
        AddLost(damage, await _metadata.GetSegmentPastUsesAsync(row.Id, cancel), lost);

        bool isMissing = damage.Length == 0;
        if (isRepaired)
        {
            LogRepaired(_logger, row.Id);
        }
        else
        {
            LogDamaged(_logger, row.Id, isMissing ? "missing" : "damaged", lost.Count);
            foreach ((ulong inode, long bytes) in lost)
            {
                LogDamagedFile(_logger, row.Id, inode, bytes);
            }
        }

        return new ScrubFinding(
            row.Id,
            isMissing,
            damage.BadFrames.Count,
            isRepaired,
            lost.Count,
            [.. lost.Take(ScrubTally.MostFiles).Select(static file => new IncompleteFile(new InodeId(file.Key), file.Value))])
        {
            Store = member.Number,
        };
    }

    private static void AddLost(SegmentDamage damage, MetadataResult<IReadOnlyList<SegmentUse>> uses, SortedDictionary<ulong, long> lost)
    {
        foreach (SegmentUse use in uses.Succeeded ? uses.Value : throw Unreadable(uses.Error))
        {
            long bytes = damage.BytesLost(use.Extent);
            if (bytes > 0)
            {
                lost[use.Inode.Value] = lost.GetValueOrDefault(use.Inode.Value) + bytes;
            }
        }
    }

    // An entry of the cache that is the whole object is put back after the keys have proven every byte of it. As a copy: it may be another store's object by a link.
    private async Task<bool> TryRepairAsync(SegmentRow row, MemberStore member, CancellationToken cancel)
    {
        string path = _cache.Files.WholePath(row.Id);
        if (!File.Exists(path) || (!member.IsHome && await member.HoldAsync(cancel) != StoreError.None))
        {
            return false;
        }

        StoreError error = await new SegmentUpload(member.Store!, _stores.TierOf(row.Placement, member), _ring, _logger).TryAsync(new StagedSegment(row, path, _time.GetUtcNow()), mayLink: false, cancel);
        return error == StoreError.None;
    }

    // The collector may have deleted it while it was read.
    private async Task<bool> IsStillLiveAsync(SegmentId segment, CancellationToken cancel)
    {
        MetadataResult<SegmentRow> row = await _metadata.GetSegmentAsync(segment, cancel);
        return row.Succeeded ? row.Value.State == SegmentState.Live
            : row.Error == MetadataError.NotFound ? false
            : throw Unreadable(row.Error);
    }

    private async Task<long> CountAsync(SegmentId? after, ulong? store, CancellationToken cancel)
    {
        long bytes = 0;
        while (true)
        {
            IReadOnlyList<SegmentRow> rows = await ListAsync(after, cancel);
            if (rows.Count == 0)
            {
                return bytes;
            }

            foreach (SegmentRow row in rows)
            {
                bytes += store is { } mask && (row.Copies & mask) == 0 ? 0 : row.ObjectLength;
                after = row.Id;
            }
        }
    }

    private async Task<IReadOnlyList<SegmentRow>> ListAsync(SegmentId? after, CancellationToken cancel)
    {
        MetadataResult<IReadOnlyList<SegmentRow>> rows = await _metadata.ListSegmentsAsync(SegmentState.Live, after, PageSize, cancel);
        return rows.Succeeded ? rows.Value : throw Unreadable(rows.Error);
    }

    private async Task<(SegmentId? After, long Bytes)> ReadPositionAsync(CancellationToken cancel)
    {
        MetadataResult<ReadOnlyMemory<byte>> position = await _metadata.GetSettingAsync(PositionSetting, cancel);
        if (!position.Succeeded || position.Value.Length != PositionSize)
        {
            return (null, 0);
        }

        return (SegmentId.Read(position.Value.Span), BinaryPrimitives.ReadInt64LittleEndian(position.Value.Span[SegmentId.Size..]));
    }

    // A note that is lost costs reading something again.
    private async Task NoteAsync((SegmentId? After, long Bytes) done)
    {
        byte[]? position = null;
        if (done.After is { } last)
        {
            position = new byte[PositionSize];
            last.Write(position);
            BinaryPrimitives.WriteInt64LittleEndian(position.AsSpan(SegmentId.Size), done.Bytes);
        }

        await _metadata.SetSettingAsync(_clock.NextOperation(), PositionSetting, position, CancellationToken.None);
    }

    private static IOException Unreadable(MetadataError error) => new($"read the metadata: {error}");

    [LoggerMessage(566, LogLevel.Warning, "Segment {Segment} was not in the store as it was written; it was put back from the cache")]
    private static partial void LogRepaired(ILogger logger, SegmentId segment);

    /// <summary>What the copies of one segment are like.</summary>
    private sealed class CopiesAudit
    {
        /// <summary>How many copies were read.</summary>
        internal int Asked { get; set; }

        /// <summary>Why one was not.</summary>
        internal StoreError Silent { get; set; }

        /// <summary>Those that are not as they were written.</summary>
        internal List<(MemberStore Member, SegmentDamage Damage)> Damages { get; } = [];
    }

    [LoggerMessage(626, LogLevel.Warning, "Segment {Segment} was {State} in store {Store} and is whole in another; {Outcome}")]
    private static partial void LogCopyBad(ILogger logger, SegmentId segment, int store, string state, string outcome);

    [LoggerMessage(567, LogLevel.Critical, "Segment {Segment} is {State} in the store, and this machine does not have it whole; {Files} files miss data")]
    private static partial void LogDamaged(ILogger logger, SegmentId segment, string state, int files);

    [LoggerMessage(568, LogLevel.Critical, "Segment {Segment}: {Bytes} bytes of inode {Inode} cannot be read")]
    private static partial void LogDamagedFile(ILogger logger, SegmentId segment, ulong inode, long bytes);
}
