using HipaaFs.Collection;
using HipaaFs.Crypto;
using HipaaFs.Handles;
using HipaaFs.Metadata;
using HipaaFs.Segments;
using HipaaFs.Sessions;
using HipaaFs.Staging;
using Microsoft.Extensions.Logging;

namespace HipaaFs.Compaction;

/// <summary>Moves runs of segments to new segments while files are read, written, cut, cloned and deleted, and snapshots taken, read and deleted.</summary>
/// <remarks>
/// <para>Steps: (1) copy each run once, however many files and snapshots share it; (2) finish the new segments and wait until the store has them; (3) where extents are
/// to be joined: file by file, under its gate and only if its row has not changed since it was looked at, let what still refers to an old run refer to its copy;
/// (4) some hundred runs at a time, let every row, live and past, that refers to a run refer to its copy, in place.</para>
/// <para>Step 4 needs no gate: whatever a row means, it means the same bytes afterwards. Who holds extents in memory reads them again, and has until the old segment is
/// deleted to do so; a read that finds it deleted is done again (<see cref="FileState.ExtentVersion"/>).</para>
/// <para>A crash before 3 leaves segments that nothing refers to, which are collected; later, rows of which some refer to the copy and some to the original, and
/// both are there: an old segment goes when the collector has proved that nothing refers to it. No gate is held while bytes move.</para>
/// </remarks>
internal sealed partial class SegmentMove
{
    private const int Attempts = 3;
    private const int UsesAtOnce = 256;

    private readonly IMetadataStore _metadata;
    private readonly SegmentReader _reader;
    private readonly SegmentWriters _writers;
    private readonly StagingArea _staging;
    private readonly Uploader _uploader;
    private readonly SegmentCollector _collector;
    private readonly FileTable _files;
    private readonly SessionClock _clock;
    private readonly ExtentRelocation _relocation;
    private readonly ILogger _logger;

    internal SegmentMove(
        IMetadataStore metadata,
        SegmentReader reader,
        SegmentWriters writers,
        StagingArea staging,
        Uploader uploader,
        SegmentCollector collector,
        FileTable files,
        SessionClock clock,
        ILogger logger)
    {
        _metadata = metadata;
        _reader = reader;
        _writers = writers;
        _staging = staging;
        _uploader = uploader;
        _collector = collector;
        _files = files;
        _clock = clock;
        _relocation = new ExtentRelocation(metadata, files, clock);
        _logger = logger;
    }

    /// <summary>Called before each step with its number, to stop there. For tests.</summary>
    internal Func<int, Task>? BeforeStep { get; set; }

    /// <summary>Moves.</summary>
    /// <exception cref="IOException">Staging's disk takes no more; nothing has changed.</exception>
    internal async Task<MoveOutcome> RunAsync(MoveRequest request, CancellationToken cancel)
    {
        using var copy = new SegmentCopy(_reader, _writers, _staging, request.Domain, request.Placement, request.Class) { IsPacked = true, IsForArchive = request.IsForArchive, Loader = new RunLoader(_reader, WithoutRepetition(request.Uses), request.Pay) };
        await StepAsync(1);
        var relocations = new Relocations();
        (long copied, HashSet<SegmentId> unreadable) = await CopyAsync(request.Uses, copy, relocations, cancel);
        SegmentId[] made = [.. copy.Opened.Select(static segment => segment.Writer.Id)];
        _collector.Spare(made);
        try
        {
            await StepAsync(2);
            if (!await UploadAsync(copy, made, cancel))
            {
                return new MoveOutcome(copied, [], unreadable, IsComplete: false);
            }

            await StepAsync(3);
            bool whole = !request.JoinsExtents || await SwitchAllAsync(request.Uses, relocations, cancel);
            whole &= await _relocation.RunAsync(relocations, request.OnlyOfPlacement, () => StepAsync(4), cancel);
            List<SegmentRow> freed = await FindFreedAsync(request.Emptied, cancel);
            return new MoveOutcome(copied, freed, unreadable, whole && unreadable.Count == 0 && freed.Count == request.Emptied.Count);
        }
        finally
        {
            _collector.Unspare(made);
        }
    }

    private Task StepAsync(int number) => BeforeStep?.Invoke(number) ?? Task.CompletedTask;

    // Neighbours in a file become neighbours in the new segment.
    private async Task<(long Copied, HashSet<SegmentId> Unreadable)> CopyAsync(
        IReadOnlyList<SegmentUse> uses, SegmentCopy copy, Relocations relocations, CancellationToken cancel)
    {
        long copied = 0;
        var unreadable = new HashSet<SegmentId>();
        foreach (SegmentUse piece in WithoutRepetition(uses).OrderBy(static use => use.Inode).ThenBy(static use => use.Extent.FileOffset))
        {
            if (unreadable.Contains(piece.Extent.Segment))
            {
                continue;
            }

            var copies = new List<Extent>();
            FsError read = await copy.CopyAsync(piece.Inode, piece.Extent, copies, cancel);
            if (read != FsError.None)
            {
                LogUnreadable(_logger, piece.Extent.Segment, piece.Inode, read);
                unreadable.Add(piece.Extent.Segment);
                continue;
            }

            relocations.Add(piece.Extent, copies);
            copied += piece.Extent.Length;
        }

        foreach (SegmentId segment in unreadable)
        {
            relocations.Remove(segment);
        }

        return (copied, unreadable);
    }

    /// <summary>The bytes that any of the uses refers to, each once.</summary>
    internal static IEnumerable<SegmentUse> WithoutRepetition(IEnumerable<SegmentUse> uses)
    {
        SegmentId segment = default;
        long end = 0;
        foreach (SegmentUse use in uses.OrderBy(static use => use.Extent.Segment.Value).ThenBy(static use => use.Extent.PlaintextOffset))
        {
            Extent extent = use.Extent;
            end = extent.Segment == segment ? end : 0;
            segment = extent.Segment;
            long skip = Math.Max(0, end - extent.PlaintextOffset);
            if (skip < extent.Length)
            {
                yield return use with
                {
                    Extent = new Extent(extent.FileOffset + skip, extent.Length - skip, segment, extent.PlaintextOffset + skip),
                };
                end = extent.PlaintextOffset + extent.Length;
            }
        }
    }

    private async Task<bool> UploadAsync(SegmentCopy copy, SegmentId[] made, CancellationToken cancel)
    {
        if (!await copy.RegisterAsync() || !await copy.FinishAsync(cancel) || !await _uploader.WaitUntilUploadedAsync(made, cancel))
        {
            return false;
        }

        foreach (SegmentId segment in made)
        {
            MetadataResult<SegmentRow> row = await _metadata.GetSegmentAsync(segment, cancel);
            if (!row.Succeeded || row.Value.State != SegmentState.Live)
            {
                return false;
            }
        }

        return true;
    }

    private async Task<List<SegmentRow>> FindFreedAsync(IReadOnlyList<SegmentRow> emptied, CancellationToken cancel)
    {
        var freed = new List<SegmentRow>();
        foreach (SegmentRow segment in emptied)
        {
            MetadataResult<IReadOnlyList<SegmentUse>> live = await _metadata.GetSegmentUsesAsync(segment.Id, cancel);
            MetadataResult<IReadOnlyList<SegmentUse>> past = await _metadata.GetSegmentPastUsesAsync(segment.Id, cancel);
            if (live.Succeeded && live.Value.Count == 0 && past.Succeeded && past.Value.Count == 0)
            {
                freed.Add(segment);
            }
        }

        return freed;
    }

    private async Task<bool> SwitchAllAsync(IEnumerable<SegmentUse> uses, Relocations relocations, CancellationToken cancel)
    {
        bool whole = true;
        foreach (IGrouping<InodeId, SegmentUse> file in uses.GroupBy(static use => use.Inode).OrderBy(static file => file.Key))
        {
            Extent[] extents = [.. file.Select(static use => use.Extent).OrderBy(static extent => extent.FileOffset)];
            whole &= await SwitchFileAsync(file.Key, extents, relocations, cancel);
        }

        return whole;
    }

    private async Task<bool> SwitchFileAsync(InodeId inode, Extent[] uses, Relocations relocations, CancellationToken cancel)
    {
        FileState file = _files.Acquire(inode);
        try
        {
            bool whole = true;
            foreach (Extent[] some in uses.Chunk(UsesAtOnce))
            {
                await file.ExtentGate.WaitAsync(cancel);
                try
                {
                    whole &= await SwitchAsync(file, some, relocations, cancel);
                }
                finally
                {
                    file.ExtentGate.Release();
                }
            }

            return whole;
        }
        finally
        {
            _files.Release(file);
        }
    }

    // The caller holds the file's gate, so its extents stay; anything else of its row may change, and then it is looked at again.
    private async Task<bool> SwitchAsync(FileState file, Extent[] uses, Relocations relocations, CancellationToken cancel)
    {
        for (int attempt = 0; attempt < Attempts; attempt++)
        {
            MetadataResult<InodeAttributes> row = await _metadata.GetInodeAsync(file.Id, cancel);
            if (!row.Succeeded)
            {
                return row.Error == MetadataError.NotFound; // It is gone, and its extents with it.
            }

            List<Extent>? extents = await TranslateAsync(file.Id, uses, relocations, cancel);
            if (extents is null || extents.Count == 0)
            {
                return extents is not null;
            }

            MetadataResult<Applied<InodeAttributes>> written = await _metadata.WriteExtentsAsync(
                new WriteExtentsRequest
                {
                    Operation = _clock.NextOperation(),
                    Now = _clock.Now,
                    Inode = file.Id,
                    Extents = extents.ToArray(),
                    SizeMode = SizeMode.GrowTo,
                    ExpectedVersion = row.Value.Version,
                },
                cancel);
            if (written.Succeeded)
            {
                file.ForgetExtents();
                return true;
            }

            if (written.Error != MetadataError.Conflict)
            {
                return written.Error == MetadataError.NotFound;
            }
        }

        return false;
    }

    // What the file refers to now where it referred to the uses: of old runs their copies, of anything else nothing.
    private async Task<List<Extent>?> TranslateAsync(InodeId inode, Extent[] uses, Relocations relocations, CancellationToken cancel)
    {
        var extents = new List<Extent>();
        long end = 0;
        foreach (Extent use in uses)
        {
            MetadataResult<ExtentPage> page = await _metadata.GetExtentsAsync(inode, use.FileOffset, use.Length, int.MaxValue, cancel);
            if (!page.Succeeded)
            {
                return page.Error == MetadataError.NotFound ? [] : null;
            }

            foreach (Extent extent in page.Value.Extents)
            {
                if (extent.FileOffset >= end)
                {
                    relocations.Translate(extent, extents);
                    end = extent.End;
                }
            }
        }

        return extents;
    }

    [LoggerMessage(577, LogLevel.Error, "Segment {Segment}: data of inode {Inode} cannot be read ({Error}) and stays where it is")]
    private static partial void LogUnreadable(ILogger logger, SegmentId segment, InodeId inode, FsError error);
}
