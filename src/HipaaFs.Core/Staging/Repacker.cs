using HipaaFs.Crypto;
using HipaaFs.Handles;
using HipaaFs.Metadata;
using HipaaFs.Segments;
using HipaaFs.Sessions;
using Microsoft.Extensions.Logging;

namespace HipaaFs.Staging;

/// <summary>Copies what is still referred to of an unfinished segment into a new one, with a new id and key, and lets the old one go.</summary>
/// <remarks>
/// An unfinished segment stems from a process that ended without finishing it; nothing may ever be sealed under its id again, its index included.
/// What cannot be read of it stays where it is, with the segment, and is named (<see cref="Damage"/>); everything else is copied, and the volume goes on.
/// </remarks>
internal sealed partial class Repacker : IDisposable
{
    // Files whose gates are held together: one sync serves them all, and the uses of the segment are read once for them.
    private const int FilesAtOnce = 512;

    private readonly SemaphoreSlim _one = new(1, 1);
    private readonly Lock _lock = new();
    private readonly Dictionary<SegmentId, DamagedSegment> _damaged = []; // Guarded by _lock.
    private readonly IMetadataStore _metadata;
    private readonly SegmentReader _reader;
    private readonly SegmentWriters _writers;
    private readonly StagingArea _staging;
    private readonly SegmentViews _views;
    private readonly FileTable _files;
    private readonly SessionClock _clock;
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
        _files = files;
        _clock = clock;
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

    /// <summary>Whether no unfinished segment waits but for what cannot be read of it, and none was let go since <see cref="LetGo"/> was read.</summary>
    internal bool IsSettledSince(long letGo) => _staging.Stranded.All(segment => FindDamage(segment.Id) is not null) && LetGo == letGo;

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

    /// <summary>Repacks every unfinished segment and then runs something, before it begins another one: no row then refers to an unfinished segment of its own or of an older process.</summary>
    /// <returns><see cref="FsError.Io"/> when an unfinished segment stays, for what cannot be read of it too.</returns>
    internal async Task<FsError> RunWhenSettledAsync(Func<Task<FsError>> action, CancellationToken cancel)
    {
        await _one.WaitAsync(cancel);
        try
        {
            foreach (StagedSegment segment in _staging.Stranded)
            {
                if (!await TryRepackAsync(segment, cancel) || FindDamage(segment.Id) is not null)
                {
                    return FsError.Io;
                }
            }

            return await action();
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
        using var copy = new SegmentCopy(_reader, _writers, _staging, old.Row.Domain, old.Row.Class);
        try
        {
            MetadataResult<IReadOnlyList<SegmentUse>> uses = await _metadata.GetSegmentUsesAsync(old.Id, cancel);
            if (!uses.Succeeded)
            {
                return false;
            }

            if (FindDamage(old.Id)?.IsFinal(uses.Value) == true)
            {
                return true;
            }

            var damage = new List<DamagedRun>();
            if (!await CopyOutAsync(old, uses.Value, copy, damage, cancel) || !await copy.FinishAsync(cancel))
            {
                return false;
            }

            return damage.Count == 0 ? await LetGoAsync(old, cancel) : await KeepAsync(old, damage, cancel);
        }
        catch (IOException exception)
        {
            LogDiskFailed(_logger, old.Id, exception.HResult);
            return false;
        }
    }

    private async Task<bool> CopyOutAsync(
        StagedSegment old, IReadOnlyList<SegmentUse> uses, SegmentCopy copy, List<DamagedRun> damage, CancellationToken cancel)
    {
        bool whole = true;
        foreach (InodeId[] inodes in uses.Select(static use => use.Inode).Distinct().Order().Chunk(FilesAtOnce))
        {
            List<FileState> files = await EnterAsync(inodes, cancel);
            try
            {
                whole &= await MoveAsync(old, files, copy, damage, cancel);
            }
            finally
            {
                Leave(files);
            }
        }

        return whole;
    }

    // The file must stay, and with it the only copy of what another try, or another tool, may read yet.
    private async Task<bool> KeepAsync(StagedSegment old, List<DamagedRun> damage, CancellationToken cancel)
    {
        MetadataResult<IReadOnlyList<SegmentUse>> left = await _metadata.GetSegmentUsesAsync(old.Id, cancel);
        if (!left.Succeeded)
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
            _damaged[old.Id] = new DamagedSegment(damage, DamagedSegment.InOrder(left.Value));
        }

        return true;
    }

    // In the order of ids, as writeback enters them.
    private async Task<List<FileState>> EnterAsync(InodeId[] inodes, CancellationToken cancel)
    {
        var entered = new List<FileState>(inodes.Length);
        try
        {
            foreach (InodeId inode in inodes)
            {
                FileState file = _files.Acquire(inode);
                try
                {
                    await file.ExtentGate.WaitAsync(cancel);
                }
                catch (OperationCanceledException)
                {
                    _files.Release(file);
                    throw;
                }

                entered.Add(file);
            }

            return entered;
        }
        catch (OperationCanceledException)
        {
            Leave(entered);
            throw;
        }
    }

    private void Leave(List<FileState> files)
    {
        foreach (FileState file in files)
        {
            file.ExtentGate.Release();
            _files.Release(file);
        }
    }

    // Uses are read again under the files' gates: what was overwritten since is not copied.
    private async Task<bool> MoveAsync(
        StagedSegment old, List<FileState> files, SegmentCopy copy, List<DamagedRun> damage, CancellationToken cancel)
    {
        MetadataResult<IReadOnlyList<SegmentUse>> uses = await _metadata.GetSegmentUsesAsync(old.Id, cancel);
        if (!uses.Succeeded)
        {
            return false;
        }

        ILookup<InodeId, SegmentUse> byInode = uses.Value.ToLookup(static use => use.Inode);
        var moved = new List<(FileState File, List<Extent> Extents)>();
        bool whole = true;
        foreach (FileState file in files)
        {
            var extents = new List<Extent>();
            foreach (SegmentUse use in byInode[file.Id].OrderBy(static use => use.Extent.FileOffset))
            {
                whole &= await CopyAsync(use, copy, extents, damage, cancel);
            }

            if (extents.Count > 0)
            {
                moved.Add((file, extents));
            }
        }

        if (!await copy.MakeReferableAsync())
        {
            return false;
        }

        foreach ((FileState file, List<Extent> extents) in moved)
        {
            whole &= await PointToAsync(file, extents, cancel);
        }

        return whole;
    }

    // Copies a run but for the frames that cannot be read. False when a reason other than the frames themselves stands in the way.
    private async Task<bool> CopyAsync(SegmentUse use, SegmentCopy copy, List<Extent> moved, List<DamagedRun> damage, CancellationToken cancel)
    {
        Extent rest = use.Extent;
        while (rest.Length > 0)
        {
            int before = moved.Count;
            FsError error = await copy.CopyAsync(use.Inode, rest, moved, cancel);
            if (error == FsError.None)
            {
                return true;
            }

            rest = After(rest, LengthFrom(moved, before)); // It begins with the chunk in which a frame cannot be read.
            switch (error)
            {
                case FsError.NotAuthentic:
                    rest = await CopyFramesAsync(use.Inode, rest, copy, moved, damage, cancel);
                    break;
                case FsError.Io when !File.Exists(_staging.PathOf(rest.Segment)):
                    Note(damage, use.Inode, rest, error);
                    return true;
                default:
                    LogUnreadable(_logger, rest.Segment, use.Inode, error);
                    return false;
            }
        }

        return true;
    }

    // Copies what can be read of a run's first chunk, frame by frame. Returns what follows the chunk.
    private static async Task<Extent> CopyFramesAsync(
        InodeId inode, Extent run, SegmentCopy copy, List<Extent> moved, List<DamagedRun> damage, CancellationToken cancel)
    {
        long end = Math.Min(run.Length, SegmentCopy.Chunk);
        long done = 0;
        while (done < end)
        {
            long untilNext = SegmentFormat.FrameSize - ((run.PlaintextOffset + done) % SegmentFormat.FrameSize);
            Extent piece = After(run, done) with { Length = Math.Min(untilNext, end - done) };
            FsError error = await copy.CopyAsync(inode, piece, moved, cancel);
            if (error != FsError.None)
            {
                Note(damage, inode, piece, error);
            }

            done += piece.Length;
        }

        return After(run, end);
    }

    private static Extent After(Extent run, long length) =>
        new(run.FileOffset + length, run.Length - length, run.Segment, run.PlaintextOffset + length);

    private static long LengthFrom(List<Extent> extents, int first)
    {
        long length = 0;
        for (int i = first; i < extents.Count; i++)
        {
            length += extents[i].Length;
        }

        return length;
    }

    private static void Note(List<DamagedRun> damage, InodeId inode, Extent run, FsError error)
    {
        (long first, long last) = SegmentDamage.FramesOf(run);
        if (damage.Count > 0
            && damage[^1] is { } previous
            && (previous.Inode, previous.Segment, previous.Error) == (inode, run.Segment, error)
            && previous.FirstFrame + previous.Frames >= first
            && previous.FirstFrame <= first)
        {
            damage[^1] = previous with { Frames = Math.Max(previous.Frames, last - previous.FirstFrame + 1) };
            return;
        }

        damage.Add(new DamagedRun(inode, run.Segment, first, last - first + 1, error));
    }

    private async Task<bool> PointToAsync(FileState file, IReadOnlyList<Extent> extents, CancellationToken cancel)
    {
        MetadataResult<Applied<InodeAttributes>> written = await _metadata.WriteExtentsAsync(
            new WriteExtentsRequest
            {
                Operation = _clock.NextOperation(),
                Now = _clock.Now,
                Inode = file.Id,
                Extents = extents.ToArray(),
                SizeMode = SizeMode.GrowTo,
            },
            cancel);
        lock (file.Gate)
        {
            file.Extents.Clear();
            file.ExtentVersion++;
        }

        return written.Succeeded || written.Error == MetadataError.NotFound;
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

    [LoggerMessage(581, LogLevel.Error, "Unfinished segment {Segment} could not be repacked (error {Error}); it is tried again")]
    private static partial void LogDiskFailed(ILogger logger, SegmentId segment, int error);

    [LoggerMessage(582, LogLevel.Error, "Data of inode {Inode} is damaged: frames {First} to {Last} of unfinished segment {Segment} cannot be read ({Error}). They stay in staging; everything else of it is safe")]
    private static partial void LogDamaged(ILogger logger, InodeId inode, long first, long last, SegmentId segment, FsError error);

    [LoggerMessage(580, LogLevel.Error, "Unfinished segment {Segment}: data of inode {Inode} cannot be read ({Error}); it is tried again")]
    private static partial void LogUnreadable(ILogger logger, SegmentId segment, InodeId inode, FsError error);
}
