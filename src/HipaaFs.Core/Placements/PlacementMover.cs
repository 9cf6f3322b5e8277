using HipaaFs.Compaction;
using HipaaFs.Crypto;
using HipaaFs.Metadata;
using HipaaFs.Sessions;
using HipaaFs.Staging;
using HipaaFs.Storage;
using HipaaFs.Transitions;
using Microsoft.Extensions.Logging;

namespace HipaaFs.Placements;

/// <summary>Moves the data of files whose placement has changed into segments of that placement, while the files are read and written. Of what goes to an archive the heads stay online, or go back there (<see cref="Placement.Head"/>).</summary>
/// <remarks>
/// What is left to do is in the rows and nowhere else: a file's extents refer to segments of a placement that has other stores than its own. They are copied and referred to as compaction does it
/// (<see cref="SegmentMove"/>), what only snapshots show of the file too; files of other placements that share the data keep theirs. Where only
/// tiers differ and nobody else has a part in a segment its stores change the class of the object instead (<see cref="SegmentRetier"/>). A batch of <see cref="Compactor.BatchBytes"/> is on its way, for an archive one of
/// <see cref="MoveBatches.ArchiveBytes"/> and of one directory, and none begins while staging has no
/// room to spare or a store that must have it is away. What only comes of age waits for the policy's windows, unless somebody asked for the file's tier or for the transition. Nothing is looked for unless a placement was assigned or defined since nothing was found, or the volume was just opened.
/// </remarks>
internal sealed partial class PlacementMover : IDisposable
{
    private const int Page = 64;

    private static readonly TimeSpan Interval = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan LongestInterval = TimeSpan.FromHours(1);

    private readonly SemaphoreSlim _one = new(1, 1);
    private readonly SemaphoreSlim _wake = new(1, 1); // The last session may have left something.
    private readonly IMetadataStore _metadata;
    private readonly VolumeStores _stores;
    private readonly SegmentSource _source;
    private readonly StagingArea _staging;
    private readonly SegmentMove _move;
    private readonly SegmentRetier _retier;
    private readonly SessionFence _fence;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly HashSet<SegmentId> _unreadable = []; // Until the next mount. Under _one.
    private volatile HashSet<uint> _hindered = []; // Placements that a store which is away or want of room held up, in the last round.
    private volatile IReadOnlyList<string> _windows = []; // As they were last read.
    private volatile bool _waitsForWindow; // What came of age was left in the last round, since no window was open.
    private volatile bool _isOtherLeft; // Something was left in the last round for another reason than these.
    private volatile bool _isOutsideWindows; // Somebody asked for what came of age: until a round has tried all of it.
    private Misplacement? _left;
    private int _wakes; // What was counted before the last one says nothing of what it is about.

    internal PlacementMover(
        IMetadataStore metadata, VolumeStores stores, SegmentSource source, StagingArea staging, SegmentMove move, SegmentRetier retier, SessionFence fence, TimeProvider time, ILogger logger)
    {
        _metadata = metadata;
        _stores = stores;
        _source = source;
        _staging = staging;
        _move = move;
        _retier = retier;
        _fence = fence;
        _time = time;
        _logger = logger;
    }

    /// <summary>What was left to move when it was last counted; null before that, and from when it was woken on.</summary>
    internal Misplacement? Left => Volatile.Read(ref _left);

    /// <summary>Changes classes in place.</summary>
    internal SegmentRetier Retier => _retier;

    /// <summary>Called before each round of the background. For tests.</summary>
    internal Func<CancellationToken, Task>? BeforeRound { get; set; }

    /// <summary>Has it look now.</summary>
    internal void Wake()
    {
        lock (_wake)
        {
            _wakes++;
            _left = null;
            if (_wake.CurrentCount == 0)
            {
                _wake.Release();
            }
        }
    }

    /// <summary>Has it look now, and move what came of age outside its windows too, until a round has come to its end which no store that is away and no want of room held up, or the volume is closed.</summary>
    internal void WakeOutsideWindows()
    {
        lock (_wake)
        {
            _isOutsideWindows = true;
            Wake();
        }
    }

    /// <summary>Moves until stopped.</summary>
    internal async Task RunAsync(CancellationToken stop)
    {
        try
        {
            await _fence.WaitForClaimAsync(stop);
            while (true)
            {
                await _wake.WaitAsync(stop);
                TimeSpan pause = Interval;
                while (!await MoveOrLogAsync(stop))
                {
                    bool isWoken = await WaitForRoundAsync(pause, stop);
                    pause = isWoken ? Interval : PauseAfter(pause);
                }
            }
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            // The volume is closing, or a newer session has it.
        }
    }

    /// <summary>How long the background waits for its next round after one that it began by itself after such a pause.</summary>
    internal TimeSpan PauseAfter(TimeSpan pause) => IsHindered && !_isOtherLeft ? Interval : pause * 2 < LongestInterval ? pause * 2 : LongestInterval;

    /// <summary>Whether all that the last round could not move waits for the same still. Asks no store and reads no metadata.</summary>
    internal bool IsStillHindered => IsHindered && !_isOtherLeft && !IsFreed;

    private bool IsHindered => _hindered.Count > 0 || _waitsForWindow;

    private bool IsFreed => _hindered.Any(CanBegin) || (_waitsForWindow && IsInWindow);

    private bool IsInWindow => _isOutsideWindows || TimeWindow.AreOpenAt(_windows, _time.GetUtcNow());

    // Each round looks at every extent, and what is left may be in an archive for years: not so what waits for a store, for room or for a window, which is looked after without a round. Says whether it was woken.
    private async Task<bool> WaitForRoundAsync(TimeSpan pause, CancellationToken stop)
    {
        TimeSpan waited = TimeSpan.Zero;
        while (true)
        {
            TimeSpan step = IsHindered ? Interval : pause;
            if (await WaitAsync(step, stop))
            {
                return true;
            }

            waited += step;
            if (IsFreed || (waited >= pause && !IsStillHindered))
            {
                return false;
            }
        }
    }

    // Until then, or until it is woken, which it says.
    private async Task<bool> WaitAsync(TimeSpan pause, CancellationToken stop)
    {
        using var ends = CancellationTokenSource.CreateLinkedTokenSource(stop);
        Task woken = _wake.WaitAsync(ends.Token);
        Task due = Task.Delay(pause, _time, ends.Token);
        await Task.WhenAny(woken, due);
        await ends.CancelAsync();
        await woken.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await due.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        stop.ThrowIfCancellationRequested();
        return woken.IsCompletedSuccessfully;
    }

    /// <summary>One round over everything that is misplaced. True when nothing is left.</summary>
    /// <exception cref="IOException">The metadata cannot be read, or staging's disk takes no more.</exception>
    internal async Task<bool> MoveAsync(long bytesPerSecond, CancellationToken cancel)
    {
        if (_stores.Placements.Count == 1)
        {
            Set(Misplacement.None, Volatile.Read(ref _wakes));
            return true;
        }

        await _one.WaitAsync(cancel);
        try
        {
            int wakes = Volatile.Read(ref _wakes);
            _hindered = [];
            _waitsForWindow = false;
            _isOtherLeft = false;
            _windows = (await TransitionSettings.ReadAsync(_metadata, cancel)).Windows;
            Misplacement left = await CountAsync(cancel);
            var round = new MoveRound(_stores.Placements.FindHeads(), new MoveBatches(), new BandwidthGate(bytesPerSecond, _time));
            InodeId after = default;
            while (left.Files > 0)
            {
                IReadOnlyList<MisplacedFile> files = await Misplacement.ListAsync(_metadata, round.Heads, after, Page, cancel);
                foreach (IGrouping<uint, MisplacedFile> alike in files.GroupBy(static file => file.Placement))
                {
                    HashSet<SegmentId> asked = [.. MisplacedOf(alike.Key, alike.Where(static file => file.KeepsTier))];
                    await MoveAsync(alike.Key, [.. MisplacedOf(alike.Key, alike).Distinct()], asked, round, cancel);
                }

                if (files.Count < Page)
                {
                    break;
                }

                after = files[^1].Inode;
            }

            while (round.Batches.TakeAny() is { } batch)
            {
                await MoveAsync(batch, round, cancel);
            }

            left = left.Files == 0 ? left : await CountAsync(cancel);
            EndOutsideWindows(wakes);
            return left.Files == 0;
        }
        finally
        {
            _one.Release();
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _one.Dispose();
        _wake.Dispose();
    }

    // Lists look at what is committed.
    private async Task<Misplacement> CountAsync(CancellationToken cancel)
    {
        int wakes = Volatile.Read(ref _wakes);
        await _metadata.MakeDurableAsync(_metadata.Applied, cancel);
        Misplacement left = await Misplacement.CountAsync(_metadata, _stores.Placements, cancel);
        Set(left, wakes);
        return left;
    }

    private void Set(Misplacement left, int wakes)
    {
        lock (_wake)
        {
            _left = wakes == _wakes ? left : null;
        }
    }

    // Not what was asked for since the round began.
    private void EndOutsideWindows(int wakes)
    {
        lock (_wake)
        {
            _isOutsideWindows &= wakes != _wakes || _hindered.Count > 0;
        }
    }

    private IEnumerable<SegmentId> MisplacedOf(uint placement, IEnumerable<MisplacedFile> files) =>
        files.SelectMany(static file => file.Elsewhere).Where(there => !_stores.Placements.AreAlike(placement, there.Placement)).SelectMany(static there => there.Segments);

    private async Task<bool> MoveOrLogAsync(CancellationToken stop)
    {
        try
        {
            await (BeforeRound?.Invoke(stop) ?? Task.CompletedTask);
            return await MoveAsync((await TransitionSettings.ReadAsync(_metadata, stop)).BytesPerSecond, stop);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            LogRoundFailed(_logger, exception.HResult);
            return false;
        }
        catch (Exception exception) when (exception is not OperationCanceledException || !stop.IsCancellationRequested)
        {
            LogRoundBroken(_logger, exception); // Without this loop data would stay where it may not be.
            return false;
        }
    }

    // Files that somebody asked a tier for have data in the segments that are asked for.
    private async Task MoveAsync(uint placement, List<SegmentId> segments, HashSet<SegmentId> asked, MoveRound round, CancellationToken cancel)
    {
        foreach (SegmentId segment in segments)
        {
            if (!CanBegin(placement))
            {
                _hindered = [.. _hindered, placement];
                return;
            }

            MetadataResult<SegmentRow> row = await _metadata.GetSegmentAsync(segment, cancel);
            if (!row.Succeeded || _stores.Placements.AreAlike(row.Value.Placement, placement) || round.Batches.Has(placement, segment))
            {
                continue;
            }

            bool onlyAsked = IsTransition(row.Value.Placement, placement) && !IsInWindow;
            _waitsForWindow |= onlyAsked;
            if (onlyAsked && !asked.Contains(segment))
            {
                continue;
            }

            (List<SegmentUse> uses, bool isAll) = await FindUsesAsync(segment, placement, onlyAsked, cancel);
            (List<SegmentUse> beginnings, uses) = Split(uses, _stores.Placements.Find(placement)?.Head ?? 0);
            isAll &= beginnings.Count == 0;
            if (round.Heads.ContainsKey((placement, row.Value.Placement)))
            {
                beginnings.Clear(); // They are where they belong.
            }

            IReadOnlyList<(InodeId Directory, List<SegmentUse> Uses)> directories = IsArchive(placement) ? await ByDirectoryAsync(uses, cancel) : [(default, uses)];
            if (isAll && uses.Count > 0 && (!IsArchive(placement) || (directories.Count == 1 && IsMostlyUsed(row.Value, uses))))
            {
                RetierOutcome retiered = await _retier.TryAsync(row.Value, placement, cancel);
                _isOtherLeft |= retiered == RetierOutcome.NotNow;
                if (retiered != RetierOutcome.MustBeCopied)
                {
                    continue;
                }
            }

            // After the change in place: one that was cut off on the way to an archive cannot be read any more.
            if (_unreadable.Contains(segment) || !await IsReadableAsync(row.Value, cancel))
            {
                _isOtherLeft = true;
                continue;
            }

            foreach ((InodeId directory, List<SegmentUse> together) in directories)
            {
                if (together.Count > 0 && round.Batches.Add(new MoveTarget(placement, placement, row.Value.Domain, row.Value.Class, directory), together, BatchBytes(placement)) is { } batch)
                {
                    await MoveAsync(batch, round, cancel);
                }
            }

            if (beginnings.Count > 0
                && round.Batches.Add(new MoveTarget(placement, _stores.Placements.Find(placement)!.EndOfOrigin, row.Value.Domain, row.Value.Class, default), beginnings, Compactor.BatchBytes) is { } full)
            {
                await MoveAsync(full, round, cancel);
            }
        }
    }

    private async Task MoveAsync(MoveBatch batch, MoveRound round, CancellationToken cancel)
    {
        MoveTarget to = batch.Target;
        if (!CanBegin(to.Placement) || !_staging.HasSpareRoomForWhole(batch.Bytes))
        {
            _hindered = [.. _hindered, to.Placement];
            return; // The next round finds it again.
        }

        MoveOutcome outcome = await _move.RunAsync(
            new MoveRequest(to.Domain, to.Placement, to.Class, batch.Uses, [], round.Gate.PayAsync) { OnlyOfPlacement = to.Files, IsForArchive = IsArchive(to.Placement) }, cancel);
        _unreadable.UnionWith(outcome.Unreadable);
        _isOtherLeft |= !outcome.IsComplete;
        LogMoved(_logger, outcome.CopiedBytes, to.Placement);
    }

    // Between the tiers of one directory, and not since a policy says otherwise of it now.
    private bool IsTransition(uint from, uint to) =>
        _stores.Placements.Find(to) is { Origin: { } origin } && _stores.Placements.Find(from)?.EndOfOrigin == origin;

    private bool IsArchive(uint placement) => _stores.Placements.Find(placement) is { IsArchive: true };

    private long BatchBytes(uint placement) => IsArchive(placement) && _staging.HasSpareRoomFor(MoveBatches.ArchiveBytes) ? MoveBatches.ArchiveBytes : Compactor.BatchBytes;

    // Bytes that one file shows at its beginning and another of the placement further on go where the latter does.
    private static (List<SegmentUse> Beginnings, List<SegmentUse> Others) Split(List<SegmentUse> uses, long head)
    {
        var beginnings = new List<SegmentUse>();
        var rest = new List<SegmentUse>();
        foreach (SegmentUse use in uses)
        {
            Extent extent = use.Extent;
            long length = Math.Clamp(head - extent.FileOffset, 0, extent.Length);
            if (length > 0)
            {
                beginnings.Add(use with { Extent = extent with { Length = length } });
            }

            if (length < extent.Length)
            {
                rest.Add(use with { Extent = new Extent(extent.FileOffset + length, extent.Length - length, extent.Segment, extent.PlaintextOffset + length) });
            }
        }

        return (beginnings, rest);
    }

    // What lies in an archive is not compacted there, so that garbage would be paid for as long as the rest.
    private static bool IsMostlyUsed(SegmentRow row, List<SegmentUse> uses)
    {
        long used = 0;
        long end = 0;
        foreach (Extent extent in uses.Select(static use => use.Extent).OrderBy(static extent => extent.PlaintextOffset))
        {
            used += Math.Max(0, extent.PlaintextOffset + extent.Length - Math.Max(end, extent.PlaintextOffset));
            end = Math.Max(end, extent.PlaintextOffset + extent.Length);
        }

        return used >= row.PlaintextLength / 5 * 4;
    }

    // Of a file with several names that of the one which is the first for everybody; what has none any more is together.
    private async ValueTask<IReadOnlyList<(InodeId Directory, List<SegmentUse> Uses)>> ByDirectoryAsync(List<SegmentUse> uses, CancellationToken cancel)
    {
        var directories = new Dictionary<InodeId, InodeId>();
        var together = new SortedDictionary<InodeId, List<SegmentUse>>();
        foreach (SegmentUse use in uses)
        {
            if (!directories.TryGetValue(use.Inode, out InodeId directory))
            {
                MetadataResult<DirectoryEntry> entry = await _metadata.FindEntryAsync(use.Inode, cancel);
                directory = entry.Succeeded ? entry.Value.Parent : default;
                directories.Add(use.Inode, directory);
            }

            if (!together.TryGetValue(directory, out List<SegmentUse>? those))
            {
                together.Add(directory, those = []);
            }

            those.Add(use);
        }

        return [.. together.Select(static pair => (pair.Key, pair.Value))];
    }

    // What must have the copies before they count would keep the others waiting.
    private bool CanBegin(uint placement) =>
        _staging.HasSpareRoomFor(Compactor.BatchBytes)
        && _stores.Placements.Find(placement) is { } known
        && ((IEnumerable<int>)[known.Primary, .. known.Sync]).All(store => _stores.Find(store) is { IsAway: false });

    // A staged one is read from staging; an archived one is never read for this.
    private async ValueTask<bool> IsReadableAsync(SegmentRow row, CancellationToken cancel) =>
        row.State == SegmentState.Staged || (row.State == SegmentState.Live && await _source.IsReadableAsync(row, cancel));

    // The live ones first: what dies in between is in both. And whether there are no others. Only asked: of files that somebody asked a tier for.
    private async ValueTask<(List<SegmentUse> Uses, bool IsAll)> FindUsesAsync(SegmentId segment, uint placement, bool onlyAsked, CancellationToken cancel)
    {
        MetadataResult<IReadOnlyList<SegmentUse>> live = await _metadata.GetSegmentUsesAsync(segment, cancel);
        MetadataResult<IReadOnlyList<SegmentUse>> past = await _metadata.GetSegmentPastUsesAsync(segment, cancel);
        var found = new List<SegmentUse>();
        bool isAll = live.Succeeded && past.Succeeded;
        var known = new Dictionary<InodeId, bool>();
        foreach (SegmentUse use in (IEnumerable<SegmentUse>)[.. live.Succeeded ? live.Value : [], .. past.Succeeded ? past.Value : []])
        {
            if (!known.TryGetValue(use.Inode, out bool isMeant))
            {
                MetadataResult<InodeAttributes> inode = await _metadata.GetInodeAsync(use.Inode, cancel);
                isMeant = inode.Succeeded && inode.Value.Placement == placement && (!onlyAsked || (inode.Value.Flags & InodeFlags.KeepsTier) != 0);
                known.Add(use.Inode, isMeant);
            }

            isAll &= isMeant;
            if (isMeant)
            {
                found.Add(use);
            }
        }

        return (found, isAll);
    }

    [LoggerMessage(630, LogLevel.Debug, "{Bytes} bytes were copied to segments of placement {Placement}")]
    private static partial void LogMoved(ILogger logger, long bytes, uint placement);

    [LoggerMessage(631, LogLevel.Warning, "Moving data to its placement met a disk that refuses (error {Error}); it is tried again")]
    private static partial void LogRoundFailed(ILogger logger, int error);

    [LoggerMessage(632, LogLevel.Critical, "Moving data to its placement failed unexpectedly; it is tried again at the next interval")]
    private static partial void LogRoundBroken(ILogger logger, Exception exception);
}
