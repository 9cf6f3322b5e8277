using HipaaFs.Compaction;
using HipaaFs.Crypto;
using HipaaFs.Handles;
using HipaaFs.Metadata;
using HipaaFs.Platform;
using HipaaFs.Segments;
using HipaaFs.Sessions;
using Microsoft.Extensions.Logging;
using Microsoft.Win32.SafeHandles;

namespace HipaaFs.Staging;

/// <summary>Copies what is still referred to of an unfinished segment into a new one, with a new id and key, and lets the old one go.</summary>
/// <remarks>
/// An unfinished segment stems from a process that ended without finishing it; nothing may ever be sealed under its id again, its index included. Or little of it is
/// needed any more, and writeback left it unfinished so that only that is uploaded (<see cref="PackedLength"/>).
/// What cannot be read of it stays where it is, with the segment, and is named (<see cref="Damage"/>); everything else is copied, and the volume goes on.
/// Rows change in place, past ones with the others, as compaction does it: nobody waits, and no time or version of a file changes.
/// </remarks>
internal sealed partial class Repacker : IDisposable
{
    private readonly SemaphoreSlim _one = new(1, 1);
    private readonly Lock _lock = new();
    private readonly Dictionary<SegmentId, DamagedSegment> _damaged = []; // Guarded by _lock.
    private readonly IMetadataStore _metadata;
    private readonly SegmentReader _reader;
    private readonly SegmentWriters _writers;
    private readonly StagingArea _staging;
    private readonly SegmentViews _views;
    private readonly SessionClock _clock;
    private readonly ExtentRelocation _relocation;
    private readonly ILogger _logger;
    private long _letGo;

    internal Repacker(
        IMetadataStore metadata,
        SegmentReader reader,
        SegmentWriters writers,
        StagingArea staging,
        SegmentViews views,
        FileTable files,
        SessionClock clock,
        ILogger logger)
    {
        _metadata = metadata;
        _reader = reader;
        _writers = writers;
        _staging = staging;
        _views = views;
        _clock = clock;
        _relocation = new ExtentRelocation(metadata, files, clock);
        _logger = logger;
    }

    /// <summary>How many segments were let go so far, or all of them that can be read. Rows that were committed before refer to them, and to what will never be in a store.</summary>
    internal long LetGo => Volatile.Read(ref _letGo);

    /// <summary>Data that was written and cannot be read any more.</summary>
    internal IReadOnlyList<DamagedRun> Damage
    {
        get
        {
            lock (_lock)
            {
                return [.. _damaged.Values.SelectMany(static segment => segment.Runs)];
            }
        }
    }

    /// <summary>Whether no unfinished segment waits but for what cannot be read of it.</summary>
    internal bool IsSettled => _staging.Stranded.All(segment => FindDamage(segment.Id) is not null);

    /// <summary>Whether no unfinished segment waits but for what cannot be read of it, and none was let go since <see cref="LetGo"/> was read.</summary>
    internal bool IsSettledSince(long letGo) => IsSettled && LetGo == letGo;

    /// <summary>Repacks every unfinished segment that nothing writes to any more, as far as it can be read. False when one of them has to be tried again.</summary>
    internal async Task<bool> RepackStrandedAsync(CancellationToken cancel)
    {
        await _one.WaitAsync(cancel);
        try
        {
            bool all = true;
            foreach (StagedSegment segment in _staging.Stranded)
            {
                all &= await TryRepackAsync(segment, cancel);
            }

            return all;
        }
        finally
        {
            _one.Release();
        }
    }

    /// <summary>
    /// Repacks every unfinished segment and then runs something, before it begins another one: no row then refers to an unfinished segment of its own or of an older
    /// process, but those of data that cannot be read.
    /// </summary>
    /// <returns><see cref="FsError.Io"/> when an unfinished segment has to be tried again.</returns>
    internal async Task<FsError> RunWhenSettledAsync(Func<Task<FsError>> action, CancellationToken cancel)
    {
        await _one.WaitAsync(cancel);
        try
        {
            bool all = true;
            foreach (StagedSegment segment in _staging.Stranded)
            {
                all &= await TryRepackAsync(segment, cancel); // What makes room for others may come last.
            }

            return all ? await action() : FsError.Io;
        }
        finally
        {
            _one.Release();
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _one.Dispose();

    private DamagedSegment? FindDamage(SegmentId segment)
    {
        lock (_lock)
        {
            return _damaged.GetValueOrDefault(segment);
        }
    }

    private async Task<bool> TryRepackAsync(StagedSegment old, CancellationToken cancel)
    {
        using var copy = new SegmentCopy(_reader, _writers, _staging, old.Row.Domain, old.Row.Placement, old.Row.Class) { IsPacked = true };
        var readable = new ReadableCopy(copy);
        try
        {
            (IReadOnlyList<SegmentUse> Live, IReadOnlyList<SegmentUse> Past)? uses = await FindUsesAsync(old.Id, cancel);
            if (uses is not { } found)
            {
                return false;
            }

            if (FindDamage(old.Id)?.IsFinal([.. found.Live, .. found.Past]) == true)
            {
                return true;
            }

            bool isOpenable = IsOpenable(old.Path);
            // The last room is that of the metadata's commits, which may be on the same disk.
            long needed = isOpenable ? PackedLength.Of([.. found.Live, .. found.Past]) : 0;
            if (needed > 0 && !_staging.HasRoomFor(needed))
            {
                LogNoRoom(_logger, old.Id);
                return false;
            }

            foreach (SegmentUse use in isOpenable ? [] : SegmentMove.WithoutRepetition([.. found.Live, .. found.Past]))
            {
                readable.NoteUnreadable(use, FsError.Io);
            }

            bool whole = !isOpenable || await RelocateAsync(found, copy, readable, cancel);
            if (!whole || !await copy.FinishAsync(cancel))
            {
                return false;
            }

            return readable.Damage.Count == 0 ? await LetGoAsync(old, cancel) : await KeepAsync(old, readable.Damage, cancel);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            LogDiskFailed(_logger, old.Id, exception.HResult);
            return false;
        }
    }

    private async ValueTask<(IReadOnlyList<SegmentUse> Live, IReadOnlyList<SegmentUse> Past)?> FindUsesAsync(SegmentId segment, CancellationToken cancel)
    {
        MetadataResult<IReadOnlyList<SegmentUse>> live = await _metadata.GetSegmentUsesAsync(segment, cancel);
        MetadataResult<IReadOnlyList<SegmentUse>> past = await _metadata.GetSegmentPastUsesAsync(segment, cancel);
        return live.Succeeded && past.Succeeded ? (live.Value, past.Value) : null;
    }

    // A file that is gone, or that the disk does not open, keeps its rows; it may be brought back.
    private static bool IsOpenable(string path)
    {
        try
        {
            using SafeFileHandle file = DurableFile.OpenRead(path);
            return true;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }

    // Who overwrites meanwhile refers to something else then.
    private async Task<bool> RelocateAsync(
        (IReadOnlyList<SegmentUse> Live, IReadOnlyList<SegmentUse> Past) uses, SegmentCopy copy, ReadableCopy readable, CancellationToken cancel)
    {
        var relocations = new Relocations();
        foreach (SegmentUse use in SegmentMove.WithoutRepetition([.. uses.Live, .. uses.Past]).OrderBy(static use => use.Inode).ThenBy(static use => use.Extent.FileOffset))
        {
            var parts = new List<Extent>();
            FsError error = await readable.CopyAsync(use, parts, cancel);
            if (error != FsError.None)
            {
                LogUnreadable(_logger, use.Extent.Segment, use.Inode, error);
                return false;
            }

            foreach (Extent part in parts)
            {
                long skipped = part.FileOffset - use.Extent.FileOffset;
                var from = new Extent(part.FileOffset, part.Length, use.Extent.Segment, use.Extent.PlaintextOffset + skipped);
                relocations.Add(from, [part]);
            }
        }

        return await copy.MakeReferableAsync() && await _relocation.RunAsync(relocations, placement: null, static () => Task.CompletedTask, cancel);
    }

    // The file must stay, and with it the only copy of what another try, or another tool, may read yet.
    private async Task<bool> KeepAsync(StagedSegment old, List<DamagedRun> damage, CancellationToken cancel)
    {
        if (await FindUsesAsync(old.Id, cancel) is not { } left)
        {
            return false;
        }

        DamagedSegment? known = FindDamage(old.Id);
        foreach (DamagedRun run in damage)
        {
            if (known?.Runs.Contains(run) != true)
            {
                LogDamaged(_logger, run.Inode, run.FirstFrame, run.FirstFrame + run.Frames - 1, run.Segment, run.Error);
            }
        }

        Interlocked.Increment(ref _letGo); // Rows that were committed before refer to what has moved; before it counts as settled, as in LetGoAsync.
        lock (_lock)
        {
            _damaged[old.Id] = new DamagedSegment(damage, DamagedSegment.InOrder([.. left.Live, .. left.Past]));
        }

        return true;
    }

    private async Task<bool> LetGoAsync(StagedSegment old, CancellationToken cancel)
    {
        MetadataResult<Applied> condemned = await _metadata.CondemnSegmentAsync(_clock.NextOperation(), old.Id, _clock.Now, cancel);
        if (!condemned.Succeeded)
        {
            return false;
        }

        // Its row stays, condemned: a process that ended between the upload and the commit that notes it has left an object, which the collector deletes.
        MetadataResult<CommitSequence> durable = await _metadata.MakeDurableAsync(_metadata.Applied, cancel);
        if (!durable.Succeeded)
        {
            return false;
        }

        Interlocked.Increment(ref _letGo); // Before it is no longer stranded: whoever asks sees the one or the other.
        _views.Forget(old.Id);
        File.Delete(old.Path);
        _staging.Remove(old.Id);
        lock (_lock)
        {
            _damaged.Remove(old.Id);
        }

        return true;
    }

    [LoggerMessage(594, LogLevel.Warning, "There is no room to repack unfinished segment {Segment}; it is tried again")]
    private static partial void LogNoRoom(ILogger logger, SegmentId segment);

    [LoggerMessage(581, LogLevel.Error, "Unfinished segment {Segment} could not be repacked (error {Error}); it is tried again")]
    private static partial void LogDiskFailed(ILogger logger, SegmentId segment, int error);

    [LoggerMessage(582, LogLevel.Error, "Data of inode {Inode} is damaged: frames {First} to {Last} of unfinished segment {Segment} cannot be read ({Error}). They stay in staging; everything else of it is safe")]
    private static partial void LogDamaged(ILogger logger, InodeId inode, long first, long last, SegmentId segment, FsError error);

    [LoggerMessage(580, LogLevel.Error, "Unfinished segment {Segment}: data of inode {Inode} cannot be read ({Error}); it is tried again")]
    private static partial void LogUnreadable(ILogger logger, SegmentId segment, InodeId inode, FsError error);
}
