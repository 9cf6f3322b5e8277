using System.Diagnostics;

namespace HipaaFs.Dirty;

/// <summary>The memory of all dirty pages: a fixed number of buffers of one frame each, lent out and taken back.</summary>
/// <remarks>
/// Thread-safe. When all are lent, a writer waits (<see cref="WaitAsync"/>) until writeback has given some back: back-pressure in place of failure.
/// Memory is taken from the system a slab at a time, as it is needed, and kept: given back and taken again it would be garbage that is bounded by nothing.
/// </remarks>
internal sealed class PagePool
{
    /// <summary>Bytes of one page: that of a frame, so that a full page is sealed without another copy.</summary>
    internal const int PageSize = Crypto.SegmentFormat.FrameSize;

    private const int PagesPerSlab = 64;

    private readonly Lock _lock = new();
    private readonly int _maxPages;
    private readonly Stack<PageBuffer> _free = new();
    private TaskCompletionSource? _available;
    private int _lent;

    internal PagePool(long maxBytes)
    {
        _maxPages = (int)Math.Max(PagesPerSlab, maxBytes / PageSize);
    }

    /// <summary>Bytes lent out now.</summary>
    internal long LentBytes => (long)Volatile.Read(ref _lent) * PageSize;

    /// <summary>Bytes that can be lent at most.</summary>
    internal long MaxBytes => (long)_maxPages * PageSize;

    /// <summary>Whether writeback should make room now rather than wait for more to come.</summary>
    internal bool IsUnderPressure => Volatile.Read(ref _lent) > _maxPages / 2;

    /// <summary>Lends a page with arbitrary content. Returns null when all are lent.</summary>
    internal PageBuffer? TryRent()
    {
        lock (_lock)
        {
            if (_lent == _maxPages)
            {
                return null;
            }

            if (_free.Count == 0)
            {
                AddSlab();
            }

            _lent++;
            return _free.Pop();
        }
    }

    /// <summary>Takes a page back.</summary>
    internal void Return(PageBuffer page)
    {
        TaskCompletionSource? available = null;
        lock (_lock)
        {
            _lent--;
            Debug.Assert(_lent >= 0, "page returned twice");
            _free.Push(page);
            if (_available is not null && _lent < _maxPages * 3 / 4)
            {
                available = _available;
                _available = null;
            }
        }

        available?.SetResult();
    }

    /// <summary>Completes when pages can be had again.</summary>
    internal Task WaitAsync(CancellationToken cancel)
    {
        lock (_lock)
        {
            if (_lent < _maxPages)
            {
                return Task.CompletedTask;
            }

            _available ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            return _available.Task.WaitAsync(cancel);
        }
    }

    private void AddSlab()
    {
        Debug.Assert(_lock.IsHeldByCurrentThread);
        byte[] slab = GC.AllocateUninitializedArray<byte>(PagesPerSlab * PageSize, pinned: true);
        for (int i = PagesPerSlab - 1; i >= 0; i--)
        {
            _free.Push(new PageBuffer(slab, i * PageSize));
        }
    }
}
