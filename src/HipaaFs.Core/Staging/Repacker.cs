using HipaaFs.Crypto;
using HipaaFs.Handles;
using HipaaFs.Metadata;
using HipaaFs.Segments;
using HipaaFs.Sessions;
using Microsoft.Extensions.Logging;

namespace HipaaFs.Staging;

/// <summary>Copies what is still referred to of an unfinished segment into a new one, with a new id and key, and lets the old one go.</summary>
/// <remarks>An unfinished segment stems from a process that ended without finishing it; nothing may ever be sealed under its id again, its index included.</remarks>
internal sealed partial class Repacker : IDisposable
{
    // Files whose gates are held together: one sync serves them all, and the uses of the segment are read once for them.
    private const int FilesAtOnce = 512;

    private readonly SemaphoreSlim _one = new(1, 1);
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

    /// <summary>How many segments were let go so far. Rows that were committed before refer to them, and to what will never be in a store.</summary>
    internal long LetGo => Volatile.Read(ref _letGo);

    /// <summary>Whether no unfinished segment waits, and none was let go since <see cref="LetGo"/> was read.</summary>
    internal bool IsSettledSince(long letGo) => _staging.Stranded.Count == 0 && LetGo == letGo;

    /// <summary>Repacks every unfinished segment that nothing writes to any more. False when one of them stays.</summary>
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
    /// <returns><see cref="FsError.Io"/> when an unfinished segment stays.</returns>
    internal async Task<FsError> RunWhenSettledAsync(Func<Task<FsError>> action, CancellationToken cancel)
    {
        await _one.WaitAsync(cancel);
        try
        {
            foreach (StagedSegment segment in _staging.Stranded)
            {
                if (!await TryRepackAsync(segment, cancel))
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

    private async Task<bool> TryRepackAsync(StagedSegment old, CancellationToken cancel)
    {
        using var copy = new SegmentCopy(_reader, _writers, _staging, old.Row.Domain, old.Row.Class);
        try
        {
            return await CopyOutAsync(old, copy, cancel) && await copy.FinishAsync(cancel) && await LetGoAsync(old, cancel);
        }
        catch (IOException exception)
        {
            LogDiskFailed(_logger, old.Id, exception.HResult);
            return false;
        }
    }

    private async Task<bool> CopyOutAsync(StagedSegment old, SegmentCopy copy, CancellationToken cancel)
    {
        MetadataResult<IReadOnlyList<SegmentUse>> uses = await _metadata.GetSegmentUsesAsync(old.Id, cancel);
        if (!uses.Succeeded)
        {
            return false;
        }

        bool whole = true;
        foreach (InodeId[] inodes in uses.Value.Select(static use => use.Inode).Distinct().Order().Chunk(FilesAtOnce))
        {
            List<FileState> files = await EnterAsync(inodes, cancel);
            try
            {
                whole &= await MoveAsync(old, files, copy, cancel);
            }
            finally
            {
                Leave(files);
            }
        }

        return whole;
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
    private async Task<bool> MoveAsync(StagedSegment old, List<FileState> files, SegmentCopy copy, CancellationToken cancel)
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
            List<Extent>? extents = await CopyAsync(old, file.Id, byInode[file.Id], copy, cancel);
            whole &= extents is not null;
            if (extents is { Count: > 0 })
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

    // Copies one file's runs. Null when one of them cannot be read; the file then keeps all of them where they are.
    private async Task<List<Extent>?> CopyAsync(
        StagedSegment old, InodeId inode, IEnumerable<SegmentUse> uses, SegmentCopy copy, CancellationToken cancel)
    {
        var moved = new List<Extent>();
        foreach (SegmentUse use in uses.OrderBy(static use => use.Extent.FileOffset))
        {
            FsError read = await copy.CopyAsync(inode, use.Extent, moved, cancel);
            if (read != FsError.None)
            {
                LogUnreadable(_logger, old.Id, inode, read);
                return null;
            }
        }

        return moved;
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
        return true;
    }

    [LoggerMessage(581, LogLevel.Error, "Unfinished segment {Segment} could not be repacked (error {Error}); it is tried again")]
    private static partial void LogDiskFailed(ILogger logger, SegmentId segment, int error);

    [LoggerMessage(580, LogLevel.Error, "Unfinished segment {Segment}: data of inode {Inode} cannot be read ({Error}); the segment stays in staging")]
    private static partial void LogUnreadable(ILogger logger, SegmentId segment, InodeId inode, FsError error);
}
