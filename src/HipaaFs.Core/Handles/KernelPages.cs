namespace HipaaFs.Handles;

/// <summary>Whether the kernel may hold back pages of an open file that were written and not sent: its write-back cache tells nobody of a write.</summary>
/// <remarks>
/// <para>To ask it costs the file its place in the page cache, for the one notification there is writes dirty pages back and drops all
/// (fuse_reverse_inval_inode). It drops the attributes too, and without valid ones the kernel writes nothing into a page before it has asked for
/// them (fuse_cache_write_iter), nor stores through a mapping into a page that is gone before it has read it. So a file of which no attributes
/// were told and, where somebody may have it mapped to write, no page was read since the last notification has nothing that was held back.</para>
/// <para>A write(2) may have looked at its attributes before a notification and fill a page after it: a file has two notifications after it was
/// last told of. Thread-safe, and for any number of rounds at a time.</para>
/// </remarks>
internal struct KernelPages
{
    private const int Told = 3; // Since the last round began.
    private const int TwoRounds = 2;

    private int _rounds;

    /// <summary>Whether there may be any.</summary>
    internal readonly bool MayBeHeld => Volatile.Read(in _rounds) != 0;

    /// <summary>Notes that the kernel is about to be told attributes or a page, or that somebody opens the file to write.</summary>
    internal void Tell()
    {
        // Written only when it changes: reads and look-ups of a busy file would pass the cache line around.
        if (Volatile.Read(ref _rounds) != Told)
        {
            Volatile.Write(ref _rounds, Told);
        }
    }

    /// <summary>Begins a round: what the kernel is told from here on counts as told after it. Returns what <see cref="End"/> wants to know.</summary>
    internal int Begin() => Interlocked.CompareExchange(ref _rounds, TwoRounds, Told) is Told ? TwoRounds : Volatile.Read(ref _rounds);

    /// <summary>Ends a round in which the kernel wrote everything back.</summary>
    internal void End(int begun)
    {
        if (begun > 0)
        {
            Interlocked.CompareExchange(ref _rounds, begun - 1, begun); // Another round may have ended it meanwhile.
        }
    }
}
