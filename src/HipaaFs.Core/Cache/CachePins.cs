using System.Buffers.Binary;
using HipaaFs.Crypto;
using HipaaFs.Metadata;
using HipaaFs.Platform;
using HipaaFs.Segments;
using Microsoft.Extensions.Logging;

namespace HipaaFs.Cache;

/// <summary>Files whose data stays in the cache of this machine, and the loading of data before somebody reads it.</summary>
/// <remarks>
/// Pinned are files. Which segments hold their data is looked up again once a minute, since writing and compaction change that; it is whole segments that stay, so one that small files share stays for
/// any of them. The list is a file beside those of the cache: numbers of inodes and segments, no names. One change at a time.
/// </remarks>
internal sealed partial class CachePins : IDisposable
{
    /// <summary>Most files that can be pinned.</summary>
    internal const int MostFiles = 1_000_000;

    private const string FileName = "pins";
    private const int Page = 1000;
    private const int AtOnce = 8;
    private const long LoadBytes = 4L << 20;

    private static readonly TimeSpan Interval = TimeSpan.FromMinutes(1);

    private readonly SemaphoreSlim _one = new(1, 1);
    private readonly FrameCache _cache;
    private readonly IMetadataStore _metadata;
    private readonly SegmentReader _reader;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private HashSet<InodeId> _files = []; // Replaced as a whole, under _one.
    private volatile PinUsage _usage;

    internal CachePins(FrameCache cache, IMetadataStore metadata, SegmentReader reader, TimeProvider time, ILogger logger)
    {
        _cache = cache;
        _metadata = metadata;
        _reader = reader;
        _time = time;
        _logger = logger;
        _usage = new PinUsage(0, 0, 0, 0, MostBytes);
        Load();
    }

    /// <summary>What is pinned, as last looked up; what of it is cached, as it is now.</summary>
    internal PinUsage Usage => _usage with { CachedBytes = _cache.PinnedBytes };

    // What is read besides must have room to come and go.
    private long MostBytes => _cache.Usage.MaxBytes / 10 * 9;

    private string ListPath => Path.Combine(_cache.Files.Directory, FileName);

    /// <summary>Looks once a minute for the segments of pinned files, until stopped.</summary>
    internal async Task RunAsync(CancellationToken stop)
    {
        try
        {
            while (true)
            {
                await RefreshOrLogAsync(stop);
                await Task.Delay(Interval, _time, stop);
            }
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            // The volume is closing, or a newer session has it.
        }
    }

    /// <summary>Pins files, or does not any more. Nothing is changed when they do not fit.</summary>
    /// <exception cref="IOException">The metadata cannot be read, or the list cannot be written.</exception>
    internal async Task<PinUsage> ChangeAsync(IReadOnlyCollection<InodeId> files, bool pins, CancellationToken cancel)
    {
        await _one.WaitAsync(cancel);
        try
        {
            HashSet<InodeId> changed = [.. _files];
            if (pins)
            {
                changed.UnionWith(files);
            }
            else
            {
                changed.ExceptWith(files);
            }

            return await SetAsync(changed, mustFit: pins, cancel);
        }
        finally
        {
            _one.Release();
        }
    }

    /// <summary>Looks for the segments of the pinned files again. Files that are gone are not pinned any more.</summary>
    /// <exception cref="IOException">The metadata cannot be read, or the list cannot be written.</exception>
    internal async Task RefreshAsync(CancellationToken cancel)
    {
        await _one.WaitAsync(cancel);
        try
        {
            if (_files.Count > 0)
            {
                await SetAsync(_files, mustFit: false, cancel);
            }
        }
        finally
        {
            _one.Release();
        }
    }

    /// <summary>Brings what is missing of files into the cache. A segment of which every frame is there then is made whole, so that it can be copied from there should its store be lost.</summary>
    /// <exception cref="IOException">The metadata cannot be read.</exception>
    internal async Task<WarmProgress> WarmAsync(IReadOnlyCollection<InodeId> files, IProgress<WarmProgress> progress, CancellationToken cancel)
    {
        var total = new WarmProgress(0, 0, 0, 0);
        foreach (InodeId file in files)
        {
            MetadataResult<InodeAttributes> inode = await _metadata.GetInodeAsync(file, cancel);
            total = total with { TotalBytes = total.TotalBytes + (inode.Succeeded ? inode.Value.AllocatedBytes : 0) };
        }

        progress.Report(total);
        long loaded = 0;
        var segments = new HashSet<SegmentId>();
        foreach (InodeId file in files)
        {
            int failed = 0;
            var options = new ParallelOptions { MaxDegreeOfParallelism = AtOnce, CancellationToken = cancel };
            await Parallel.ForEachAsync(Slices(file, cancel), options, async (slice, ends) =>
            {
                if (await _reader.LoadAsync(slice.Segment, slice.PlaintextOffset, slice.Length, ends) != FsError.None)
                {
                    Interlocked.Exchange(ref failed, 1);
                    return;
                }

                long bytes = Interlocked.Add(ref loaded, slice.Length);
                lock (progress)
                {
                    segments.Add(slice.Segment);
                    progress.Report(total with { Bytes = Math.Min(bytes, total.TotalBytes) });
                }
            });
            total = total with { Files = total.Files + 1, FailedFiles = total.FailedFiles + failed };
        }

        await Parallel.ForEachAsync(segments, new ParallelOptions { MaxDegreeOfParallelism = AtOnce, CancellationToken = cancel }, async (segment, ends) =>
        {
            MetadataResult<SegmentRow> row = await _metadata.GetSegmentAsync(segment, ends);
            if (row is { Succeeded: true, Value.State: SegmentState.Live })
            {
                await _cache.TryCompleteAsync(row.Value, fetches: true, ends);
            }
        });
        return total with { Bytes = loaded };
    }

    /// <inheritdoc/>
    public void Dispose() => _one.Dispose();

    private async Task RefreshOrLogAsync(CancellationToken stop)
    {
        try
        {
            await RefreshAsync(stop);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            LogNotRefreshed(_logger, exception.HResult);
        }
    }

    // Under _one.
    private async Task<PinUsage> SetAsync(HashSet<InodeId> files, bool mustFit, CancellationToken cancel)
    {
        var segments = new Dictionary<SegmentId, long>();
        var there = new HashSet<InodeId>();
        foreach (InodeId file in files)
        {
            if ((await _metadata.GetInodeAsync(file, cancel)).Error == MetadataError.NotFound)
            {
                continue;
            }

            there.Add(file);
            await foreach (Extent extent in ExtentsAsync(file, cancel))
            {
                if (!segments.TryGetValue(extent.Segment, out long length))
                {
                    MetadataResult<SegmentRow> row = await _metadata.GetSegmentAsync(extent.Segment, cancel);
                    length = row.Succeeded ? row.Value.ObjectLength : 0;
                }

                segments[extent.Segment] = Math.Max(length, extent.PlaintextOffset + extent.Length); // Nobody knows yet how long one will be that is written now.
            }
        }

        var usage = new PinUsage(there.Count, segments.Count, segments.Values.Sum(), 0, MostBytes);
        if (mustFit && (!usage.Fits || there.Count > MostFiles))
        {
            return usage;
        }

        HashSet<SegmentId> held = TakeUpTo(MostBytes, segments);
        bool isChanged = !there.SetEquals(_files) || !_cache.HasPinned(held);
        if (isChanged && !usage.Fits)
        {
            LogTooMuch(_logger, usage.Bytes, MostBytes);
        }

        _files = there;
        _cache.Pin(held);
        _usage = usage;
        if (isChanged)
        {
            Save(there, held);
        }

        return Usage;
    }

    // Files grow after they were pinned: what does not fit any more comes and goes like the rest, or nothing else would have room.
    private static HashSet<SegmentId> TakeUpTo(long most, Dictionary<SegmentId, long> segments)
    {
        var taken = new HashSet<SegmentId>();
        long bytes = 0;
        foreach ((SegmentId segment, long length) in segments)
        {
            if (bytes + length <= most)
            {
                bytes += length;
                taken.Add(segment);
            }
        }

        return taken;
    }

    private async IAsyncEnumerable<Extent> Slices(InodeId file, [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancel)
    {
        await foreach (Extent extent in ExtentsAsync(file, cancel))
        {
            for (long done = 0; done < extent.Length; done += LoadBytes)
            {
                yield return new Extent(extent.FileOffset + done, Math.Min(LoadBytes, extent.Length - done), extent.Segment, extent.PlaintextOffset + done);
            }
        }
    }

    private async IAsyncEnumerable<Extent> ExtentsAsync(InodeId file, [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancel)
    {
        long offset = 0;
        while (true)
        {
            MetadataResult<ExtentPage> page = await _metadata.GetExtentsAsync(file, offset, long.MaxValue - offset, Page, cancel);
            if (!page.Succeeded)
            {
                throw new IOException($"list where the data of inode {file} is: {page.Error}");
            }

            foreach (Extent extent in page.Value.Extents)
            {
                offset = extent.FileOffset + extent.Length;
                yield return extent;
            }

            if (!page.Value.More || page.Value.Extents.Count == 0)
            {
                yield break;
            }
        }
    }

    private void Save(HashSet<InodeId> files, HashSet<SegmentId> segments)
    {
        byte[] content = new byte[8 + (files.Count * 8) + (segments.Count * 16)];
        BinaryPrimitives.WriteInt64LittleEndian(content, files.Count);
        int at = 8;
        foreach (InodeId file in files)
        {
            BinaryPrimitives.WriteUInt64LittleEndian(content.AsSpan(at), file.Value);
            at += 8;
        }

        foreach (SegmentId segment in segments)
        {
            BinaryPrimitives.WriteUInt128LittleEndian(content.AsSpan(at), segment.Value);
            at += 16;
        }

        DurableFile.Replace(ListPath, content);
    }

    // The segments too: before the first look nothing of them may leave.
    private void Load()
    {
        try
        {
            byte[] content = File.Exists(ListPath) ? File.ReadAllBytes(ListPath) : new byte[8];
            long count = content.Length < 8 ? -1 : BinaryPrimitives.ReadInt64LittleEndian(content);
            long left = content.Length - 8 - (count * 8);
            if (count is < 0 or > MostFiles || left < 0 || left % 16 != 0)
            {
                LogNotLoaded(_logger, 0);
                return;
            }

            var segments = new HashSet<SegmentId>();
            for (int i = 0; i < count; i++)
            {
                _files.Add(new InodeId(BinaryPrimitives.ReadUInt64LittleEndian(content.AsSpan(8 + (i * 8)))));
            }

            for (int at = 8 + ((int)count * 8); at < content.Length; at += 16)
            {
                segments.Add(new SegmentId(BinaryPrimitives.ReadUInt128LittleEndian(content.AsSpan(at))));
            }

            _cache.Pin(segments);
            _usage = _usage with { Files = _files.Count, Segments = segments.Count };
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            LogNotLoaded(_logger, exception.HResult);
        }
    }

    [LoggerMessage(663, LogLevel.Warning, "The pinned files have grown to {Bytes} bytes, of which the cache holds {Most}: the rest comes and goes. Unpin some, or set a larger cache.size")]
    private static partial void LogTooMuch(ILogger logger, long bytes, long most);

    [LoggerMessage(660, LogLevel.Warning, "The list of what is pinned in the cache could not be read (error {Error}); nothing is pinned")]
    private static partial void LogNotLoaded(ILogger logger, int error);

    [LoggerMessage(661, LogLevel.Warning, "Where the data of pinned files is could not be looked up (error {Error}); it is tried again")]
    private static partial void LogNotRefreshed(ILogger logger, int error);
}
