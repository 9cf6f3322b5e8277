using HipaaFs.Crypto;
using HipaaFs.Handles;
using HipaaFs.Metadata;
using HipaaFs.Segments;
using HipaaFs.Sessions;
using Microsoft.Extensions.Logging;

namespace HipaaFs.Staging;

/// <summary>Copies what is still referred to of an unfinished segment into a new one, with a new id and key, and lets the old one go.</summary>
/// <remarks>An unfinished segment stems from a process that ended without finishing it; nothing may ever be sealed under its id again, its index included.</remarks>
internal sealed partial class Repacker
{
    private const int Chunk = 1 << 20;

    private readonly IMetadataStore _metadata;
    private readonly SegmentReader _reader;
    private readonly SegmentWriters _writers;
    private readonly StagingArea _staging;
    private readonly SegmentViews _views;
    private readonly FileTable _files;
    private readonly SessionClock _clock;
    private readonly ILogger _logger;

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

    /// <summary>Repacks one segment. False when some of it could not be read; it then stays.</summary>
    internal async Task<bool> RepackAsync(StagedSegment old, CancellationToken cancel)
    {
        MetadataResult<IReadOnlyList<SegmentUse>> uses = await _metadata.GetSegmentUsesAsync(old.Id, cancel);
        if (!uses.Succeeded)
        {
            return false;
        }

        SegmentWriter? writer = null;
        bool isRegistered = false;
        bool whole = true;
        foreach (IGrouping<InodeId, SegmentUse> file in uses.Value.GroupBy(static use => use.Inode))
        {
            // Each file begins with a frame of its own here, so many small ones may need more room than they had.
            if (writer is not null && writer.FramesLeft < FramesFor(file))
            {
                await FinishAsync(writer, isRegistered, cancel);
                writer = null;
                isRegistered = false;
            }

            writer ??= _writers.Begin(old.Row.Domain, old.Row.Class);
            FileState state = _files.Acquire(file.Key);
            await state.ExtentGate.WaitAsync(cancel);
            try
            {
                MetadataResult<IReadOnlyList<Extent>> moved = await CopyAsync(writer, old.Id, file.Key, cancel);
                if (!moved.Succeeded)
                {
                    whole = false;
                    continue;
                }

                if (!isRegistered && await _writers.RegisterAsync(writer, cancel) != MetadataError.None)
                {
                    return false;
                }

                isRegistered = true;
                whole &= await PointToAsync(state, moved.Value, cancel);
            }
            finally
            {
                state.ExtentGate.Release();
                _files.Release(state);
            }
        }

        await FinishAsync(writer, isRegistered, cancel);
        return whole && await LetGoAsync(old, cancel);
    }

    private static long FramesFor(IEnumerable<SegmentUse> uses)
    {
        long frames = 0;
        foreach (SegmentUse use in uses)
        {
            frames += SegmentFormat.FrameCount(use.Extent.Length) + 1;
        }

        return frames;
    }

    // Uses are read again under the file's gate: what was overwritten since is not copied.
    private async Task<MetadataResult<IReadOnlyList<Extent>>> CopyAsync(SegmentWriter writer, SegmentId old, InodeId inode, CancellationToken cancel)
    {
        MetadataResult<IReadOnlyList<SegmentUse>> uses = await _metadata.GetSegmentUsesAsync(old, cancel);
        if (!uses.Succeeded)
        {
            return uses.Error;
        }

        var moved = new List<Extent>();
        byte[] buffer = new byte[Chunk];
        foreach (SegmentUse use in uses.Value.Where(use => use.Inode == inode).OrderBy(static use => use.Extent.FileOffset))
        {
            Extent from = use.Extent;
            for (long done = 0; done < from.Length; done += Chunk)
            {
                Memory<byte> part = buffer.AsMemory(0, (int)Math.Min(Chunk, from.Length - done));
                FsError read = await _reader.ReadAsync(old, from.PlaintextOffset + done, part, inode, cancel);
                if (read != FsError.None)
                {
                    LogUnreadable(_logger, old, inode, read);
                    return MetadataError.Io;
                }

                long fits = writer.BeginRun(inode.Value, from.FileOffset + done, part.Length);
                if (fits < part.Length)
                {
                    return MetadataError.NoSpace;
                }

                writer.Write(part.Span);
                moved.Add(writer.EndRun());
            }
        }

        writer.Flush();
        writer.Sync();
        return new MetadataResult<IReadOnlyList<Extent>>(moved);
    }

    private async Task<bool> PointToAsync(FileState file, IReadOnlyList<Extent> extents, CancellationToken cancel)
    {
        if (extents.Count == 0)
        {
            return true;
        }

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

    private async Task FinishAsync(SegmentWriter? writer, bool isRegistered, CancellationToken cancel)
    {
        if (writer is null)
        {
            return;
        }

        if (!isRegistered)
        {
            _writers.Discard(writer);
            return;
        }

        await _writers.FinishAsync(writer, cancel);
    }

    private async Task<bool> LetGoAsync(StagedSegment old, CancellationToken cancel)
    {
        MetadataResult<Applied> condemned = await _metadata.CondemnSegmentAsync(_clock.NextOperation(), old.Id, _clock.Now, cancel);
        if (!condemned.Succeeded)
        {
            return false;
        }

        await _metadata.ForgetSegmentAsync(_clock.NextOperation(), old.Id, cancel);
        MetadataResult<CommitSequence> durable = await _metadata.MakeDurableAsync(_metadata.Applied, cancel);
        if (!durable.Succeeded)
        {
            return false;
        }

        _views.Forget(old.Id);
        File.Delete(old.Path);
        _staging.Remove(old.Id);
        return true;
    }

    [LoggerMessage(580, LogLevel.Error, "Unfinished segment {Segment}: data of inode {Inode} cannot be read ({Error}); the segment stays in staging")]
    private static partial void LogUnreadable(ILogger logger, SegmentId segment, InodeId inode, FsError error);
}
