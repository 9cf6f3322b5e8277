using System.Buffers.Binary;
using HipaaFs.ChangeStream;
using HipaaFs.Crypto;
using HipaaFs.Metadata;
using HipaaFs.Placements;
using HipaaFs.Sessions;
using HipaaFs.Storage;
using HipaaFs.Volumes;
using Microsoft.Extensions.Logging;

namespace HipaaFs.Collection;

/// <summary>Deletes copies of segments from stores that their placement does not want any more, once every store has them that it wants.</summary>
/// <remarks>
/// <para>Steps, for some copies at a time: (1) note them in a setting; (2) say in the rows that the stores do not have them, which is refused of the last copy; (3) commit that; (4) delete the objects; (5) forget
/// the note. What is noted and could not be deleted, or not before a crash, is tried again by the next round, or session, unless its row says by then that the store has it, or should.</para>
/// <para>A copy goes only when a commit is published that says that the others are there, and that commit is as old as the grace: a restore from any backup point that is younger finds them. Placements are not
/// defined meanwhile, and nothing is deleted in a store that does not have this session's claim.</para>
/// </remarks>
internal sealed partial class SurplusRemoval : IDisposable
{
    /// <summary>The setting: of each copy the segment's id, 16 bytes, and the store's number, one.</summary>
    internal const string Setting = "collection.surplus";

    private const int CopySize = 17;
    private const int Page = 256;
    private const int Batch = 64;
    private const int AtOnce = 8;

    // What is waited for is kept in memory: a few megabytes.
    private const int MostWaiting = 65_536;

    // Of stores that went away in the middle of it.
    private const int MostLeft = 1024;

    private static readonly TimeSpan LongestRound = TimeSpan.FromMinutes(1);

    private readonly SemaphoreSlim _one = new(1, 1);
    private readonly IMetadataStore _metadata;
    private readonly VolumeStores _stores;
    private readonly ChangePublisher _publisher;
    private readonly SessionFence _fence;
    private readonly SessionClock _clock;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private Dictionary<SegmentId, CommitSequence> _waiting = []; // Segments with surplus copies, and a commit by which their other copies were there. Under _one.
    private List<(SegmentId Segment, MemberStore Store)>? _noted; // What the setting says; null before it was read. Under _one.

    internal SurplusRemoval(IMetadataStore metadata, VolumeStores stores, ChangePublisher publisher, SessionFence fence, SessionClock clock, TimeProvider time, ILogger logger)
    {
        _metadata = metadata;
        _stores = stores;
        _publisher = publisher;
        _fence = fence;
        _clock = clock;
        _time = time;
        _logger = logger;
    }

    /// <summary>Called before each step with its number. For tests.</summary>
    internal Func<int, Task>? BeforeStep { get; set; }

    /// <summary>One round, of a minute or so.</summary>
    /// <param name="upTo">The newest commit that is published and old enough.</param>
    /// <param name="cancel">Ends it between two steps.</param>
    /// <returns>Copies deleted.</returns>
    internal async Task<int> RunAsync(CommitSequence upTo, CancellationToken cancel)
    {
        if (_stores.IsSingle)
        {
            return 0;
        }

        await _one.WaitAsync(cancel);
        try
        {
            long begun = _time.GetTimestamp();
            _noted ??= await ReadNoteAsync(cancel);
            if (_noted is null)
            {
                return 0;
            }

            int deleted = _noted.Count > 0 ? await RemoveAsync([], cancel) : 0;
            foreach (SegmentId[] some in (await FindRipeAsync(upTo, cancel)).Chunk(Batch))
            {
                if (_noted.Count >= MostLeft || _time.GetElapsedTime(begun) >= LongestRound)
                {
                    break;
                }

                deleted += await RemoveAsync(some, cancel);
            }

            return deleted;
        }
        finally
        {
            _one.Release();
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _one.Dispose();

    // Everything that has a surplus copy now, and since when that is known.
    private async Task<List<SegmentId>> FindRipeAsync(CommitSequence upTo, CancellationToken cancel)
    {
        MetadataResult<CopyTotals> totals = await _metadata.SumCopiesAsync(cancel);
        var waiting = new Dictionary<SegmentId, CommitSequence>();
        var ripe = new List<SegmentId>();
        foreach (CopyGroup group in totals.Succeeded ? totals.Value.Groups : [])
        {
            SegmentRow? after = null;
            while (group.State == SegmentState.Live && SurplusOf(group.Placement, group.Copies) != 0 && waiting.Count < MostWaiting)
            {
                MetadataResult<IReadOnlyList<SegmentRow>> rows = await _metadata.ListGroupAsync(group.Placement, group.Copies, after, Page, cancel);
                CommitSequence seen = _publisher.AppliedSequence; // Not before: the rows may say what was applied meanwhile.
                foreach (SegmentRow row in rows.Succeeded ? rows.Value : [])
                {
                    after = row;
                    CommitSequence since = _waiting.GetValueOrDefault(row.Id, seen);
                    waiting[row.Id] = since;
                    if (since <= upTo)
                    {
                        ripe.Add(row.Id);
                    }
                }

                if (!rows.Succeeded || rows.Value.Count < Page)
                {
                    break;
                }
            }
        }

        _waiting = waiting;
        return ripe;
    }

    // The stores of a mask that should not have a segment, if all have it that should.
    private ulong SurplusOf(uint placement, ulong copies) =>
        _stores.WantedBy(placement) is var wanted and not 0 && (copies & wanted) == wanted ? copies & ~wanted : 0;

    private async Task<int> RemoveAsync(SegmentId[] segments, CancellationToken cancel)
    {
        await _stores.Definition.WaitAsync(cancel);
        try
        {
            List<(SegmentId Segment, MemberStore Store)> copies = await FindCopiesAsync(segments, cancel);
            if (!await _fence.HoldsStoreAsync(cancel))
            {
                return 0;
            }

            if (copies.Count > 0)
            {
                await StepAsync(1);
                if (!await NoteAsync([.. _noted!, .. copies]))
                {
                    return 0;
                }

                await StepAsync(2);
                foreach ((SegmentId segment, MemberStore store) in copies)
                {
                    // Refused of what has become the last copy, and of what was condemned: the row still says so then, and nothing is deleted.
                    await _metadata.SetCopiesAsync(_clock.NextOperation(), segment, 0, store.Mask, CancellationToken.None);
                }
            }

            await StepAsync(3);
            MetadataResult<CommitSequence> durable = await _metadata.MakeDurableAsync(_metadata.Applied, cancel);
            return durable.Succeeded ? await DeleteNotedAsync(cancel) : 0;
        }
        finally
        {
            _stores.Definition.Release();
        }
    }

    private async Task<List<(SegmentId Segment, MemberStore Store)>> FindCopiesAsync(SegmentId[] segments, CancellationToken cancel)
    {
        var held = new Dictionary<MemberStore, bool>();
        var copies = new List<(SegmentId, MemberStore)>();
        foreach (SegmentId segment in segments)
        {
            MetadataResult<SegmentRow> row = await _metadata.GetSegmentAsync(segment, cancel);
            ulong surplus = row.Succeeded && row.Value.State == SegmentState.Live ? SurplusOf(row.Value.Placement, row.Value.Copies) : 0;
            foreach (MemberStore member in _stores.In(surplus))
            {
                if (await HoldsAsync(member, held, cancel))
                {
                    copies.Add((segment, member));
                }
            }
        }

        return copies;
    }

    private async Task<int> DeleteNotedAsync(CancellationToken cancel)
    {
        await StepAsync(4);
        var held = new Dictionary<MemberStore, bool>();
        var left = new List<(SegmentId Segment, MemberStore Store)>();
        var due = new List<(SegmentId Segment, MemberStore Store)>();
        foreach ((SegmentId segment, MemberStore store) in _noted!)
        {
            MetadataResult<SegmentRow> row = await _metadata.GetSegmentAsync(segment, cancel);
            bool isKnown = row.Succeeded || row.Error == MetadataError.NotFound;
            bool isClaimed = row.Succeeded && ((row.Value.Copies | _stores.WantedBy(row.Value.Placement)) & store.Mask) != 0;
            if (!isClaimed && !store.IsRemoved) // Else it is needed again, or whoever took the store away has looked for it.
            {
                (isKnown && await HoldsAsync(store, held, cancel) ? due : left).Add((segment, store));
            }
        }

        var gone = new bool[due.Count];
        await Parallel.ForAsync(0, due.Count, new ParallelOptions { MaxDegreeOfParallelism = AtOnce, CancellationToken = cancel }, async (i, ends) =>
        {
            (SegmentId segment, MemberStore store) = due[i];
            StoreResult<bool> deleted = await store.Store!.DeleteAsync(StoreLayout.Segment(segment), EntityTag.Any, ends);
            store.Note(deleted.Error);
            gone[i] = deleted.Succeeded;
            if (deleted.Succeeded)
            {
                LogDeleted(_logger, segment, store.Number);
            }
            else
            {
                LogNotDeleted(_logger, segment, store.Number, deleted.Error);
            }
        });
        await StepAsync(5);
        await NoteAsync([.. left, .. due.Where((_, i) => !gone[i])]);
        return gone.Count(static isGone => isGone);
    }

    private static async ValueTask<bool> HoldsAsync(MemberStore member, Dictionary<MemberStore, bool> known, CancellationToken cancel)
    {
        if (!known.TryGetValue(member, out bool isHeld))
        {
            isHeld = await member.HoldAsync(cancel) == StoreError.None;
            known.Add(member, isHeld);
        }

        return isHeld;
    }

    private async Task<bool> NoteAsync(List<(SegmentId Segment, MemberStore Store)> copies)
    {
        byte[] note = new byte[copies.Count * CopySize];
        for (int i = 0; i < copies.Count; i++)
        {
            Span<byte> at = note.AsSpan(i * CopySize);
            BinaryPrimitives.WriteUInt128BigEndian(at, copies[i].Segment.Value);
            at[CopySize - 1] = (byte)copies[i].Store.Number;
        }

        MetadataResult<Applied> set = await _metadata.SetSettingAsync(
            _clock.NextOperation(), Setting, copies.Count == 0 ? (ReadOnlyMemory<byte>?)null : note, CancellationToken.None);
        _noted = set.Succeeded ? copies : _noted;
        return set.Succeeded;
    }

    private async Task<List<(SegmentId Segment, MemberStore Store)>?> ReadNoteAsync(CancellationToken cancel)
    {
        MetadataResult<ReadOnlyMemory<byte>> note = await _metadata.GetSettingAsync(Setting, cancel);
        return note.Succeeded ? Decode(note.Value.Span)
            : note.Error == MetadataError.NotFound ? []
            : null;
    }

    // Of a store that is not known nothing can be deleted.
    private List<(SegmentId Segment, MemberStore Store)> Decode(ReadOnlySpan<byte> note)
    {
        var copies = new List<(SegmentId, MemberStore)>();
        for (; note.Length >= CopySize; note = note[CopySize..])
        {
            if (_stores.Find(note[CopySize - 1]) is { } store)
            {
                copies.Add((new SegmentId(BinaryPrimitives.ReadUInt128BigEndian(note)), store));
            }
        }

        return copies;
    }

    private Task StepAsync(int number) => BeforeStep?.Invoke(number) ?? Task.CompletedTask;

    [LoggerMessage(633, LogLevel.Debug, "The copy of segment {Segment} in store {Store}, which its placement does not want there any more, was deleted")]
    private static partial void LogDeleted(ILogger logger, SegmentId segment, int store);

    [LoggerMessage(634, LogLevel.Warning, "The copy of segment {Segment} in store {Store}, which its placement does not want there any more, could not be deleted ({Error}); it is tried again")]
    private static partial void LogNotDeleted(ILogger logger, SegmentId segment, int store, StoreError error);
}
