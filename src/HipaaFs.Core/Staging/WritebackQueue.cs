using HipaaFs.Dirty;
using HipaaFs.Handles;

namespace HipaaFs.Staging;

/// <summary>The files with unapplied data, and which of them the next pass of writeback takes.</summary>
/// <remarks>
/// <para>Somebody waits: for a file (fsync, rename), which is urgent, or for all there are (sync). Nobody waits: memory runs short, or the data has come of age. Urgent files go
/// first, with few others, so that their callers do not wait for thousands of files that nobody asked for; the others have a pass of their own at least every
/// <see cref="Writeback.MaxAge"/>, and every second one when memory is short. Every pass is bounded, since what becomes urgent meanwhile waits for its end.</para>
/// <para>Thread-safe. Lock order: this one's, then a file's <see cref="FileState.Gate"/> or the table's.</para>
/// </remarks>
internal sealed class WritebackQueue
{
    /// <summary>Most files of a pass.</summary>
    internal const int MaxFiles = 256;

    /// <summary>
    /// Most files that go along with urgent ones. They cost a fraction of the disk's sync that the urgent ones pay for, and whoever renames a thousand files one by one
    /// finds the next ones done.
    /// </summary>
    internal const int MaxCompanions = 32;

    private const long MaxBytes = 64L << 20;
    private const long MaxCompanionBytes = 4L << 20;
    private const int MostLookedAt = 8 * MaxCompanions;

    private readonly Lock _lock = new();
    private readonly Dictionary<FileState, WritebackTurn> _urgent = [];
    private readonly Dictionary<FileState, WritebackTurn> _due = [];
    private readonly HashSet<FileState> _dirty = [];
    private readonly FileTable _files;
    private readonly PagePool _pool;
    private readonly TimeProvider _time;
    private long _othersServed;
    private bool _lastWasUrgent;

    internal WritebackQueue(FileTable files, PagePool pool, TimeProvider time)
    {
        _files = files;
        _pool = pool;
        _time = time;
        _othersServed = time.GetTimestamp();
    }

    /// <summary>Whether somebody waits for a file.</summary>
    internal bool HasUrgent
    {
        get
        {
            lock (_lock)
            {
                return _urgent.Count > 0;
            }
        }
    }

    /// <summary>For how long the oldest written bytes have been in memory only; zero when there are none.</summary>
    internal TimeSpan DirtyFor
    {
        get
        {
            long now = _time.GetTimestamp();
            long oldest = now;
            lock (_lock)
            {
                foreach (FileState file in _dirty)
                {
                    long since = file.DirtySince;
                    oldest = since == 0 ? oldest : Math.Min(oldest, since);
                }
            }

            return _time.GetElapsedTime(oldest, now);
        }
    }

    /// <summary>Adds a file that has unapplied data; <paramref name="due"/> says whether it is worth a pass for its memory. The caller holds a reference.</summary>
    internal void Add(FileState file, bool due)
    {
        lock (_lock)
        {
            AddDirty(file);
            if (due)
            {
                AddForMemory(file);
            }
        }
    }

    /// <summary>Makes all files due, since memory runs short.</summary>
    internal void AddAllForMemory()
    {
        lock (_lock)
        {
            foreach (FileState file in _dirty)
            {
                AddForMemory(file);
            }
        }
    }

    /// <summary>Makes a file due because somebody waits for it. The caller holds a reference.</summary>
    internal Task<FsError> AddWaiting(FileState file, bool urgent)
    {
        var done = new TaskCompletionSource<FsError>(TaskCreationOptions.RunContinuationsAsynchronously);
        lock (_lock)
        {
            AddDirty(file);
            if (!_urgent.TryGetValue(file, out WritebackTurn? turn) && !_due.TryGetValue(file, out turn))
            {
                turn = new WritebackTurn(file);
            }

            turn.MayKeepEnd = false;
            turn.Waiting.Add(done);
            if (urgent)
            {
                _due.Remove(file);
                _urgent[file] = turn;
            }
            else if (!_urgent.ContainsKey(file))
            {
                _due[file] = turn;
            }
        }

        return done.Task;
    }

    /// <summary>All files with unapplied data, a reference to each added.</summary>
    internal List<FileState> AcquireAll()
    {
        lock (_lock)
        {
            foreach (FileState file in _dirty)
            {
                _files.AddReference(file);
            }

            return [.. _dirty];
        }
    }

    /// <summary>Takes the files of the next pass, in the order of their ids.</summary>
    /// <param name="aged">Whether data that has come of age goes by itself.</param>
    internal List<WritebackTurn> Take(bool aged)
    {
        var turns = new List<WritebackTurn>();
        long now = _time.GetTimestamp();
        lock (_lock)
        {
            bool others = _urgent.Count == 0
                || (_lastWasUrgent && (_pool.IsUnderPressure || _time.GetElapsedTime(_othersServed, now) >= Writeback.MaxAge));
            if (others)
            {
                _othersServed = now;
                long bytes = TakeFrom(_due, turns);
                TakeAged(turns, aged, now, bytes);
            }

            _lastWasUrgent = turns.Count == 0 && _urgent.Count > 0;
            if (_lastWasUrgent)
            {
                TakeFrom(_urgent, turns);
                TakeCompanions(turns, aged, now);
            }
        }

        turns.Sort(static (left, right) => left.File.Id.CompareTo(right.File.Id));
        return turns;
    }

    /// <summary>Puts a turn back that the pass could not take: for memory the file is due again, for age it is so anyway.</summary>
    internal void PutBack(WritebackTurn turn)
    {
        lock (_lock)
        {
            if (turn.MayKeepEnd)
            {
                AddForMemory(turn.File);
            }
        }
    }

    /// <summary>Ends a turn: lets the file go when nothing is left of it, and answers who waits.</summary>
    internal void Conclude(WritebackTurn turn)
    {
        FsError error;
        bool removed;
        lock (_lock)
        {
            // A write that comes between finds the file gone from the set and adds it again.
            lock (turn.File.Gate)
            {
                error = turn.File.WriteError;
                removed = !turn.File.HasUnapplied && !IsDue(turn.File) && _dirty.Remove(turn.File);
            }
        }

        if (removed)
        {
            _files.Release(turn.File);
        }

        foreach (TaskCompletionSource<FsError> waiting in turn.Waiting)
        {
            waiting.SetResult(error);
        }
    }

    private bool IsDue(FileState file) => _urgent.ContainsKey(file) || _due.ContainsKey(file);

    private void AddDirty(FileState file)
    {
        if (_dirty.Add(file))
        {
            _files.AddReference(file);
        }
    }

    private void AddForMemory(FileState file)
    {
        if (!IsDue(file))
        {
            _due.Add(file, new WritebackTurn(file) { MayKeepEnd = true });
        }
    }

    // One file goes in any case, however large. Returns the bytes taken.
    private static long TakeFrom(Dictionary<FileState, WritebackTurn> source, List<WritebackTurn> turns)
    {
        long bytes = 0;
        foreach (WritebackTurn turn in source.Values)
        {
            if (turns.Count >= MaxFiles || bytes >= MaxBytes)
            {
                break;
            }

            bytes += BytesOf(turn.File);
            turns.Add(turn);
        }

        foreach (WritebackTurn turn in turns)
        {
            source.Remove(turn.File);
        }

        return bytes;
    }

    // Files that are closed are complete: sealing them now costs no later piece. An open one is left alone until it is due.
    private void TakeCompanions(List<WritebackTurn> turns, bool aged, long now)
    {
        int room = turns.Count + MaxCompanions;
        int looked = 0;
        long bytes = 0;
        HashSet<FileState> taken = [.. turns.ConvertAll(static turn => turn.File)];
        foreach (FileState file in _dirty)
        {
            if (!aged || turns.Count >= room || ++looked > MostLookedAt)
            {
                break;
            }

            if (taken.Contains(file) || _urgent.ContainsKey(file) || !(_due.ContainsKey(file) || IsAged(file, now) || !_files.IsOpen(file.Id)))
            {
                continue;
            }

            long more = BytesOf(file);
            if (bytes + more > MaxCompanionBytes)
            {
                continue;
            }

            bytes += more;
            turns.Add(_due.Remove(file, out WritebackTurn? turn) ? turn : new WritebackTurn(file));
        }
    }

    private void TakeAged(List<WritebackTurn> turns, bool aged, long now, long bytes)
    {
        HashSet<FileState> taken = [.. turns.ConvertAll(static turn => turn.File)];
        foreach (FileState file in _dirty)
        {
            if (!aged || turns.Count >= MaxFiles || bytes >= MaxBytes)
            {
                break;
            }

            if (!taken.Contains(file) && !IsDue(file) && IsAged(file, now))
            {
                bytes += BytesOf(file);
                turns.Add(new WritebackTurn(file));
            }
        }
    }

    private bool IsAged(FileState file, long now)
    {
        long since = file.DirtySince;
        return since == 0 || _time.GetElapsedTime(since, now) >= Writeback.MaxAge; // Nothing left to apply: the pass lets the file go.
    }

    private static long BytesOf(FileState file)
    {
        lock (file.Gate)
        {
            return file.Dirty.Bytes;
        }
    }
}
