using System.Buffers;
using HipaaFs.Cache;
using HipaaFs.Crypto;
using HipaaFs.Metadata;
using HipaaFs.Platform;
using HipaaFs.ReadAhead;
using Microsoft.Extensions.Logging;

namespace HipaaFs.Segments;

/// <summary>Turns a range of a segment's plaintext into bytes of the caller's buffer, wherever its frames are.</summary>
/// <remarks>
/// <para>Steps: (1) find or open the segment's view; (2) make sure that the local file has the frames, else fetch them; (3) read sealed frames a batch at a time and
/// open each straight into the destination. A range whose frames are in the page cache completes synchronously and allocates nothing; one that waits for a
/// disk waits on a thread of the pool.</para>
/// <para>A frame that does not open is never trusted: a cached one is fetched again from the store, and only when that fails too is the range refused.</para>
/// </remarks>
internal sealed partial class SegmentReader
{
    // 16 sealed frames are 256 KiB: they stay in the processor's cache between pread(2) and decryption.
    private const int BatchFrames = 16;
    private const int MaxRepairs = 3;
    private const long LongestSegment = 64L << 20;
    private const long LeastReadAhead = 16L << 20;

    [ThreadStatic]
    private static byte[]? s_sealed;

    [ThreadStatic]
    private static byte[]? s_plain;

    private readonly SegmentViews _views;
    private readonly FrameCache _cache;
    private readonly ILogger _logger;

    internal SegmentReader(SegmentViews views, FrameCache cache, ILogger logger)
    {
        _views = views;
        _cache = cache;
        _logger = logger;
    }

    /// <summary>
    /// How far ahead of a reader to read at most, in bytes. What is new has a tenth of a full cache, and leaves it by whole segments: of one reader's, the one that he is in and what is
    /// read ahead must fit.
    /// </summary>
    internal long MostReadAhead => Math.Clamp((_cache.MaxBytes / 10) - LongestSegment, LeastReadAhead, ReadStreams.MaxWindow);

    /// <summary>
    /// Fills <paramref name="destination"/> from a local file; unless <paramref name="mayWait"/> says yes, only when that is in the page cache. False when a frame
    /// is not there, not authentic or cannot be read; then ask <see cref="ReadAsync"/>.
    /// </summary>
    internal bool TryRead(SegmentId segment, long plaintextOffset, Span<byte> destination, Func<bool>? mayWait)
    {
        if (!_views.TryGet(segment, out SegmentView? view))
        {
            return false;
        }

        try
        {
            return TryReadLocal(view, plaintextOffset, destination, mayWait);
        }
        catch (IOException)
        {
            return false; // The slow way meets it again, reports it and asks the store.
        }
        finally
        {
            view.Release();
        }
    }

    /// <summary>Starts to load a range that will be read soon, and what fills the last request up to <paramref name="reach"/>, as far as memory allows. Never waits for a store.</summary>
    /// <returns>How much of the range, from its beginning, is here or on its way; what cannot be loaded at all counts as that.</returns>
    internal async ValueTask<long> ReadAheadAsync(SegmentId segment, long plaintextOffset, long length, long reach, CancellationToken cancel)
    {
        FsResult<SegmentView> opened = await _views.OpenAsync(segment, cancel);
        if (!opened.IsOk)
        {
            return length;
        }

        SegmentView view = opened.Value;
        try
        {
            long end = Math.Min(plaintextOffset + length, view.PlaintextLength);
            if (end <= plaintextOffset)
            {
                return length;
            }

            long first = plaintextOffset / SegmentFormat.FrameSize;
            long endFrame = FrameAfter(end);
            if (view.HasFrames(first, endFrame))
            {
                long from = SegmentFormat.SealedFrameOffset(first);
                DurableFile.WillNeed(view.File!, from, SegmentFormat.SealedFrameOffset(endFrame) - from);
                return length;
            }

            long reached = view.Entry is null ? endFrame : _cache.StartReadAhead(view.Entry, first, endFrame, Math.Max(endFrame, FrameAfter(reach)));
            return reached >= endFrame ? length : Math.Max(0, (reached * SegmentFormat.FrameSize) - plaintextOffset);
        }
        finally
        {
            view.Release();
        }
    }

    /// <summary>Waits until something that is on its way has come, and with it memory for more read-ahead may have. False: nothing is read ahead any more.</summary>
    internal ValueTask<bool> WaitForRoomAsync() => _cache.WaitForRoomAsync();

    /// <summary>Brings a range into the cache, unless it is there or in staging. NoSpace: the cache's disk takes nothing.</summary>
    internal async ValueTask<FsError> LoadAsync(SegmentId segment, long plaintextOffset, long length, CancellationToken cancel)
    {
        FsResult<SegmentView> opened = await _views.OpenAsync(segment, cancel);
        if (!opened.IsOk)
        {
            return opened.Error;
        }

        SegmentView view = opened.Value;
        try
        {
            return view.File is null ? FsError.NoSpace : await EnsureLocalAsync(view, plaintextOffset, (int)length, reach: 0, cancel);
        }
        finally
        {
            view.Release();
        }
    }

    /// <summary>
    /// Fills <paramref name="destination"/> from a segment, from the disk or the store; a request to that brings more up to <paramref name="reach"/>, an offset of the plaintext, for a reader who has come far.
    /// <paramref name="reader"/> is for the log only.
    /// </summary>
    internal async ValueTask<FsError> ReadAsync(
        SegmentId segment, long plaintextOffset, Memory<byte> destination, InodeId reader, long reach, CancellationToken cancel)
    {
        await Task.Yield(); // Whatever comes now may wait for a disk, and the caller's thread serves requests.
        for (int attempt = 0; ; attempt++)
        {
            FsResult<SegmentView> opened = await _views.OpenAsync(segment, cancel);
            if (!opened.IsOk)
            {
                LogUnreadable(_logger, reader, segment, opened.Error);
                return opened.Error;
            }

            SegmentView view = opened.Value;
            try
            {
                FsError error = view.File is null ? FsError.NoSpace : await EnsureLocalAsync(view, plaintextOffset, destination.Length, reach, cancel);
                if (error == FsError.NoSpace)
                {
                    return await ReadAroundAsync(view, plaintextOffset, destination, reader, cancel);
                }

                if (error == FsError.Archived)
                {
                    LogArchived(_logger, reader, segment);
                    return error;
                }

                if (error != FsError.None)
                {
                    LogUnreadable(_logger, reader, segment, error);
                    return error;
                }

                long bad = TryReadFrames(view, plaintextOffset, destination.Span, reader);
                if (bad < 0)
                {
                    return FsError.None;
                }

                bool canRepair = view.Entry is not null && attempt < MaxRepairs;
                if (!canRepair)
                {
                    LogNotAuthentic(_logger, reader, segment, bad);
                    return FsError.NotAuthentic;
                }

                // The cache's copy is bad. A complete entry may be the store's own file under another name, so it is dropped and never written to.
                LogCacheFrameBad(_logger, reader, segment, bad);
                long end = (plaintextOffset + destination.Length + SegmentFormat.FrameSize - 1) / SegmentFormat.FrameSize;
                _cache.Discard(view.Entry!, bad, end);
            }
            finally
            {
                view.Release();
            }
        }
    }

    // A disk that cannot read a frame back is as good as one that gives wrong bytes.
    private long TryReadFrames(SegmentView view, long plaintextOffset, Span<byte> destination, InodeId reader)
    {
        try
        {
            return ReadFrames(view, plaintextOffset, destination, mayWait: true);
        }
        catch (IOException exception)
        {
            LogDiskFailed(_logger, reader, view.Id, exception.HResult);
            return plaintextOffset / SegmentFormat.FrameSize;
        }
    }

    private ValueTask<FsError> EnsureLocalAsync(SegmentView view, long plaintextOffset, int length, long reach, CancellationToken cancel)
    {
        long first = plaintextOffset / SegmentFormat.FrameSize;
        long end = FrameAfter(plaintextOffset + length);
        return view.HasFrames(first, end)
            ? ValueTask.FromResult(FsError.None)
            : _cache.FetchAsync(view.Entry!, first, end, Math.Max(end, FrameAfter(reach)), cancel);
    }

    // The first frame that begins at or behind an offset.
    private static long FrameAfter(long plaintextOffset) => (plaintextOffset / SegmentFormat.FrameSize) + (plaintextOffset % SegmentFormat.FrameSize > 0 ? 1 : 0);

    private static bool TryReadLocal(SegmentView view, long plaintextOffset, Span<byte> destination, Func<bool>? mayWait)
    {
        long first = plaintextOffset / SegmentFormat.FrameSize;
        long end = (plaintextOffset + destination.Length + SegmentFormat.FrameSize - 1) / SegmentFormat.FrameSize;
        return view.HasFrames(first, end)
            && (ReadFrames(view, plaintextOffset, destination, mayWait: false) < 0
                || (mayWait?.Invoke() == true && ReadFrames(view, plaintextOffset, destination, mayWait: true) < 0));
    }

    // Returns the number of the first frame that is missing, short or not authentic, or -1. Unless it may wait, what is not in the page cache counts as missing.
    private static long ReadFrames(SegmentView view, long plaintextOffset, Span<byte> destination, bool mayWait)
    {
        view.Entry?.Touch(plaintextOffset / SegmentFormat.FrameSize);
        byte[] sealedFrames = s_sealed ??= GC.AllocateUninitializedArray<byte>(BatchFrames * SegmentFormat.SealedFrameSize, pinned: true);
        SegmentCipher cipher = view.RentCipher();
        try
        {
            int done = 0;
            while (done < destination.Length)
            {
                long frame = (plaintextOffset + done) / SegmentFormat.FrameSize;
                long lastFrame = (plaintextOffset + destination.Length - 1) / SegmentFormat.FrameSize;
                int count = (int)Math.Min(BatchFrames, lastFrame - frame + 1);
                Span<byte> batch = sealedFrames.AsSpan(0, count * SegmentFormat.SealedFrameSize);
                long offset = SegmentFormat.SealedFrameOffset(frame);
                int read = mayWait ? RandomAccess.Read(view.File!, batch, offset) : PageCacheRead.Read(view.File!, batch, offset);
                if (!mayWait && read < batch.Length)
                {
                    return frame;
                }

                long bad = OpenBatch(view, cipher, frame, batch[..read], plaintextOffset, destination, ref done);
                if (bad >= 0)
                {
                    return bad;
                }
            }

            return -1;
        }
        finally
        {
            view.ReturnCipher(cipher);
        }
    }

    // For a cache disk that takes no more: the frames go from the store to the reader and nowhere else.
    private async ValueTask<FsError> ReadAroundAsync(
        SegmentView view, long plaintextOffset, Memory<byte> destination, InodeId reader, CancellationToken cancel)
    {
        long first = plaintextOffset / SegmentFormat.FrameSize;
        long end = (plaintextOffset + destination.Length + SegmentFormat.FrameSize - 1) / SegmentFormat.FrameSize;
        int length = (int)((end - first) * SegmentFormat.SealedFrameSize);
        byte[] buffer = ArrayPool<byte>.Shared.Rent(length);
        SegmentCipher cipher = view.RentCipher();
        try
        {
            for (ulong avoid = 0; ;)
            {
                FsResult<int> fetched = await _cache.FetchAroundAsync(view.Id, first, buffer.AsMemory(0, length), avoid, cancel);
                if (fetched.Error == FsError.Archived)
                {
                    LogArchived(_logger, reader, view.Id);
                    return fetched.Error;
                }

                if (!fetched.IsOk)
                {
                    LogUnreadable(_logger, reader, view.Id, fetched.Error);
                    return fetched.Error;
                }

                int done = 0;
                long bad = OpenBatch(view, cipher, first, buffer.AsSpan(0, length), plaintextOffset, destination.Span, ref done);
                if (bad < 0)
                {
                    return FsError.None;
                }

                ulong from = SegmentCopies.In(fetched.Value);
                if (_cache.HasOneSource || (avoid & from) != 0)
                {
                    LogNotAuthentic(_logger, reader, view.Id, bad);
                    return FsError.NotAuthentic;
                }

                avoid |= from;
            }
        }
        finally
        {
            view.ReturnCipher(cipher);
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    // Opens the frames of `sealedFrames`, which begins with frame `first`. Returns the first bad one or -1.
    private static long OpenBatch(
        SegmentView view, SegmentCipher cipher, long first, ReadOnlySpan<byte> sealedFrames, long plaintextOffset, Span<byte> destination, ref int done)
    {
        for (long number = first; done < destination.Length && number - first < BatchFramesIn(sealedFrames, number == first); number++)
        {
            int skip = (int)((plaintextOffset + done) % SegmentFormat.FrameSize);
            int wanted = Math.Min(SegmentFormat.FrameSize - skip, destination.Length - done);
            ReadOnlySpan<byte> rest = sealedFrames[(int)((number - first) * SegmentFormat.SealedFrameSize)..];
            if (!TryOpenFrame(view, cipher, number, rest, skip, destination.Slice(done, wanted)))
            {
                return number;
            }

            done += wanted;
        }

        return -1;
    }

    // A file that ends early still gives one (short) frame, so that its number is reported.
    private static long BatchFramesIn(ReadOnlySpan<byte> sealedFrames, bool isFirst)
    {
        long whole = (sealedFrames.Length + SegmentFormat.SealedFrameSize - 1) / SegmentFormat.SealedFrameSize;
        return isFirst ? Math.Max(1, whole) : whole;
    }

    private static bool TryOpenFrame(
        SegmentView view, SegmentCipher cipher, long number, ReadOnlySpan<byte> sealedFrames, int skip, Span<byte> destination)
    {
        int length = view.FrameLength(number);
        if (length < skip + destination.Length || sealedFrames.Length < length + SegmentFormat.TagSize)
        {
            return false;
        }

        ReadOnlySpan<byte> sealedFrame = sealedFrames[..(length + SegmentFormat.TagSize)];
        if (skip == 0 && destination.Length == length)
        {
            return cipher.TryOpenFrame((ulong)number, sealedFrame, destination);
        }

        byte[] plain = s_plain ??= GC.AllocateUninitializedArray<byte>(SegmentFormat.FrameSize, pinned: true);
        if (!cipher.TryOpenFrame((ulong)number, sealedFrame, plain.AsSpan(0, length)))
        {
            return false;
        }

        plain.AsSpan(skip, destination.Length).CopyTo(destination);
        return true;
    }

    [LoggerMessage(510, LogLevel.Error, "Inode {Inode}: frame {Frame} of segment {Segment} is not authentic, neither in the cache nor in the store; the range is refused")]
    private static partial void LogNotAuthentic(ILogger logger, InodeId inode, SegmentId segment, long frame);

    [LoggerMessage(511, LogLevel.Warning, "Inode {Inode}: frame {Frame} of segment {Segment} is bad in the local cache; fetching it again")]
    private static partial void LogCacheFrameBad(ILogger logger, InodeId inode, SegmentId segment, long frame);

    [LoggerMessage(513, LogLevel.Warning, "Inode {Inode}: the local file of segment {Segment} cannot be read (error {Error})")]
    private static partial void LogDiskFailed(ILogger logger, InodeId inode, SegmentId segment, int error);

    [LoggerMessage(514, LogLevel.Information, "Inode {Inode}: segment {Segment} is in an archive; the range is refused until it is brought back")]
    private static partial void LogArchived(ILogger logger, InodeId inode, SegmentId segment);

    [LoggerMessage(512, LogLevel.Error, "Inode {Inode}: segment {Segment} cannot be read: {Error}")]
    private static partial void LogUnreadable(ILogger logger, InodeId inode, SegmentId segment, FsError error);
}
